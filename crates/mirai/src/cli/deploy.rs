//! The command line of the deploy tool.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use deploy::role::Role;

use super::Format;

#[derive(Args)]
pub(crate) struct Deploy {
    #[command(subcommand)]
    pub(crate) verb: DeployVerb,
    /// Which part of deploy.toml: the environment
    #[arg(long, global = true, default_value = deploy::client::config::DEFAULT)]
    pub(crate) env: String,
    #[command(flatten)]
    pub(crate) format: Format,
}

/// What changes a host takes these.
#[derive(Args, Clone)]
pub(crate) struct Change {
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Wait so many seconds for somebody else who is deploying
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub(crate) wait: u64,
}

/// Where a release comes from.
#[derive(Args, Clone)]
pub(crate) struct Source {
    /// An archive that was built elsewhere; else this checkout's commit is built, if it was not yet
    #[arg(long, value_name = "FILE")]
    pub(crate) artifact: Option<PathBuf>,
    /// Build with changes that are not committed, under a name of its own
    #[arg(long, conflicts_with = "artifact")]
    pub(crate) allow_dirty: bool,
}

/// What a release is for.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// Site, API and jobs
    Site,
    /// The agent of a VPN server, and nothing else
    Gateway,
}

impl From<Kind> for Role {
    fn from(kind: Kind) -> Role {
        match kind {
            Kind::Site => Role::Site,
            Kind::Gateway => Role::Gateway,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum DeployVerb {
    /// Build this checkout's commit, and pack it into deploy-artifacts/
    #[command(after_help = "Example:\n  mirai deploy build")]
    Build {
        /// Build with changes that are not committed, under a name of its own
        #[arg(long)]
        allow_dirty: bool,
        /// Pack this program, in place of building one
        #[arg(long, value_name = "FILE")]
        program: Option<PathBuf>,
        /// What to build: for the hosts of a site, or for VPN servers; else as deploy.toml has it for this environment
        #[arg(long, value_enum)]
        role: Option<Kind>,
    },
    /// Give a fresh Debian host all that a site or a VPN server needs: packages, user, units, database, TLS, firewall, monitoring. Again at will
    #[command(after_help = "Example:\n  mirai deploy provision --dry-run\n  mirai deploy provision")]
    Provision {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        change: Change,
    },
    /// Send a release to the host and unpack it there; what serves goes on
    #[command(after_help = "Example:\n  mirai deploy push --artifact mirai.tar.zst")]
    Push {
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        change: Change,
    },
    /// Let a release go live, with no request lost; it goes back by itself if the release is not healthy
    #[command(
        after_help = "Example:\n  mirai deploy release --dry-run\n  mirai deploy release\n\nExit codes: 0 it is live and good, 10 refused and nothing changed, 20 failed with what served before untouched,\n21 failed and rolled back, 22 failed and could not go back."
    )]
    Release {
        /// Provision the host first
        #[arg(long)]
        provision: bool,
        #[command(flatten)]
        source: Source,
        #[command(flatten)]
        change: Change,
    },
    /// Go back to a release that was good: the last one, or the one named
    #[command(after_help = "Example:\n  mirai deploy rollback\n  mirai deploy rollback 20261127T123501Z-0123456789ab")]
    Rollback {
        /// The release
        release: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Which releases the host has, which one is live, and how it is
    #[command(after_help = "Example:\n  mirai deploy status --json")]
    Status,
    /// The last lines of what serves
    #[command(after_help = "Example:\n  mirai deploy logs --lines 200")]
    Logs {
        /// How many
        #[arg(long, default_value_t = 100)]
        lines: u32,
    },
    /// On the host: the other half of this program, which the first half calls over ssh
    #[cfg(unix)]
    #[command(hide = true)]
    Agent {
        /// Where everything lies
        #[arg(long, default_value = Role::Site.root())]
        root: PathBuf,
    },
    /// On the host: take back a switch that nobody confirmed, start what should be live. A timer calls this
    #[cfg(unix)]
    #[command(hide = true)]
    Guard {
        /// Where everything lies
        #[arg(long, default_value = Role::Site.root())]
        root: PathBuf,
    },
}
