//! The status page as files: served by a plain nginx when the program is dead.

use std::time::Duration;

use app::Clock;
use app::admin::COMMAND_LINE;
use app::admin::checks::{self, NewCheck};
use domain::account::Language;
use domain::monitor::target::{Kind, Wants};
use reqwest::StatusCode;
use testkit::app::Database;
use testkit::fleet::Fleet;
use testkit::nginx::Nginx;

/// What must not be known outside: where a server is reached, and where we are.
const SECRETS: [&str; 5] = ["vpn1.example.net", "51820", "127.0.0.1", "10.64.", "Error"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_page_stands_when_the_program_is_dead() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let app = fleet.look(Clock::System).await?;
    let folder = fleet.dir.path().join("nginx");
    let files = folder.join("status");
    std::fs::create_dir_all(&files)?;
    let check = NewCheck {
        name: "api".to_owned(),
        component: "Public API".to_owned(),
        kind: Kind::Tcp,
        target: "127.0.0.1:1".to_owned(),
        wants: Wants::default(),
        every_minutes: 1,
        timeout_seconds: 10,
        down_after: 2,
        up_after: 2,
    };
    checks::add(&app, COMMAND_LINE, &check).await?;
    app::monitor::watch(&app).await?;
    fleet.set("STATUS_DIR", &files.to_string_lossy());
    let node = fleet.serve().await?;
    let last = files.join("assets/js/confirm.js");
    for _ in 0..1_000 {
        if last.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    node.process.kill9().await?;

    // Served as the shipped lines say.
    let shipped = std::fs::read_to_string(testkit::house::root().join("ops/nginx/status.conf"))?;
    let server = shipped.replace("/var/lib/mirai/status", &files.to_string_lossy());
    let Some(nginx) = Nginx::start(&folder, &server).await? else { return Ok(()) };
    let http = reqwest::Client::new();
    let open = async |path: &str| http.get(format!("http://{}{path}", nginx.address)).send().await;
    let mut texts = Vec::new();
    for language in Language::ALL {
        let page = open(&format!("/status?lang={}", language.as_str())).await?;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.headers().contains_key("etag"));
        let text = page.text().await?;
        assert!(text.contains(&format!("<html lang=\"{}\">", language.as_str())) && text.contains("osaka-1"), "{text}");
        // A plain server takes no forms: the link leads to the program.
        assert!(!text.contains("<form") && text.contains("/status/subscribe\">"), "{text}");
        texts.push(text);
    }
    assert!(open("/status").await?.text().await?.contains("<html lang=\"en\">"));
    assert!(
        open("/status?lang=../../nginx").await?.text().await?.contains("<html lang=\"en\">"),
        "no way out of the folder"
    );
    for (path, kind) in [
        ("/status.json", "application/json"),
        ("/status/rss", "application/rss+xml"),
        ("/status/badge/osaka-1.svg", "image/svg+xml"),
        ("/status/badge/Public-API.svg", "image/svg+xml"),
        ("/assets/app.css", "text/css"),
        ("/assets/img/logo.svg", "image/svg+xml"),
        ("/assets/js/copy.js", "text/javascript"),
    ] {
        let answer = open(path).await?;
        assert_eq!((answer.status(), answer.headers()["content-type"].to_str()?), (StatusCode::OK, kind), "{path}");
        if !path.starts_with("/assets") {
            texts.push(answer.text().await?);
        }
    }
    for text in &texts {
        let found = SECRETS.iter().find(|secret| text.contains(**secret));
        assert_eq!(found, None, "{text}");
    }
    let halves = std::fs::read_dir(&files)?
        .filter_map(Result::ok)
        .filter(|file| file.path().extension().is_some_and(|end| end == "half"));
    assert_eq!(halves.count(), 0);
    Ok(())
}
