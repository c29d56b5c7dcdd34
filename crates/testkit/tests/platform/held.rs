//! S36: every column of the database is on the privacy page's list, and no log or table links a client's address to an
//! account.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use store::held::{HELD, NOT_ABOUT_PEOPLE};
use testkit::app::{Database, TestApp, Wanted};

/// Tables and columns as they are in a fresh database.
async fn schema(test: &TestApp) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let path = test.database_url.trim_start_matches("sqlite://");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::sqlite::SqliteConnection::connect_with(&options).await?;
    let tables = sqlx::query_scalar::<_, String>("SELECT name FROM sqlite_master WHERE type = 'table'");
    let mut schema = BTreeMap::new();
    for table in tables.fetch_all(&mut connection).await? {
        let columns =
            sqlx::query(AssertSqlSafe(format!("PRAGMA table_info({table})"))).fetch_all(&mut connection).await?;
        schema.insert(table, columns.iter().map(|column| column.get("name")).collect());
    }
    Ok(schema)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s36_the_privacy_page_leaves_nothing_out() -> anyhow::Result<()> {
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
    let schema = schema(&test).await?;
    let about_people: BTreeMap<String, BTreeSet<String>> = HELD
        .iter()
        .map(|held| (held.table.to_owned(), held.columns.iter().map(|column| (*column).to_owned()).collect()))
        .collect();
    let listed: BTreeSet<&str> = about_people.keys().map(String::as_str).chain(NOT_ABOUT_PEOPLE).collect();
    assert_eq!(schema.keys().map(String::as_str).collect::<BTreeSet<_>>(), listed);
    for (table, columns) in &about_people {
        assert_eq!(
            schema.get(table),
            Some(columns),
            "{table}: a column came or went, and the privacy page must say so"
        );
    }
    for table in NOT_ABOUT_PEOPLE {
        assert!(!schema[table].iter().any(|column| column.contains("user") || column.contains("email")), "{table}");
    }
    let page =
        test.http.get(format!("{}/privacy", test.base)).header("Accept-Language", "en").send().await?.text().await?;
    let main = page.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).unwrap_or_default();
    assert!(!main.contains("privacy-held-"), "each table has its words: {main}");
    assert_eq!(main.matches("<li>").count(), HELD.len() + 4, "a line for each table, and four for what is not held");
    Ok(())
}

/// A client's address is on no row and in no file, whatever was done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s36_no_address_of_a_client_is_kept() -> anyhow::Result<()> {
    let wanted = Wanted { trusted_proxies: vec!["127.0.0.1/32".parse()?], ..Wanted::on(Database::Sqlite) };
    let test = TestApp::start(&wanted).await?.expect("SQLite is never missing");
    let mut http = reqwest::header::HeaderMap::new();
    http.insert("x-forwarded-for", "203.0.113.77".parse()?);
    let caller = testkit::caller::Caller {
        base: test.base.clone(),
        http: reqwest::Client::builder().default_headers(http).redirect(reqwest::redirect::Policy::none()).build()?,
    };
    caller.register("mika@example.net").await?;
    test.run_jobs().await?;
    caller.verify(&test.token_mailed("mika@example.net", "/verify")?).await?;
    let user = caller.log_in("mika@example.net").await?;
    let session = caller.checkout(&user, "premium").await?;
    test.stripe.pay(&session)?;
    test.settle().await?;
    caller.post("/devices", Some(&user), &serde_json::json!({ "name": "phone" })).await?;
    caller.get("/user/export", Some(&user)).await?;
    for entry in std::fs::read_dir(test.dir.path())? {
        let content = String::from_utf8_lossy(&std::fs::read(entry?.path())?).into_owned();
        assert!(!content.contains("203.0.113.77"));
    }
    assert!(!format!("{:?}", test.mail.messages()).contains("203.0.113.77"));
    assert!(!format!("{:?}", test.stripe.requests()).contains("203.0.113.77"));
    Ok(())
}
