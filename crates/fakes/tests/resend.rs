//! The pretend Resend: its rules, and the mailbox that a person or a test reads.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod support;

use fakes::resend::{ResendFake, ResendOptions};
use serde_json::{Value, json};
use std::path::Path;
use support::{Time, listener};

const KEY: &str = "re_test";

async fn start(time: &Time, state_file: Option<&Path>) -> ResendFake {
    let options = ResendOptions {
        listener: listener().await,
        api_key: KEY.to_owned(),
        state_file: state_file.map(Path::to_path_buf),
        now: time.clock(),
    };
    ResendFake::start(options).await.unwrap()
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn send(fake: &ResendFake, mail: &Value, key: Option<&str>) -> (u16, Value) {
    let mut request = http().post(format!("{}/emails", fake.base_url())).bearer_auth(KEY).json(mail);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn mail() -> Value {
    json!({
        "from": "MiraiVPN <hello@vpn.example>", "to": ["mika@example.com"], "subject": "Confirm <your> address",
        "text": "Confirm here:\nhttps://vpn.example/verify?token=abc&x=1\n",
        "html": "<p>Confirm <a href=\"https://vpn.example/verify?token=abc\">here</a></p><script>alert(1)</script>",
    })
}

#[tokio::test]
async fn a_mail_is_taken_and_read_on_the_page() {
    let time = Time::new();
    let fake = start(&time, None).await;
    assert!(page(&fake, "/").await.2.contains("No mail yet"));
    let (status, sent) = send(&fake, &mail(), None).await;
    assert_eq!(status, 200);
    let id = sent["id"].as_str().unwrap().to_owned();
    time.advance(60);
    let mut second = mail();
    second["to"] = json!("Yuki <YUKI@example.com>");
    second["subject"] = json!("Second");
    send(&fake, &second, None).await;

    let (_, _, list) = page(&fake, "/").await;
    assert!(list.find("Second").unwrap() < list.find("Confirm &lt;your&gt; address").unwrap(), "newest first");
    assert!(
        list.contains(&format!("/messages/{id}"))
            && list.contains("mika@example.com")
            && list.contains("2026-11-23 12:01 UTC")
    );
    let (_, _, one) = page(&fake, &format!("/messages/{id}")).await;
    assert!(one.contains("<a href=\"https://vpn.example/verify?token=abc&amp;x=1\">"));
    assert!(one.contains("sandbox=\"allow-popups\"") && !one.contains("<script>"));
    let (status, policy, html) = page(&fake, &format!("/messages/{id}/html")).await;
    assert!(status == 200 && html.contains("<p>Confirm"));
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("script"));
    assert_eq!(page(&fake, "/messages/none").await.0, 404);

    assert_eq!(fake.messages().len(), 2);
    assert_eq!(fake.messages_to("yuki@example.com")[0].subject, "Second");
    let (_, _, text) = page(&fake, "/messages.json?to=mika@example.com").await;
    let listed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["id"]), (1, &json!(id)));

    let url = format!("{}/emails/{id}", fake.base_url());
    let got: Value = http().get(&url).bearer_auth(KEY).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&got["object"], &got["last_event"], &got["subject"]),
        (&json!("email"), &json!("delivered"), &mail()["subject"])
    );
}

#[tokio::test]
async fn further_headers_are_kept_and_shown() {
    let fake = start(&Time::new(), None).await;
    let mut mail = mail();
    mail["headers"] = json!({ "List-Unsubscribe": "<https://vpn.example/unsubscribe?token=abc>" });
    let (_, sent) = send(&fake, &mail, None).await;
    assert_eq!(fake.messages()[0].headers["List-Unsubscribe"], "<https://vpn.example/unsubscribe?token=abc>");
    let (_, _, one) = page(&fake, &format!("/messages/{}", sent["id"].as_str().unwrap())).await;
    assert!(one.contains("<dt>List-Unsubscribe</dt>"), "{one}");
    assert!(one.contains("<a href=\"https://vpn.example/unsubscribe?token=abc\">"), "{one}");
}

async fn page(fake: &ResendFake, path: &str) -> (u16, String, String) {
    let answer = http().get(format!("{}{path}", fake.base_url())).send().await.unwrap();
    let policy = answer.headers().get("content-security-policy").map_or("", |value| value.to_str().unwrap()).to_owned();
    (answer.status().as_u16(), policy, answer.text().await.unwrap())
}

#[tokio::test]
async fn a_mail_that_resend_would_refuse_is_refused_with_the_same_name() {
    let fake = start(&Time::new(), None).await;
    let many: Vec<String> = (0..51).map(|number| format!("a{number}@example.com")).collect();
    for (field, value, expect) in [
        ("from", Value::Null, "422 missing_required_field"),
        ("from", json!("hello"), "422 invalid_from_address"),
        ("from", json!("MiraiVPN <hello@localhost>"), "422 invalid_from_address"),
        ("to", Value::Null, "422 missing_required_field"),
        ("to", json!([]), "422 missing_required_field"),
        ("to", json!(["nobody"]), "422 validation_error"),
        ("to", json!(many), "422 validation_error"),
        ("to", json!(many[..50]), "200 -"),
        ("subject", Value::Null, "422 missing_required_field"),
        ("subject", json!("a\r\nBcc: x@example.com"), "422 validation_error"),
        ("html", Value::Null, "200 -"),
        ("text", json!(7), "422 validation_error"),
        ("template", json!("x"), "422 validation_error"),
    ] {
        let mut mail = mail();
        mail[field] = value.clone();
        let (status, body) = send(&fake, &mail, None).await;
        assert_eq!(format!("{status} {}", body["name"].as_str().unwrap_or("-")), expect, "{field} {value}");
    }
    let mut empty = mail();
    (empty["html"], empty["text"]) = (Value::Null, Value::Null);
    assert_eq!(send(&fake, &empty, None).await.0, 422);

    let url = format!("{}/emails", fake.base_url());
    for (request, status, name) in [
        (http().post(&url).json(&mail()), 401, "missing_api_key"),
        (http().post(&url).bearer_auth("re_wrong").json(&mail()), 403, "invalid_api_key"),
        (http().post(&url).bearer_auth(KEY).body("{"), 422, "validation_error"),
        (http().get(format!("{url}/none")).bearer_auth(KEY), 404, "not_found"),
    ] {
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!((&body["statusCode"], &body["name"]), (&json!(status), &json!(name)));
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
}

#[tokio::test]
async fn the_same_key_sends_one_mail_a_day_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.json");
    let time = Time::new();
    let fake = start(&time, Some(&file)).await;
    let first = send(&fake, &mail(), Some("row-1")).await;
    assert_eq!(send(&fake, &mail(), Some("row-1")).await, first);
    let mut other = mail();
    other["subject"] = json!("Other");
    let (status, body) = send(&fake, &other, Some("row-1")).await;
    assert_eq!((status, &body["name"]), (409, &json!("invalid_idempotent_request")));
    assert_eq!(send(&fake, &mail(), Some(&"k".repeat(257))).await.1["name"], "invalid_idempotency_key");
    fake.stop().await;

    let fake = start(&time, Some(&file)).await;
    assert_eq!(send(&fake, &mail(), Some("row-1")).await, first);
    assert_eq!(fake.messages().len(), 1);
    assert_eq!(fake.messages()[0].idempotency_key.as_deref(), Some("row-1"));
    time.advance(24 * 3600);
    assert_ne!(send(&fake, &mail(), Some("row-1")).await, first);
    assert_eq!(fake.messages().len(), 2);
}
