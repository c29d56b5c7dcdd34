//! What a suite does when a program that it needs is not installed: fail with one sentence, or skip when that was asked.

use crate::setting::{long, setting, skip_missing};
use anyhow::bail;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Finds an executable in `PATH` or in the system folders that a plain user's `PATH` leaves out.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    // What is no program is named by its path.
    if name.starts_with('/') {
        return Some(PathBuf::from(name)).filter(|file| file.is_file());
    }
    let path = setting("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The path of `program`; `Ok(None)` when it is missing and the run was told to skip, after saying so.
///
/// # Errors
/// One sentence that names the Debian package, when the program is missing and skipping was not asked for.
pub fn need(program: &str, package: &str) -> anyhow::Result<Option<PathBuf>> {
    if let Some(path) = find_program(program) {
        return Ok(Some(path));
    }
    if !skip_missing() {
        bail!(
            "this test needs `{program}`, which is not installed: `apt-get install {package}`, \
             or run `cargo xtask test --skip-missing`"
        );
    }
    say_skipped(&format!("`{program}` is not installed (package {package})"))?;
    Ok(None)
}

/// Whether the long forms were asked for; if not, says that the running test is skipped.
///
/// # Errors
/// When the note cannot be written.
pub fn asked_for_long() -> std::io::Result<bool> {
    if !long() {
        say_skipped("runs under `cargo xtask test --long` only")?;
    }
    Ok(long())
}

/// Prints that the running test is skipped, and notes it where xtask counts the skipped ones.
///
/// # Errors
/// When the note cannot be written.
#[expect(clippy::print_stderr, reason = "the skipped line is this function's purpose")]
pub fn say_skipped(reason: &str) -> std::io::Result<()> {
    let test = setting("NEXTEST_TEST_NAME")
        .or_else(|| std::thread::current().name().map(str::to_owned))
        .unwrap_or_else(|| "a test".into());
    let line = format!("{test}: {reason}");
    eprintln!("skipped {line}");
    if let Some(log) = setting("MIRAI_SKIPPED_LOG") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        file.write_all(format!("{line}\n").as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_and_an_absent_one_is_named_with_its_package() {
        assert!(find_program("sh").is_some_and(|path| path.is_absolute()));
        assert!(find_program("no-such-program-here").is_none());
        if !skip_missing() {
            let refusal = need("no-such-program-here", "some-package").unwrap_err().to_string();
            assert!(refusal.contains("no-such-program-here") && refusal.contains("apt-get install some-package"));
        }
    }
}
