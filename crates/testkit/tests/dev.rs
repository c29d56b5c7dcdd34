//! `mirai dev` as a newcomer meets it: started, started again, and on a port that is taken.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::caller::{Caller, PASSWORD, answer};
use testkit::dev::Dev;
use testkit::fleet::eventually;
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;

const PATIENCE: Duration = Duration::from_secs(20);

fn api(dev: &Dev) -> anyhow::Result<Caller> {
    Caller::new(dev.url("Site")?.to_owned())
}

async fn log_in(dev: &Dev, email: &str, password: &str) -> anyhow::Result<(StatusCode, Value)> {
    let api = api(dev)?;
    let url = format!("{}/backend/api/auth/login", api.base);
    let request = api.http.post(url).header("X-API-KEY", dev.after("API", "X-API-KEY:")?);
    answer(request.json(&json!({ "email": email, "password": password })).send().await?).await
}

#[tokio::test]
async fn the_terminal_says_where_to_click_and_who_is_admin() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    let dev = Dev::start(folder.path(), 0).await?;
    for label in ["Site", "Mailbox", "Pretend Stripe", "API"] {
        let url = dev.url(label)?.to_owned();
        let response = api(&dev)?.http.get(&url).send().await?;
        assert_eq!(response.status(), StatusCode::OK, "{label} {url}");
    }
    let password = dev.after("Admin account", "password:")?.to_owned();
    let (status, body) = log_in(&dev, "admin@mirai.test", &password).await?;
    assert_eq!((status, &body["user"]["role"]), (StatusCode::OK, &json!("admin")), "{body}");
    let url = format!("{}/backend/api/vps/status", api(&dev)?.base);
    let key = dev.after("API", "X-API-KEY:")?.to_owned();
    let (_, servers) = answer(api(&dev)?.http.get(url).header("X-API-KEY", key).send().await?).await?;
    // On a busy machine one is `degraded`.
    let up = servers["servers"].as_array().unwrap().iter().filter(|server| server["status"] != "down");
    assert_eq!(up.count(), 3, "{servers}");
    dev.stop().await
}

#[tokio::test]
async fn a_second_start_keeps_accounts_mails_and_keys() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    let first = Dev::start(folder.path(), 0).await?;
    let key = first.after("API", "X-API-KEY:")?.to_owned();
    let site = api(&first)?;
    let register = site.http.post(format!("{}/backend/api/auth/register", site.base)).header("X-API-KEY", &key);
    let body = json!({ "email": "mika@example.net", "password": PASSWORD });
    assert_eq!(register.json(&body).send().await?.status(), StatusCode::ACCEPTED);
    let mailbox = first.url("Mailbox")?.to_owned();
    let mailed = async || {
        let page = site.http.get(&mailbox).send().await?.text().await?;
        Ok(page.contains("mika@example.net").then_some(()))
    };
    eventually("the mail", mailed).await?;
    let password = first.after("Admin account", "password:")?.to_owned();
    first.stop().await?;

    let second = Dev::start(folder.path(), 0).await?;
    assert_eq!(second.after("API", "X-API-KEY:")?.to_owned(), key);
    assert_eq!(log_in(&second, "admin@mirai.test", &password).await?.0, StatusCode::OK);
    let (status, body) = log_in(&second, "mika@example.net", PASSWORD).await?;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("email_unverified")), "the account is there");
    let mailbox = second.url("Mailbox")?.to_owned();
    let page = api(&second)?.http.get(&mailbox).send().await?.text().await?;
    assert!(page.contains("mika@example.net"), "the mail is there");
    second.stop().await
}

/// What `mirai gateway status` says of a demo server's gateway.
async fn gateway_status(folder: &PrivateDir) -> anyhow::Result<Value> {
    let state = folder.join("data/gateways/osaka-1");
    let launch = Bin::mirai().await?.launch().args(["gateway", "status", "--json", "--state"]).arg(state);
    let done = launch.run(PATIENCE).await?;
    Ok(serde_json::from_str(&done.stdout).unwrap_or_default())
}

#[tokio::test]
async fn the_demo_servers_have_gateways_that_follow_the_site_also_to_another_port() -> anyhow::Result<()> {
    let folder = PrivateDir::new("dev")?;
    for start in 1..=2 {
        let dev = Dev::start(folder.path(), 0).await?;
        let site = dev.url("Site")?.replace("localhost", "127.0.0.1");
        let connected = async || {
            let status = gateway_status(&folder).await?;
            let is_so = status["connected"] == true && status["starts"] == start && status["control"] == site.as_str();
            Ok(is_so.then_some(()))
        };
        eventually("a gateway that is heard", connected).await?;
        dev.stop().await?;
    }
    Ok(())
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
