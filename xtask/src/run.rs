//! Running other programs: in the repository, without standard input, heard while they speak.

use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository's root folder: as cargo tells it at run time, since checkouts that share a target folder share this
/// executable too.
pub(crate) fn root() -> PathBuf {
    let here = setting("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&here).parent().unwrap_or(Path::new(".")).to_owned()
}

/// An environment variable; `None` when unset or empty.
#[expect(clippy::disallowed_methods, reason = "a developer's tool, not the product")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The path of an executable, in `PATH` or in the system folders that a plain user's `PATH` leaves out.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = setting("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// A command in `folder` of the repository, with nothing on standard input.
pub(crate) fn command(program: &str, folder: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root().join(folder)).stdin(Stdio::null());
    command
}

/// The cargo that started this xtask.
pub(crate) fn cargo(args: &[&str]) -> Command {
    command(&setting("CARGO").unwrap_or_else(|| "cargo".into()), "", args)
}

/// How a command is written at a prompt.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs a command to its end with its output shown.
pub(crate) fn must(command: &mut Command) -> anyhow::Result<()> {
    let text = shown(command);
    let status = command.status().with_context(|| format!("cannot run `{text}`"))?;
    if !status.success() {
        bail!("`{text}` failed");
    }
    Ok(())
}

/// What a command said, and whether it succeeded.
pub(crate) struct Heard {
    pub(crate) text: String,
    pub(crate) success: bool,
}

/// Runs a command with its output both shown as it comes and kept.
pub(crate) fn hear(command: &mut Command) -> anyhow::Result<Heard> {
    let text = shown(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{text}`"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = std::thread::scope(|scope| {
        let out = scope.spawn(|| out.map(|pipe| pass_on(pipe, std::io::stdout())).unwrap_or_default());
        let err = scope.spawn(|| err.map(|pipe| pass_on(pipe, std::io::stderr())).unwrap_or_default());
        (out.join().unwrap_or_default(), err.join().unwrap_or_default())
    });
    let success = child.wait()?.success();
    Ok(Heard { text: out + &err, success })
}

/// True when colours would be seen.
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal()
}

fn pass_on(pipe: impl Read, mut to: impl Write) -> String {
    let (mut pipe, mut line, mut kept) = (BufReader::new(pipe), Vec::new(), String::new());
    while pipe.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        // A closed terminal is no reason to stop the tests.
        drop(to.write_all(&line));
        kept.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_are_heard_and_failure_is_seen() {
        let heard = hear(&mut command("sh", "", &["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert!(heard.text.contains("out\n") && heard.text.contains("err\n") && !heard.success);
        let refusal = must(&mut command("sh", "", &["-c", "exit 1"])).unwrap_err().to_string();
        assert_eq!(refusal, "`sh -c exit 1` failed");
    }
}
