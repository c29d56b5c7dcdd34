//! What bad input gets: a status that fits, the field, and what would be accepted. Nothing is lost or half-made.

use app::Limits;
use app::admin::COMMAND_LINE;
use domain::api_scope::{Scope, Scopes};
use domain::vpn::dns::Resolvers;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{API_KEY, PASSWORD, answer};

async fn start() -> anyhow::Result<TestApp> {
    Ok(TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing"))
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_field_is_named_with_what_would_be_accepted() -> anyhow::Result<()> {
    let wanted = Wanted { resolvers: Resolvers::default(), ..Wanted::on(Database::Sqlite) };
    let test = TestApp::start(&wanted).await?.expect("SQLite is never missing");
    let user = test.with_subscriber("mika", "vip").await?;
    let long = "x".repeat(300);
    for (path, body, field, code) in [
        ("/auth/register", json!({ "email": "mika", "password": PASSWORD }), "email", "email_without_at"),
        ("/auth/register", json!({ "email": "a@b.example", "password": "short" }), "password", "password_too_short"),
        ("/auth/register", json!({ "password": PASSWORD }), "email", "field_missing"),
        ("/auth/register", json!({ "email": 7, "password": PASSWORD }), "email", "field_type"),
        (
            "/auth/register",
            json!({ "email": "a@b.example", "password": PASSWORD, "role": "admin" }),
            "(unknown field)",
            "field_unknown",
        ),
        (
            "/auth/register",
            json!({ "email": "a@b.example", "password": PASSWORD, "language": "xx" }),
            "language",
            "language_unknown",
        ),
        ("/stripe/checkout", json!({ "plan": "gold" }), "plan", "plan_unknown"),
        ("/devices", json!({ "name": long }), "name", "device_name_invalid"),
        ("/devices", json!({ "region": "atlantis" }), "region", "region_unknown"),
        ("/devices", json!({ "public_key": "AAAA" }), "public_key", "public_key_invalid"),
        ("/devices", json!({ "mtu": 9000 }), "mtu", "field_type"),
        ("/devices", json!({ "dns": "google" }), "dns", "field_type"),
        ("/devices", json!({ "dns": "family" }), "dns", "dns_not_offered"),
    ] {
        let (status, problem) = test.post(path, Some(&user), &body).await?;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {body}: {problem}");
        let refused = &problem["errors"][0];
        assert_eq!((&refused["field"], &refused["code"]), (&json!(field), &json!(code)), "{path} {body}: {problem}");
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    }
    assert_eq!(test.get("/devices", Some(&user)).await?["devices"], json!([]), "nothing was made");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_cannot_be_read_is_a_problem_that_says_why() -> anyhow::Result<()> {
    let test = start().await?;
    let post = |path: &str| test.request(Method::POST, path, None);
    let json_type = ("Content-Type", "application/json");
    let cases = [
        (post("/auth/login").body("{}"), 415, "media_type"),
        (post("/auth/login").header(json_type.0, "text/plain").body("{}"), 415, "media_type"),
        (post("/auth/login").header(json_type.0, json_type.1).body("{\"email\":"), 400, "json_invalid"),
        (post("/auth/login").header(json_type.0, json_type.1).body("{} {}"), 422, "invalid"),
        (post("/auth/login").header(json_type.0, json_type.1).body("x".repeat(300_000)), 413, "body_too_large"),
        (post("/no/such/route"), 404, "not_found"),
        (test.request(Method::PUT, "/auth/login", None), 405, "method_not_allowed"),
    ];
    for (request, status, code) in cases {
        let response = request.send().await?;
        assert_eq!(header(&response, "content-type"), Some("application/problem+json"), "{code}");
        assert!(header(&response, "x-request-id").is_some(), "{code}");
        let (got, problem) = answer(response).await?;
        assert_eq!((got.as_u16(), &problem["code"]), (status, &json!(code)), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_eleventh_login_in_a_minute_waits() -> anyhow::Result<()> {
    let wanted = Wanted { limits: Limits::default(), ..Wanted::on(Database::Sqlite) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    let login = async |n: usize, forged: &str| {
        // Another account each time: it is the client who is counted here.
        let body = json!({ "email": format!("nobody{n}@example.net"), "password": PASSWORD });
        let request = test.request(Method::POST, "/auth/login", None).header("X-Forwarded-For", forged);
        request.json(&body).send().await
    };
    for n in 0..10 {
        let response = login(n, "192.0.2.1").await?;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(header(&response, "ratelimit-limit"), Some("10"));
        assert_eq!(header(&response, "ratelimit-remaining"), Some((9 - n).to_string().as_str()));
    }
    // An address in a header is worth nothing without a trusted proxy.
    for forged in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        let response = login(11, forged).await?;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait: i64 = header(&response, "retry-after").expect("Retry-After").parse()?;
        assert!((1..=6).contains(&wait), "{wait}");
    }
    test.advance(6_000);
    assert_eq!(login(12, "192.0.2.1").await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_has_its_own_count_elsewhere() -> anyhow::Result<()> {
    let limits = Limits { credential_per_minute: 100, ..Limits::default() };
    let wanted = Wanted { limits, ..Wanted::on(Database::Sqlite) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    let (mika, noa) = (test.with_user("mika").await?, test.with_user("noa").await?);
    for _ in 0..120 {
        test.get("/user/me", Some(&mika)).await?;
    }
    let refused = test.request(Method::GET, "/user/me", Some(&mika)).send().await?;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    test.get("/user/me", Some(&noa)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s25_only_allowed_origins_may_call_from_a_browser() -> anyhow::Result<()> {
    let wanted = Wanted { allowed_origins: vec!["https://app.example.net".to_owned()], ..Wanted::on(Database::Sqlite) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    for (origin, allowed) in [
        ("https://app.example.net", true),
        ("https://app.example.net.evil.example", false),
        ("http://app.example.net", false),
        ("null", false),
    ] {
        let preflight = test
            .http
            .request(Method::OPTIONS, format!("{}/backend/api/devices", test.base))
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST")
            .header("Access-Control-Request-Headers", "x-api-key,authorization,content-type")
            .send()
            .await?;
        let told = header(&preflight, "access-control-allow-origin");
        assert_eq!(told, allowed.then_some(origin), "{origin}");
        assert!(preflight.status().is_success(), "{origin}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s24_a_write_with_cookies_must_come_from_our_own_page() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_subscriber("mika", "vip").await?;
    let body = json!({ "email": user.email, "password": PASSWORD });
    let login = test.request(Method::POST, "/auth/login?cookies=true", None).json(&body).send().await?;
    let cookies: Vec<String> =
        login.headers().get_all("set-cookie").iter().map(|value| value.to_str().expect("text").to_owned()).collect();
    assert_eq!(cookies.len(), 3, "access, refresh, and the device to be known by: {cookies:?}");
    assert!(cookies.iter().all(|one| one.contains("HttpOnly") && one.contains("SameSite=Lax")), "{cookies:?}");
    let (_, reply) = answer(login).await?;
    assert_eq!((&reply["token"], &reply["refresh_token"]), (&Value::Null, &Value::Null), "in the cookies only");
    let jar: Vec<&str> = cookies.iter().filter_map(|one| one.split(';').next()).collect();
    let write = |headers: &[(&str, &str)]| {
        let mut request = test.request(Method::POST, "/devices", None).header("Cookie", jar.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.json(&json!({})).send()
    };
    for foreign in [
        &[][..],
        &[("Origin", "https://evil.example")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        &[("Sec-Fetch-Site", "same-site")],
    ] {
        let (status, problem) = answer(write(foreign).await?).await?;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("cross_site")), "{foreign:?}");
    }
    assert_eq!(test.get("/devices", Some(&user)).await?["devices"], json!([]), "nothing was made");
    assert_eq!(write(&[("Origin", &test.base)]).await?.status(), StatusCode::CREATED);
    assert_eq!(write(&[("Sec-Fetch-Site", "same-origin")]).await?.status(), StatusCode::CREATED);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_mounts_answer_and_an_old_key_ends_when_it_is_revoked() -> anyhow::Result<()> {
    let test = start().await?;
    let added = app::admin::api_keys::add(&test.app, COMMAND_LINE, "mobile", &Scopes::All, None).await?;
    let ask = async |mount: &str, key: &str| {
        let url = format!("{}{mount}/plans", test.base);
        anyhow::Ok(test.http.get(url).header("X-API-KEY", key).send().await?.status())
    };
    for mount in ["/backend/api", "/api/v1"] {
        assert_eq!(ask(mount, API_KEY).await?, StatusCode::OK);
        assert_eq!(ask(mount, &added).await?, StatusCode::OK);
        assert_eq!(ask(mount, "guess").await?, StatusCode::UNAUTHORIZED);
    }
    app::admin::api_keys::revoke(&test.app, COMMAND_LINE, "mobile").await?;
    test.advance(60_000);
    assert_eq!(ask("/api/v1", &added).await?, StatusCode::UNAUTHORIZED);
    Ok(())
}

/// A route of each scope, which anybody with a key may ask.
const OF_SCOPE: [(Scope, Method, &str); 5] = [
    (Scope::Accounts, Method::POST, "/auth/reset-request"),
    (Scope::Payments, Method::GET, "/plans"),
    (Scope::Servers, Method::GET, "/vps/status"),
    (Scope::Devices, Method::GET, "/devices"),
    (Scope::Tickets, Method::GET, "/tickets"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_opens_its_scopes_for_its_days() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_user("mika").await?;
    let ask = async |key: &str, method: &Method, path: &str| {
        let request = test.http.request(method.clone(), format!("{}/api/v1{path}", test.base)).bearer_auth(&user.token);
        let request = if *method == Method::POST { request.json(&json!({ "email": user.email })) } else { request };
        answer(request.header("X-API-KEY", key).send().await?)
            .await
            .map(|(status, body)| (status, body["code"].clone()))
    };
    for (scope, ..) in OF_SCOPE {
        let scopes = Scopes::Only(vec![scope]);
        let key = app::admin::api_keys::add(&test.app, COMMAND_LINE, scope.as_str(), &scopes, Some(30)).await?;
        test.advance(5_000);
        for (other, method, path) in OF_SCOPE {
            let (status, code) = ask(&key, &method, path).await?;
            if other == scope {
                assert!(status.is_success(), "{path}: {status}");
            } else {
                assert_eq!((status, code), (StatusCode::FORBIDDEN, json!("api_key_scope")), "{path}");
            }
        }
    }
    let key = app::admin::api_keys::add(&test.app, COMMAND_LINE, "a month", &Scopes::All, Some(30)).await?;
    let plans = (Method::GET, "/plans");
    test.advance(30 * DAY - 1);
    assert_eq!(ask(&key, &plans.0, plans.1).await?.0, StatusCode::OK);
    test.advance(1);
    assert_eq!(ask(&key, &plans.0, plans.1).await?, (StatusCode::UNAUTHORIZED, json!("api_key_invalid")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_the_headers_that_keep_browsers_safe() -> anyhow::Result<()> {
    let test = start().await?;
    for path in ["/", "/pricing", "/no-such-page", "/assets/app.css", "/backend/api/health", "/backend/api/docs"] {
        let response = test.http.get(format!("{}{path}", test.base)).send().await?;
        let policy = header(&response, "content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header(&response, "referrer-policy"), Some("same-origin"), "{path}");
        assert!(header(&response, "x-request-id").is_some(), "{path}");
    }
    Ok(())
}
