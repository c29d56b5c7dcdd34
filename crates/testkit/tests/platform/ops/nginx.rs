//! The shipped nginx in front of a real `mirai serve`: TLS outside, a unix socket inside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Version};
use testkit::app::Database;
use testkit::caller::Caller;
use testkit::fleet::{Fleet, Node, eventually};
use testkit::house::root;
use testkit::missing::{asked_for_long, need};
use testkit::nginx::Nginx;
use testkit::ports::free_port;
use testkit::process::{Bin, Running};

use super::{PATIENCE, shipped, succeed};

/// How long a scan may take.
const SCAN: Duration = Duration::from_secs(900);
/// What the shipped files call the site.
const NAME: &str = "vpn.example.net";
/// Only the program gives its answers this header; what nginx says itself has none.
const BY_THE_PROGRAM: &str = "x-request-id";

/// The site as the world reaches it.
pub(super) struct Site {
    pub(super) folder: PathBuf,
    http: Client,
    pub(super) base: String,
    plain: String,
    _nginx: Nginx,
}

impl Site {
    /// nginx for the fleet's next process; `None` where it may be missing.
    pub(super) async fn before(fleet: &mut Fleet) -> anyhow::Result<Option<Site>> {
        let Some(openssl) = need("openssl", "openssl")? else { return Ok(None) };
        let folder = fleet.dir.join("nginx");
        let at = |name: &str| folder.join(name).to_string_lossy().into_owned();
        for name in ["status", "www/.well-known/acme-challenge"] {
            std::fs::create_dir_all(folder.join(name))?;
        }
        let pair = ["-keyout", &at("privkey.pem"), "-out", &at("fullchain.pem"), "-subj", &format!("/CN={NAME}")];
        let kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        succeed(&openssl, kind.iter().chain(&pair)).await?;
        let (https, plain) = (free_port()?, free_port()?);
        let mut text = shipped("ops/nginx/mirai.conf")?;
        for (there, here) in [
            ("listen [::]:80;", String::new()),
            ("listen [::]:443 ssl http2;", String::new()),
            ("listen 80;", format!("listen 127.0.0.1:{plain};")),
            ("listen 443 ssl http2;", format!("listen 127.0.0.1:{https} ssl http2;")),
            ("/etc/letsencrypt/live/vpn.example.net", at("")),
            ("/run/mirai/http.sock", at("http.sock")),
            ("/var/log/nginx/", at("")),
            ("/var/lib/mirai/status", at("status")),
            ("/var/www/html", at("www")),
        ] {
            anyhow::ensure!(text.contains(there), "the configuration says {there}");
            text = text.replace(there, &here);
        }
        fleet.set("LISTEN", &format!("unix:{}", at("http.sock")));
        fleet.set("STATUS_DIR", &at("status"));
        let Some(nginx) = Nginx::with(&folder, https, &text).await? else { return Ok(None) };
        let http = Client::builder().redirect(Policy::none()).tls_danger_accept_invalid_certs(true);
        let http = http.resolve(NAME, nginx.address.parse()?).build()?;
        let (base, plain) = (format!("https://{NAME}:{https}"), format!("http://127.0.0.1:{plain}"));
        Ok(Some(Site { folder, http, base, plain, _nginx: nginx }))
    }

    /// Starts the program behind it.
    pub(super) async fn serve(&self, fleet: &Fleet) -> anyhow::Result<Node> {
        Ok(Node { process: serve(fleet).await?, caller: Caller { base: self.base.clone(), http: self.http.clone() } })
    }

    async fn open(&self, path: &str) -> anyhow::Result<Response> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?)
    }
}

async fn serve(fleet: &Fleet) -> anyhow::Result<Running> {
    let mut process = fleet.command(&["serve"]).start().await?;
    process.wait_for_line("\"ready\"", PATIENCE).await?;
    Ok(process)
}

fn is_by_the_program(response: &Response) -> bool {
    response.headers().contains_key(BY_THE_PROGRAM)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_is_served_over_tls_and_nothing_else_is() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let Some(site) = Site::before(&mut fleet).await? else { return Ok(()) };
    let _node = site.serve(&fleet).await?;

    let page = site.open("/pricing").await?;
    assert_eq!((page.status(), page.version()), (StatusCode::OK, Version::HTTP_2));
    let told: Vec<_> = page.headers().get_all("strict-transport-security").iter().collect();
    assert_eq!(told, ["max-age=63072000; includeSubDomains"], "said once");
    assert_eq!(page.headers()["server"], "nginx", "and not which");

    // Without TLS there is a way to it, and what certbot puts there.
    let plain = site.http.get(format!("{}/pricing?lang=fr", site.plain)).send().await?;
    assert_eq!(plain.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(plain.headers()["location"], format!("https://{NAME}/pricing?lang=fr"));
    std::fs::write(site.folder.join("www/.well-known/acme-challenge/token"), "proof")?;
    let proof = site.http.get(format!("{}/.well-known/acme-challenge/token", site.plain)).send().await?;
    assert_eq!((proof.status(), proof.text().await?.as_str()), (StatusCode::OK, "proof"));

    // Whoever looks for others' mistakes does not reach the program.
    for path in [
        "/.env",
        "/.git/config",
        "/index.php",
        "/blog/wp-login.php",
        "/wp-content/x",
        "/dump.SQL",
        "/mirai.db",
        "/site.tar.gz",
        "/index.html.bak",
        "/phpmyadmin/",
        "/%2eenv",
    ] {
        let answer = site.open(path).await?;
        assert_eq!((answer.status(), is_by_the_program(&answer)), (StatusCode::NOT_FOUND, false), "{path}");
    }
    // And nothing that the site has looks like that.
    let assets = root().join("assets/static");
    let mut files = Vec::new();
    files_in(&assets, &mut files)?;
    assert!(files.len() > 10);
    for file in files {
        let path = format!("/assets/{}", file.strip_prefix(&assets)?.display());
        let answer = site.open(&path).await?;
        assert!(is_by_the_program(&answer) && answer.status() == StatusCode::OK, "{path}: {}", answer.status());
    }

    // A ticket's files go through, more does not.
    let post = async |path: &str, megabytes: usize| {
        let request = site.http.post(format!("{}{path}", site.base));
        request.body(vec![b' '; megabytes * 1_000_000]).send().await
    };
    let id = uuid::Uuid::nil();
    for path in [
        "/backend/api/tickets".to_owned(),
        format!("/api/v1/tickets/{id}/messages"),
        "/dashboard/tickets".to_owned(),
        format!("/dashboard/tickets/{id}/messages"),
        format!("/admin/tickets/{id}/reply"),
    ] {
        let answer = post(&path, 14).await?;
        assert!(is_by_the_program(&answer), "{path}: {}", answer.status());
    }
    for (path, megabytes) in [("/backend/api/tickets", 17), ("/login", 2), ("/backend/api/auth/login", 2)] {
        let refused = post(path, megabytes).await?;
        assert_eq!((refused.status(), is_by_the_program(&refused)), (StatusCode::PAYLOAD_TOO_LARGE, false), "{path}");
    }
    Ok(())
}

/// S48. What a certificate of the test's own making can't have is left out: one that others trust, and that is good for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_testssl_finds_no_weakness_in_the_sites_tls() -> anyhow::Result<()> {
    if !asked_for_long()? {
        return Ok(());
    }
    for (program, package) in [("hexdump", "bsdextrautils"), ("host", "bind9-host")] {
        if need(program, package)?.is_none() {
            return Ok(());
        }
    }
    let Some(testssl) = need("testssl", "testssl.sh")? else { return Ok(()) };
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let Some(site) = Site::before(&mut fleet).await? else { return Ok(()) };
    let _node = site.serve(&fleet).await?;
    let said = site.folder.join("testssl.json");
    let scan = Bin::at(testssl)?.launch().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").args([
        "--quiet",
        "--color",
        "0",
        "--warnings",
        "off",
    ]);
    let scan = scan.args(["--ip", "127.0.0.1", "--nodns", "min", "--jsonfile"]).arg(&said).arg(&site.base);
    let scanned = scan.run(SCAN).await?;
    let found: Vec<serde_json::Value> =
        serde_json::from_slice(&std::fs::read(&said).with_context(|| scanned.stdout.clone())?)?;
    let of =
        |id: &str| found.iter().find(|one| one["id"] == id).and_then(|one| one["finding"].as_str()).unwrap_or_default();
    for old in ["SSLv2", "SSLv3", "TLS1", "TLS1_1"] {
        assert!(of(old).starts_with("not offered"), "{old}: {}", of(old));
    }
    assert!(of("TLS1_3").starts_with("offered"), "{}", of("TLS1_3"));
    let is_left_out = |id: &str| {
        let is_of_the_test =
            id.starts_with("cert_") || id.contains("grade") || id == "DNS_CAArecord" || id == "OCSP_stapling";
        // All that are offered are strong: which is quickest the client knows best.
        is_of_the_test || id == "cipher_order"
    };
    let is_weak = |one: &&serde_json::Value| {
        let (id, severity) = (one["id"].as_str().unwrap_or_default(), one["severity"].as_str().unwrap_or_default());
        !["OK", "INFO", "WARN", "DEBUG"].contains(&severity) && !is_left_out(id)
    };
    let weak: Vec<_> = found.iter().filter(is_weak).collect();
    assert!(found.len() > 100 && weak.is_empty(), "{} lines; {weak:#?}", found.len());
    Ok(())
}

fn files_in(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_in(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_makes_up_an_address_is_still_one_client() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let Some(site) = Site::before(&mut fleet).await? else { return Ok(()) };
    fleet.set("LIMIT_CREDENTIAL", "3");
    let node = site.serve(&fleet).await?;
    let mut statuses = Vec::new();
    for n in 0..5 {
        let request = node.caller.request(reqwest::Method::POST, "/auth/login", None);
        let body = serde_json::json!({ "email": format!("nobody{n}@example.net"), "password": "a guess of mine" });
        let request = request.header("x-forwarded-for", format!("203.0.113.{n}")).json(&body);
        statuses.push(request.send().await?.status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_page_of_the_site_stands_while_the_program_is_dead_and_lives_again_with_it() -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let Some(site) = Site::before(&mut fleet).await? else { return Ok(()) };
    let node = site.serve(&fleet).await?;
    let last = site.folder.join("status/assets/js/confirm.js");
    eventually("the files of the status page", async || Ok(last.exists().then_some(()))).await?;
    let page = site.open("/status").await?;
    assert!(is_by_the_program(&page) && page.text().await?.contains("<form"), "a living page takes subscribers");

    node.process.kill9().await?;
    for (path, kind) in [
        ("/status?lang=ja", "text/html; charset=utf-8"),
        ("/status.json", "application/json"),
        ("/status/rss", "application/rss+xml"),
        ("/status/badge/osaka-1.svg", "image/svg+xml"),
        ("/assets/app.css", "text/css"),
        ("/assets/img/logo.svg", "image/svg+xml"),
    ] {
        let answer = site.open(path).await?;
        assert_eq!((answer.status(), answer.headers()["content-type"].to_str()?), (StatusCode::OK, kind), "{path}");
        assert!(!is_by_the_program(&answer) && answer.headers().contains_key("strict-transport-security"), "{path}");
        if path == "/status.json" {
            assert_eq!(answer.headers()["access-control-allow-origin"], "*");
        }
        if path.starts_with("/status?") {
            assert!(answer.text().await?.contains("<html lang=\"ja\">"));
        }
    }
    let home = site.open("/").await?;
    assert_eq!(home.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(site.open("/status/badge/nobody.svg").await?.status(), StatusCode::BAD_GATEWAY);

    let _process = serve(&fleet).await.context("the program comes back on its socket")?;
    assert!(is_by_the_program(&site.open("/status").await?));
    Ok(())
}
