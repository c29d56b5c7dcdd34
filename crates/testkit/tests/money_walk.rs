//! Money in a real browser against `mirai dev`, in every language: a customer changes plan, period and card, cancels,
//! resumes, and reads invoices, credit and the link for friends; an operator gives credit, refunds, makes a coupon, and reads revenue.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use testkit::browser::{Browser, Visitor};
use testkit::dev::Dev;
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);
const EMAIL: &str = "mika@example.net";
const PASSWORD: &str = "correct horse battery";

/// What a page says that no element's name does.
struct Words {
    language: &'static str,
    /// The yearly price of the plan Premium.
    a_year: &'static str,
    /// The state of an invoice that was given back.
    refunded: &'static str,
}

#[tokio::test]
async fn browser_money_in_english() {
    walk(&Words { language: "en", a_year: "$99.90 a year", refunded: "refunded" }, 1280).await.unwrap();
}

#[tokio::test]
async fn browser_money_in_french() {
    walk(&Words { language: "fr", a_year: "99,90 $ par an", refunded: "remboursée" }, 390).await.unwrap();
}

#[tokio::test]
async fn browser_money_in_german() {
    walk(&Words { language: "de", a_year: "99,90 $ im Jahr", refunded: "erstattet" }, 390).await.unwrap();
}

#[tokio::test]
async fn browser_money_in_spanish() {
    walk(&Words { language: "es", a_year: "99,90 $ al año", refunded: "reembolsada" }, 1280).await.unwrap();
}

#[tokio::test]
async fn browser_money_in_japanese() {
    walk(&Words { language: "ja", a_year: "$99.90 年額", refunded: "返金" }, 390).await.unwrap();
}

async fn walk(words: &Words, width: u32) -> anyhow::Result<()> {
    let Some(browser) = Visitor::with_viewport(width, 844).reading(words.language).open_browser().await? else {
        return Ok(());
    };
    let dir = PrivateDir::new("walk")?;
    let dev = Dev::start(dir.path(), 0).await?;
    let walker = Walker { browser, site: dev.url("Site")?.to_owned(), words, width };
    let database = format!("sqlite://{}", dir.join("data/mirai.db").display());
    let create = ["admin", "user", "create", EMAIL, "--verified", "--password-stdin"];
    let mika = Bin::mirai().await?.launch().env("DATABASE_URL", database).args(create).input(PASSWORD);
    let done = mika.run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{}", done.stderr);

    walker.log_in(EMAIL, PASSWORD).await?;
    walker.buy().await?;
    walker.change_plan_and_period().await?;
    walker.change_card().await?;
    walker.cancel_and_resume().await?;
    walker.read_the_money().await?;
    walker.log_in("admin@mirai.test", dev.after("Admin account", "password:")?).await?;
    walker.operate().await?;
    let complaints: Vec<String> =
        walker.browser.console().await?.into_iter().filter(|line| !line.starts_with("DEBUG")).collect();
    assert_eq!(complaints, Vec::<String>::new(), "the console is quiet");
    Ok(())
}

struct Walker<'a> {
    browser: Browser,
    site: String,
    words: &'a Words,
    width: u32,
}

impl Walker<'_> {
    /// Opens a page of the site, which is in the language of the walk and does not scroll sideways.
    async fn open(&self, path: &str) -> anyhow::Result<()> {
        self.browser.goto(&format!("{}{path}", self.site)).await?;
        self.fits().await
    }

    async fn fits(&self) -> anyhow::Result<()> {
        let look = "return [document.documentElement.lang, document.documentElement.scrollWidth]";
        let seen = self.browser.client().execute(look, vec![]).await?;
        let path = self.browser.path().await?;
        assert_eq!(seen[0], self.words.language, "{path}");
        assert!(seen[1].as_u64().unwrap() <= u64::from(self.width), "{path} is {} wide", seen[1]);
        Ok(())
    }

    async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<()> {
        self.browser.client().delete_all_cookies().await?;
        // Chosen by the link at the page's foot, and remembered.
        self.open(&format!("/login?lang={}", self.words.language)).await?;
        self.browser.fill("#email", email).await?;
        self.browser.fill("#password", password).await?;
        self.browser.click("#submit").await?;
        self.browser.wait_for_path(|path| !path.starts_with("/login")).await?;
        Ok(())
    }

    async fn buy(&self) -> anyhow::Result<()> {
        self.open("/pricing?period=year&currency=eur").await?;
        self.browser.wait_for_text(".price", "59").await?;
        self.open("/pricing").await?;
        self.browser.click("#buy-basic").await?;
        self.browser.click("#pay").await?;
        self.browser.wait_for_path(|path| path.starts_with("/thanks")).await?;
        self.browser.element("#add-device").await?;
        self.fits().await
    }

    async fn choose(&self, price: &str, seen: &str) -> anyhow::Result<()> {
        self.open("/dashboard/subscription").await?;
        self.browser.click(&format!("#plan option[value='{price}']")).await?;
        self.browser.click("#change-plan").await?;
        for _ in 0..50 {
            let facts = self.browser.text(".facts").await.unwrap_or_default().replace(['\u{a0}', '\u{202f}'], " ");
            if facts.contains(seen) {
                return self.fits().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("{seen:?} is not there: {}", self.browser.text("main").await?)
    }

    async fn change_plan_and_period(&self) -> anyhow::Result<()> {
        self.choose("premium/month/usd", "9").await?;
        self.choose("premium/year/usd", self.words.a_year).await?;
        // A shorter period is chosen for the end of this one, and taken back.
        for (price, waiting) in [("premium/month/usd", 1), ("premium/year/usd", 0)] {
            self.choose(price, self.words.a_year).await?;
            self.sees_waiting(waiting).await?;
        }
        Ok(())
    }

    /// Waits until the page tells of so many changes that wait for the end of the period.
    async fn sees_waiting(&self, many: usize) -> anyhow::Result<()> {
        for _ in 0..50 {
            if self.browser.client().find_all(fantoccini::Locator::Css("#next")).await?.len() == many {
                return self.fits().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("not {many} waiting: {}", self.browser.text("main").await?)
    }

    async fn change_card(&self) -> anyhow::Result<()> {
        self.browser.click("#manage").await?;
        self.browser.fill("#card", "5555 5555 5555 4444").await?;
        self.browser.click("#change-card").await?;
        self.browser.wait_for_text("#paid-with", "4444").await?;
        self.browser.click("#back").await?;
        self.browser.wait_for_path(|path| path == "/dashboard").await?;
        Ok(())
    }

    async fn cancel_and_resume(&self) -> anyhow::Result<()> {
        self.open("/dashboard/subscription").await?;
        self.browser.click("#cancel").await?;
        self.browser.click("#resume").await?;
        self.browser.element("#cancel").await?;
        self.fits().await
    }

    async fn read_the_money(&self) -> anyhow::Result<()> {
        self.open("/dashboard/billing").await?;
        let invoices = self.browser.client().find_all(fantoccini::Locator::Css("#invoices tbody tr")).await?;
        assert_eq!(invoices.len(), 3, "the plan, a larger one, and a longer one");
        self.open("/dashboard/referrals").await?;
        let link = self.browser.element("#link").await?.prop("value").await?.unwrap_or_default();
        self.browser.goto(&link).await?;
        Ok(())
    }

    /// Presses what asks, and answers yes.
    async fn surely(&self, button: &str) -> anyhow::Result<()> {
        self.browser.click(button).await?;
        self.fits().await?;
        self.browser.click("#sure").await?;
        self.browser.element("[role=status]").await?;
        self.fits().await
    }

    async fn operate(&self) -> anyhow::Result<()> {
        self.open("/admin").await?;
        self.browser.fill("#q", EMAIL).await?;
        self.browser.click("#search").await?;
        self.browser.click("tbody a[href^='/admin/customers/']").await?;
        self.browser.fill("#amount", "5").await?;
        self.browser.fill("#reason", "an outage").await?;
        self.surely("#grant").await?;
        self.browser.fill("#why", "a mistake").await?;
        self.surely("#refund").await?;
        let page = self.browser.text("main").await?;
        assert!(page.contains(self.words.refunded), "{page}");
        self.open("/admin/coupons").await?;
        self.browser.fill("#code", "SPRING").await?;
        self.browser.fill("#percent", "20").await?;
        self.surely("#add-coupon").await?;
        assert!(self.browser.text("table").await?.contains("SPRING"));
        for path in ["/admin/gifts", "/admin/plans", "/admin/plans/basic"] {
            self.open(path).await?;
        }
        self.open("/admin/figures").await?;
        self.browser.element("svg").await?;
        self.open("/admin/audit").await?;
        let entries = self.browser.text("table").await?;
        assert!(entries.contains("invoice.refund") && entries.contains("credit.granted"), "{entries}");
        Ok(())
    }
}
