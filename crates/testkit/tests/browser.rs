//! The browser itself, against a tiny page: it clicks, types, measures, downloads, and has the settings it was given.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use testkit::browser::{Browser, Visitor};
use tokio::net::TcpListener;

const PAGE: &str = r##"<!doctype html><title>Tiny</title>
<p id="said">nothing yet</p><p id="wide"></p><p id="scripts">off</p>
<input id="name"><button id="greet">Greet</button> <a id="file" href="/file">file</a>
<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<script>
document.querySelector("#scripts").textContent = "on";
document.querySelector("#greet").onclick = () => {
    setTimeout(() => { document.querySelector("#said").textContent = "hello " + document.querySelector("#name").value }, 50);
};
const measure = () => { document.querySelector("#wide").textContent = innerWidth + "x" + innerHeight };
addEventListener("resize", measure);
measure();
</script>"##;

async fn tiny_site() -> String {
    async fn language(headers: HeaderMap) -> String {
        headers.get(header::ACCEPT_LANGUAGE).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }
    async fn file() -> impl IntoResponse {
        ([(header::CONTENT_DISPOSITION, "attachment; filename=\"note.conf\"")], "[Interface]\n")
    }
    async fn page() -> impl IntoResponse {
        Html(PAGE)
    }
    let site = Router::new()
        .route("/", get(page))
        .route("/language", get(language))
        .route("/file", get(file))
        .route("/broken", get(|| async { Html("<title>x</title><script>throw new Error('on purpose')</script>") }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, site).await });
    format!("http://{address}")
}

async fn open(visitor: Visitor) -> Option<(Browser, String)> {
    let browser = visitor.open_browser().await.unwrap()?;
    let site = tiny_site().await;
    browser.goto(&site).await.unwrap();
    Some((browser, site))
}

#[tokio::test]
async fn browser_clicks_types_measures_and_downloads() {
    let Some((browser, site)) = open(Visitor::with_viewport(390, 844).reading("fr")).await else { return };
    assert_eq!(browser.text("#wide").await.unwrap(), "390x844", "as narrow as a phone");
    browser.fill("#name", "Mika").await.unwrap();
    browser.click("#greet").await.unwrap();
    assert_eq!(browser.wait_for_text("#said", "hello").await.unwrap(), "hello Mika");
    browser.resize(1280, 800).await.unwrap();
    browser.wait_for_text("#wide", "1280x800").await.unwrap();

    let folder = testkit::private_dir::PrivateDir::new("shot").unwrap();
    browser.screenshot(&folder.join("page.png")).await.unwrap();
    assert!(std::fs::read(folder.join("page.png")).unwrap().starts_with(b"\x89PNG"));

    browser.click("#file").await.unwrap();
    let file = browser.wait_for_download(".conf").await.unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "[Interface]\n");

    browser.goto(&format!("{site}/language")).await.unwrap();
    assert!(browser.text("body").await.unwrap().starts_with("fr"), "asks for French first");
    assert_eq!(browser.wait_for_path(|path| path == "/language").await.unwrap(), "/language");
}

#[tokio::test]
async fn browser_without_scripts_in_the_dark() {
    let Some((browser, site)) = open(Visitor::with_viewport(800, 600).without_scripts().in_the_dark()).await else {
        return;
    };
    assert_eq!(browser.text("#scripts").await.unwrap(), "off");
    let colour = browser.element("body").await.unwrap().css_value("background-color").await.unwrap();
    assert_eq!(colour, "rgba(0, 0, 0, 1)");
    assert_eq!(browser.path().await.unwrap(), "/");
    drop(site);
}

#[tokio::test]
async fn browser_tells_what_the_console_says_and_leaves_nothing_running() {
    let Some((browser, site)) = open(Visitor::with_viewport(800, 600)).await else { return };
    browser.console().await.unwrap();
    browser.goto(&format!("{site}/broken")).await.unwrap();
    let said = browser.console().await.unwrap();
    assert!(said.iter().any(|line| line.starts_with("SEVERE") && line.contains("on purpose")), "{said:?}");

    let profile = browser.client().capabilities().unwrap()["chrome"]["userDataDir"].as_str().unwrap().to_owned();
    assert!(processes_naming(&profile) > 0);
    drop(browser);
    assert_eq!(processes_naming(&profile), 0);
    assert!(!std::path::Path::new(&profile).exists());
}

fn processes_naming(part: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(part)).count()
}
