//! S21: the clock jumps an hour, forwards or back, on our side alone. Nobody is thrown out for long, and nothing that is
//! meant to end soon lasts longer.

use app::Limits;
use app::admin::COMMAND_LINE;
use domain::api_scope::Scopes;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};

testkit::on_both_databases!(
    s21_after_a_jump_of_the_clock_one_refresh_is_enough,
    s21_a_clock_set_back_makes_nothing_last_longer,
    s21_what_comes_while_the_clock_is_wrong_is_taken_once_it_is_right,
    s21_a_wish_that_a_clock_set_back_keeps_waiting_is_granted_once,
);

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

async fn me(test: &TestApp, user: &TestUser) -> anyhow::Result<StatusCode> {
    Ok(test.request(Method::GET, "/user/me", Some(user)).send().await?.status())
}

async fn refresh(test: &TestApp, user: &TestUser) -> anyhow::Result<Result<TestUser, StatusCode>> {
    let (status, pair) = test.post("/auth/refresh", None, &json!({ "refresh_token": user.refresh })).await?;
    let text = |field: &str| pair[field].as_str().unwrap_or_default().to_owned();
    let renewed = TestUser { token: text("token"), refresh: text("refresh_token"), ..user.clone() };
    Ok(if status == StatusCode::OK { Ok(renewed) } else { Err(status) })
}

async fn s21_after_a_jump_of_the_clock_one_refresh_is_enough(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut sessions = vec![test.with_user("mika").await?];
    sessions.push(test.log_in(&sessions[0].email).await?);
    let form = [("email", sessions[0].email.as_str()), ("password", PASSWORD)];
    let login = test.http.post(format!("{}/login", test.base)).header("Origin", &test.base).form(&form).send().await?;
    let cookies = login.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let cookie = cookies.filter_map(|text| text.split(';').next()).find(|pair| pair.starts_with("session="));
    let cookie = cookie.expect("a session").to_owned();
    // Forwards and back again, back and forwards again.
    for jump in [HOUR, -HOUR, -HOUR, HOUR] {
        test.advance(jump);
        for session in &mut sessions {
            assert_eq!(me(&test, session).await?, StatusCode::UNAUTHORIZED, "made at another time: {jump}");
            *session = refresh(&test, session).await?.expect("one refresh");
            assert_eq!(me(&test, session).await?, StatusCode::OK, "{jump}");
        }
        let page = test.http.get(format!("{}/dashboard", test.base)).header("Cookie", &cookie).send().await?;
        assert_eq!(page.status(), StatusCode::OK, "the site's session knows no minutes: {jump}");
        // And what was given out after the jump ends in its time.
        test.advance(14 * MINUTE);
        assert_eq!(me(&test, &sessions[0]).await?, StatusCode::OK, "{jump}");
        test.advance(MINUTE + 10_000);
        assert_eq!(me(&test, &sessions[0]).await?, StatusCode::UNAUTHORIZED, "{jump}");
    }
    Ok(())
}

async fn s21_a_clock_set_back_makes_nothing_last_longer(database: Database) -> anyhow::Result<()> {
    let limits = Limits { credential_per_minute: 10, general_per_minute: 1_000_000 };
    let Some(test) = TestApp::start(&Wanted { limits, ..Wanted::on(database) }).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let stolen = test.log_in(&user.email).await?;
    let rotated = refresh(&test, &stolen).await?.expect("a new pair");
    let withdrawn = app::admin::api_keys::add(&test.app, COMMAND_LINE, "mobile", &Scopes::All, None).await?;
    let with_key = async |key: &str| {
        let url = format!("{}/backend/api/plans", test.base);
        anyhow::Ok(test.http.get(url).header("X-API-KEY", key).send().await?.status())
    };
    assert_eq!(with_key(&withdrawn).await?, StatusCode::OK);
    app::admin::api_keys::revoke(&test.app, COMMAND_LINE, "mobile").await?;
    // Ten tries a minute are used up.
    let guess = json!({ "email": "nobody@example.net", "password": "a guess of a word" });
    let mut tries = 0;
    while test.post("/auth/login", None, &guess).await?.0 == StatusCode::UNAUTHORIZED {
        tries += 1;
        assert!(tries < 20, "no end to guessing");
    }

    test.advance(-HOUR);
    assert_eq!(with_key(&withdrawn).await?, StatusCode::UNAUTHORIZED, "a withdrawn key");
    let refused = test.request(Method::POST, "/auth/login", None).json(&guess).send().await?;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "nobody gets more tries");
    let wait = refused.headers().get("retry-after").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert_eq!(wait, "6", "and nobody waits for an hour");
    test.advance(MINUTE);
    let user = refresh(&test, &user).await?.expect("one refresh");
    let export = test.request(Method::GET, "/user/export", Some(&user)).send().await?;
    assert_eq!(export.status(), StatusCode::FORBIDDEN, "how old the proof is nobody knows");
    assert_eq!(refresh(&test, &stolen).await?.err(), Some(StatusCode::UNAUTHORIZED), "used long ago");
    assert_eq!(refresh(&test, &rotated).await?.err(), Some(StatusCode::UNAUTHORIZED), "and that ended the session");
    Ok(())
}

async fn s21_what_comes_while_the_clock_is_wrong_is_taken_once_it_is_right(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    for (name, jump) in [("aya", HOUR), ("ben", -HOUR)] {
        let user = test.with_user(name).await?;
        test.pay(&user, "basic").await?;
        let right = test.app.clock.now() / 1000;
        test.advance(jump);
        for event in test.stripe.events() {
            assert_eq!(test.deliver_at(&event, right).await?, StatusCode::BAD_REQUEST, "to be sent again");
        }
        // A mail that is written meanwhile goes out.
        test.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;
        test.run_jobs().await?;
        test.token_mailed(&user.email, "/reset")?;
        test.advance(-jump);
        test.settle().await?;
        let user = test.log_in(&user.email).await?;
        let bought: Value = test.get("/subscriptions", Some(&user)).await?;
        assert_eq!(bought["subscriptions"].as_array().map(Vec::len), Some(1), "{bought}");
        assert_eq!(bought["subscriptions"][0]["status"], "active", "{bought}");
    }
    test.all_is_well().await
}

/// What was read of a subscription at a later hour is newer than what is read now: nothing is overwritten.
async fn s21_a_wish_that_a_clock_set_back_keeps_waiting_is_granted_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "basic").await?;
    let list = test.get("/subscriptions", Some(&user)).await?;
    let path = format!("/subscriptions/{}/cancel", list["subscriptions"][0]["id"].as_str().expect("an id"));
    test.advance(-HOUR);
    let user = refresh(&test, &user).await?.expect("one refresh");
    let told = test.request(Method::POST, &path, Some(&user)).json(&json!({})).send().await?;
    assert_eq!(told.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(told.headers().contains_key("retry-after"));
    test.advance(HOUR + 1);
    let user = refresh(&test, &user).await?.expect("one refresh");
    let (status, ending) = test.post(&path, Some(&user), &json!({})).await?;
    assert_eq!((status, &ending["cancel_at_period_end"]), (StatusCode::OK, &json!(true)), "{ending}");
    test.settle().await?;
    let told = test.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("will end"));
    assert_eq!(told.count(), 1);
    test.all_is_well().await
}
