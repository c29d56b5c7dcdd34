//! The main job in a real browser against `mirai dev`: from the home page to a file that the real `wg-quick` accepts.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::PathBuf;
use std::time::Duration;

use testkit::browser::{Browser, Visitor};
use testkit::dev::Dev;
use testkit::missing::{find_program, need, say_skipped};
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;
use testkit::setting::skip_missing;
use testkit::wg;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);
const PATH: &str = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a page says, in the language of the walk.
struct Words {
    language: &'static str,
    check_mail: &'static str,
    active: &'static str,
    made: &'static str,
    copied: &'static str,
    pending: &'static str,
    paid: &'static str,
    /// A movement of credit, and its amount.
    period: [&'static str; 2],
    by_credit: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    check_mail: "Check your mail",
    active: "is active",
    made: "Your configuration",
    copied: "Copied",
    pending: "$0.59, pending until",
    paid: "paid with your credit",
    period: ["Paid for a period", "−$5.99"],
    by_credit: "Paid with credit until",
};
const FRENCH: Words = Words {
    language: "fr",
    check_mail: "Consultez vos messages",
    active: "est actif",
    made: "Votre configuration",
    copied: "Copié",
    pending: "0,59 $, en attente jusqu’au",
    paid: "payée avec votre crédit",
    period: ["Paiement d’une période", "−5,99 $"],
    by_credit: "Payé avec du crédit jusqu’au",
};

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

/// With real packets: the file that was just downloaded, and the two commands that the terminal has printed.
#[tokio::test]
async fn browser_walk_through_a_tunnel_on_this_machine() {
    through_a_tunnel().await.unwrap();
}

async fn through_a_tunnel() -> anyhow::Result<()> {
    for (program, package) in [
        ("ip", "iproute2"),
        ("nft", "nftables"),
        ("wg-quick", "wireguard-tools"),
        ("wireguard-go", "wireguard-go"),
        ("resolvconf", "openresolv"),
        ("curl", "curl"),
    ] {
        if need(program, package)?.is_none() {
            return Ok(());
        }
    }
    if !rustix::process::getuid().is_root() {
        anyhow::ensure!(skip_missing(), "this test needs root, or `cargo xtask test --skip-missing`");
        return Ok(say_skipped("network namespaces need root")?);
    }
    let Some(browser) = Visitor::with_viewport(1280, 800).reading("en").open_browser().await? else { return Ok(()) };
    let dir = PrivateDir::new("walk")?;
    let dev = Dev::start_with(dir.path(), &["--port", "0", "--tunnel"]).await?;
    let file = to_a_file(&browser, &dev, &ENGLISH, 1280).await?;
    let typed = async |line: &str| {
        let line = line.trim_start_matches("sudo ").replace("./FILE.conf", &file.to_string_lossy());
        let mut words = line.split_whitespace();
        let program = words.next().and_then(find_program).unwrap_or_default();
        Bin::at(program)?.launch().env("PATH", PATH).args(words).run(PATIENCE).await
    };
    let up = dev.printed("wg-quick up")?;
    let done = typed(up).await?;
    anyhow::ensure!(done.code == Some(0), "{up}: {}", done.stderr);
    let (asked, said) = dev.printed("curl")?.split_once("   says ").unwrap();
    let done = typed(&asked.replace("curl ", "curl --silent --max-time 10 ")).await?;
    assert_eq!(Some(done.stdout.as_str()), said.split(':').next(), "{asked}: {}", done.stderr);
    let done = typed(&up.replace(" up ", " down ")).await?;
    anyhow::ensure!(done.code == Some(0), "{}", done.stderr);
    dev.stop().await?;
    let left = Bin::at(find_program("ip").unwrap())?.launch().args(["netns"]).run(PATIENCE).await?;
    assert!(!left.stdout.contains("mirai-dev"), "it leaves nothing behind: {}", left.stdout);
    Ok(())
}

#[tokio::test]
async fn browser_walk_of_a_newcomer_on_the_pretend_discord() {
    on_discord(390, 844).await.unwrap();
}

/// Presses the last button, or follows the last link, that says this, once it is there.
async fn press(browser: &Browser, says: &str) -> anyhow::Result<()> {
    const SCRIPT: &str = "const all = [...document.querySelectorAll('#messages button, #end button, nav a')];
        const fits = all.filter((one) => one.textContent.includes(arguments[0]) && !one.disabled);
        fits.at(-1)?.click();
        return fits.length;";
    let began = std::time::Instant::now();
    while browser.client().execute(SCRIPT, vec![says.into()]).await?.as_u64() == Some(0) {
        anyhow::ensure!(began.elapsed() < PATIENCE, "nothing says {says:?}: {}", browser.text("body").await?);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// A customer links their account, walks the help from the panel, and asks for a human; who is of the team takes it.
async fn on_discord(width: u32, height: u32) -> anyhow::Result<()> {
    let Some(browser) = Visitor::with_viewport(width, height).reading("en").open_browser().await? else {
        return Ok(());
    };
    let dir = PrivateDir::new("walk")?;
    let dev = Dev::start(dir.path(), 0).await?;
    let (site, discord) = (dev.url("Site")?, dev.url("Pretend Discord")?);
    sign_up(&browser, &dev, &format!("{site}/register"), "mika@example.net", &ENGLISH, width).await?;
    browser.goto(&format!("{site}/dashboard/discord")).await?;
    browser.click("form[action$=code] button").await?;
    let command = browser.element("#code").await?.prop("value").await?.unwrap_or_default();
    let code = command.trim_start_matches("/link ").to_owned();

    browser.goto(discord).await?;
    press(&browser, "Mika").await?;
    browser.wait_for_text("#messages", "Find help").await?;
    fits(&browser, width).await?;
    browser.click("#commands summary").await?;
    browser.click("#commands a[href*='line=link']").await?;
    browser.fill("[id='o:code']", &code).await?;
    browser.click("form.command .acts .s1").await?;
    browser.wait_for_text("#messages", "Your account is linked").await?;

    press(&browser, "Find help").await?;
    browser.wait_for_text("#messages article:last-of-type", "Only you can see this").await?;
    let question = browser.text("#messages article:last-of-type .text").await?;
    browser.click("#messages article:last-of-type button").await?;
    let began = std::time::Instant::now();
    while browser.text("#messages article:last-of-type .text").await.is_ok_and(|text| text == question) {
        anyhow::ensure!(began.elapsed() < PATIENCE, "the help does not go on from {question:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    press(&browser, "Ask a human").await?;
    browser.fill("[id='f:subject']", "No connection").await?;
    browser.fill("[id='f:text']", "It does not connect since noon.").await?;
    fits(&browser, width).await?;
    press(&browser, "Submit").await?;
    browser.wait_for_text("#messages", "Your ticket #1 is open").await?;

    press(&browser, "Sora from the team").await?;
    press(&browser, "ticket-1-").await?;
    browser.wait_for_text("#messages", "It does not connect since noon.").await?;
    fits(&browser, width).await?;
    press(&browser, "Claim").await?;
    browser.wait_for_text("#messages", "Ticket #1 is yours").await?;
    dev.stop().await
}

async fn walk(words: &Words, width: u32, height: u32) -> anyhow::Result<()> {
    let Some(browser) = Visitor::with_viewport(width, height).reading(words.language).open_browser().await? else {
        return Ok(());
    };
    let dir = PrivateDir::new("walk")?;
    let dev = Dev::start(dir.path(), 0).await?;
    let site = dev.url("Site")?;
    let page = |path: &str| format!("{site}{path}");
    let file = to_a_file(&browser, &dev, words, width).await?;
    let key = wg::strip(&file).await?;
    keep_the_device(&browser, &page("/dashboard"), &key, width).await?;
    cancel_and_resume(&browser, &page("/dashboard/subscription"), width).await?;
    browser.goto(&page("/dashboard/subscription")).await?;
    browser.click("#manage").await?;
    browser.click("#back").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;
    invite_a_friend(&browser, &dev, words, width).await?;

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
    let credit = async |cents: &str| {
        let database = format!("sqlite://{}", dir.join("data/mirai.db").display());
        let grant = ["admin", "credit", "grant", "mika@example.net", cents, "--reason", "a gift"];
        let done = Bin::mirai().await?.launch().env("DATABASE_URL", database).args(grant).run(PATIENCE).await?;
        anyhow::ensure!(done.code == Some(0), "{}", done.stderr);
        anyhow::Ok(())
    };
    see_the_reward(&browser, &page("/dashboard/referrals"), words, width).await?;
    credit("700").await?;
    pay_with_credit(&browser, &page("/dashboard"), words, width).await?;
    // The browser's advice on forms is of level DEBUG: a reset page can't name the account, for it knows a token only.
    let complaints: Vec<String> =
        browser.console().await?.into_iter().filter(|line| !line.starts_with("DEBUG")).collect();
    assert_eq!(complaints, Vec::<String>::new(), "the console is quiet");
    Ok(())
}

/// From the home page to the file of a device.
async fn to_a_file(browser: &Browser, dev: &Dev, words: &Words, width: u32) -> anyhow::Result<PathBuf> {
    let site = dev.url("Site")?;
    let page = |path: &str| format!("{site}{path}");
    for path in ["/", "/servers", "/faq"] {
        browser.goto(&page(path)).await?;
        fits(browser, width).await?;
    }
    sign_up(browser, dev, &page("/register"), "mika@example.net", words, width).await?;

    browser.goto(&page("/pricing")).await?;
    fits(browser, width).await?;
    browser.click("#buy-basic").await?;
    browser.wait_for_text("#total", "5").await?;
    browser.click("#pay").await?;
    browser.wait_for_path(|path| path.starts_with("/thanks")).await?;
    browser.wait_for_text("main", words.active).await?;

    browser.goto(&page("/dashboard")).await?;
    browser.click("#add-device").await?;
    browser.fill("#device-name", "phone").await?;
    fits(browser, width).await?;
    browser.click("#create-device").await?;
    browser.wait_for_text("#device-result h1", words.made).await?;
    browser.element("#config-qr svg").await?;
    fits(browser, width).await?;
    browser.click("#download-config").await?;
    let file = browser.wait_for_download(".conf").await?;
    assert!(file.ends_with("mirai-phone.conf"), "{}", file.display());
    Ok(file)
}

/// From the page `register` to the dashboard of a new account.
async fn sign_up(
    browser: &Browser,
    dev: &Dev,
    register: &str,
    email: &str,
    words: &Words,
    width: u32,
) -> anyhow::Result<()> {
    browser.goto(register).await?;
    browser.fill("#email", email).await?;
    browser.fill("#password", "correct horse battery").await?;
    browser.click("#submit").await?;
    browser.wait_for_text("h1", words.check_mail).await?;
    fits(browser, width).await?;

    let link = dev.mailed_link(browser, "/verify?token=").await?;
    browser.goto(&link).await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path.starts_with("/login")).await?;
    browser.fill("#email", email).await?;
    browser.fill("#password", "correct horse battery").await?;
    browser.click("#submit").await?;
    browser.wait_for_path(|path| path == "/dashboard").await?;
    fits(browser, width).await
}

/// Somebody signs up with the customer's link and buys a plan, with a card of their own.
async fn invite_a_friend(browser: &Browser, dev: &Dev, words: &Words, width: u32) -> anyhow::Result<()> {
    let site = dev.url("Site")?;
    browser.goto(&format!("{site}/dashboard/referrals")).await?;
    fits(browser, width).await?;
    browser.click("[data-copy='#link']").await?;
    browser.wait_for_text("[data-copy='#link']", words.copied).await?;
    let link = browser.element("#link").await?.prop("value").await?.unwrap_or_default();
    assert!(link.starts_with(&format!("{site}/register?code=")), "{link}");
    sign_up(browser, dev, &link, "noa@example.net", words, width).await?;
    browser.goto(&format!("{site}/pricing")).await?;
    browser.click("#buy-basic").await?;
    browser.fill("#card", "5555 5555 5555 4444").await?;
    browser.click("#pay").await?;
    browser.wait_for_path(|path| path.starts_with("/thanks")).await?;
    browser.wait_for_text("main", words.active).await?;
    Ok(())
}

async fn see_the_reward(browser: &Browser, page: &str, words: &Words, width: u32) -> anyhow::Result<()> {
    // The friend's payment is looked at by a job.
    for _ in 0..50 {
        browser.goto(page).await?;
        let friends = browser.text("#friends").await?.replace('\u{a0}', " ");
        if friends.contains(words.pending) {
            assert!(!friends.contains("noa"), "friends have no names: {friends}");
            return fits(browser, width).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("no reward: {}", browser.text("#friends").await?)
}

/// Pays a period with credit, and sees it among the movements, beside the invoice of the card's.
async fn pay_with_credit(browser: &Browser, dashboard: &str, words: &Words, width: u32) -> anyhow::Result<()> {
    let billing = format!("{dashboard}/billing");
    browser.goto(&billing).await?;
    browser.wait_for_text("#balance", "7").await?;
    fits(browser, width).await?;
    browser.click("#pay-with-credit").await?;
    browser.wait_for_path(|path| path == "/dashboard?paid").await?;
    browser.wait_for_text("[role=status]", words.paid).await?;
    fits(browser, width).await?;
    browser.goto(&billing).await?;
    let moves = browser.text("#moves").await?.replace('\u{a0}', " ");
    assert!(words.period.iter().all(|words| moves.contains(words)), "{moves}");
    browser.element("#invoices tbody a[href^='http']").await?;
    fits(browser, width).await?;
    browser.goto(&format!("{dashboard}/subscription")).await?;
    browser.wait_for_text("main", words.by_credit).await?;
    fits(browser, width).await
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
