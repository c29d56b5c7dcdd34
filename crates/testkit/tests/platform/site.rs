//! The site without JavaScript: plain forms, cookies, and every page asked by everybody.

use std::collections::BTreeSet;

use app::admin::{COMMAND_LINE, credits};
use domain::account::Role;
use domain::money::{Currency, Money};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::PASSWORD;

/// A browser that knows forms, links and cookies, and no scripts.
pub(crate) struct Reader<'a> {
    test: &'a TestApp,
    cookies: Vec<(String, String)>,
}

/// A page, or a redirect to one.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    /// Path of a redirect; empty if it is none.
    pub(crate) to: String,
    pub(crate) text: String,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(test: &'a TestApp) -> Reader<'a> {
        Reader { test, cookies: Vec::new() }
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        form: Option<&[(&str, &str)]>,
    ) -> anyhow::Result<Page> {
        let mut request = self.request(method, path);
        if let Some(form) = form {
            request = request.header("Origin", &self.test.base).form(form);
        }
        self.page(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.test.http.request(method, format!("{}{path}", self.test.base));
        request.header("Cookie", jar.join("; ")).header("Accept-Language", "en")
    }

    async fn page(&mut self, request: RequestBuilder) -> anyhow::Result<Page> {
        let response = request.send().await?;
        self.keep_cookies(&response);
        let to = response.headers().get("location").map(|value| value.to_str().map(str::to_owned)).transpose()?;
        Ok(Page { status: response.status(), to: to.unwrap_or_default(), text: response.text().await? })
    }

    fn keep_cookies(&mut self, response: &Response) {
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("text");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.retain(|(known, _)| known != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub(crate) async fn open(&mut self, path: &str) -> anyhow::Result<Page> {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form with the token that the pages of this session have.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let page = self.open("/dashboard").await?;
        let token = page.text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let mut form = vec![("csrf", token.unwrap_or_default())];
        form.extend(fields);
        self.send(Method::POST, path, Some(&form)).await
    }

    /// The same with files, as a browser sends them.
    pub(crate) async fn submit_files(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &[u8])],
    ) -> anyhow::Result<Page> {
        let page = self.open("/dashboard").await?;
        let mut form = Form::new().text("csrf", between(&page.text, "name=\"csrf\" value=\"", "\"").to_owned());
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        for (name, content) in files {
            form = form.part("files", Part::bytes(content.to_vec()).file_name((*name).to_owned()));
        }
        let request = self.request(Method::POST, path).header("Origin", &self.test.base).multipart(form);
        self.page(request).await
    }

    /// An answer with its headers.
    pub(crate) async fn raw(&mut self, method: Method, path: &str) -> anyhow::Result<Response> {
        Ok(self.request(method, path).send().await?)
    }

    async fn send_owned(&mut self, path: &str, form: &[(&str, String)]) -> anyhow::Result<Page> {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send(Method::POST, path, Some(&form)).await
    }

    pub(crate) async fn log_in(&mut self, email: &str) -> anyhow::Result<()> {
        let page = self.send(Method::POST, "/login", Some(&[("email", email), ("password", PASSWORD)])).await?;
        anyhow::ensure!((page.status, page.to.as_str()) == (StatusCode::SEE_OTHER, "/dashboard"), "{}", page.text);
        Ok(())
    }
}

/// The text between two marks.
pub(crate) fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    text.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap_or_default()
}

testkit::on_both_databases!(
    the_whole_way_works_without_a_script,
    every_page_answers_everybody_as_the_table_says,
    an_owner_guards_the_account_with_plain_forms,
    s9_the_page_after_payment_gives_nothing_to_who_has_not_paid,
);

async fn s9_the_page_after_payment_gives_nothing_to_who_has_not_paid(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (buyer, stranger) = (test.with_user("mika").await?, test.with_user("aoi").await?);
    let (unpaid, paid) = (test.checkout(&stranger, "basic").await?, test.pay(&buyer, "basic").await?);
    let mut reader = Reader::new(&test);
    reader.log_in(&stranger.email).await?;
    for path in ["/thanks", "/thanks/state"] {
        let others = reader.open(&format!("{path}?session_id={paid}")).await?;
        assert_eq!(others.status, StatusCode::NOT_FOUND, "{path}");
        let own = reader.open(&format!("{path}?session_id={unpaid}")).await?;
        assert_eq!(own.status, StatusCode::OK, "{path}");
        assert!(!own.text.contains("active"), "{path}: {}", own.text);
    }
    let subscriptions = test.get("/subscriptions", Some(&stranger)).await?;
    assert_eq!(subscriptions["subscriptions"].as_array().map(Vec::len), Some(0));
    test.all_is_well().await
}

async fn the_whole_way_works_without_a_script(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut reader = Reader::new(&test);
    let new = [("email", "mika@example.net"), ("password", PASSWORD)];
    let page = reader.send(Method::POST, "/register", Some(&new)).await?;
    assert!(page.text.contains("mika@example.net"), "{}", page.text);
    test.run_jobs().await?;
    let token = test.token_mailed("mika@example.net", "/verify")?;
    let form = reader.open(&format!("/verify?token={token}")).await?;
    assert!(form.text.contains(&token), "opening the link uses nothing up");
    let page = reader.send(Method::POST, "/verify", Some(&[("token", &token)])).await?;
    assert_eq!(page.to, "/login?verified");
    reader.log_in("mika@example.net").await?;
    assert!(reader.open("/dashboard/devices/new").await?.text.contains("Choose a plan first"));

    let page = reader.submit("/checkout", &[("plan", "basic")]).await?;
    assert!(page.to.starts_with(&test.stripe.base_url()), "{}", page.to);
    let session = page.to.rsplit('/').next().unwrap_or_default().split('#').next().unwrap_or_default().to_owned();
    test.stripe.pay(&session)?;
    let thanks = reader.open(&format!("/thanks?session_id={session}")).await?;
    assert!(thanks.text.contains("is active"), "the page asks Stripe itself: {}", thanks.text);

    let refused = reader.submit("/dashboard/devices", &[("name", &"x".repeat(41)), ("region", "")]).await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("1 to 40 characters") && refused.text.contains(&"x".repeat(41)), "nothing is lost");
    let made = reader.submit("/dashboard/devices", &[("name", "phone"), ("region", ""), ("mtu", "1280")]).await?;
    let config = between(&made.text, "<pre class=\"code\" id=\"config-text\">", "</pre>");
    assert!(config.contains("PrivateKey = ") && config.contains("MTU = 1280"), "{config}");
    assert!(made.text.contains("<svg"), "the code for a phone");
    let path = between(&made.text, "<a href=\"/dashboard/devices/", "\"").to_owned();
    let path = format!("/dashboard/devices/{path}");
    assert!(reader.open("/dashboard/devices/new").await?.text.contains("no room for another device"));

    let refused = reader.submit(&format!("{path}/rename"), &[("name", "")]).await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("1 to 40 characters"), "{}", refused.text);
    assert_eq!(reader.submit(&format!("{path}/rename"), &[("name", "tablet")]).await?.to, path);
    assert!(config.contains("DNS = 10.64.0.1, "), "{config}");
    assert_eq!(reader.submit(&format!("{path}/dns"), &[("dns", "family")]).await?.to, format!("{path}?dns"));
    assert_eq!(reader.submit(&format!("{path}/dns"), &[("dns", "family")]).await?.to, path, "nothing is new");
    let changed = reader.open(&format!("{path}?dns")).await?.text;
    assert!(changed.contains("names another resolver now") && changed.contains("DNS = 94.140.14.15"), "{changed}");
    let rekeyed = reader.submit(&format!("{path}/rekey"), &[]).await?;
    let anew = between(&rekeyed.text, "<pre class=\"code\" id=\"config-text\">", "</pre>");
    let key = |config: &str| between(config, "PrivateKey = ", "\n").to_owned();
    assert!(key(anew).len() == 44 && key(anew) != key(config), "{anew}");
    assert!(reader.open(&path).await?.text.contains("PrivateKey = &#60;your private key&#62;"), "shown once");
    assert_eq!(reader.submit(&format!("{path}/move"), &[("region", "jp")]).await?.to, format!("{path}?stayed"));
    test.add_server("paris-1", "eu").await?;
    assert_eq!(reader.submit(&format!("{path}/move"), &[("region", "eu")]).await?.to, format!("{path}?moved"));
    assert!(reader.open(&format!("{path}?moved")).await?.text.contains("is on paris-1 now"));
    let asked = reader.submit(&format!("{path}/delete"), &[]).await?;
    assert!(asked.text.contains("Delete tablet?"), "{}", asked.text);
    assert_eq!(reader.submit(&format!("{path}/delete"), &[("sure", "yes")]).await?.to, "/dashboard");
    assert_eq!(reader.open(&path).await?.status, StatusCode::NOT_FOUND);

    let subscription = reader.open("/dashboard/subscription").await?.text;
    let path = format!("/dashboard/subscription/{}", between(&subscription, "\"/dashboard/subscription/", "\""));
    assert!(reader.submit(&path, &[("wish", "cancel_now")]).await?.text.contains("End the subscription now?"));
    assert_eq!(reader.submit(&path, &[("wish", "cancel")]).await?.status, StatusCode::SEE_OTHER);
    assert!(reader.open("/dashboard/subscription").await?.text.contains("Canceled: ends on"));
    assert_eq!(reader.submit(&path, &[("wish", "cancel_now"), ("sure", "yes")]).await?.status, StatusCode::SEE_OTHER);
    assert!(reader.open("/dashboard").await?.text.contains("status-down"));

    assert_eq!(reader.submit("/dashboard/security/everywhere", &[]).await?.to, "/login");
    assert_eq!(reader.open("/dashboard").await?.to, "/login?next=%2Fdashboard");
    Ok(())
}

async fn start() -> anyhow::Result<TestApp> {
    Ok(TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_without_its_sessions_token_changes_nothing() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_subscriber("mika", "premium").await?;
    test.with_user("noa").await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&user.email).await?;
    let mut stranger = Reader::new(&test);
    stranger.log_in("noa@example.net").await?;
    let theirs = stranger.open("/dashboard").await?.text;
    let theirs = between(&theirs, "name=\"csrf\" value=\"", "\"");
    for token in ["", "guess", theirs] {
        let page = reader.send(Method::POST, "/dashboard/devices", Some(&[("csrf", token), ("name", "x")])).await?;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{token:?}");
    }
    // The right token from another site's page, as browsers tell it.
    let page = reader.open("/dashboard").await?.text;
    let token = between(&page, "name=\"csrf\" value=\"", "\"");
    let jar: Vec<String> = reader.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
        let request = test.http.post(format!("{}/dashboard/devices", test.base)).header("Cookie", jar.join("; "));
        let response = request.header(name, value).form(&[("csrf", token), ("name", "x")]).send().await?;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert_eq!(test.get("/devices", Some(&user)).await?["devices"], serde_json::json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chosen_language_stays_and_an_account_has_its_own() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_user("mika").await?;
    let mut reader = Reader::new(&test);
    assert!(reader.open("/pricing?lang=fr").await?.text.contains("<html lang=\"fr\">"));
    assert!(reader.open("/pricing").await?.text.contains("<html lang=\"fr\">"), "it stays");
    assert!(reader.open("/pricing?lang=xx").await?.text.contains("<html lang=\"fr\">"), "an unknown one is ignored");
    reader.log_in(&user.email).await?;
    reader.submit("/dashboard/security/language", &[("language", "en")]).await?;
    assert!(reader.open("/pricing").await?.text.contains("<html lang=\"en\">"));
    reader.submit("/dashboard/security/language", &[("language", "fr")]).await?;
    let mut phone = Reader::new(&test);
    phone.log_in(&user.email).await?;
    assert!(phone.open("/pricing").await?.text.contains("<html lang=\"fr\">"), "on another device too");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_cannot_be_read_gets_a_page() -> anyhow::Result<()> {
    let test = start().await?;
    let post = |path: &str| test.http.post(format!("{}{path}", test.base)).header("Origin", &test.base);
    let form = "application/x-www-form-urlencoded";
    for (request, status) in [
        (post("/register").header("Content-Type", form).body("email=a"), StatusCode::UNPROCESSABLE_ENTITY),
        (post("/register").header("Content-Type", "text/plain").body("x"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (post("/register").header("Content-Type", form).body("x".repeat(300_000)), StatusCode::PAYLOAD_TOO_LARGE),
        (post("/pricing").body(""), StatusCode::METHOD_NOT_ALLOWED),
        (post("/no-such-page").body(""), StatusCode::NOT_FOUND),
        (test.http.get(format!("{}/thanks?session_id=1&session_id=2", test.base)), StatusCode::SEE_OTHER),
    ] {
        let response = request.header("Accept-Language", "fr").send().await?;
        let (got, url) = (response.status(), response.url().clone());
        let text = response.text().await?;
        assert_eq!(got, status, "{url}: {text}");
        assert!(status.is_redirection() || text.contains("<html lang=\"fr\">"), "{url}: {text}");
    }
    let limits = app::Limits { credential_per_minute: 1, ..app::Limits::default() };
    let limited = TestApp::start(&Wanted { limits, ..Wanted::on(Database::Sqlite) }).await?.expect("SQLite");
    let mut reader = Reader::new(&limited);
    let form = [("email", "mika@example.net")];
    assert_eq!(reader.send(Method::POST, "/forgot", Some(&form)).await?.status, StatusCode::OK);
    let refused = reader.send(Method::POST, "/forgot", Some(&form)).await?;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text.contains("Wait a minute"), "{}", refused.text);
    Ok(())
}

/// What a page answers to: a visitor, its owner, another customer, a supporter, an admin. `{id}` is the owner's.
struct Row {
    method: &'static str,
    path: &'static str,
    answers: [u16; 5],
}

const fn page(path: &'static str) -> Row {
    Row { method: "GET", path, answers: [200; 5] }
}

/// A page of an account's own: a visitor is led to the login.
const fn own(path: &'static str) -> Row {
    Row { method: "GET", path, answers: [303, 200, 200, 200, 200] }
}

/// A form: without a session it leads to the login; without its token it is refused.
const fn form(path: &'static str) -> Row {
    Row { method: "POST", path, answers: [303, 403, 403, 403, 403] }
}

/// A form that anybody may send; an empty one can't be read.
const fn public_form(path: &'static str) -> Row {
    Row { method: "POST", path, answers: [422; 5] }
}

const ROWS: &[Row] = &[
    page("/"),
    page("/pricing"),
    page("/servers"),
    page("/status"),
    page("/status.json"),
    page("/status/rss"),
    Row { method: "GET", path: "/status/badge/{file}", answers: [404; 5] },
    page("/status/subscribe"),
    public_form("/status/subscribe"),
    page("/status/confirm"),
    // The token is missing, which is the same as a wrong one.
    public_form("/status/confirm"),
    page("/faq"),
    page("/help"),
    // No way is none.
    Row { method: "POST", path: "/help/solved", answers: [404; 5] },
    Row { method: "POST", path: "/help/human", answers: [404; 5] },
    page("/privacy"),
    page("/register"),
    public_form("/register"),
    page("/verify"),
    // The token is missing, which is the same as a wrong one.
    public_form("/verify"),
    public_form("/verify/resend"),
    page("/login"),
    public_form("/login"),
    public_form("/login/code"),
    page("/email"),
    public_form("/email"),
    page("/forgot"),
    public_form("/forgot"),
    page("/reset"),
    public_form("/reset"),
    form("/logout"),
    form("/checkout"),
    form("/portal"),
    Row { method: "GET", path: "/thanks", answers: [303, 404, 404, 404, 404] },
    Row { method: "GET", path: "/thanks/state", answers: [303, 404, 404, 404, 404] },
    own("/dashboard"),
    form("/dashboard/devices"),
    own("/dashboard/devices/new"),
    Row { method: "GET", path: "/dashboard/devices/{id}", answers: [303, 200, 404, 404, 404] },
    form("/dashboard/devices/{id}/rename"),
    form("/dashboard/devices/{id}/dns"),
    form("/dashboard/devices/{id}/rekey"),
    form("/dashboard/devices/{id}/move"),
    form("/dashboard/devices/{id}/delete"),
    own("/dashboard/subscription"),
    own("/dashboard/billing"),
    form("/dashboard/billing"),
    form("/dashboard/billing/redeem"),
    form("/dashboard/billing/apply"),
    own("/dashboard/usage"),
    own("/dashboard/referrals"),
    form("/dashboard/subscription/{id}"),
    own("/dashboard/discord"),
    form("/dashboard/discord/code"),
    form("/dashboard/discord/unlink"),
    own("/dashboard/tickets"),
    form("/dashboard/tickets"),
    own("/dashboard/tickets/new"),
    // No ticket is a device.
    Row { method: "GET", path: "/dashboard/tickets/{id}", answers: [303, 404, 404, 404, 404] },
    form("/dashboard/tickets/{id}/messages"),
    form("/dashboard/tickets/{id}/close"),
    form("/dashboard/tickets/{id}/rate"),
    Row { method: "GET", path: "/dashboard/tickets/{id}/files/{file}", answers: [303, 404, 404, 404, 404] },
    own("/dashboard/notices"),
    form("/dashboard/notices"),
    Row { method: "GET", path: "/unsubscribe", answers: [422; 5] },
    public_form("/unsubscribe"),
    own("/dashboard/security"),
    form("/dashboard/security/sessions/{id}/end"),
    form("/dashboard/security/everywhere"),
    form("/dashboard/security/language"),
    own("/dashboard/security/{act}"),
    form("/dashboard/security/{act}"),
    // Nobody has asked for a secret.
    Row { method: "GET", path: "/dashboard/setup", answers: [303, 409, 409, 409, 409] },
    form("/dashboard/setup"),
    page("/assets/app.css"),
];

/// What each form needs to be read; the session's token is wrong.
const FIELDS: &[(&str, &str)] = &[
    ("csrf", "wrong"),
    ("plan", "basic"),
    ("name", "x"),
    ("dns", "plain"),
    ("wish", "cancel"),
    ("language", "en"),
    ("password", PASSWORD),
    ("otp", "123456"),
    ("once", "0123456789abcdef0123456789abcdef"),
    ("code", "7K2M-0000-0000-0000"),
];

async fn an_owner_guards_the_account_with_plain_forms(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    test.with_user("mika").await?;
    let mut reader = Reader::new(&test);
    reader.log_in("mika@example.net").await?;
    let page = reader.open("/dashboard/security").await?.text;
    assert!(page.contains("/dashboard/security/code-on") && !page.contains("/dashboard/security/code-off"));
    assert_eq!(reader.open("/dashboard/security/nonsense").await?.status, StatusCode::NOT_FOUND);

    let wrong = reader.submit("/dashboard/security/code-on", &[("password", "not the password")]).await?;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("This is not your password."), "{}", wrong.text);
    assert_eq!(reader.submit("/dashboard/security/code-on", &[("password", PASSWORD)]).await?.to, "/dashboard/setup");
    let setup = reader.open("/dashboard/setup").await?.text;
    assert!(setup.contains("<svg"), "a code to scan");
    let secret = between(&setup, "id=\"totp-secret\">", "<").replace(' ', "");
    let app = totp_rs::Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret)?).build()?;
    let code = || app.generate(u64::try_from(test.app.clock.now() / 1000).expect("after 1970")).to_string();
    let wrong = reader.submit("/dashboard/setup", &[("otp", "12345")]).await?;
    assert!(wrong.text.contains("This code is wrong"), "{}", wrong.text);
    let on = reader.submit("/dashboard/setup", &[("otp", &code())]).await?.text;
    let recovery: Vec<&str> = between(&on, "id=\"recovery-codes\">", "<").lines().collect();
    assert_eq!(recovery.len(), 10, "{on}");
    assert!(reader.open("/dashboard/security").await?.text.contains("10 recovery codes left"));

    let mut elsewhere = Reader::new(&test);
    let form = [("email", "mika@example.net"), ("password", PASSWORD), ("next", "/servers")];
    let page = elsewhere.send(Method::POST, "/login", Some(&form)).await?;
    let ticket = between(&page.text, "name=\"ticket\" value=\"", "\"").to_owned();
    assert!(!page.text.contains(PASSWORD) && !ticket.is_empty(), "{}", page.text);
    let second = |otp: String| vec![("ticket", ticket.clone()), ("otp", otp), ("next", "/servers".to_owned())];
    let refused = elsewhere.send_owned("/login/code", &second(code())).await?;
    assert!(refused.text.contains("This code is wrong"), "used already: {}", refused.text);
    assert_eq!(elsewhere.open("/dashboard").await?.status, StatusCode::SEE_OTHER, "not in yet");
    assert_eq!(elsewhere.send_owned("/login/code", &second(recovery[0].to_owned())).await?.to, "/servers");
    test.advance(6 * 60_000);
    let late = Reader::new(&test).send_owned("/login/code", &second(code())).await?;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(late.text.contains("longer than five minutes"), "{}", late.text);

    let export = reader.submit("/dashboard/security/export", &[("password", PASSWORD)]).await?;
    let export: serde_json::Value = serde_json::from_str(&export.text)?;
    assert_eq!(export["user"]["email"], "mika@example.net");
    let fields = [("email", "mika@example.org"), ("password", PASSWORD)];
    assert_eq!(reader.submit("/dashboard/security/email", &fields).await?.to, "/dashboard/security?done=email");
    test.run_jobs().await?;
    let token = test.token_mailed("mika@example.org", "/email")?;
    assert!(reader.open(&format!("/email?token={token}")).await?.text.contains(&token), "opening it uses nothing up");
    assert_eq!(reader.send(Method::POST, "/email", Some(&[("token", &token)])).await?.to, "/login?verified");

    test.advance(20 * 60_000);
    assert!(!reader.open("/dashboard/security/delete").await?.text.contains("of credit"));
    let gift = Money::new(500, Currency::USD);
    credits::change(&test.app, COMMAND_LINE, "mika@example.org", credits::Wish::Grant, gift, "a gift", None).await?;
    assert!(
        reader.open("/dashboard/security/delete").await?.text.contains("$5.00 of credit"),
        "it goes with the account"
    );
    let fields = [("password", PASSWORD), ("otp", "")];
    let refused = reader.submit("/dashboard/security/delete", &fields).await?;
    assert!(refused.text.contains("Add a code of your authenticator app"), "{}", refused.text);
    let fields = [("password", PASSWORD), ("otp", recovery[1])];
    let gone = reader.submit("/dashboard/security/delete", &fields).await?;
    assert!(gone.text.contains("Your account is deleted"), "{}", gone.text);
    assert_eq!(reader.open("/dashboard").await?.status, StatusCode::SEE_OTHER);
    Ok(())
}

#[test]
fn the_table_names_every_route_of_the_site() {
    let source = std::fs::read_to_string(testkit::house::root().join("crates/web/src/site.rs")).expect("the source");
    let mut routes = BTreeSet::new();
    for call in source.split(".route(\"").skip(1) {
        let (path, rest) = call.split_once('"').expect("a path");
        let handlers = rest.split(".route(").next().unwrap_or_default();
        for (mark, method) in [("get(", "GET"), ("post(", "POST")] {
            if handlers.contains(mark) {
                routes.insert(format!("{method} {}", path.replace("{*path}", "app.css")));
            }
        }
    }
    let table: BTreeSet<String> = ROWS.iter().map(|row| format!("{} {}", row.method, row.path)).collect();
    assert_eq!(table, routes);
}

async fn every_page_answers_everybody_as_the_table_says(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let owner = test.with_subscriber("mika", "vip").await?;
    test.with_subscriber("noa", "vip").await?;
    test.with_team("support", Role::Support).await?;
    test.with_team("admin", Role::Admin).await?;
    let mut askers = vec![("visitor", Reader::new(&test))];
    for who in ["mika", "noa", "support", "admin"] {
        let mut reader = Reader::new(&test);
        reader.log_in(&format!("{who}@example.net")).await?;
        askers.push((who, reader));
    }
    let (_, made) = test.post("/devices", Some(&owner), &serde_json::json!({ "name": "phone" })).await?;
    let device = made["device"]["id"].as_str().expect("a device").to_owned();
    for row in ROWS {
        let path = row.path.replace("{id}", &device).replace("{file}", &device).replace("{act}", "password");
        for ((who, reader), expected) in askers.iter_mut().zip(row.answers) {
            let fields = if expected == 422 { &[][..] } else { FIELDS };
            let form = (row.method == "POST").then_some(fields);
            let page = reader.send(row.method.parse()?, &path, form).await?;
            assert_eq!(page.status, expected, "{} {} by {who}: {}", row.method, row.path, page.text);
            if expected == 303 {
                // What was sent with a form is not there after a login; a page is.
                let back = match (row.method, row.path) {
                    (_, "/checkout") => "/pricing".to_owned(),
                    ("POST", _) => "%2Fdashboard".to_owned(),
                    _ => path.replace('/', "%2F"),
                };
                assert_eq!(page.to, format!("/login?next={back}"), "{} {}", row.method, row.path);
            }
            if expected == 404 && row.path.contains("{id}") {
                let absent = row.path.replace("{id}", "01900000-0000-7000-8000-000000000000");
                let nothing = reader.open(&absent).await?;
                let same = |text: &str, id: &str| text.replace(id, "");
                let none = same(&nothing.text, "01900000-0000-7000-8000-000000000000");
                assert_eq!(none, same(&page.text, &device), "{}", row.path);
            }
        }
    }
    assert_eq!(test.get("/devices", Some(&owner)).await?["devices"][0]["name"], "phone", "nothing was changed");
    Ok(())
}
