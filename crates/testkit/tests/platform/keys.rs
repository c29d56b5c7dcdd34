//! Rotation of the keys that seal secrets at rest.

use std::sync::Arc;

use app::Sealer;
use app::admin::{COMMAND_LINE, keys};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::PASSWORD;
use totp_rs::Totp;

testkit::on_both_databases!(after_a_rotation_the_old_key_can_be_taken_out);

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "//////////////////////////////////////////8=";

async fn after_a_rotation_the_old_key_can_be_taken_out(database: Database) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    for name in ["phone", "laptop", "tablet"] {
        test.post("/devices", Some(&user), &json!({ "name": name })).await?;
    }
    let (_, enrolment) = test.post("/user/totp", Some(&user), &Value::Null).await?;
    let authenticator = Totp::from_url(enrolment["uri"].as_str().unwrap_or_default())?;
    let code =
        |test: &TestApp| authenticator.generate(u64::try_from(test.app.clock.now() / 1000).expect("late")).to_string();
    test.post("/user/totp/confirm", Some(&user), &json!({ "otp": code(&test) })).await?;
    test.run_jobs().await?;
    test.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;

    app::admin::status::add_webhook(&test.app, COMMAND_LINE, "https://hooks.example.com/").await?;

    let mut rotating = test.app.clone();
    rotating.sealer = Arc::new(Sealer::from_setting(&format!("{NEW},{OLD}"))?);
    let done = keys::rotate(&rotating).await?;
    assert_eq!((done.resealed, done.current), (6, 0), "three devices, a second factor, a mail that waits, a webhook");
    assert_eq!(keys::rotate(&rotating).await?.resealed, 0, "again at will");

    // Only the new key is left.
    test.app.sealer = Arc::new(Sealer::from_setting(NEW)?);
    let who = app::session::by_access_token(&test.app, &user.token, test.app.clock.now()).await?;
    for device in app::device::list(&test.app, &who).await? {
        assert!(app::device::config_text(&test.app, &device, None)?.contains("PresharedKey"));
    }
    test.run_jobs().await?;
    assert!(test.newest_mail(&user.email)?.subject.contains("new password"));
    test.advance(30_000);
    let typed = app::sign_in::Credentials { email: &user.email, password: PASSWORD, otp: Some(&code(&test)) };
    let from = app::sign_in::Origin { client: "test", device: None, keeps_cookies: false };
    assert!(app::sign_in::api(&test.app, &typed, from).await.is_ok());
    assert_eq!(test.get("/user/totp", Some(&user)).await?["on"], true);
    Ok(())
}
