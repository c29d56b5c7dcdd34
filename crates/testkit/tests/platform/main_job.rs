//! From sign-up to a WireGuard configuration, through the API alone.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::answer;

testkit::on_both_databases!(
    a_stranger_signs_up_pays_and_holds_a_configuration,
    s28_a_known_address_is_not_told_to_a_stranger,
    s27_no_answer_tells_by_its_speed_whether_an_address_is_known,
    s46_a_strangers_device_is_the_same_404_as_none,
    devices_come_back_with_the_next_subscription,
    a_device_chooses_its_resolver,
    whoever_registers_a_strangers_address_first_stays_outside,
);

async fn a_stranger_signs_up_pays_and_holds_a_configuration(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let (status, refusal) = test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    assert_eq!(status, StatusCode::PAYMENT_REQUIRED, "{refusal}");

    test.pay(&user, "basic").await?;
    test.settle().await?;
    let subscriptions = test.get("/subscriptions", Some(&user)).await?;
    assert_eq!(subscriptions["subscriptions"][0]["plan"], "basic");
    assert_eq!(subscriptions["subscriptions"][0]["status"], "active");
    assert_eq!(subscriptions["subscriptions"][0]["entitled"], true);

    let (status, made) = test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let config = made["config"].as_str().unwrap_or_default();
    for line in ["[Interface]", "[Peer]", "MTU = 1420", "AllowedIPs = 0.0.0.0/0, ::/0", "PersistentKeepalive = 25"] {
        assert!(config.contains(line), "{line} in {config}");
    }
    assert!(config.contains("Endpoint = vpn1.example.net:51820"), "{config}");
    assert!(!config.contains("<your private key>"), "the server made the key: {config}");
    let file = test.dir.join("mirai-phone.conf");
    std::fs::write(&file, config)?;
    std::fs::set_permissions(&file, Permissions::from_mode(0o600))?;
    let key = testkit::wg::strip(&file).await?;
    assert!(config.contains(&key));
    assert!(made["qr"].as_str().unwrap_or_default().starts_with("<svg"));

    let id = made["device"]["id"].as_str().unwrap_or_default();
    let later =
        test.request(Method::GET, &format!("/vps/config?device={id}"), Some(&user)).send().await?.text().await?;
    assert!(later.contains("PrivateKey = <your private key>"), "{later}");
    let (status, refusal) = test.post("/devices", Some(&user), &json!({ "name": "laptop" })).await?;
    assert_eq!(status, StatusCode::CONFLICT, "basic has one device: {refusal}");
    Ok(())
}

async fn s28_a_known_address_is_not_told_to_a_stranger(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let known = json!({ "email": user.email, "password": "another long password" });
    let fresh = json!({ "email": "noa@example.net", "password": "another long password" });
    let first = test.post("/auth/register", None, &known).await?;
    let second = test.post("/auth/register", None, &fresh).await?;
    assert_eq!(first, second);
    test.run_jobs().await?;
    let mail = test.newest_mail(&user.email)?;
    assert!(mail.subject.contains("already have an account"), "{}", mail.subject);
    // The stranger's password did not replace the owner's.
    test.log_in(&user.email).await?;
    let wrong = json!({ "email": user.email, "password": "another long password" });
    let nobody = json!({ "email": "nobody@example.net", "password": "another long password" });
    assert_eq!(test.post("/auth/login", None, &wrong).await?, test.post("/auth/login", None, &nobody).await?);
    Ok(())
}

/// A lower bound, since that alone can't fail on a slow machine: every one of these answers waits for it.
async fn s27_no_answer_tells_by_its_speed_whether_an_address_is_known(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let known = test.with_user("mika").await?.email;
    for email in [known.as_str(), "nobody@example.net"] {
        let password = "another long password";
        for (path, body) in [
            ("/auth/login", json!({ "email": email, "password": password })),
            ("/auth/reset-request", json!({ "email": email })),
            ("/auth/verify/resend", json!({ "email": email })),
            ("/auth/register", json!({ "email": email, "password": password })),
        ] {
            let asked = Instant::now();
            test.post(path, None, &body).await?;
            assert!(asked.elapsed() >= Duration::from_millis(250), "{path} {email}: {:?}", asked.elapsed());
        }
    }
    Ok(())
}

async fn s46_a_strangers_device_is_the_same_404_as_none(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let owner = test.with_subscriber("mika", "premium").await?;
    let stranger = test.with_subscriber("noa", "premium").await?;
    let (_, made) = test.post("/devices", Some(&owner), &json!({ "name": "phone" })).await?;
    let id = made["device"]["id"].as_str().unwrap_or_default().to_owned();
    let absent = "01900000-0000-7000-8000-000000000000";
    for (method, suffix) in [(Method::GET, ""), (Method::DELETE, ""), (Method::POST, "/rekey"), (Method::POST, "/move")]
    {
        let ask = async |id: &str| -> anyhow::Result<(StatusCode, String)> {
            let path = format!("/devices/{id}{suffix}");
            let response = test.request(method.clone(), &path, Some(&stranger)).send().await?;
            Ok((response.status(), response.text().await?))
        };
        let (theirs, none) = (ask(&id).await?, ask(absent).await?);
        assert_eq!(theirs, none, "{method} {suffix}");
        assert_eq!(theirs.0, StatusCode::NOT_FOUND, "{method} {suffix}: {}", theirs.1);
    }
    Ok(())
}

async fn whoever_registers_a_strangers_address_first_stays_outside(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let email = "mika@example.net";
    let register = async |password: &str| {
        test.post("/auth/register", None, &json!({ "email": email, "password": password })).await?;
        test.run_jobs().await
    };
    let login = async |password: &str| -> anyhow::Result<StatusCode> {
        Ok(test.post("/auth/login", None, &json!({ "email": email, "password": password })).await?.0)
    };
    register("the password of a thief").await?;
    register("the owner's own password").await?;
    let owners_link = test.token_mailed(email, "/verify")?;
    // The thief tries once more before the owner opens the mail.
    register("the password of a thief").await?;
    let thiefs_link = test.token_mailed(email, "/verify")?;
    test.verify(&owners_link).await?;
    assert_eq!(login("the password of a thief").await?, StatusCode::UNAUTHORIZED);
    assert_eq!(login("the owner's own password").await?, StatusCode::OK);
    let (status, _) = test.post("/auth/verify", None, &json!({ "token": thiefs_link })).await?;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the other link died");
    assert_eq!(login("the owner's own password").await?, StatusCode::OK);
    Ok(())
}

async fn devices_come_back_with_the_next_subscription(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "premium").await?;
    for name in ["phone", "laptop"] {
        let (status, made) = test.post("/devices", Some(&user), &json!({ "name": name })).await?;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        test.advance(1);
    }
    let old = test.get("/subscriptions", Some(&user)).await?["subscriptions"][0]["id"].clone();
    let path = format!("/subscriptions/{}/cancel", old.as_str().unwrap_or_default());
    assert_eq!(test.post(&path, Some(&user), &json!({ "when": "now" })).await?.0, StatusCode::OK);
    let before = test.get("/devices", Some(&user)).await?;

    test.advance(1);
    test.pay(&user, "basic").await?;
    test.settle().await?;
    let new = test.get("/subscriptions", Some(&user)).await?["subscriptions"][0]["id"].clone();
    let after = test.get("/devices", Some(&user)).await?;
    let (phone, laptop) = (&after["devices"][0], &after["devices"][1]);
    assert_eq!((&phone["name"], &phone["subscription_id"]), (&json!("phone"), &new), "the oldest comes first");
    assert_eq!((&laptop["name"], &laptop["subscription_id"]), (&json!("laptop"), &old), "basic has one slot");
    for field in ["public_key", "address_v4", "address_v6", "server"] {
        assert_eq!(phone[field], before["devices"][0][field], "the file on the phone works again");
    }
    let (status, refusal) = test.post("/devices", Some(&user), &json!({})).await?;
    assert_eq!((status, &refusal["code"]), (StatusCode::CONFLICT, &json!("device_limit")));
    Ok(())
}

async fn a_device_chooses_its_resolver(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "premium").await?;
    let (status, made) = test.post("/devices", Some(&user), &json!({ "name": "phone", "dns": "ad_blocking" })).await?;
    assert_eq!((status, &made["device"]["dns"]), (StatusCode::CREATED, &json!("ad_blocking")));
    assert!(made["config"].as_str().unwrap_or_default().contains("\nDNS = 94.140.14.14\n"), "{made}");
    let id = made["device"]["id"].as_str().unwrap_or_default();
    let change = async |body: Value| {
        answer(test.request(Method::PATCH, &format!("/devices/{id}"), Some(&user)).json(&body).send().await?).await
    };
    let (_, device) = change(json!({ "dns": "plain" })).await?;
    assert_eq!((&device["dns"], &device["name"]), (&json!("plain"), &json!("phone")), "what is left out stays");
    assert_eq!(change(json!({ "name": "tablet" })).await?.1["dns"], "plain");
    let config =
        test.request(Method::GET, &format!("/vps/config?device={id}"), Some(&user)).send().await?.text().await?;
    assert!(config.contains("\nDNS = 10.64.0.1, fd6d:6972:6169::1\n"), "{config}");
    Ok(())
}
