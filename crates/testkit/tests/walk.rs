//! The main job in a real browser against `mirai dev`: from the home page to a file that the real `wg-quick` accepts.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use testkit::browser::{Browser, Visitor};
use testkit::dev::Dev;
use testkit::private_dir::PrivateDir;
use testkit::wg;

/// What a page says, in the language of the walk.
struct Words {
    language: &'static str,
    check_mail: &'static str,
    active: &'static str,
    made: &'static str,
}

const ENGLISH: Words =
    Words { language: "en", check_mail: "Check your mail", active: "is active", made: "Your configuration" };
const FRENCH: Words =
    Words { language: "fr", check_mail: "Consultez vos messages", active: "est actif", made: "Votre configuration" };

#[tokio::test]
async fn browser_walk_in_english_on_a_phone() {
    walk(&ENGLISH, 390, 844).await.unwrap();
}

#[tokio::test]
async fn browser_walk_in_english_on_a_desktop() {
    walk(&ENGLISH, 1280, 800).await.unwrap();
}

#[tokio::test]
async fn browser_walk_in_french_on_a_phone() {
    walk(&FRENCH, 390, 844).await.unwrap();
}

#[tokio::test]
async fn browser_walk_in_french_on_a_desktop() {
    walk(&FRENCH, 1280, 800).await.unwrap();
}

async fn walk(words: &Words, width: u32, height: u32) -> anyhow::Result<()> {
    let Some(browser) = Visitor::with_viewport(width, height).reading(words.language).open_browser().await? else {
        return Ok(());
    };
    let dir = PrivateDir::new("walk")?;
    let dev = Dev::start(dir.path(), 0).await?;
    let site = dev.url("Site")?;
    let page = |path: &str| format!("{site}{path}");

    for path in ["/", "/servers", "/faq"] {
        browser.goto(&page(path)).await?;
        fits(&browser, width).await?;
    }
    browser.goto(&page("/register")).await?;
    browser.fill("#email", "mika@example.net").await?;
    browser.fill("#password", "correct horse battery").await?;
    browser.click("#submit").await?;
    browser.wait_for_text("h1", words.check_mail).await?;
    fits(&browser, width).await?;

    let link = dev.mailed_link(&browser, "/verify?token=").await?;
    browser.goto(&link).await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path.starts_with("/login")).await?;
    browser.fill("#email", "mika@example.net").await?;
    browser.fill("#password", "correct horse battery").await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;
    fits(&browser, width).await?;

    browser.goto(&page("/pricing")).await?;
    fits(&browser, width).await?;
    browser.click("#buy-basic").await?;
    browser.wait_for_text("#total", "5").await?;
    browser.click("#pay").await?;
    browser.wait_for_path(|path| path.starts_with("/thanks")).await?;
    browser.wait_for_text("main", words.active).await?;

    browser.goto(&page("/dashboard")).await?;
    browser.click("#add-device").await?;
    browser.fill("#device-name", "phone").await?;
    fits(&browser, width).await?;
    browser.click("#create-device").await?;
    browser.wait_for_text("#device-result h1", words.made).await?;
    browser.element("#config-qr svg").await?;
    fits(&browser, width).await?;
    browser.click("#download-config").await?;
    let file = browser.wait_for_download(".conf").await?;
    assert!(file.ends_with("mirai-phone.conf"), "{}", file.display());
    let key = wg::strip(&file).await?;
    keep_the_device(&browser, &page("/dashboard"), &key, width).await?;
    cancel_and_resume(&browser, &page("/dashboard/subscription"), width).await?;
    browser.goto(&page("/dashboard/subscription")).await?;
    browser.click("#manage").await?;
    browser.click("#back").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;

    browser.goto(&page("/forgot")).await?;
    browser.fill("#email", "mika@example.net").await?;
    browser.click("#submit").await?;
    browser.wait_for_text("[role=status]", "").await?;
    browser.goto(&dev.mailed_link(&browser, "/reset?token=").await?).await?;
    fits(&browser, width).await?;
    browser.fill("#password", "another long password").await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path == "/login").await?;
    browser.fill("#email", "mika@example.net").await?;
    browser.fill("#password", "another long password").await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;
    // The browser's advice on forms is of level DEBUG: a reset page can't name the account, for it knows a token only.
    let complaints: Vec<String> =
        browser.console().await?.into_iter().filter(|line| !line.starts_with("DEBUG")).collect();
    assert_eq!(complaints, Vec::<String>::new(), "the console is quiet");
    Ok(())
}

/// Renames the device, gives it a new key, moves it, and looks at where its owner is logged in.
async fn keep_the_device(browser: &Browser, dashboard: &str, old_key: &str, width: u32) -> anyhow::Result<()> {
    browser.goto(dashboard).await?;
    browser.click("tbody a").await?;
    fits(browser, width).await?;
    browser.fill("#name", "tablet").await?;
    browser.click("#rename").await?;
    browser.wait_for_text("h1", "tablet").await?;
    browser.click("#rekey").await?;
    browser.element("#config-qr svg").await?;
    fits(browser, width).await?;
    browser.click("#download-config").await?;
    let file = browser.wait_for_download("mirai-tablet.conf").await?;
    assert_ne!(wg::strip(&file).await?, old_key, "a new key");
    browser.click("#device-page").await?;
    browser.click("#move").await?;
    browser.wait_for_text("[role=status]", "").await?;
    fits(browser, width).await?;
    browser.goto(&format!("{dashboard}/security")).await?;
    browser.element("tbody .badge").await?;
    fits(browser, width).await
}

async fn cancel_and_resume(browser: &Browser, page: &str, width: u32) -> anyhow::Result<()> {
    browser.goto(page).await?;
    fits(browser, width).await?;
    browser.click("#cancel").await?;
    browser.element("#resume").await?;
    browser.click("#resume").await?;
    browser.element("#cancel").await?;
    Ok(())
}

/// Nothing makes the page scroll sideways.
async fn fits(browser: &Browser, width: u32) -> anyhow::Result<()> {
    let wide = browser.client().execute("return document.documentElement.scrollWidth", vec![]).await?;
    assert!(wide.as_u64().unwrap() <= u64::from(width), "{} is {wide} wide", browser.path().await?);
    Ok(())
}
