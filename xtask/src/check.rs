//! What is checked before a commit.

use crate::run::{cargo, must, shown};
use crate::say;

/// Formatting, lints, and the tests that guard the house.
pub(crate) fn run() -> anyhow::Result<()> {
    let checks: [&[&str]; 3] = [
        &["fmt", "--all", "--check"],
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        &["test", "--package", "testkit", "--test", "house", "--locked"],
    ];
    for check in checks {
        let mut command = cargo(check);
        say::step(&shown(&command));
        must(&mut command)?;
    }
    Ok(())
}
