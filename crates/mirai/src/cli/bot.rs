//! The command line of the bot.

use clap::{Args, Subcommand, ValueEnum};

/// What `mirai serve` takes.
#[derive(Args)]
pub(crate) struct Serve {
    /// What else this process does
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) with: Vec<Part>,
    /// Site and API alone, with no jobs, scheduler or bot: to look at a release before it goes live
    #[arg(long, conflicts_with = "with")]
    pub(crate) without_jobs: bool,
}

/// A part that runs beside site and API, or alone.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The Discord bot
    Bot,
}

/// What `mirai bot` takes.
#[derive(Args)]
pub(crate) struct Bot {
    #[command(subcommand)]
    pub(crate) command: Option<BotCommand>,
}

#[derive(Subcommand)]
pub(crate) enum BotCommand {
    /// Register the commands in the guild, if they differ from those that are registered
    #[command(after_help = "Example:\n  mirai bot register")]
    Register,
    /// Answer somebody no more
    #[command(after_help = "Example:\n  mirai bot block 1290000000000000000 --reason advertising")]
    Block {
        /// The account on Discord
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
        /// Why, for your colleagues
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Answer somebody again
    #[command(after_help = "Example:\n  mirai bot unblock 1290000000000000000")]
    Unblock {
        /// The account on Discord
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
    },
    /// List whom the bot does not answer
    #[command(after_help = "Example:\n  mirai bot blocked")]
    Blocked,
}
