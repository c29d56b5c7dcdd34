//! What a developer runs: `cargo xtask test`, `fuzz`, `check`, `css`, `bench`, `screenshots`. It knows the order of things
//! and the programs they need; the tests themselves are ordinary ones of their crates.
//!
//! Invariant: xtask depends on no crate of the product, so that it builds in seconds and runs when they do not compile.

mod bench;
mod check;
mod fuzz;
mod mariadb;
mod needs;
mod node;
mod previous;
mod run;
mod rust;
mod say;
mod tally;
mod test;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What a developer of MiraiVPN runs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = "Example: cargo xtask test")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs all tests: of the browser modules, of the style sheet's freshness, of all crates, on SQLite and MariaDB.
    Test(test::Options),
    /// Feeds the parsers with inputs that libFuzzer makes; needs a nightly compiler.
    Fuzz(fuzz::Options),
    /// Formatting, lints and the tests of the house: quick, before a commit.
    #[command(after_help = "Example: cargo xtask check")]
    Check,
    /// Builds the style sheet, assets/static/app.css, from its source.
    #[command(after_help = "Example: cargo xtask css")]
    Css,
    /// Measures the product beside bare and other programs, and writes docs/performance.md.
    #[command(after_help = "Example: cargo xtask bench gateways")]
    Bench(bench::Options),
    /// Takes the pictures of the README, docs/screenshots/, from `mirai dev` in Chromium.
    #[command(after_help = "Example: cargo xtask screenshots")]
    Screenshots,
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Check => check::run().map(|()| ExitCode::SUCCESS),
        Task::Css => node::build_css().map(|()| ExitCode::SUCCESS),
        Task::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Task::Screenshots => rust::take_screenshots().map(|()| ExitCode::SUCCESS),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say::error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed_and_every_command_shows_an_example() {
        Args::command().debug_assert();
        for command in Args::command().get_subcommands() {
            assert!(command.get_after_help().is_some_and(|help| help.to_string().contains("Example:")));
        }
    }
}
