//! What is checked before a commit.

use crate::run::{cargo, must, shown};
use crate::say;

/// Formatting, lints, and the tests that guard the house.
pub(crate) fn run() -> anyhow::Result<()> {
    let checks: [&[&str]; 4] = [
        &["fmt", "--all", "--check"],
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        // The build for a VPN server alone.
        &[
            "clippy",
            "--package",
            "mirai",
            "--no-default-features",
            "--features",
            "gateway",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        &["test", "--package", "testkit", "--test", "house", "--locked"],
    ];
    for check in checks {
        let mut command = cargo(check);
        say::step(&shown(&command));
        must(&mut command)?;
    }
    Ok(())
}
