//! Every route of the API, asked by everybody.

use std::collections::BTreeSet;

use domain::account::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};

/// What a route answers to: nobody, a user's session without the API key, the key alone, the owner of what is asked
/// for, another customer, a supporter, an admin. The last three own nothing of it.
struct Row {
    method: &'static str,
    /// `{id}` is a thing of the owner's, made for this row.
    path: &'static str,
    body: fn() -> Value,
    answers: [u16; 7],
}

const fn row(method: &'static str, path: &'static str, body: fn() -> Value, answers: [u16; 7]) -> Row {
    Row { method, path, body, answers }
}

fn none() -> Value {
    Value::Null
}

fn proof() -> Value {
    json!({ "password": PASSWORD })
}

/// Routes for everybody: the health checks, the document, and the webhook, which has a signature of its own.
const fn open(path: &'static str) -> Row {
    row("GET", path, none, [200; 7])
}

/// Routes that need the API key only.
const fn keyed(method: &'static str, path: &'static str, body: fn() -> Value, answer: u16) -> Row {
    row(method, path, body, [401, 401, answer, answer, answer, answer, answer])
}

/// Routes that need a session, and show each user what is theirs.
const fn own(method: &'static str, path: &'static str, body: fn() -> Value, answer: u16) -> Row {
    row(method, path, body, [401, 401, 401, answer, answer, answer, answer])
}

/// Routes of a thing that only its owner may see.
const fn private(method: &'static str, path: &'static str, body: fn() -> Value, answer: u16) -> Row {
    row(method, path, body, [401, 401, 401, answer, 404, 404, 404])
}

const ROWS: &[Row] = &[
    open("/health"),
    open("/readyz"),
    open("/openapi.json"),
    open("/docs"),
    row("POST", "/stripe/webhook", none, [400; 7]),
    keyed("POST", "/auth/register", || json!({ "email": "new@example.net", "password": PASSWORD }), 202),
    keyed("POST", "/auth/verify", || json!({ "token": "unknown" }), 422),
    keyed("POST", "/auth/verify/resend", || json!({ "email": "new@example.net" }), 202),
    keyed("POST", "/auth/login", || json!({ "email": "mika@example.net", "password": "not the password" }), 401),
    keyed("POST", "/auth/refresh", || json!({ "refresh_token": "unknown" }), 401),
    keyed("POST", "/auth/reset-request", || json!({ "email": "new@example.net" }), 202),
    keyed("POST", "/auth/reset", || json!({ "token": "unknown", "new_password": PASSWORD }), 422),
    keyed("POST", "/auth/email", || json!({ "token": "unknown" }), 422),
    keyed("GET", "/plans", none, 200),
    keyed("GET", "/vps/status", none, 200),
    own("GET", "/user/me", none, 200),
    own("PATCH", "/user/me", || json!({ "language": "fr" }), 200),
    own("GET", "/user/notices", none, 200),
    own("PATCH", "/user/notices", || json!({ "notices": [{ "kind": "come_back", "enabled": false }] }), 200),
    own("GET", "/user/sessions", none, 200),
    own("POST", "/user/step-up", proof, 204),
    own("GET", "/user/export", none, 200),
    own("POST", "/user/email", || json!({ "email": "other@example.org", "password": PASSWORD }), 202),
    own("POST", "/user/password", || json!({ "new_password": PASSWORD, "password": PASSWORD }), 204),
    own("GET", "/user/totp", none, 200),
    own("POST", "/user/totp", none, 200),
    own("POST", "/user/totp/confirm", || json!({ "otp": "none" }), 422),
    own("POST", "/user/totp/recovery-codes", none, 409),
    own("DELETE", "/user/totp", none, 409),
    private("DELETE", "/user/sessions/{id}", none, 204),
    own("POST", "/stripe/checkout", || json!({ "plan": "basic" }), 200),
    // The team has bought nothing, so there is nothing to manage.
    row("POST", "/stripe/portal", none, [401, 401, 401, 200, 200, 409, 409]),
    own("GET", "/subscriptions", none, 200),
    private("POST", "/subscriptions/{id}/cancel", none, 200),
    private("POST", "/subscriptions/{id}/resume", none, 200),
    private("POST", "/subscriptions/{id}/change", || json!({ "plan": "premium" }), 200),
    private("POST", "/subscriptions/{id}/refund", none, 200),
    own("GET", "/invoices", none, 200),
    own("GET", "/credits", none, 200),
    own("POST", "/credits/pay", || json!({ "plan": "basic" }), 409),
    own("POST", "/credits/apply", || json!({}), 409),
    own("POST", "/credits/redeem", || json!({ "code": "7K2M-0000-0000-0000" }), 422),
    own("GET", "/referrals", none, 200),
    own("POST", "/vps/choose", || json!({}), 200),
    // A device needs a paid plan, of a supporter too.
    row("POST", "/vps/confirm", || json!({}), [401, 401, 401, 201, 201, 402, 402]),
    row("POST", "/devices", || json!({}), [401, 401, 401, 201, 201, 402, 402]),
    own("GET", "/devices", none, 200),
    private("GET", "/vps/config?device={id}", none, 200),
    private("GET", "/devices/{id}", none, 200),
    private("PATCH", "/devices/{id}", || json!({ "name": "tablet" }), 200),
    private("POST", "/devices/{id}/rekey", none, 200),
    private("POST", "/devices/{id}/move", none, 200),
    private("DELETE", "/devices/{id}", none, 204),
    own("GET", "/tickets", none, 200),
    own("POST", "/tickets", || json!({ "subject": "No sound", "category": "other", "body": "Nothing." }), 201),
    private("GET", "/tickets/{id}", none, 200),
    private("POST", "/tickets/{id}/messages", || json!({ "body": "Still nothing." }), 201),
    private("POST", "/tickets/{id}/close", none, 200),
    private("POST", "/tickets/{id}/rating", || json!({ "rating": 5 }), 409),
    private("GET", "/tickets/{id}/files/{file}", none, 404),
    // Last: they end the sessions that the rows above use.
    own("POST", "/auth/logout", none, 204),
    own("DELETE", "/user/me", proof, 204),
];

#[test]
fn the_table_names_every_route() {
    let document = serde_json::to_value(web::openapi()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let routes: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let table: BTreeSet<String> =
        ROWS.iter().map(|row| format!("{} {}", row.method, row.path.split('?').next().unwrap_or_default())).collect();
    assert_eq!(table, routes);
}

testkit::on_both_databases!(s46_every_route_answers_everybody_as_the_table_says);

async fn s46_every_route_answers_everybody_as_the_table_says(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut owner = test.with_subscriber("mika", "vip").await?;
    let mut other = test.with_subscriber("noa", "vip").await?;
    let mut support = test.with_team("support", Role::Support).await?;
    let mut admin = test.with_team("admin", Role::Admin).await?;
    for row in ROWS {
        if row.method == "DELETE" && row.path == "/user/me" {
            for user in [&mut owner, &mut other, &mut support, &mut admin] {
                *user = test.log_in(&user.email).await?;
            }
        }
        let id = thing_of(&test, &owner, row.path).await?;
        let path = row.path.replace("{id}", &id);
        let [anonymous, keyless, key, mine, others, supporter, admins] = row.answers;
        // The owner comes last: what the others try must not have changed anything.
        for (who, user, has_key, expected) in [
            ("anonymous", None, false, anonymous),
            ("missing key", Some(&owner), false, keyless),
            ("key only", None, true, key),
            ("other user", Some(&other), true, others),
            ("support", Some(&support), true, supporter),
            ("admin", Some(&admin), true, admins),
            ("user", Some(&owner), true, mine),
        ] {
            let asked = Asked { test: &test, row, user, has_key };
            let (status, body) = asked.for_path(&path).await?;
            assert_eq!(status, expected, "{} {} by {who}: {body}", row.method, row.path);
            if status == StatusCode::NOT_FOUND {
                let absent = row.path.replace("{id}", "01900000-0000-7000-8000-000000000000");
                assert_eq!(asked.for_path(&absent).await?, (status, body), "{} by {who}", row.path);
            }
        }
    }
    Ok(())
}

/// One who asks one route.
struct Asked<'a> {
    test: &'a TestApp,
    row: &'a Row,
    user: Option<&'a TestUser>,
    has_key: bool,
}

impl Asked<'_> {
    async fn for_path(&self, path: &str) -> anyhow::Result<(StatusCode, String)> {
        let method: Method = self.row.method.parse()?;
        let mut request = self.test.request(method, path, self.user).build()?;
        if !self.has_key {
            request.headers_mut().remove("x-api-key");
        }
        let body = (self.row.body)();
        if !body.is_null() {
            request.headers_mut().insert("content-type", "application/json".parse()?);
            *request.body_mut() = Some(body.to_string().into());
        }
        let response = self.test.http.execute(request).await?;
        Ok((response.status(), response.text().await?))
    }
}

/// The id of something of the owner's, for the `{id}` of a path.
async fn thing_of(test: &TestApp, owner: &TestUser, path: &str) -> anyhow::Result<String> {
    let first = async |path: &str, list: &str| -> anyhow::Result<String> {
        let body = test.get(path, Some(owner)).await?;
        let rows = body[list].as_array().cloned().unwrap_or_default();
        let other = rows.into_iter().find(|row| row["current"] != true).unwrap_or_default();
        Ok(other["id"].as_str().unwrap_or_default().to_owned())
    };
    if path.starts_with("/subscriptions/{id}") {
        first("/subscriptions", "subscriptions").await
    } else if path.starts_with("/user/sessions/{id}") {
        test.log_in(&owner.email).await?;
        first("/user/sessions", "sessions").await
    } else if path.starts_with("/tickets/{id}") {
        let body = json!({ "subject": "No sound", "category": "other", "body": "Nothing." });
        let (_, made) = test.post("/tickets", Some(owner), &body).await?;
        Ok(made["ticket"]["id"].as_str().unwrap_or_default().to_owned())
    } else if path.contains("{id}") {
        let (_, made) = test.post("/devices", Some(owner), &json!({ "name": "phone" })).await?;
        Ok(made["device"]["id"].as_str().unwrap_or_default().to_owned())
    } else {
        Ok(String::new())
    }
}
