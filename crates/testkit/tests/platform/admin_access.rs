//! Who finds the operators' pages: the team, by role, and nobody else.

use domain::account::Role;
use domain::page::Ask;
use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};
use web::TeamCode;

use crate::site::{Page, Reader, between};

testkit::on_both_databases!(
    admin_pages_are_not_there_for_customers_and_visitors,
    admin_pages_of_the_admins_are_not_there_for_support,
    admin_forms_are_only_taken_with_the_token_of_the_session,
);

/// What support opens and sends; all else is the admins'.
const OF_SUPPORT: [&str; 15] = [
    "GET /admin",
    "POST /admin/customers",
    "GET /admin/customers/{id}",
    "POST /admin/customers/{id}/suspend",
    "POST /admin/customers/{id}/end-sessions",
    "POST /admin/customers/{id}/grant",
    "GET /admin/tickets",
    "GET /admin/tickets/{id}",
    "POST /admin/tickets/{id}/reply",
    "POST /admin/tickets/{id}/{act}",
    "GET /admin/tickets/{id}/files/{file}",
    "GET /admin/tickets/help",
    "GET /admin/tickets/replies",
    "POST /admin/tickets/replies",
    "POST /admin/tickets/replies/delete",
];

/// Every route, `GET /admin` and so on, as the source has them.
fn routes() -> Vec<String> {
    let path = testkit::house::root().join("crates/web/src/site/admin.rs");
    let source = std::fs::read_to_string(path).expect("the source");
    let mut routes = Vec::new();
    for call in source.split(".route(\"").skip(1) {
        let (path, rest) = call.split_once('"').expect("a path");
        let handlers = rest.split(".route(").next().unwrap_or_default();
        for (mark, method) in [("get(", "GET"), ("post(", "POST")] {
            if handlers.contains(mark) {
                routes.push(format!("{method} {path}"));
            }
        }
    }
    assert!(routes.len() > 25, "the source was read: {routes:?}");
    assert!(OF_SUPPORT.iter().all(|route| routes.iter().any(|known| known == route)));
    routes
}

/// A customer, and a ticket of theirs with a file.
struct Things {
    customer: TestUser,
    ticket: String,
    file: String,
}

impl Things {
    async fn make(test: &TestApp) -> anyhow::Result<Things> {
        let customer = test.with_subscriber("mika", "vip").await?;
        let files = json!([{ "name": "a.txt", "content": "YQ==" }]);
        let body = json!({ "subject": "A trouble", "category": "other", "body": "Help", "files": files });
        let (_, thread) = test.post("/tickets", Some(&customer), &body).await?;
        let id = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let (ticket, file) = (id(&thread["ticket"]["id"]), id(&thread["messages"][0]["files"][0]["id"]));
        Ok(Things { customer, ticket, file })
    }
}

/// A route's method, and its path with things that are there.
fn place(route: &str, things: &Things) -> (Method, String) {
    let (method, path) = route.split_once(' ').expect("two words");
    let path = if path.starts_with("/admin/tickets") {
        path.replace("{id}", &things.ticket).replace("{file}", &things.file).replace("{act}", "claim")
    } else {
        path.replace("{id}", &things.customer.id.to_string()).replace("{file}", "revenue.csv")
    };
    let path = path.replace("{name}", "osaka-1").replace("{code}", "basic");
    (method.parse().expect("a method"), path)
}

/// What could change something if it came through.
const FIELDS: [(&str, &str); 7] = [
    ("sure", "yes"),
    ("amount", "5.00"),
    ("currency", "usd"),
    ("reason", "none"),
    ("status", "down"),
    ("name", "osaka-1"),
    ("id", "all"),
];

async fn nothing_was_changed(test: &TestApp, customer: &TestUser) -> anyhow::Result<()> {
    let found = app::admin::customers::get(&test.app, customer.id).await?;
    assert!(found.account.suspended_at.is_none() && found.balances.is_empty());
    let tickets = app::ticket::queue(&test.app, app::ticket::Filter::QUEUE, Ask::first(10)).await?;
    assert!(tickets.rows.iter().all(|ticket| ticket.claimed_by.is_none()));
    assert_eq!(app::admin::servers::get(&test.app, "osaka-1").await?.server.status, "up");
    Ok(())
}

async fn admin_pages_are_not_there_for_customers_and_visitors(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let things = Things::make(&test).await?;
    let customer = &things.customer;
    let mut signed_in = Reader::new(&test);
    signed_in.log_in(&customer.email).await?;
    for (who, reader) in [("a visitor", &mut Reader::new(&test)), ("a customer", &mut signed_in)] {
        let nothing = reader.open("/no-such-page").await?;
        assert_eq!(nothing.status, StatusCode::NOT_FOUND);
        let is_nothing = |page: &Page| page.status == nothing.status && page.text == nothing.text;
        for route in routes() {
            let (method, path) = place(&route, &things);
            let page = match method {
                Method::POST => reader.submit(&path, &FIELDS).await?,
                _ => reader.open(&path).await?,
            };
            assert!(is_nothing(&page), "{route} by {who}: {} {}", page.status, page.text);
            let blank = reader.send(Method::POST, &path, Some(&[])).await?;
            assert!(is_nothing(&blank), "{route} by {who} without a field: {} {}", blank.status, blank.text);
            let odd = reader.send(Method::DELETE, &path, Some(&[])).await?;
            assert!(is_nothing(&odd), "DELETE {path} by {who}: {} {}", odd.status, odd.text);
        }
        assert!(!reader.open("/dashboard").await?.text.contains("\"/admin\""), "no link leads there");
    }
    nothing_was_changed(&test, customer).await
}

async fn admin_pages_of_the_admins_are_not_there_for_support(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let things = Things::make(&test).await?;
    let customer = &things.customer;
    let support = test.with_team("support", Role::Support).await?;
    let admin = test.with_team("admin", Role::Admin).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&support.email).await?;
    for route in routes().into_iter().filter(|route| !OF_SUPPORT.contains(&route.as_str())) {
        let (method, path) = place(&route, &things);
        let page = match method {
            Method::POST => reader.submit(&path, &FIELDS).await?,
            _ => reader.open(&path).await?,
        };
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{route}: {}", page.text);
    }
    nothing_was_changed(&test, customer).await?;
    for path in ["/admin".to_owned(), format!("/admin/customers/{}", customer.id)] {
        let page = reader.open(&path).await?;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("/admin/servers") && !page.text.contains("id=\"take\""), "no dead ends: {path}");
    }
    // Nobody acts on themself, and support not on the team.
    for (whose, words) in [(&support, "your own account"), (&admin, "account of the team")] {
        let page = reader.open(&format!("/admin/customers/{}", whose.id)).await?;
        assert!(page.status == StatusCode::OK && !page.text.contains("id=\"suspend\""), "{}", page.text);
        for act in ["suspend", "end-sessions", "grant"] {
            let page = reader.submit(&format!("/admin/customers/{}/{act}", whose.id), &FIELDS).await?;
            assert_eq!(page.status, StatusCode::CONFLICT, "{act}");
            assert!(page.text.contains(words), "{}", page.text);
        }
    }
    Ok(())
}

async fn admin_forms_are_only_taken_with_the_token_of_the_session(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let things = Things::make(&test).await?;
    let customer = &things.customer;
    let admin = test.with_team("admin", Role::Admin).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    for route in routes() {
        let (method, path) = place(&route, &things);
        if method == Method::GET {
            assert_eq!(reader.open(&path).await?.status, StatusCode::OK, "{route}");
            continue;
        }
        for token in [None, Some("wrong")] {
            let mut form = FIELDS.to_vec();
            form.extend(token.map(|token| ("csrf", token)));
            assert_eq!(reader.send(method.clone(), &path, Some(&form)).await?.status, StatusCode::FORBIDDEN, "{route}");
        }
    }
    assert_eq!(reader.send(Method::DELETE, "/admin", Some(&[])).await?.status, StatusCode::METHOD_NOT_ALLOWED);
    nothing_was_changed(&test, customer).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admin_pages_of_a_company_in_service_ask_the_team_for_a_second_factor() -> anyhow::Result<()> {
    let wanted = Wanted { team_code: TeamCode::Demanded, ..Wanted::on(Database::Sqlite) };
    let test = TestApp::start(&wanted).await?.expect("SQLite is never missing");
    let customer = test.with_user("mika").await?;
    test.with_team("support", Role::Support).await?;
    test.with_team("admin", Role::Admin).await?;
    for who in ["support", "admin"] {
        let mut reader = Reader::new(&test);
        reader.log_in(&format!("{who}@example.net")).await?;
        let path = format!("/admin/customers/{}", customer.id);
        for page in ["/admin", path.as_str()] {
            assert_eq!(reader.open(page).await?.to, "/dashboard/security?needed=admin", "{who} {page}");
        }
        let refused = reader.submit(&format!("{path}/suspend"), &FIELDS).await?;
        assert_eq!(refused.to, "/dashboard/security?needed=admin", "{who}");
        let page = reader.open("/dashboard/security?needed=admin").await?;
        assert!(page.text.contains("Turn on the code at login first"), "{}", page.text);
        reader.submit("/dashboard/security/code-on", &[("password", PASSWORD)]).await?;
        let setup = reader.open("/dashboard/setup").await?.text;
        let secret = between(&setup, "id=\"totp-secret\">", "<").replace(' ', "");
        let app = totp_rs::Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret)?).build()?;
        let code = app.generate(u64::try_from(test.app.clock.now() / 1000)?).to_string();
        reader.submit("/dashboard/setup", &[("otp", &code)]).await?;
        assert_eq!(reader.open("/admin").await?.status, StatusCode::OK, "{who}");
    }
    let mut stranger = Reader::new(&test);
    stranger.log_in(&customer.email).await?;
    assert_eq!(stranger.open("/admin").await?.status, StatusCode::NOT_FOUND, "nothing is given away");
    Ok(())
}
