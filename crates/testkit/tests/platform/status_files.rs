//! The status page as files: served by a plain nginx when the program is dead.

use std::time::Duration;

use app::Clock;
use domain::account::Language;
use reqwest::{Response, StatusCode};
use testkit::app::Database;
use testkit::fleet::Fleet;
use testkit::missing::need;
use testkit::ports::free_port;
use testkit::process::Bin;

/// What must not be known outside: where a server is reached, and where we are.
const SECRETS: [&str; 5] = ["vpn1.example.net", "51820", "127.0.0.1", "10.64.", "Error"];

/// The lines that `docs/operations.md` gives, on a port of the test's.
fn config(dir: &str, files: &str, port: u16) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
        .collect();
    let shipped =
        std::fs::read_to_string(testkit::house::root().join("packaging/nginx/status.conf")).expect("the file");
    let shipped = shipped.replace("/var/lib/mirai/status", files);
    format!(
        "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {dir}/error.log;\nevents {{}}\nhttp {{\n\
         types {{ text/css css; text/javascript js; image/svg+xml svg; text/html html; application/json json; }}\n\
         access_log off;\n{temporary}server {{ listen 127.0.0.1:{port};\n{shipped}\n}} }}\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_page_stands_when_the_program_is_dead() -> anyhow::Result<()> {
    let Some(program) = need("nginx", "nginx-light")? else { return Ok(()) };
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let app = fleet.look(Clock::System).await?;
    let folder = fleet.dir.path().join("nginx");
    let files = folder.join("status");
    std::fs::create_dir_all(&files)?;
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

    let port = free_port()?;
    let written = config(&folder.to_string_lossy(), &files.to_string_lossy(), port);
    std::fs::write(folder.join("nginx.conf"), written)?;
    let launch = Bin::at(program)?.launch().arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf"));
    let nginx = launch.start().await?;
    let http = reqwest::Client::new();
    let open = async |path: &str| -> anyhow::Result<Response> {
        for _ in 0..1_000 {
            match http.get(format!("http://127.0.0.1:{port}{path}")).send().await {
                Ok(response) => return Ok(response),
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
        anyhow::bail!("nginx: {}", nginx.stderr())
    };
    let mut texts = Vec::new();
    for language in Language::ALL {
        let page = open(&format!("/status?lang={}", language.as_str())).await?;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.headers().contains_key("etag"));
        let text = page.text().await?;
        assert!(text.contains(&format!("<html lang=\"{}\">", language.as_str())) && text.contains("osaka-1"), "{text}");
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
