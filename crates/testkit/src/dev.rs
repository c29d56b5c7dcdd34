//! A running `mirai dev`, and what it has printed.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::browser::Browser;
use crate::process::{Bin, Running};

/// How long a start or a stop may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// `mirai dev` in a folder of the test's.
pub struct Dev {
    /// The process.
    pub process: Running,
    printed: String,
}

impl Dev {
    /// Starts it with `--port` (0 picks free ones) and waits until it has said everything.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(folder: &Path, port: u16) -> anyhow::Result<Dev> {
        Dev::start_with(folder, &["--port", &port.to_string()]).await
    }

    /// Starts it with these options and waits until it has said everything.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_with(folder: &Path, options: &[&str]) -> anyhow::Result<Dev> {
        let launch = Bin::mirai().await?.launch().arg("dev").args(options).current_dir(folder);
        let mut process = launch.start().await?;
        process.wait_for_line("Stop with Ctrl-C", PATIENCE).await?;
        Ok(Dev { printed: process.stdout(), process })
    }

    /// The line that has this in it.
    ///
    /// # Errors
    /// When none has.
    pub fn printed(&self, words: &str) -> anyhow::Result<&str> {
        let mut lines = self.printed.lines().filter(|line| line.contains(words));
        Ok(lines.next().with_context(|| format!("no line with {words}"))?.trim())
    }

    /// The text after a label, such as `Admin account`.
    ///
    /// # Errors
    /// When no line begins with it.
    pub fn line(&self, label: &str) -> anyhow::Result<&str> {
        let mut lines = self.printed.lines().map(str::trim_start).filter_map(|line| line.strip_prefix(label));
        Ok(lines.next().with_context(|| format!("no line {label}"))?.trim())
    }

    /// The address after a label, such as `Site`.
    ///
    /// # Errors
    /// When there is none.
    pub fn url(&self, label: &str) -> anyhow::Result<&str> {
        self.line(label)?.split_whitespace().next().context("no address")
    }

    /// What follows `mark` after a label, such as `password:`.
    ///
    /// # Errors
    /// When it is not there.
    pub fn after(&self, label: &str, mark: &str) -> anyhow::Result<&str> {
        Ok(self.line(label)?.split(mark).nth(1).context("no mark")?.trim())
    }

    /// The link with `part` in the newest mail, read on the mailbox page.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn mailed_link(&self, browser: &Browser, part: &str) -> anyhow::Result<String> {
        for _ in 0..50 {
            browser.goto(self.url("Mailbox")?).await?;
            if browser.click("#messages a").await.is_ok() {
                let text = browser.text("#text").await?;
                if let Some(line) = text.lines().find(|line| line.contains(part)) {
                    return Ok(line.trim().to_owned());
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::bail!("no mail with {part}")
    }

    /// Asks it to end, and waits until it has, without a word on standard error.
    ///
    /// # Errors
    /// When it ends otherwise.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.process.terminate()?;
        let ended = self.process.wait(PATIENCE).await?;
        anyhow::ensure!(ended.code == Some(0) && ended.stderr.is_empty(), "{:?} {}", ended.code, ended.stderr);
        Ok(())
    }
}
