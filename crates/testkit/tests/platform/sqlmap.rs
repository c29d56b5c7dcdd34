//! S39: sqlmap tries every parameter that leads to a query, on both databases, and finds nothing. Each run begins with a
//! door that is open, to see that it would.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::json;
use sqlx::AssertSqlSafe;
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{API_KEY, TestUser};
use testkit::missing::{asked_for_long, need};
use testkit::setting::setting;
use tokio::process::Command;

/// Pinned, so that a run finds tomorrow what it finds today.
const VERSION: &str = "1.10.10";
/// What it says when it has found a way in.
const FOUND: &str = "sqlmap identified the following injection point";

testkit::on_both_databases!(long_s39_sqlmap_finds_no_way_in);

/// The program in a folder of its own; `None` where Python is missing and may be.
async fn sqlmap() -> anyhow::Result<Option<PathBuf>> {
    let Some(python) = need("python3", "python3-venv")? else { return Ok(None) };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sqlmap-{VERSION}"));
    let program = folder.join("bin/sqlmap");
    if !program.exists() {
        said(Command::new(python).args(["-m", "venv"]).arg(&folder)).await?;
        let wanted = format!("sqlmap=={VERSION}");
        said(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &wanted])).await?;
    }
    Ok(Some(program))
}

async fn said(command: &mut Command) -> anyhow::Result<String> {
    let done = command.stdin(Stdio::null()).output().await?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success(), "{command:?}: {said}");
    Ok(said)
}

/// A request with `*` at each place that is tried.
struct Tried<'a> {
    method: &'a str,
    path: String,
    body: Option<String>,
    headers: Vec<String>,
}

/// What sqlmap says of a request, within a time.
async fn ask(
    program: &Path,
    database: Database,
    base: &str,
    home: &Path,
    tried: &Tried<'_>,
    limit: Duration,
) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    // It need not find out which database this is: an attacker can read it in our documents.
    command.arg(match database {
        Database::Sqlite => "--dbms=sqlite",
        Database::MariaDb => "--dbms=mysql",
    });
    command.env("HOME", home).current_dir(home);
    command.args(["--batch", "--flush-session", "--disable-coloring", "--level=5", "--risk=2", "--threads=4"]);
    // A refusal is an answer to be compared, like any other.
    command.args(["--ignore-code=*", "--output-dir"]).arg(home.join("out"));
    command.arg(format!("--time-limit={}", limit.as_secs()));
    command.arg(format!("--method={}", tried.method)).arg(format!("--url={base}{}", tried.path));
    command.args(tried.headers.iter().map(|header| format!("--header={header}")));
    command.args(tried.body.iter().map(|body| format!("--data={body}")));
    // Half a minute more than it gives itself, for its start and for the request under way.
    let done = tokio::time::timeout(limit + Duration::from_secs(60), said(&mut command)).await;
    done.context("sqlmap does not end")?
}

/// A door that is open: what is asked for stands in the statement as it came.
async fn open_door() -> anyhow::Result<String> {
    type Pool = Arc<sqlx::SqlitePool>;
    async fn named(
        State(pool): State<Pool>,
        Query(asked): Query<std::collections::HashMap<String, String>>,
    ) -> StatusCode {
        let name = asked.get("name").map(String::as_str).unwrap_or_default();
        let sql = format!("SELECT 1 FROM (SELECT 'phone' AS name) WHERE name = '{name}'");
        match sqlx::query(AssertSqlSafe(sql)).fetch_optional(&*pool).await {
            Ok(Some(_)) => StatusCode::OK,
            Ok(None) => StatusCode::NOT_FOUND,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
    let pool = Arc::new(sqlx::SqlitePool::connect("sqlite::memory:").await?);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, Router::new().route("/named", get(named)).with_state(pool)).into_future());
    Ok(base)
}

/// Every place of the API and the site whose content reaches a query.
fn all_tried(user: &TestUser, device: &str, site_session: &str) -> Vec<Tried<'static>> {
    let key = format!("X-API-KEY: {API_KEY}");
    let bearer = format!("Authorization: Bearer {}", user.token);
    let api = |method: &'static str, path: String, body: Option<serde_json::Value>| {
        let mut headers = vec![key.clone(), bearer.clone()];
        headers.extend(body.iter().map(|_| "Content-Type: application/json".to_owned()));
        Tried { method, path: format!("/backend/api{path}"), body: body.map(|body| body.to_string()), headers }
    };
    let header = |path: &str, headers: Vec<String>| Tried { method: "GET", path: path.to_owned(), body: None, headers };
    vec![
        api("GET", format!("/vps/config?device={device}*"), None),
        api("GET", format!("/devices/{device}*"), None),
        api("DELETE", "/user/sessions/01900000-0000-7000-8000-000000000000*".to_owned(), None),
        api("POST", "/auth/login".to_owned(), Some(json!({ "email": "mika@example.net*", "password": "a guess*" }))),
        api("POST", "/auth/verify".to_owned(), Some(json!({ "token": "AAAA*" }))),
        api(
            "POST",
            "/auth/reset".to_owned(),
            Some(json!({ "token": "AAAA*", "new_password": "four unrelated words" })),
        ),
        api("POST", "/auth/refresh".to_owned(), Some(json!({ "refresh_token": "AAAA*" }))),
        api("POST", "/stripe/checkout".to_owned(), Some(json!({ "plan": "gold*", "region": "jp*", "coupon": "ten*" }))),
        api("POST", "/devices".to_owned(), Some(json!({ "name": "phone*", "region": "xx*", "public_key": "AAAA*" }))),
        api("PATCH", "/user/me".to_owned(), Some(json!({ "language": "en*" }))),
        header("/backend/api/plans", vec![format!("X-API-KEY: {API_KEY}*"), "X-Request-Id: one*".to_owned()]),
        header("/backend/api/user/me", vec![key.clone(), format!("Authorization: Bearer {}*", user.token)]),
        header(
            "/dashboard?lang=en*",
            vec![format!("Cookie: session={site_session}*"), "Accept-Language: en*".to_owned()],
        ),
    ]
}

async fn long_s39_sqlmap_finds_no_way_in(database: Database) -> anyhow::Result<()> {
    if !asked_for_long()? {
        return Ok(());
    }
    let Some(program) = sqlmap().await? else { return Ok(()) };
    let seconds = setting("MIRAI_TEST_SQLMAP_SECONDS").map_or(Ok(240), |text| text.parse())?;
    let limit = Duration::from_secs(seconds);
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    let (_, made) = test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    let device = made["device"]["id"].as_str().context("an id")?;
    let form = [("email", user.email.as_str()), ("password", &user.password)];
    let login = test.http.post(format!("{}/login", test.base)).header("Origin", &test.base).form(&form).send().await?;
    let cookie = login.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let cookie = cookie.filter_map(|text| text.strip_prefix("session=")).next().context("a session")?;
    let session = cookie.split(';').next().unwrap_or_default();

    let home = test.dir.path();
    let open = Tried { method: "GET", path: "/named?name=phone*".to_owned(), body: None, headers: Vec::new() };
    let heard = ask(&program, Database::Sqlite, &open_door().await?, home, &open, Duration::from_secs(120)).await?;
    assert!(heard.contains(FOUND), "it finds no open door: {heard}");

    for tried in all_tried(&user, device, session) {
        let heard = ask(&program, database, &test.base, home, &tried, limit).await?;
        let what = format!("{} {}", tried.method, tried.path);
        assert!(!heard.contains(FOUND), "{what}: {heard}");
        let tests = heard.matches("testing '").count();
        // A login is slow on purpose: it comes to a few only.
        assert!(tests > 2, "{what} was not tried: {heard}");
        let is_done = heard.contains("do not appear to be injectable");
        say(&format!(
            "{what}: {tests} tests, {}",
            if is_done { "nothing found" } else { "nothing found until time was up" }
        ));
    }
    let account = app::admin::users::find(&test.app, &user.email).await?;
    assert_eq!(account.id, user.id, "and nothing was broken on the way");
    test.all_is_well().await
}

#[expect(clippy::print_stderr, reason = "how far each request was tried is worth reading also when all is well")]
fn say(line: &str) {
    eprintln!("{line}");
}
