//! A MariaDB or MySQL database as SQL, from the database's own program, in a form in which two dumps of the same content
//! are the same bytes.

use std::io::{self, BufRead as _, BufReader, Cursor, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::thread::JoinHandle;

use super::access::{Access, Options};
use super::tools::{Kind, Tools, complaints, last_lines};
use super::unusable;
use crate::Result;

/// With what a dump that is whole ends.
pub const COMPLETE: &[u8] = b"-- Dump completed\n";
/// With what each table's part begins; the name follows, in backticks.
pub const TABLE: &str = "-- Table structure for table `";

/// A look at one moment, without locks, row by row; nothing in it that differs from one server or day to the next, and
/// nothing that a user who owns only this database may not write again.
const ARGUMENTS: [&str; 14] = [
    "--single-transaction",
    "--quick",
    "--skip-lock-tables",
    "--skip-add-locks",
    "--skip-add-drop-table",
    "--skip-dump-date",
    "--comments",
    "--hex-blob",
    "--order-by-primary",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
    "--skip-triggers",
    "--extended-insert",
];

/// Of the first lines that name host, server and program; there are a dozen at the most.
const HEAD: usize = 32;

/// A dump under way. Dropped, it ends the program.
#[derive(Debug)]
pub struct Dump {
    child: Child,
    out: io::Chain<Cursor<Vec<u8>>, BufReader<ChildStdout>>,
    complaints: Option<JoinHandle<Vec<u8>>>,
    tail: Vec<u8>,
    name: &'static str,
    _options: Options,
}

impl Dump {
    /// Starts one. `folder` is private and takes the file with the password for as long.
    ///
    /// # Errors
    /// When the program is not installed, or does not start.
    pub fn start(access: &Access, tools: &Tools, folder: &Path) -> Result<Dump> {
        let tool = tools.find(&["mariadb-dump", "mysqldump"])?;
        let options = access.write(folder, tool.kind)?;
        let mut command = tool.command();
        command.arg(options.argument()).args(ARGUMENTS);
        if tool.kind == Kind::MySql {
            command.args(["--set-gtid-purged=OFF", "--column-statistics=0"]);
        }
        command.arg("--").arg(access.database());
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| unusable(format!("`{}` can't be started: {error}", tool.name)))?;
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(unusable(format!("`{}` can't be read", tool.name)));
        };
        let complaints = Some(complaints(err));
        let out = Cursor::new(Vec::new()).chain(BufReader::with_capacity(1 << 16, out));
        let mut dump = Dump { child, out, complaints, tail: Vec::new(), name: tool.name, _options: options };
        let head = dump.head().map_err(|error| unusable(format!("`{}` can't be read: {error}", tool.name)))?;
        *dump.out.get_mut().0 = Cursor::new(head);
        Ok(dump)
    }

    /// What stands before the first statement differs with host, database and version: it is left out.
    fn head(&mut self) -> io::Result<Vec<u8>> {
        let out = self.out.get_mut().1;
        let mut line = Vec::new();
        for _ in 0..HEAD {
            line.clear();
            out.read_until(b'\n', &mut line)?;
            if !says_nothing(&line) {
                break;
            }
        }
        Ok(line)
    }

    /// Waits for the program, once all was read.
    ///
    /// # Errors
    /// When it failed, or did not come to its end.
    pub fn finish(mut self) -> Result<()> {
        let status = self.child.wait().map_err(|error| unusable(format!("`{}` was lost: {error}", self.name)))?;
        let said = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        if !status.success() {
            return Err(unusable(format!("`{}` failed ({status}): {}", self.name, last_lines(&said))));
        }
        if self.tail != COMPLETE {
            return Err(unusable(format!(
                "`{}` ended without saying that its dump is complete: {}",
                self.name,
                last_lines(&said)
            )));
        }
        Ok(())
    }
}

impl Read for Dump {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.out.read(into)?;
        self.tail.extend_from_slice(&into[..count][count.saturating_sub(COMPLETE.len())..]);
        let extra = self.tail.len().saturating_sub(COMPLETE.len());
        self.tail.drain(..extra);
        Ok(count)
    }
}

impl Drop for Dump {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a line of the head is a comment. The one about the sandbox is for the client, which is told by an option.
fn says_nothing(line: &[u8]) -> bool {
    line == b"\n" || line.starts_with(b"--") || line.windows(12).any(|part| part == b"sandbox mode")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_dump_is_told_from_its_statements() {
        for (line, expected) in [
            ("/*M!999999\\- enable the sandbox mode */ \n", true),
            ("-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB\n", true),
            ("--\n", true),
            ("\n", true),
            ("/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;\n", false),
            ("", false),
        ] {
            assert_eq!(says_nothing(line.as_bytes()), expected, "{line}");
        }
    }
}
