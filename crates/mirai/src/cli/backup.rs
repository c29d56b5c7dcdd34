//! The command line of backups.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Format;

#[derive(Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a key pair: the secret half goes into a file, the public half into BACKUP_RECIPIENTS
    #[command(
        after_help = "Example:\n  mirai backup key --out backup.key\n\nKeep the file away from this machine: whoever breaks in here must not read old backups."
    )]
    Key {
        /// The new file, readable by its owner alone
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        format: Format,
    },
    /// Make a backup while the program serves, and remove the oldest beyond BACKUP_KEEP
    #[command(after_help = "Example:\n  mirai backup create --json")]
    Create {
        #[command(flatten)]
        format: Format,
    },
    /// Look a backup through from end to end: seal, fingerprint, completeness
    #[command(after_help = "Example:\n  mirai backup verify --latest --identity backup.key")]
    Verify {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        identity: Identity,
        #[command(flatten)]
        format: Format,
    },
    /// Put a backup into an empty place, and compare
    #[command(
        after_help = "Example:\n  mirai backup restore --latest --identity backup.key --into sqlite://data/restored.db\n  mirai backup restore 20261127T030000Z-mysql.mirai.age --identity backup.key"
    )]
    Restore {
        #[command(flatten)]
        which: Which,
        /// An empty place: sqlite://PATH of no file, or mysql://HOST/DATABASE without tables, which takes user and password
        /// from the settings; the settings' own database if left out
        #[arg(long, value_name = "URL")]
        into: Option<String>,
        #[command(flatten)]
        identity: Identity,
        #[command(flatten)]
        format: Format,
    },
    /// After a restore and before the start: have every VPN server ask for its whole list of devices
    #[command(after_help = "Example:\n  mirai backup settle")]
    Settle {
        #[command(flatten)]
        format: Format,
    },
    /// Restore a backup into a throw-away place, compare, and check money, addresses and slots in it
    #[command(after_help = "Example:\n  mirai backup drill --latest --identity backup.key")]
    Drill {
        /// The backup; the newest if left out
        #[arg(conflicts_with = "latest")]
        file: Option<PathBuf>,
        /// The newest one in BACKUP_DIR
        #[arg(long)]
        latest: bool,
        #[command(flatten)]
        identity: Identity,
        #[command(flatten)]
        format: Format,
    },
}

/// Which backup.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The backup
    pub(crate) file: Option<PathBuf>,
    /// The newest one in BACKUP_DIR
    #[arg(long)]
    pub(crate) latest: bool,
}

/// What opens it.
#[derive(Args)]
pub(crate) struct Identity {
    /// File with the secret key; BACKUP_IDENTITY_FILE if left out
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
}
