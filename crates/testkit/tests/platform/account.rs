//! What an owner does with the account: password, address, second factor, export, deletion; and who hears of it.

use anyhow::Context as _;
use app::Limits;
use reqwest::header::SET_COOKIE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser, answer};
use testkit::traces::traces;
use totp_rs::Totp;

testkit::on_both_databases!(
    s22_a_new_password_ends_the_other_sessions,
    an_address_changes_once_the_new_one_is_proved,
    a_stolen_password_is_not_enough_with_a_second_factor,
    a_sign_in_from_elsewhere_is_told_to_the_owner,
    s29_guesses_from_elsewhere_do_not_keep_the_owner_out,
    everything_held_is_exported_for_one_who_just_showed_the_password,
    a_deleted_account_leaves_nothing_personal,
    a_purchase_that_is_open_is_closed_when_an_operator_deletes_the_account,
    a_purchase_under_way_when_the_account_is_deleted_is_ended,
);

const NEW_PASSWORD: &str = "four other unrelated words";

async fn me(test: &TestApp, user: &TestUser) -> anyhow::Result<StatusCode> {
    Ok(test.request(Method::GET, "/user/me", Some(user)).send().await?.status())
}

async fn log_in_with(
    test: &TestApp,
    email: &str,
    password: &str,
    otp: Option<&str>,
) -> anyhow::Result<(StatusCode, Value)> {
    test.post("/auth/login", None, &json!({ "email": email, "password": password, "otp": otp })).await
}

/// Which field a refusal is about, and its code.
fn refused(body: &Value) -> (&str, &str) {
    let field = &body["errors"][0];
    (field["field"].as_str().unwrap_or_default(), field["code"].as_str().unwrap_or_default())
}

async fn s22_a_new_password_ends_the_other_sessions(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let phone = test.with_user("mika").await?;
    let laptop = test.log_in(&phone.email).await?;
    for (body, expected) in [
        (json!({ "password": "not the password", "new_password": NEW_PASSWORD }), ("password", "password_wrong")),
        (json!({ "password": PASSWORD, "new_password": "short" }), ("new_password", "password_too_short")),
        (json!({ "password": PASSWORD, "new_password": "mika2026" }), ("new_password", "password_weak")),
        (json!({ "password": PASSWORD, "new_password": "Password123!" }), ("new_password", "password_weak")),
    ] {
        let (status, answer) = test.post("/user/password", Some(&phone), &body).await?;
        assert_eq!((status, refused(&answer)), (StatusCode::UNPROCESSABLE_ENTITY, expected), "{body}");
    }
    let body = json!({ "password": PASSWORD, "new_password": NEW_PASSWORD });
    assert_eq!(test.post("/user/password", Some(&phone), &body).await?.0, StatusCode::NO_CONTENT);
    assert_eq!((me(&test, &phone).await?, me(&test, &laptop).await?), (StatusCode::OK, StatusCode::UNAUTHORIZED));
    assert_eq!(log_in_with(&test, &phone.email, PASSWORD, None).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in_with(&test, &phone.email, NEW_PASSWORD, None).await?.0, StatusCode::OK);
    test.run_jobs().await?;
    let subjects: Vec<String> = test.mail.messages_to(&phone.email).into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.iter().any(|subject| subject.contains("password was changed")), "{subjects:?}");
    Ok(())
}

async fn an_address_changes_once_the_new_one_is_proved(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    test.with_user("noa").await?;
    let ask =
        async |new: &str| test.post("/user/email", Some(&mika), &json!({ "email": new, "password": PASSWORD })).await;
    // A link to another password that waits in the old mailbox must not open the account later.
    test.post("/auth/reset-request", None, &json!({ "email": mika.email })).await?;
    test.run_jobs().await?;
    let reset = test.token_mailed(&mika.email, "/reset")?;

    assert_eq!(ask("noa@example.net").await?, (StatusCode::ACCEPTED, Value::Null), "as for a free address");
    test.run_jobs().await?;
    assert!(test.newest_mail("noa@example.net")?.subject.contains("already have an account"));
    assert!(test.newest_mail(&mika.email)?.subject.contains("Another address"));

    assert_eq!(ask("mika@example.org").await?.0, StatusCode::ACCEPTED);
    test.run_jobs().await?;
    let first = test.token_mailed("mika@example.org", "/email")?;
    assert_eq!(ask("mika.two@example.org").await?.0, StatusCode::ACCEPTED);
    test.run_jobs().await?;
    let token = test.token_mailed("mika.two@example.org", "/email")?;
    let confirm = async |token: &str| test.post("/auth/email", None, &json!({ "token": token })).await;
    assert_eq!(confirm(&first).await?.0, StatusCode::UNPROCESSABLE_ENTITY, "the newest wish counts");
    assert_eq!(test.get("/user/me", Some(&mika)).await?["email"], mika.email, "nothing has changed yet");
    assert_eq!(confirm(&token).await?.0, StatusCode::NO_CONTENT);
    assert_eq!(confirm(&token).await?.0, StatusCode::UNPROCESSABLE_ENTITY, "once only");
    test.run_jobs().await?;

    assert_eq!(test.get("/user/me", Some(&mika)).await?["email"], "mika.two@example.org");
    assert!(test.newest_mail(&mika.email)?.subject.contains("has another address"));
    assert_eq!(log_in_with(&test, &mika.email, PASSWORD, None).await?.0, StatusCode::UNAUTHORIZED);
    test.log_in("mika.two@example.org").await?;
    let with_old_link = json!({ "token": reset, "new_password": NEW_PASSWORD });
    assert_eq!(test.post("/auth/reset", None, &with_old_link).await?.0, StatusCode::UNPROCESSABLE_ENTITY);
    let customer = test.app.stripe.retrieve_customer(&customer_of(&test, &mika).await?).await?;
    assert_eq!(customer.email.as_deref(), Some("mika.two@example.org"), "invoices go there too");
    Ok(())
}

async fn customer_of(test: &TestApp, user: &TestUser) -> anyhow::Result<String> {
    let row = app::admin::users::find(&test.app, &user.id.to_string()).await?;
    row.stripe_customer_id.context("a customer")
}

/// The owner's app after it has scanned the code.
async fn enrol(test: &TestApp, user: &TestUser) -> anyhow::Result<(Totp, Vec<String>)> {
    let (status, body) = test.post("/user/totp", Some(user), &Value::Null).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    let app = Totp::from_url(body["uri"].as_str().unwrap_or_default())?;
    assert_eq!(app.secret().to_base32(), body["secret"].as_str().unwrap_or_default());
    let code = now_code(test, &app);
    let (status, body) = test.post("/user/totp/confirm", Some(user), &json!({ "otp": code })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{body}");
    let codes = body["recovery_codes"].as_array().context("codes")?.iter();
    Ok((app, codes.filter_map(|code| code.as_str().map(str::to_owned)).collect()))
}

fn now_code(test: &TestApp, app: &Totp) -> String {
    app.generate(u64::try_from(test.app.clock.now() / 1000).expect("after 1970")).to_string()
}

async fn a_stolen_password_is_not_enough_with_a_second_factor(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    test.advance(10 * 60_000);
    let stale = test.log_in(&user.email).await?;
    test.advance(10 * 60_000);
    let (status, body) = test.post("/user/totp", Some(&stale), &Value::Null).await?;
    assert_eq!((status, &body["code"]), (StatusCode::FORBIDDEN, &json!("step_up_required")));
    let proof = json!({ "password": PASSWORD });
    assert_eq!(test.post("/user/step-up", Some(&stale), &proof).await?.0, StatusCode::NO_CONTENT);
    test.post("/user/totp", Some(&stale), &Value::Null).await?;
    let (status, body) = test.post("/user/totp/confirm", Some(&stale), &json!({ "otp": "000000" })).await?;
    assert_eq!((status, refused(&body)), (StatusCode::UNPROCESSABLE_ENTITY, ("otp", "otp_wrong")));
    assert_eq!(log_in_with(&test, &user.email, PASSWORD, None).await?.0, StatusCode::OK, "not on before a right code");
    let (app, codes) = enrol(&test, &stale).await?;
    assert_eq!(codes.len(), 10);

    let (status, body) = log_in_with(&test, &user.email, PASSWORD, None).await?;
    assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("otp_required")));
    let (_, wrong_password) = log_in_with(&test, &user.email, "not the password", None).await?;
    assert_eq!(wrong_password["code"], "credentials_invalid");
    let used = now_code(&test, &app);
    let (status, body) = log_in_with(&test, &user.email, PASSWORD, Some(&used)).await?;
    assert_eq!((status, &body), (StatusCode::UNAUTHORIZED, &wrong_password), "the code that turned it on is used up");
    test.advance(30_000);
    let code = now_code(&test, &app);
    let at_once =
        futures_util::future::join_all((0..8).map(|_| log_in_with(&test, &user.email, PASSWORD, Some(&code))));
    let granted =
        at_once.await.into_iter().filter(|got| got.as_ref().is_ok_and(|(status, _)| *status == StatusCode::OK));
    assert_eq!(granted.count(), 1, "a code works once");
    test.advance(3_600_000);
    let shouted = codes[0].to_uppercase().replace('-', " ");
    assert_eq!(log_in_with(&test, &user.email, PASSWORD, Some(&shouted)).await?.0, StatusCode::OK);
    assert_eq!(log_in_with(&test, &user.email, PASSWORD, Some(&codes[0])).await?.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        test.get("/user/totp", Some(&test_session(&test, &user, &codes[1]).await?)).await?["recovery_codes_left"],
        8
    );

    // A million codes: ten tries an hour, whoever sends them.
    test.advance(3_600_000);
    let mut tries = 0;
    while log_in_with(&test, &user.email, PASSWORD, Some("000000")).await?.0 == StatusCode::UNAUTHORIZED {
        tries += 1;
        assert!(tries < 20, "no end to guessing");
    }
    assert_eq!(tries, 10);

    test.advance(3_600_000);
    let owner = test_session(&test, &user, &now_code(&test, &app)).await?;
    test.advance(11 * 60_000);
    let body = json!({ "password": PASSWORD, "new_password": NEW_PASSWORD });
    let (status, answer) = test.post("/user/password", Some(&owner), &body).await?;
    assert_eq!((status, refused(&answer)), (StatusCode::UNPROCESSABLE_ENTITY, ("otp", "otp_required")));
    let proof = json!({ "password": PASSWORD, "otp": now_code(&test, &app) });
    assert_eq!(test.post("/user/step-up", Some(&owner), &proof).await?.0, StatusCode::NO_CONTENT);
    let (_, renewed) = test.post("/user/totp/recovery-codes", Some(&owner), &Value::Null).await?;
    assert_eq!(renewed["recovery_codes"].as_array().map(Vec::len), Some(10));
    assert_eq!(
        log_in_with(&test, &user.email, PASSWORD, Some(&codes[2])).await?.0,
        StatusCode::UNAUTHORIZED,
        "old codes"
    );
    let off = test.request(Method::DELETE, "/user/totp", Some(&owner)).send().await?;
    assert_eq!(off.status(), StatusCode::NO_CONTENT);
    assert_eq!(log_in_with(&test, &user.email, PASSWORD, None).await?.0, StatusCode::OK);
    test.run_jobs().await?;
    let told = test.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("code at login"));
    assert_eq!(told.count(), 3, "on, new codes, off");
    Ok(())
}

/// Signs in with a code.
async fn test_session(test: &TestApp, user: &TestUser, otp: &str) -> anyhow::Result<TestUser> {
    let (status, body) = log_in_with(test, &user.email, PASSWORD, Some(otp)).await?;
    anyhow::ensure!(status == StatusCode::OK, "{status} {body}");
    Ok(TestUser { token: body["token"].as_str().unwrap_or_default().to_owned(), ..user.clone() })
}

/// Logs in as a browser that keeps cookies; the cookie by which it is known from then on.
async fn browse(
    test: &TestApp,
    email: &str,
    password: &str,
    agent: &str,
    known: Option<&str>,
) -> anyhow::Result<(StatusCode, Option<String>)> {
    let mut request = test.request(Method::POST, "/auth/login?cookies=true", None).header("User-Agent", agent);
    if let Some(cookie) = known {
        request = request.header("Cookie", format!("device={cookie}"));
    }
    let response = request.json(&json!({ "email": email, "password": password })).send().await?;
    let set = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let device = set.filter_map(|text| text.strip_prefix("device=")).next();
    let device = device.map(|text| text.split(';').next().unwrap_or_default().to_owned());
    Ok((answer(response).await?.0, device))
}

async fn a_sign_in_from_elsewhere_is_told_to_the_owner(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let told = async || {
        test.run_jobs().await?;
        let mails = test.mail.messages_to(&user.email);
        anyhow::Ok(mails.into_iter().filter(|mail| mail.subject.contains("New sign-in")).collect::<Vec<_>>())
    };
    assert_eq!(told().await?.len(), 0, "the first sign-in after the sign-up is no news");
    test.log_in(&user.email).await?;
    assert_eq!(told().await?.len(), 0, "the same program again");
    let (_, cookie) = browse(&test, &user.email, PASSWORD, "Firefox Linux", None).await?;
    let mails = told().await?;
    assert_eq!(mails.len(), 1);
    let text = mails[0].text.clone().unwrap_or_default();
    assert!(text.contains("Firefox on Linux") && text.contains("2026-11-23"), "{text}");
    let cookie = cookie.context("a cookie")?;
    let (_, again) = browse(&test, &user.email, PASSWORD, "Firefox Linux", Some(&cookie)).await?;
    assert_eq!((again, told().await?.len()), (None, 1), "a known device is no news");
    browse(&test, &user.email, PASSWORD, "Firefox Linux", Some("a made up cookie")).await?;
    assert_eq!(told().await?.len(), 2);
    test.advance(366 * DAY);
    browse(&test, &user.email, PASSWORD, "Firefox Linux", Some(&cookie)).await?;
    assert_eq!(told().await?.len(), 3, "after a year it is unknown again");
    Ok(())
}

async fn s29_guesses_from_elsewhere_do_not_keep_the_owner_out(database: Database) -> anyhow::Result<()> {
    let limits = Limits { credential_per_minute: 10, general_per_minute: 1_000_000 };
    let trusted = vec!["127.0.0.1/32".parse()?];
    let wanted = Wanted { limits, trusted_proxies: trusted, ..Wanted::on(database) };
    let Some(test) = TestApp::start(&wanted).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let (_, cookie) = browse(&test, &user.email, PASSWORD, "Firefox Linux", None).await?;
    let cookie = cookie.context("a cookie")?;
    test.advance(60_000);
    // S29: a thousand guesses on one account, each from another address.
    let mut counts = std::collections::BTreeMap::new();
    for n in 0..40u32 {
        let body = json!({ "email": user.email, "password": format!("guess number {n}") });
        let request = test.request(Method::POST, "/auth/login", None).header("X-Forwarded-For", format!("192.0.2.{n}"));
        *counts.entry(request.json(&body).send().await?.status().as_u16()).or_insert(0) += 1;
    }
    assert_eq!(counts, [(401, 10), (429, 30)].into());
    let without = test.request(Method::POST, "/auth/login", None).header("X-Forwarded-For", "198.51.100.1");
    let without = without.json(&json!({ "email": user.email, "password": PASSWORD })).send().await?;
    assert_eq!(without.status(), StatusCode::TOO_MANY_REQUESTS, "from anywhere else it is a guess too");
    assert_eq!(browse(&test, &user.email, PASSWORD, "Firefox Linux", Some(&cookie)).await?.0, StatusCode::OK);
    // The cookie of one account opens no door to another's.
    test.register("noa@example.net").await?;
    for _ in 0..20 {
        browse(&test, "noa@example.net", "a guess of a word", "Firefox Linux", Some(&cookie)).await?;
    }
    let (status, _) = browse(&test, "noa@example.net", "a guess of a word", "Firefox Linux", Some(&cookie)).await?;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    Ok(())
}

async fn everything_held_is_exported_for_one_who_just_showed_the_password(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "premium").await?;
    test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    let export = test.get("/user/export", Some(&user)).await?;
    let letters = export["mails"].as_array().into_iter().flatten().filter_map(|mail| mail["letter"].as_str());
    assert!(letters.clone().any(|letter| letter == "verify"), "{:?}", letters.collect::<Vec<_>>());
    assert_eq!(export["user"]["email"], user.email);
    for (list, length) in [("sessions", 1), ("subscriptions", 1), ("checkouts", 1), ("invoices", 1), ("devices", 1)] {
        assert_eq!(export[list].as_array().map(Vec::len), Some(length), "{list}: {export}");
    }
    let text = export.to_string();
    assert!(!text.contains("argon2") && !text.contains("PrivateKey"), "{text}");
    test.advance(11 * 60_000);
    let late = test.request(Method::GET, "/user/export", Some(&user)).send().await?;
    assert_eq!(late.status(), StatusCode::FORBIDDEN, "an open browser is not its owner");
    Ok(())
}

async fn delete(test: &TestApp, user: &TestUser, password: &str) -> anyhow::Result<(StatusCode, Value)> {
    let request = test.request(Method::DELETE, "/user/me", Some(user)).json(&json!({ "password": password }));
    answer(request.send().await?).await
}

/// The page of a purchase stays open for a day: whoever pays there for an account that is gone would pay for nothing.
async fn a_purchase_that_is_open_is_closed_when_an_operator_deletes_the_account(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let page = test.checkout(&user, "basic").await?;
    app::admin::users::delete(&test.app, user.id).await?;
    test.run_jobs().await?;
    assert!(test.stripe.pay(&page).is_err(), "nobody can pay on it any more");
    assert_eq!(log_in_with(&test, &user.email, PASSWORD, None).await?.0, StatusCode::UNAUTHORIZED);
    test.all_is_well().await
}

async fn a_deleted_account_leaves_nothing_personal(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "premium").await?;
    test.post("/devices", Some(&user), &json!({ "name": "mika's phone" })).await?;
    assert!(!traces(&test.database_url, "mika's phone").await?.is_empty(), "it can be found");
    let customer = customer_of(&test, &user).await?;
    let (status, body) = delete(&test, &user, "not the password").await?;
    assert_eq!((status, refused(&body)), (StatusCode::UNPROCESSABLE_ENTITY, ("password", "password_wrong")));
    let before = store::vps_servers::all(&test.app.store).await?;
    assert_eq!(delete(&test, &user, PASSWORD).await?.0, StatusCode::NO_CONTENT);
    let after = store::vps_servers::all(&test.app.store).await?;
    assert!(after[0].revision > before[0].revision, "the server hears that the device is gone");
    assert_eq!(me(&test, &user).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in_with(&test, &user.email, PASSWORD, None).await?.0, StatusCode::UNAUTHORIZED);

    test.run_jobs().await?;
    assert!(test.newest_mail(&user.email)?.subject.contains("is deleted"));
    assert!(test.app.stripe.retrieve_customer(&customer).await?.deleted, "Stripe has forgotten the customer too");
    let left = test.app.stripe.list_subscriptions(&customer).await?;
    assert!(left.data.iter().all(|one| one.status == "canceled"), "{left:?}");
    // What Stripe then tells of it changes nothing, and nobody is written to.
    let mails = test.mail.messages().len();
    test.settle().await?;
    assert_eq!(test.mail.messages().len(), mails);
    for trace in [user.email.as_str(), "mika's phone"] {
        assert_eq!(traces(&test.database_url, trace).await?, Vec::<String>::new(), "{trace}");
    }
    // The address is free for a new beginning.
    test.with_user("mika").await?;
    Ok(())
}

async fn a_purchase_under_way_when_the_account_is_deleted_is_ended(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let session = test.pay(&user, "basic").await?;
    // Paid, and the account is gone before Stripe's word of it has come.
    assert_eq!(delete(&test, &user, PASSWORD).await?.0, StatusCode::NO_CONTENT);
    test.settle().await?;
    test.run_jobs().await?;
    let checkout = test.app.stripe.retrieve_checkout_session(&session).await?;
    let subscription = checkout.subscription.context("a subscription")?;
    assert_eq!(test.app.stripe.retrieve_subscription(&subscription).await?.status, "canceled");
    Ok(())
}
