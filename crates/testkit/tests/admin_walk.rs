//! An admin's day in a real browser against `mirai dev`: finds a customer, gives credit, adds a server, reads the revenue.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;

use testkit::browser::{Browser, Visitor};
use testkit::dev::Dev;
use testkit::private_dir::PrivateDir;

/// What the pages say, in the language of the walk.
struct Words {
    language: &'static str,
    given: &'static str,
    nothing: &'static str,
    revenue: &'static str,
}

const ENGLISH: Words =
    Words { language: "en", given: "The credit is given.", nothing: "Nothing was found.", revenue: "Revenue in USD" };
const GERMAN: Words =
    Words { language: "de", given: "Das Guthaben ist gegeben.", nothing: "Nichts gefunden.", revenue: "Umsatz in USD" };

#[tokio::test]
async fn browser_walk_of_an_admin_in_english_on_a_desktop() {
    walk(&ENGLISH, 1280, 800).await.unwrap();
}

#[tokio::test]
async fn browser_walk_of_an_admin_in_english_on_a_phone() {
    walk(&ENGLISH, 390, 844).await.unwrap();
}

#[tokio::test]
async fn browser_walk_of_an_admin_in_german_on_a_desktop() {
    walk(&GERMAN, 1280, 800).await.unwrap();
}

#[tokio::test]
async fn browser_walk_of_an_admin_in_german_on_a_phone() {
    walk(&GERMAN, 390, 844).await.unwrap();
}

async fn walk(words: &Words, width: u32, height: u32) -> anyhow::Result<()> {
    let Some(browser) = Visitor::with_viewport(width, height).reading(words.language).open_browser().await? else {
        return Ok(());
    };
    let dir = PrivateDir::new("walk")?;
    let dev = Dev::start(dir.path(), 0).await?;
    let site = dev.url("Site")?.to_owned();
    let page = |path: &str| format!("{site}{path}");
    become_a_customer(&browser, &dev, &site).await?;
    ask_for_help(&browser, &site, dir.path(), width).await?;

    // The admin's account is made in English; the walk's language is this browser's choice.
    browser.client().delete_all_cookies().await?;
    browser.goto(&page(&format!("/login?lang={}", words.language))).await?;
    let (email, password) = (dev.url("Admin account")?, dev.after("Admin account", "password:")?);
    log_in(&browser, email, password).await?;
    browser.goto(&page("/admin")).await?;
    fits(&browser, width).await?;
    browser.fill("#q", "nobody@example.net").await?;
    browser.click("#search").await?;
    browser.wait_for_text("[role=status]", words.nothing).await?;
    browser.fill("#q", "mika@example.net").await?;
    browser.click("#search").await?;
    browser.wait_for_text("h1", "mika@example.net").await?;
    fits(&browser, width).await?;
    browser.fill("#amount", "5.00").await?;
    browser.fill("#reason", "for the trouble").await?;
    browser.click("#grant").await?;
    fits(&browser, width).await?;
    browser.click("#sure").await?;
    browser.wait_for_text("[role=status]", words.given).await?;

    help(&browser, &site, width).await?;
    browser.goto(&page("/admin/servers")).await?;
    fits(&browser, width).await?;
    for (field, text) in [
        ("#name", "paris-9"),
        ("#region", "fr"),
        ("#country", "FR"),
        ("#city", "Paris"),
        ("#endpoint", "192.0.2.9:51820"),
    ] {
        browser.fill(field, text).await?;
    }
    browser.click("#add-server").await?;
    browser.click("#sure").await?;
    assert!(browser.text("#secret").await?.len() > 20, "a token");
    fits(&browser, width).await?;
    browser.click("#seen").await?;
    browser.wait_for_text("h1", "paris-9").await?;
    fits(&browser, width).await?;

    for path in [
        "/admin/plans",
        "/admin/plans/basic",
        "/admin/coupons",
        "/admin/gifts",
        "/admin/keys",
        "/admin/incidents",
        "/admin/maintenance",
        "/admin/jobs",
        "/admin/mails",
        "/admin/events",
    ] {
        browser.goto(&page(path)).await?;
        fits(&browser, width).await?;
    }
    browser.goto(&page("/admin/audit?action=credit.")).await?;
    browser.wait_for_text("main", "for the trouble").await?;
    fits(&browser, width).await?;
    browser.goto(&page("/admin/figures")).await?;
    browser.wait_for_text("h2", words.revenue).await?;
    browser.wait_for_text("figcaption", "5").await?;
    fits(&browser, width).await?;
    browser.click("a[download]").await?;
    let file = std::fs::read_to_string(browser.wait_for_download("revenue.csv").await?)?;
    assert!(file.lines().last().is_some_and(|line| line.contains(",usd,")), "{file}");
    let complaints: Vec<String> = browser
        .console()
        .await?
        .into_iter()
        .filter(|line| !line.starts_with("DEBUG") && !line.contains("404"))
        .collect();
    assert_eq!(complaints, Vec::<String>::new(), "the console is quiet");
    Ok(())
}

async fn log_in(browser: &Browser, email: &str, password: &str) -> anyhow::Result<()> {
    browser.fill("#email", email).await?;
    browser.fill("#password", password).await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;
    Ok(())
}

/// One who has bought something.
async fn become_a_customer(browser: &Browser, dev: &Dev, site: &str) -> anyhow::Result<()> {
    browser.goto(&format!("{site}/register")).await?;
    browser.fill("#email", "mika@example.net").await?;
    browser.fill("#password", "correct horse battery").await?;
    browser.click("#submit").await?;
    browser.goto(&dev.mailed_link(browser, "/verify?token=").await?).await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path.starts_with("/login")).await?;
    log_in(browser, "mika@example.net", "correct horse battery").await?;
    browser.goto(&format!("{site}/pricing")).await?;
    browser.click("#buy-basic").await?;
    browser.click("#pay").await?;
    browser.wait_for_path(|path| path.starts_with("/thanks")).await?;
    browser.element("main h1").await?;
    Ok(())
}

/// The customer opens a ticket with a picture.
async fn ask_for_help(browser: &Browser, site: &str, folder: &Path, width: u32) -> anyhow::Result<()> {
    browser.goto(&format!("{site}/dashboard/tickets")).await?;
    // The help comes first, and a human is asked from everywhere in it.
    browser.click("#new-ticket").await?;
    browser.wait_for_path(|path| path.starts_with("/help")).await?;
    fits(browser, width).await?;
    browser.click("#steps a").await?;
    browser.click("#human").await?;
    browser.element("#ticket-form").await?;
    fits(browser, width).await?;
    browser.fill("#subject", "No connection on my phone").await?;
    browser.fill("#body", "It says: handshake did not complete.\nWhat can I do?").await?;
    let picture = folder.join("screen.png");
    std::fs::write(&picture, include_bytes!("../../../docs/screenshots/dashboard.png"))?;
    browser.element("#files").await?.send_keys(&picture.to_string_lossy()).await?;
    browser.click("#open-ticket").await?;
    browser.wait_for_text(".thread", "handshake did not complete").await?;
    browser.element(".message-files img").await?;
    fits(browser, width).await
}

/// The team answers it.
async fn help(browser: &Browser, site: &str, width: u32) -> anyhow::Result<()> {
    browser.goto(&format!("{site}/admin/tickets")).await?;
    fits(browser, width).await?;
    browser.click("tbody a").await?;
    browser.wait_for_text(".thread", "handshake did not complete").await?;
    fits(browser, width).await?;
    browser.fill("#body", "Please look at the address of your router.").await?;
    browser.click("#send").await?;
    browser.wait_for_text(".message-staff", "the address of your router").await?;
    fits(browser, width).await?;
    browser.fill("#reason", "The router had the same address").await?;
    browser.click("#close-ticket").await?;
    browser.element("#reopen").await?;
    browser.goto(&format!("{site}/admin/tickets/replies")).await?;
    fits(browser, width).await
}

/// Nothing makes the page scroll sideways.
async fn fits(browser: &Browser, width: u32) -> anyhow::Result<()> {
    let wide = browser.client().execute("return document.documentElement.scrollWidth", vec![]).await?;
    let path = browser.path().await?;
    assert!(wide.as_u64().unwrap() <= u64::from(width), "{path} is {wide} wide");
    Ok(())
}
