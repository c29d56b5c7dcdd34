//! What browsers keep of ours, by S23 and S26: marked so that nobody else reads it, never in an address, new at each
//! login.

use anyhow::Context as _;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{Caller, PASSWORD, TestUser};
use testkit::fleet::Fleet;

testkit::on_both_databases!(
    s26_signing_out_with_a_stolen_token_ends_the_session_for_the_thief_too,
    s26_a_cookie_that_was_there_before_is_not_taken_over_at_login,
);

/// The cookies that an answer sets, whole.
fn set_by(response: &Response) -> Vec<String> {
    let values = response.headers().get_all("set-cookie").iter();
    values.map(|value| value.to_str().expect("text").to_owned()).collect()
}

/// The value of a cookie that an answer sets.
fn value_of(response: &Response, name: &str) -> Option<String> {
    let pairs = set_by(response).into_iter().filter_map(|text| text.split(';').next().map(str::to_owned));
    pairs
        .filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .find_map(|(known, value)| (known == name).then_some(value))
}

/// The login form, as a browser sends it from the site at `origin`, with the cookies that it has.
async fn log_in_on_the_site(caller: &Caller, origin: &str, email: &str, cookies: &str) -> anyhow::Result<Response> {
    let form = [("email", email), ("password", PASSWORD)];
    let request = caller.http.post(format!("{}/login", caller.base)).header("Origin", origin).header("Cookie", cookies);
    let response = request.form(&form).send().await?;
    anyhow::ensure!(response.status() == StatusCode::SEE_OTHER, "{}", response.status());
    Ok(response)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s23_cookies_are_marked_as_the_scheme_of_the_site_allows() -> anyhow::Result<()> {
    for (site, prefix, secure) in [("https://vpn.example.net", "__Host-", true), ("http://localhost:1", "", false)] {
        let Some(mut fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
        fleet.set("APP_URL", site);
        let node = fleet.serve().await?;
        let user = fleet.with_user(&node, "mika").await?;
        let body = json!({ "email": user.email, "password": PASSWORD });
        let api = node.caller.request(Method::POST, "/auth/login?cookies=true", None).json(&body).send().await?;
        let page = log_in_on_the_site(&node.caller, site, &user.email, "").await?;
        let language = node.caller.http.get(format!("{}/?lang=fr", node.caller.base)).send().await?;
        let renewal = node.caller.request(Method::POST, "/auth/refresh", None).header("Origin", site);
        let refresh = value_of(&api, &format!("{prefix}refresh")).context("a refresh token")?;
        let renewal = renewal.header("Cookie", format!("{prefix}refresh={refresh}")).send().await?;
        assert_eq!(renewal.status(), StatusCode::OK);
        let mut names = Vec::new();
        for cookie in [&api, &page, &language, &renewal].into_iter().flat_map(set_by) {
            let mut parts = cookie.split("; ");
            names.push(parts.next().and_then(|pair| pair.split_once('=')).context("a name")?.0.to_owned());
            let marks: Vec<&str> = parts.filter(|mark| !mark.starts_with("Max-Age=")).collect();
            for mark in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(marks.contains(&mark), "{cookie}");
            }
            assert_eq!(marks.contains(&"Secure"), secure, "{cookie}");
            assert_eq!(marks.len(), 3 + usize::from(secure), "no Domain, nothing else: {cookie}");
        }
        names.sort();
        names.dedup();
        let expected = ["access", "device", "lang", "refresh", "session"].map(|name| format!("{prefix}{name}"));
        assert_eq!(names, expected);
        let is_held_to_tls = page.headers().contains_key("strict-transport-security");
        assert_eq!(is_held_to_tls, secure, "{site}");
        // Without its prefix a cookie is somebody else's: another host of the domain may have set it.
        if secure {
            let session = value_of(&page, "__Host-session").context("a session")?;
            let dashboard = node.caller.http.get(format!("{}/dashboard", node.caller.base));
            let status = dashboard.header("Cookie", format!("session={session}")).send().await?.status();
            assert_eq!(status, StatusCode::SEE_OTHER, "on to the login");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s23_no_token_of_a_session_is_ever_in_an_address() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::Sqlite)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    for path in [
        format!("/auth/refresh?refresh_token={}", user.refresh),
        format!("/auth/refresh?token={}", user.refresh),
        format!("/auth/logout?token={}", user.token),
        format!("/auth/logout?access_token={}", user.token),
    ] {
        let status = test.request(Method::POST, &path, None).send().await?.status();
        assert!(matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{status}: {path}");
    }
    assert_eq!(test.get("/user/me", Some(&user)).await?["email"], user.email, "nothing was ended");
    let login = log_in_on_the_site(&test.caller, &test.base, &user.email, "").await?;
    let (to, session) = (&login.headers()["location"], value_of(&login, "session").context("a session")?);
    assert!(!to.to_str()?.contains(&session), "{to:?}");
    // Nor does the document of the API know such a parameter.
    let document = test.get("/openapi.json", None).await?;
    let paths = document["paths"].as_object().context("paths")?;
    let routes = paths.values().filter_map(Value::as_object).flat_map(|methods| methods.values());
    let parameters = routes.filter_map(|route| route["parameters"].as_array()).flatten();
    let names: Vec<&str> = parameters.filter_map(|parameter| parameter["name"].as_str()).collect();
    assert!(names.contains(&"everywhere"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("token")), "{names:?}");
    Ok(())
}

async fn s26_signing_out_with_a_stolen_token_ends_the_session_for_the_thief_too(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let owner = test.with_user("mika").await?;
    let thief = TestUser { refresh: String::new(), ..owner.clone() };
    let me =
        async |user: &TestUser| anyhow::Ok(test.request(Method::GET, "/user/me", Some(user)).send().await?.status());
    assert_eq!(me(&thief).await?, StatusCode::OK, "it is stolen");
    // Whoever signs out with it: the token is of no use to either from then on.
    assert_eq!(test.post("/auth/logout", Some(&thief), &Value::Null).await?.0, StatusCode::NO_CONTENT);
    assert_eq!((me(&thief).await?, me(&owner).await?), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    let refresh = json!({ "refresh_token": owner.refresh });
    assert_eq!(test.post("/auth/refresh", None, &refresh).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(test.post("/auth/logout", Some(&thief), &Value::Null).await?.0, StatusCode::UNAUTHORIZED);
    test.log_in(&owner.email).await?;
    Ok(())
}

async fn s26_a_cookie_that_was_there_before_is_not_taken_over_at_login(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, eve) = (test.with_user("mika").await?, test.with_user("eve").await?);
    let dashboard = async |session: &str| {
        let request = test.http.get(format!("{}/dashboard", test.base)).header("Cookie", format!("session={session}"));
        anyhow::Ok(request.send().await?.status())
    };
    // What somebody made up, and what somebody had from us: put into another's browser before the login.
    let made_up = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let eves = log_in_on_the_site(&test.caller, &test.base, &eve.email, "").await?;
    let eves = value_of(&eves, "session").context("a session")?;
    assert_eq!(dashboard(&eves).await?, StatusCode::OK);
    for planted in [made_up, eves] {
        let login = log_in_on_the_site(&test.caller, &test.base, &mika.email, &format!("session={planted}")).await?;
        let own = value_of(&login, "session").context("a session")?;
        assert_ne!(own, planted, "a new one at each login");
        assert_eq!(dashboard(&own).await?, StatusCode::OK);
        assert_eq!(dashboard(&planted).await?, StatusCode::SEE_OTHER, "and the one before leads nowhere");
        let again = log_in_on_the_site(&test.caller, &test.base, &mika.email, &format!("session={own}")).await?;
        assert_ne!(value_of(&again, "session").context("a session")?, own, "also for the same account");
        assert_eq!(dashboard(&own).await?, StatusCode::SEE_OTHER, "nobody could sign out of it any more");
    }
    // The API's cookies likewise.
    let request = test.request(Method::POST, "/auth/login?cookies=true", None);
    let planted = format!("access={}; refresh={}", eve.token, eve.refresh);
    let body = json!({ "email": mika.email, "password": PASSWORD });
    let login = request.header("Cookie", planted).json(&body).send().await?;
    let own = (value_of(&login, "access").context("access")?, value_of(&login, "refresh").context("refresh")?);
    assert!(own.0 != eve.token && own.1 != eve.refresh);
    let own = TestUser { token: own.0, refresh: own.1, ..mika.clone() };
    assert_eq!(test.get("/user/me", Some(&own)).await?["email"], mika.email);
    assert_eq!(test.get("/user/me", Some(&eve)).await?["email"], eve.email);
    Ok(())
}
