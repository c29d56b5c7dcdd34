//! Writing a dump into a MariaDB or MySQL database, by the database's own program.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::thread::JoinHandle;

use super::access::{Access, Options};
use super::tools::{Kind, Tools, complaints, last_lines};
use super::unusable;
use crate::Result;

/// Statements under way into a database. Dropped before [`Load::finish`], it ends the program.
#[derive(Debug)]
pub struct Load {
    child: Child,
    statements: Option<ChildStdin>,
    complaints: Option<JoinHandle<Vec<u8>>>,
    name: &'static str,
    _options: Options,
}

impl Load {
    /// Starts the program. `folder` is private and takes the file with the password for as long.
    ///
    /// # Errors
    /// When it is not installed, or does not start.
    pub fn start(access: &Access, tools: &Tools, folder: &Path) -> Result<Load> {
        let tool = tools.find(&["mariadb", "mysql"])?;
        let options = access.write(folder, tool.kind)?;
        let mut command = tool.command();
        command.arg(options.argument()).args(["--default-character-set=utf8mb4", "--max-allowed-packet=1G"]);
        // Whoever knows the public key can make a backup: its commands must not reach beyond the database.
        if tool.kind == Kind::MariaDb && tool.takes("--sandbox") {
            command.arg("--sandbox");
        }
        command.arg(format!("--database={}", access.database()));
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| unusable(format!("`{}` can't be started: {error}", tool.name)))?;
        let statements = child.stdin.take();
        let complaints = child.stderr.take().map(complaints);
        Ok(Load { child, statements, complaints, name: tool.name, _options: options })
    }

    /// Ends the statements and waits until all were done.
    ///
    /// # Errors
    /// When one failed.
    pub fn finish(mut self) -> Result<()> {
        drop(self.statements.take());
        let status = self.child.wait().map_err(|error| unusable(format!("`{}` was lost: {error}", self.name)))?;
        let said = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        Err(unusable(format!("`{}` failed ({status}): {}", self.name, last_lines(&said))))
    }
}

impl Write for Load {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.statements.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.statements.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.flush()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
