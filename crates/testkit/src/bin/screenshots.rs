//! Takes the pictures of the README from `mirai dev` in a real Chromium: `cargo xtask screenshots`, or by hand
//! `cargo run -p testkit --bin screenshots FOLDER`.

use std::path::PathBuf;

use anyhow::Context as _;
use testkit::browser::{Browser, Visitor};
use testkit::dev::Dev;
use testkit::private_dir::PrivateDir;

const PHONE: (u32, u32) = (390, 844);
const DESKTOP: (u32, u32) = (1280, 800);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).context("give the folder for the pictures")?);
    let data = PrivateDir::new("pictures")?;
    let dev = Dev::start(data.path(), 0).await?;
    let browser = Visitor::with_viewport(DESKTOP.0, DESKTOP.1).reading("en").open_browser().await?;
    let browser = browser.context("Chromium is not installed")?;
    let site = dev.url("Site")?;
    let picture = async |name: &str, (width, height): (u32, u32)| {
        browser.resize(width, height).await?;
        browser.screenshot(&folder.join(name)).await
    };

    browser.goto(&format!("{site}/pricing")).await?;
    picture("pricing.png", DESKTOP).await?;
    log_in(&browser, site, dev.after("Admin account", "password:")?).await?;
    browser.goto(&format!("{site}/pricing")).await?;
    browser.click("#buy-premium").await?;
    browser.click("#pay").await?;
    browser.wait_for_path(|path| path.starts_with("/thanks")).await?;
    for name in ["phone", "laptop"] {
        browser.goto(&format!("{site}/dashboard/devices/new")).await?;
        browser.fill("#device-name", name).await?;
        browser.click("#create-device").await?;
        browser.wait_for_text("#device-result h1", "").await?;
        browser.element("#config-qr svg").await?;
        picture("configuration.png", PHONE).await?;
        // The page warns whoever leaves it with the key in nobody's hands.
        browser.click("#device-page").await?;
    }
    browser.goto(&format!("{site}/dashboard")).await?;
    picture("dashboard.png", PHONE).await?;
    dev.stop().await
}

async fn log_in(browser: &Browser, site: &str, password: &str) -> anyhow::Result<()> {
    browser.goto(&format!("{site}/login")).await?;
    browser.fill("#email", "admin@mirai.test").await?;
    browser.fill("#password", password).await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;
    Ok(())
}
