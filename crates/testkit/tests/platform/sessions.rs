//! Sessions: refreshed, reused, ended; and what a password change or an old hash does to them.

use app::admin::COMMAND_LINE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};

testkit::on_both_databases!(
    an_access_token_lives_fifteen_minutes_and_is_refreshed,
    s17_a_refresh_token_used_twice_ends_its_session_only,
    s18_two_tabs_that_refresh_at_once_get_the_same_successor,
    logging_out_everywhere_ends_every_session,
    s22_a_new_password_ends_every_session_and_its_link_works_once,
    s22_a_suspended_account_is_out_at_once,
    a_hash_that_php_wrote_logs_in_and_is_replaced,
    a_link_in_a_mail_expires_and_works_once,
);

async fn refresh(test: &TestApp, token: &str) -> anyhow::Result<(StatusCode, Value)> {
    test.post("/auth/refresh", None, &json!({ "refresh_token": token })).await
}

async fn me(test: &TestApp, user: &TestUser) -> anyhow::Result<StatusCode> {
    Ok(test.request(Method::GET, "/user/me", Some(user)).send().await?.status())
}

/// The user with the tokens of a reply.
fn with(user: &TestUser, pair: &Value) -> TestUser {
    let text = |field: &str| pair[field].as_str().unwrap_or_default().to_owned();
    TestUser { token: text("token"), refresh: text("refresh_token"), ..user.clone() }
}

async fn an_access_token_lives_fifteen_minutes_and_is_refreshed(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.advance(14 * 60_000);
    assert_eq!(me(&test, &user).await?, StatusCode::OK);
    test.advance(2 * 60_000);
    assert_eq!(me(&test, &user).await?, StatusCode::UNAUTHORIZED);
    let (status, pair) = refresh(&test, &user.refresh).await?;
    assert_eq!(status, StatusCode::OK, "{pair}");
    let user = with(&user, &pair);
    assert_eq!(me(&test, &user).await?, StatusCode::OK);
    test.advance(31 * DAY);
    assert_eq!(refresh(&test, &user.refresh).await?.0, StatusCode::UNAUTHORIZED, "thirty days without a visit");
    Ok(())
}

async fn s17_a_refresh_token_used_twice_ends_its_session_only(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let phone = test.with_user("mika").await?;
    let laptop = test.log_in(&phone.email).await?;
    let (_, pair) = refresh(&test, &phone.refresh).await?;
    let rotated = with(&phone, &pair);
    test.advance(6_000);
    // Somebody else has the old token: neither they nor the phone go on.
    assert_eq!(refresh(&test, &phone.refresh).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&test, &rotated.refresh).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&test, &rotated).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&test, &laptop).await?, StatusCode::OK);
    Ok(())
}

async fn s18_two_tabs_that_refresh_at_once_get_the_same_successor(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let asked = (0..8).map(|_| refresh(&test, &user.refresh));
    let mut pairs = Vec::new();
    for answer in futures_util::future::join_all(asked).await {
        let (status, pair) = answer?;
        assert_eq!(status, StatusCode::OK, "{pair}");
        pairs.push(pair["refresh_token"].clone());
    }
    pairs.dedup();
    assert_eq!(pairs.len(), 1);
    // The same within five seconds from another browser is a theft.
    let request = test.request(Method::POST, "/auth/refresh", None).header("User-Agent", "Firefox on Linux");
    let stolen = request.json(&json!({ "refresh_token": user.refresh })).send().await?;
    assert_eq!(stolen.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}

async fn logging_out_everywhere_ends_every_session(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let first = test.with_user("mika").await?;
    let (second, third) = (test.log_in(&first.email).await?, test.log_in(&first.email).await?);
    assert_eq!(test.post("/auth/logout", Some(&first), &Value::Null).await?.0, StatusCode::NO_CONTENT);
    assert_eq!(me(&test, &first).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&test, &second).await?, StatusCode::OK);
    let status = test.post("/auth/logout?everywhere=true", Some(&second), &Value::Null).await?.0;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for session in [&second, &third] {
        assert_eq!(me(&test, session).await?, StatusCode::UNAUTHORIZED);
        assert_eq!(refresh(&test, &session.refresh).await?.0, StatusCode::UNAUTHORIZED);
    }
    Ok(())
}

async fn s22_a_new_password_ends_every_session_and_its_link_works_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    // An address that nobody has gets the same answer, and no mail.
    for email in [user.email.as_str(), "nobody@example.net"] {
        let (status, body) = test.post("/auth/reset-request", None, &json!({ "email": email })).await?;
        assert_eq!((status, body), (StatusCode::ACCEPTED, Value::Null));
    }
    test.run_jobs().await?;
    assert_eq!(test.mail.messages_to("nobody@example.net").len(), 0);
    let body = json!({ "token": test.token_mailed(&user.email, "/reset")?, "new_password": "another long password" });
    assert_eq!(test.post("/auth/reset", None, &body).await?.0, StatusCode::NO_CONTENT);
    assert_eq!(me(&test, &user).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&test, &user.refresh).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(test.post("/auth/reset", None, &body).await?.0, StatusCode::UNPROCESSABLE_ENTITY);
    let login = async |password: &str| {
        test.post("/auth/login", None, &json!({ "email": user.email, "password": password })).await
    };
    assert_eq!(login(PASSWORD).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(login("another long password").await?.0, StatusCode::OK);
    Ok(())
}

async fn s22_a_suspended_account_is_out_at_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    app::admin::users::suspend(&test.app, COMMAND_LINE, user.id).await?;
    assert_eq!(me(&test, &user).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(refresh(&test, &user.refresh).await?.0, StatusCode::UNAUTHORIZED);
    let body = json!({ "email": user.email, "password": PASSWORD });
    let (status, refusal) = test.post("/auth/login", None, &body).await?;
    assert_eq!((status, &refusal["code"]), (StatusCode::FORBIDDEN, &json!("account_suspended")));
    Ok(())
}

async fn a_hash_that_php_wrote_logs_in_and_is_replaced(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    // From PHP's manual, password_verify(): the hash of `rasmuslerdorf`.
    let php = "$2y$10$.vGA1O9wmRjrwAVXD98HNOgsNpDczlqm3Jq7KnEd1rVAGv3Fykk1a";
    let row = store::users::by_id(&test.app.store, user.id).await?.expect("the account");
    assert!(store::users::replace_hash(&test.app.store, user.id, &row.password_hash, php, row.updated_at).await?);
    let login = async |password: &str| {
        test.post("/auth/login", None, &json!({ "email": user.email, "password": password })).await
    };
    assert_eq!(login("rasmuslerdorg").await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(login("rasmuslerdorf").await?.0, StatusCode::OK);
    let upgraded = store::users::by_id(&test.app.store, user.id).await?.expect("the account").password_hash;
    assert!(upgraded.starts_with("$argon2id$"), "{upgraded}");
    assert_eq!(login("rasmuslerdorf").await?.0, StatusCode::OK);
    Ok(())
}

async fn a_link_in_a_mail_expires_and_works_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    test.register("mika@example.net").await?;
    test.run_jobs().await?;
    let old = test.token_mailed("mika@example.net", "/verify")?;
    test.advance(2 * DAY);
    let verify = async |token: &str| test.post("/auth/verify", None, &json!({ "token": token })).await;
    assert_eq!(verify(&old).await?.0, StatusCode::UNPROCESSABLE_ENTITY, "two days later");
    for email in ["mika@example.net", "nobody@example.net"] {
        let (status, body) = test.post("/auth/verify/resend", None, &json!({ "email": email })).await?;
        assert_eq!((status, body), (StatusCode::ACCEPTED, Value::Null));
    }
    test.run_jobs().await?;
    let new = test.token_mailed("mika@example.net", "/verify")?;
    assert_eq!(verify(&new).await?.0, StatusCode::NO_CONTENT);
    assert_eq!(verify(&new).await?.0, StatusCode::UNPROCESSABLE_ENTITY, "a second time");
    test.log_in("mika@example.net").await?;
    Ok(())
}
