//! `mirai dev` as a newcomer meets it: started, started again, and on a port that is taken.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::caller::{Caller, PASSWORD, answer};
use testkit::fleet::eventually;
use testkit::private_dir::PrivateDir;
use testkit::process::{Bin, Running};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running `mirai dev` and what it has printed.
struct Dev {
    process: Running,
    printed: String,
}

impl Dev {
    async fn start(folder: &Path, port: &str) -> anyhow::Result<Dev> {
        let launch = Bin::mirai().await?.launch().args(["dev", "--port", port]).current_dir(folder);
        let mut process = launch.start().await?;
        process.wait_for_line("Stop with Ctrl-C", PATIENCE).await?;
        Ok(Dev { printed: process.stdout(), process })
    }

    /// The text after a label, such as `Site`.
    fn line(&self, label: &str) -> &str {
        let lines = self.printed.lines().map(str::trim_start);
        lines.filter_map(|line| line.strip_prefix(label)).map(str::trim).next().unwrap()
    }

    fn word_after(&self, label: &str, mark: &str) -> String {
        self.line(label).split(mark).nth(1).unwrap().trim().to_owned()
    }

    fn api(&self) -> Caller {
        Caller::new(self.line("Site").to_owned()).unwrap()
    }

    async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<(StatusCode, Value)> {
        let api = self.api();
        let url = format!("{}/backend/api/auth/login", api.base);
        let request = api.http.post(url).header("X-API-KEY", self.word_after("API", "X-API-KEY:"));
        answer(request.json(&json!({ "email": email, "password": password })).send().await?).await
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.process.terminate()?;
        let ended = self.process.wait(PATIENCE).await?;
        anyhow::ensure!(ended.code == Some(0) && ended.stderr.is_empty(), "{:?} {}", ended.code, ended.stderr);
        Ok(())
    }
}

#[tokio::test]
async fn the_terminal_says_where_to_click_and_who_is_admin() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    let dev = Dev::start(folder.path(), "0").await?;
    for label in ["Site", "Mailbox", "Pretend Stripe", "API"] {
        let url = dev.line(label).split_whitespace().next().unwrap().to_owned();
        let response = dev.api().http.get(&url).send().await?;
        assert_eq!(response.status(), StatusCode::OK, "{label} {url}");
    }
    let password = dev.word_after("Admin account", "password:");
    let (status, body) = dev.log_in("admin@mirai.test", &password).await?;
    assert_eq!((status, &body["user"]["role"]), (StatusCode::OK, &json!("admin")), "{body}");
    let url = format!("{}/backend/api/vps/status", dev.api().base);
    let key = dev.word_after("API", "X-API-KEY:");
    let (_, servers) = answer(dev.api().http.get(url).header("X-API-KEY", key).send().await?).await?;
    let up = servers["servers"].as_array().unwrap().iter().filter(|server| server["status"] == "up");
    assert_eq!(up.count(), 3, "{servers}");
    dev.stop().await
}

#[tokio::test]
async fn a_second_start_keeps_accounts_mails_and_keys() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    let first = Dev::start(folder.path(), "0").await?;
    let key = first.word_after("API", "X-API-KEY:");
    let api = first.api();
    let register = api.http.post(format!("{}/backend/api/auth/register", api.base)).header("X-API-KEY", &key);
    let body = json!({ "email": "mika@example.net", "password": PASSWORD });
    assert_eq!(register.json(&body).send().await?.status(), StatusCode::ACCEPTED);
    let mailbox = first.line("Mailbox").split_whitespace().next().unwrap().to_owned();
    let mailed = async || {
        let page = api.http.get(&mailbox).send().await?.text().await?;
        Ok(page.contains("mika@example.net").then_some(()))
    };
    eventually("the mail", mailed).await?;
    let password = first.word_after("Admin account", "password:");
    first.stop().await?;

    let second = Dev::start(folder.path(), "0").await?;
    assert_eq!(second.word_after("API", "X-API-KEY:"), key);
    assert_eq!(second.log_in("admin@mirai.test", &password).await?.0, StatusCode::OK);
    let (status, body) = second.log_in("mika@example.net", PASSWORD).await?;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("email_unverified")), "the account is there");
    let mailbox = second.line("Mailbox").split_whitespace().next().unwrap().to_owned();
    let page = second.api().http.get(&mailbox).send().await?.text().await?;
    assert!(page.contains("mika@example.net"), "the mail is there");
    second.stop().await
}

#[tokio::test]
async fn a_taken_port_is_one_line_that_names_the_flag() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let port = taken.local_addr()?.port();
    let launch = Bin::mirai().await?.launch().args(["dev", "--port", &port.to_string()]).current_dir(folder.path());
    let ended = launch.run(PATIENCE).await?;
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        format!("mirai: port {port} (the site) is taken by another program; choose another with --port\n")
    );
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0, "nothing was written");
    Ok(())
}

#[tokio::test]
async fn a_folder_of_production_is_not_touched() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    std::fs::write(folder.join(".env"), "APP_ENV=production\n")?;
    let ended = Bin::mirai().await?.launch().arg("dev").current_dir(folder.path()).run(PATIENCE).await?;
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, "mirai: `mirai dev` does not run under APP_ENV=production (.env): use `mirai serve`\n");
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "nothing was written");
    Ok(())
}
