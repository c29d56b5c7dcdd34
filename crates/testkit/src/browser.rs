//! A real headless Chromium, driven over WebDriver: a fresh profile per test, its own downloads, exact sizes.

use crate::lifeline::Lifeline;
use crate::missing::need;
use crate::private_dir::PrivateDir;
use anyhow::{Context as _, bail};
use axum::http::Method;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use url::Url;

/// How long an element, a text or a download may take to appear.
const PATIENCE: Duration = Duration::from_secs(15);

/// Chromium's switches: no window, no calls home, nothing from the machine's own settings.
const SWITCHES: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
];

/// What kind of visitor to be.
#[derive(Debug, Clone)]
pub struct Visitor {
    width: u32,
    height: u32,
    language: String,
    scripts: bool,
    dark: bool,
}

impl Visitor {
    /// A visitor with a viewport of `width` × `height` CSS pixels, reading English, with a light theme.
    #[must_use]
    pub fn with_viewport(width: u32, height: u32) -> Self {
        Self { width, height, language: "en".into(), scripts: true, dark: false }
    }

    /// Prefers a language (BCP 47, such as `fr`): sent as Accept-Language.
    #[must_use]
    pub fn reading(mut self, language: &str) -> Self {
        self.language = language.into();
        self
    }

    /// Has JavaScript switched off.
    #[must_use]
    pub fn without_scripts(mut self) -> Self {
        self.scripts = false;
        self
    }

    /// Prefers a dark theme.
    #[must_use]
    pub fn in_the_dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// Starts a browser for this visitor; `Ok(None)` when Chromium is not installed and the run may skip.
    ///
    /// # Errors
    /// When the browser does not start, or is not installed and skipping was not asked for.
    pub async fn open_browser(&self) -> anyhow::Result<Option<Browser>> {
        let (Some(driver), Some(chromium)) = (need("chromedriver", "chromium-driver")?, need("chromium", "chromium")?)
        else {
            return Ok(None);
        };
        Browser::start(self, &driver, &chromium).await.map(Some)
    }

    fn capabilities(&self, chromium: &Path, dir: &PrivateDir) -> Value {
        let mut args: Vec<String> = SWITCHES.iter().map(|&switch| switch.to_owned()).collect();
        args.push(format!("--user-data-dir={}", dir.join("profile").display()));
        args.push(format!("--window-size={},{}", self.width, self.height));
        args.push(format!("--lang={}", self.language));
        args.push(format!("--accept-lang={}", self.language));
        let mut prefs = json!({
            "intl.accept_languages": self.language,
            "download.default_directory": dir.join("downloads"),
            "download.prompt_for_download": false,
            "credentials_enable_service": false,
            "profile.password_manager_leak_detection": false,
        });
        if !self.scripts {
            // Chromium's content setting 2 is "block"; WebDriver's own scripts still run.
            prefs["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": args, "prefs": prefs },
            "goog:loggingPrefs": { "browser": "ALL" },
        })
    }
}

/// A running browser with one tab. Dropping it ends it and removes its profile and downloads.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    /// Before `dir`: the processes end first, then their folder goes.
    _driver: Lifeline,
    dir: PrivateDir,
}

impl Browser {
    async fn start(visitor: &Visitor, driver: &Path, chromium: &Path) -> anyhow::Result<Self> {
        let dir = PrivateDir::new("web")?;
        std::fs::create_dir(dir.join("downloads"))?;
        let log = dir.join("log");
        // The folder's name on the command line is how the lifeline finds what belongs to this browser.
        let args = ["--port=0".to_owned(), format!("--log-path={}", dir.join("driver.log").display())];
        let life = Lifeline::start(dir.path(), driver, &args, &log)?;
        let port = wait_for_port(&life, &log).await?;
        let capabilities = visitor.capabilities(chromium, &dir);
        let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("chromedriver runs, but Chromium does not start")?;
        let browser = Self { client, _driver: life, dir };
        browser.resize(visitor.width, visitor.height).await?;
        if visitor.dark {
            let features = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
            browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        }
        let allow = json!({ "behavior": "allow", "downloadPath": browser.dir.join("downloads") });
        browser.devtools("Browser.setDownloadBehavior", allow).await?;
        Ok(browser)
    }

    /// The WebDriver client, for all that has no shorthand here.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a URL and waits until it is loaded.
    ///
    /// # Errors
    /// When the page cannot be reached.
    pub async fn goto(&self, url: &str) -> anyhow::Result<()> {
        self.client.goto(url).await.with_context(|| format!("cannot open {url}"))
    }

    /// The path and query of the current address, such as `/pricing?lang=fr`.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn path(&self) -> anyhow::Result<String> {
        let url = self.client.current_url().await?;
        Ok(url[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
    }

    /// Waits until the current path (with query) satisfies `test`, and returns it.
    ///
    /// # Errors
    /// When it does not within 15 s.
    pub async fn wait_for_path(&self, test: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let path = self.path().await?;
            if test(&path) {
                return Ok(path);
            }
            if Instant::now() > until {
                bail!("the browser stays at {path}; the page says:\n{}", self.text("body").await?);
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Clicks the first element that matches a CSS selector, once it is there.
    ///
    /// # Errors
    /// When it does not appear within 15 s or is covered.
    pub async fn click(&self, css: &str) -> anyhow::Result<()> {
        self.element(css).await?.click().await.with_context(|| format!("cannot click {css}"))
    }

    /// Empties a field and types into it.
    ///
    /// # Errors
    /// When the field does not appear within 15 s or takes no text.
    pub async fn fill(&self, css: &str, text: &str) -> anyhow::Result<()> {
        let field = self.element(css).await?;
        field.clear().await.with_context(|| format!("cannot empty {css}"))?;
        field.send_keys(text).await.with_context(|| format!("cannot type into {css}"))
    }

    /// The visible text of the first element that matches, once it is there.
    ///
    /// # Errors
    /// When it does not appear within 15 s.
    pub async fn text(&self, css: &str) -> anyhow::Result<String> {
        Ok(self.element(css).await?.text().await?)
    }

    /// Waits until the first element that matches shows `part`, and returns its whole visible text.
    ///
    /// # Errors
    /// When it does not within 15 s; the error holds what it shows instead.
    pub async fn wait_for_text(&self, css: &str, part: &str) -> anyhow::Result<String> {
        let until = Instant::now() + PATIENCE;
        loop {
            // An element of the page that is just being left goes stale: that is a reason to look again.
            let text = self.text(css).await.unwrap_or_default();
            if text.contains(part) {
                return Ok(text);
            }
            if Instant::now() > until {
                bail!("{css} does not show {part:?} but:\n{text}");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// The first element that matches a CSS selector, once it is there.
    ///
    /// # Errors
    /// When it does not appear within 15 s.
    pub async fn element(&self, css: &str) -> anyhow::Result<fantoccini::elements::Element> {
        let found =
            self.client.wait().at_most(PATIENCE).every(Duration::from_millis(30)).for_element(Locator::Css(css));
        found.await.with_context(|| format!("there is no {css} on the page"))
    }

    /// Sets the viewport in CSS pixels; unlike a window's size it may be as narrow as a phone.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// Writes the viewport as a PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn screenshot(&self, file: &Path) -> anyhow::Result<()> {
        let png = self.client.screenshot().await?;
        std::fs::write(file, png).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Waits for a finished download whose name ends in `suffix` (such as `.conf`), and returns where it lies.
    ///
    /// # Errors
    /// When none comes within 15 s.
    pub async fn wait_for_download(&self, suffix: &str) -> anyhow::Result<PathBuf> {
        let until = Instant::now() + PATIENCE;
        loop {
            let files = std::fs::read_dir(self.dir.join("downloads"))?.collect::<Result<Vec<_>, _>>()?;
            // Chromium renames the finished file into place, so a name without its suffix for unfinished ones is whole.
            if let Some(file) = files.iter().find(|file| file.file_name().to_string_lossy().ends_with(suffix)) {
                return Ok(file.path());
            }
            if Instant::now() > until {
                bail!("no download named *{suffix} came; the folder holds {} files", files.len());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// What the console has said since the last call, as `LEVEL message`: blocked by CSP, failed to load, thrown.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn console(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.command("se/log", json!({ "type": "browser" })).await?;
        let line = |entry: &Value| {
            format!("{} {}", entry["level"].as_str().unwrap_or("?"), entry["message"].as_str().unwrap_or("?"))
        };
        Ok(entries.as_array().map(|entries| entries.iter().map(line).collect()).unwrap_or_default())
    }

    /// Sends a command of the Chrome DevTools Protocol and returns its result.
    ///
    /// # Errors
    /// When Chromium refuses the command.
    pub async fn devtools(&self, command: &str, params: Value) -> anyhow::Result<Value> {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": params })).await
    }

    async fn command(&self, endpoint: &'static str, body: Value) -> anyhow::Result<Value> {
        let command = DriverCommand { endpoint, body };
        self.client.issue_cmd(command).await.with_context(|| format!("chromedriver refuses {endpoint}"))
    }
}

/// ChromeDriver prints the port that the system gave it.
async fn wait_for_port(life: &Lifeline, log: &Path) -> anyhow::Result<u16> {
    let until = Instant::now() + PATIENCE;
    loop {
        let said = std::fs::read_to_string(log).unwrap_or_default();
        let port = said.split_once("successfully on port ").and_then(|(_, rest)| rest.split_once('.')?.0.parse().ok());
        if let Some(port) = port {
            return Ok(port);
        }
        if life.has_ended() || Instant::now() > until {
            bail!("chromedriver (process {}) does not come up: {said}", life.pid());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A command of ChromeDriver beyond the WebDriver standard.
#[derive(Debug)]
struct DriverCommand {
    endpoint: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.endpoint))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
