//! The same request twice is one effect and one reply.

use std::collections::BTreeMap;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{TestUser, answer};

testkit::on_both_databases!(
    a_request_that_comes_twice_has_one_effect_and_the_key_is_shown_once,
    the_same_request_at_once_is_done_once,
    what_was_refused_is_refused_again_and_what_failed_may_come_again,
);

async fn add(test: &TestApp, user: &TestUser, key: &str, body: &Value) -> anyhow::Result<Response> {
    let request = test.request(reqwest::Method::POST, "/devices", Some(user)).header("Idempotency-Key", key);
    Ok(request.json(body).send().await?)
}

async fn count(test: &TestApp, user: &TestUser) -> anyhow::Result<usize> {
    Ok(test.get("/devices", Some(user)).await?["devices"].as_array().map_or(0, Vec::len))
}

async fn a_request_that_comes_twice_has_one_effect_and_the_key_is_shown_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let noa = test.with_subscriber("noa", "vip").await?;
    let phone = json!({ "name": "phone" });
    let (status, first) = answer(add(&test, &mika, "one", &phone).await?).await?;
    let private = |body: &Value| {
        let config = body["config"].as_str().unwrap_or_default();
        config.lines().find_map(|line| line.strip_prefix("PrivateKey = ")).unwrap_or_default().to_owned()
    };
    assert_eq!((status, private(&first).len(), &first["replayed"]), (StatusCode::CREATED, 44, &Value::Null));
    let again = add(&test, &mika, "one", &phone).await?;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    let (status, again) = answer(again).await?;
    assert_eq!((status, &again["device"], &again["replayed"]), (StatusCode::CREATED, &first["device"], &json!(true)));
    assert!(private(&again).starts_with('<') && again["qr"].is_null(), "the key was shown once: {again}");
    assert_eq!(count(&test, &mika).await?, 1);

    let (status, other) = answer(add(&test, &mika, "one", &json!({ "name": "tablet" })).await?).await?;
    assert_eq!(
        (status, &other["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency_key_reused"))
    );
    for bad in ["", &"x".repeat(256), "two words"] {
        let (status, body) = answer(add(&test, &mika, bad, &phone).await?).await?;
        assert_eq!(
            (status, &body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("Idempotency-Key"))
        );
    }
    // A key is its user's own, and its route's.
    assert_eq!(add(&test, &noa, "one", &phone).await?.status(), StatusCode::CREATED);
    let checkout = async || {
        let request =
            test.request(reqwest::Method::POST, "/stripe/checkout", Some(&mika)).header("Idempotency-Key", "one");
        answer(request.json(&json!({ "plan": "basic" })).send().await?).await
    };
    let (status, opened) = checkout().await?;
    assert_eq!((status, checkout().await?.1), (StatusCode::OK, opened));
    assert_eq!((count(&test, &mika).await?, count(&test, &noa).await?), (1, 1));

    test.advance(DAY + 1);
    app::scheduler::clean_up(&test.app).await?;
    let mika = test.log_in(&mika.email).await?;
    assert_eq!(add(&test, &mika, "one", &phone).await?.status(), StatusCode::CREATED, "forgotten after a day");
    assert_eq!(count(&test, &mika).await?, 2);
    Ok(())
}

async fn the_same_request_at_once_is_done_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    let phone = json!({ "name": "phone" });
    let mut answers = BTreeMap::new();
    for response in futures_util::future::join_all((0..32).map(|_| add(&test, &user, "one", &phone))).await {
        let response = response?;
        let status = response.status();
        assert!(status != StatusCode::CONFLICT || response.headers().contains_key("retry-after"));
        *answers.entry(status.as_u16()).or_insert(0) += 1;
    }
    assert!(answers.keys().all(|status| matches!(status, 201 | 409)), "{answers:?}");
    assert_eq!(count(&test, &user).await?, 1, "{answers:?}");
    Ok(())
}

async fn what_was_refused_is_refused_again_and_what_failed_may_come_again(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let phone = json!({ "name": "phone" });
    let (status, refused) = answer(add(&test, &user, "one", &phone).await?).await?;
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED);
    test.pay(&user, "basic").await?;
    test.settle().await?;
    assert_eq!(answer(add(&test, &user, "one", &phone).await?).await?, (status, refused), "the same answer");
    assert_eq!(add(&test, &user, "two", &phone).await?.status(), StatusCode::CREATED);

    test.stripe.trouble("/v1/checkout", &[fakes::stripe::Trouble::Broken; 2]);
    let checkout = async || {
        let request =
            test.request(reqwest::Method::POST, "/stripe/checkout", Some(&user)).header("Idempotency-Key", "three");
        Ok::<_, anyhow::Error>(request.json(&json!({ "plan": "vip" })).send().await?.status())
    };
    assert_eq!(checkout().await?, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(checkout().await?, StatusCode::OK, "a failure of ours is not kept");
    // A session that has ended is told so, and nothing is kept for it.
    test.advance(16 * 60_000);
    assert_eq!(add(&test, &user, "four", &phone).await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}
