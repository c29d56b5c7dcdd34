//! What is checked before a commit.

use crate::run::{cargo, must, shown};
use crate::say;

/// Formatting, lints, and the tests that guard the house.
pub(crate) fn run() -> anyhow::Result<()> {
    // The builds for a VPN server and for a laptop that only deploys.
    let alone = |feature| {
        [
            "clippy",
            "--package",
            "mirai",
            "--no-default-features",
            "--features",
            feature,
            "--locked",
            "--",
            "-D",
            "warnings",
        ]
    };
    let (gateway, deploy) = (alone("gateway"), alone("deploy"));
    let checks: [&[&str]; 5] = [
        &["fmt", "--all", "--check"],
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        &gateway,
        &deploy,
        &["test", "--package", "testkit", "--test", "house", "--locked"],
    ];
    for check in checks {
        let mut command = cargo(check);
        say::step(&shown(&command));
        must(&mut command)?;
    }
    Ok(())
}
