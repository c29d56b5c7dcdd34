//! The command line.

#[cfg(feature = "control")]
mod backup;
#[cfg(feature = "control")]
mod bot;
#[cfg(feature = "control")]
mod control;
#[cfg(feature = "deploy")]
mod deploy;
#[cfg(feature = "gateway")]
mod gateway;
#[cfg(feature = "control")]
mod monitoring;
#[cfg(feature = "control")]
mod promotions;

use clap::{Args, Parser, Subcommand};

#[cfg(feature = "control")]
pub(crate) use backup::*;
#[cfg(feature = "control")]
pub(crate) use bot::*;
#[cfg(feature = "control")]
pub(crate) use control::*;
#[cfg(feature = "deploy")]
pub(crate) use deploy::*;
#[cfg(feature = "gateway")]
pub(crate) use gateway::*;
#[cfg(feature = "control")]
pub(crate) use monitoring::*;
#[cfg(feature = "control")]
pub(crate) use promotions::*;

/// MiraiVPN: the whole platform of a VPN company in one binary.
#[derive(Parser)]
#[command(name = "mirai", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Everything on this machine, with nothing to set up: site, API, SQLite, a pretend Stripe and a mailbox
    #[cfg(feature = "dev")]
    #[command(after_help = "Example:\n  mirai dev --port 9000")]
    Dev(Dev),
    /// Site, API, webhook and jobs, from the settings
    #[cfg(feature = "control")]
    #[command(
        after_help = "Example:\n  APP_ENV=production mirai serve --with bot\n\nSee `mirai config` for the settings."
    )]
    Serve(Serve),
    /// The Discord bot, from the settings; or something about it
    #[cfg(feature = "control")]
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Example:\n  mirai bot register\n  mirai bot\n\ndocs/discord.md leads from nothing to a bot that answers."
    )]
    Bot(Bot),
    /// Bring the database to this program's tables; run it again at will
    #[cfg(feature = "control")]
    #[command(after_help = "Example:\n  DATABASE_URL=mysql://mirai:secret@127.0.0.1/mirai mirai migrate")]
    Migrate,
    /// Print all settings with their source and meaning, secrets masked
    #[cfg(feature = "control")]
    #[command(after_help = "Example:\n  mirai config --json")]
    Config(ConfigOptions),
    /// Take over the data of another service
    #[cfg(feature = "control")]
    #[command(
        subcommand,
        after_help = "Example:\n  mirai import php --from mysql://root:secret@127.0.0.1/oldvpn --dry-run"
    )]
    Import(ImportCommand),
    /// Encrypted backups of the database: make, look through, put back, try out
    #[cfg(feature = "control")]
    #[command(
        subcommand,
        after_help = "Example:\n  mirai backup key --out backup.key\n  mirai backup create\n\ndocs/operations.md leads through a restore."
    )]
    Backup(BackupCommand),
    /// The agent on a VPN server: it keeps the server's WireGuard peers as the control plane wants them
    #[cfg(feature = "gateway")]
    #[command(
        subcommand,
        after_help = "Example:\n  mirai gateway enroll --control https://vpn.example.net --token TOKEN\n  mirai gateway run"
    )]
    Gateway(GatewayCommand),
    /// From this machine to a VPS: build, send, switch with no request lost, go back
    #[cfg(feature = "deploy")]
    #[command(
        after_help = "Example:\n  mirai deploy release\n\ndocs/deploy.md leads from a fresh VPS to a site that serves."
    )]
    Deploy(Deploy),
    /// Accounts, servers, plans, API keys and jobs, by an operator's hand
    #[cfg(feature = "control")]
    #[command(subcommand, after_help = "Example:\n  mirai admin user list --json")]
    Admin(Admin),
}

/// What `--json` does is the same for all of these.
#[derive(Args, Clone, Copy)]
pub(crate) struct Format {
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}
