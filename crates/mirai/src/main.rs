//! MiraiVPN: the whole platform of a VPN company in one binary.
//!
//! Features: `control` is the site, the API and all that has a database, `gateway` the agent on a VPN server, `dev` a trial of
//! both with a pretend Stripe and a mailbox, `deploy` the deploy tool with its agent. A release has all but `dev`, a VPN server
//! `gateway` and `deploy`, a laptop that only deploys `deploy` alone.
//!
//! This crate parses the command line and the settings, puts the parts together and prints. Nothing else does any of
//! the three.
//!
//! Invariant: no rules here. What a command does is a use case of `app`.

#[cfg(feature = "control")]
mod admin;
#[cfg(feature = "control")]
mod backup_command;
#[cfg(feature = "control")]
mod bot_command;
mod cli;
#[cfg(feature = "control")]
mod config_command;
#[cfg(feature = "deploy")]
mod deploy_command;
#[cfg(feature = "dev")]
mod dev;
#[cfg(feature = "dev")]
mod dev_discord;
#[cfg(feature = "dev")]
mod dev_gateways;
#[cfg(feature = "dev")]
mod dev_tunnel;
#[cfg(feature = "gateway")]
mod gateway_command;
#[cfg(feature = "control")]
mod import;
#[cfg(any(feature = "control", feature = "gateway"))]
mod logging;
mod out;
#[cfg(any(feature = "control", feature = "gateway"))]
mod program;
#[cfg(feature = "control")]
mod release;
#[cfg(feature = "control")]
mod serve;
#[cfg(feature = "control")]
mod settings;
#[cfg(any(feature = "control", feature = "gateway"))]
mod signals;
#[cfg(feature = "control")]
mod systemd;
#[cfg(feature = "control")]
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        // The half on a laptop runs on other systems too, and needs nothing of what follows.
        #[cfg(feature = "deploy")]
        cli::Command::Deploy(command) => deploy_command::run(&command),
        #[cfg(any(feature = "control", feature = "gateway"))]
        command => program::run(command),
    }
}
