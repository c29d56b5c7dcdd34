//! Packages of npm for the tests that hold a fake against the types that its service or its users publish.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Runs a program in `folder`; when it fails, the test does, with what it said.
pub(crate) fn run(command: &mut Command, folder: &Path, input: &str) {
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A program that reads nothing may have closed its input already.
    let _ = writer.join().unwrap();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The folder of that name with the locked packages installed and these files beside them, a copy under the target
/// folder; `None` when this run may skip it.
pub(crate) fn installed(name: &str, files: &[&str]) -> Option<PathBuf> {
    for program in ["node", "npm"] {
        if Command::new(program).arg("--version").output().is_err() {
            let reason = format!("this test needs `{program}`, which is not installed: `apt-get install nodejs npm`");
            assert!(skip_missing(name, &reason), "{reason}, or run `cargo xtask test --skip-missing`");
            return None;
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let always = [".npmrc", "package.json", "package-lock.json", "tsconfig.json"];
    for file in always.iter().chain(files) {
        std::fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    // Installing takes seconds and the network: once for each state of the lock file.
    let lock = std::fs::read(folder.join("package-lock.json")).unwrap();
    let stamp = folder.join("installed-lock.json");
    if std::fs::read(&stamp).ok().as_ref() != Some(&lock) {
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]), &folder, "");
        std::fs::write(&stamp, &lock).unwrap();
    }
    Some(folder)
}

/// Whether the runner allows a test to be skipped; if so, notes it where the runner counts.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the runner speaks to its tests by environment, and a skip is said"
)]
fn skip_missing(name: &str, reason: &str) -> bool {
    if std::env::var("MIRAI_SKIP_MISSING").is_ok_and(|value| !value.is_empty()) {
        eprintln!("skipped: {reason}");
        if let Ok(log) = std::env::var("MIRAI_SKIPPED_LOG") {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
            file.and_then(|mut file| writeln!(file, "{name}: {reason}")).unwrap();
        }
        return true;
    }
    false
}
