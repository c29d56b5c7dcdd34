//! The Stripe client against a server: what it sends, and what it makes of bad days.

use std::time::{Duration, Instant};

use crate::support::{Seen, hang, nobody, reset, serve};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use clients::stripe::{EventsQuery, NewCheckout, Stripe, StripeError, StripeSettings};
use serde_json::{Value, json};
use url::Url;

const KEY: &str = "sk_test_very_secret";

fn stripe(base: Url) -> Stripe {
    let timeout = Duration::from_millis(500);
    Stripe::new(StripeSettings { base, secret_key: KEY.to_owned().into(), timeout }).expect("a client")
}

fn answer(status: u16, body: &Value) -> Response {
    let headers = [("Request-Id", "req_1"), ("Retry-After", "7")];
    (StatusCode::from_u16(status).expect("a status"), headers, axum::Json(body.clone())).into_response()
}

fn checkout() -> NewCheckout {
    NewCheckout {
        customer: None,
        customer_email: Some("mika@mirai.test".to_owned()),
        price: "price_1".to_owned(),
        client_reference_id: "user-1".to_owned(),
        success_url: "https://mirai.test/thanks?session_id={CHECKOUT_SESSION_ID}".to_owned(),
        cancel_url: "https://mirai.test/pricing".to_owned(),
        metadata: vec![("user_id".to_owned(), "user-1".to_owned()), ("plan".to_owned(), "basic & more".to_owned())],
        promotion_code: Some("promo_1".to_owned()),
        trial_days: Some(7),
        locale: Some("ja".to_owned()),
        automatic_tax: false,
    }
}

fn has(seen: &Seen, name: &str, value: &str) {
    let params = seen.params();
    assert!(params.iter().any(|(n, v)| n == name && v == value), "{name}={value} is not in {params:?}");
}

#[tokio::test]
async fn a_checkout_is_asked_for_as_stripe_documents_it() {
    let (base, log) = serve(|_, _| answer(200, &json!({"id": "cs_1", "url": "https://pay.test/cs_1"}))).await;
    let session = stripe(base).create_checkout_session(&checkout(), "checkout-1").await.unwrap();
    assert_eq!((session.id.as_str(), session.url.as_deref()), ("cs_1", Some("https://pay.test/cs_1")));
    let seen = log.lock().unwrap()[0].clone();
    assert_eq!((seen.method.clone(), seen.path.as_str()), (Method::POST, "/v1/checkout/sessions"));
    assert_eq!(seen.header("authorization"), Some("Bearer sk_test_very_secret"));
    assert_eq!(seen.header("stripe-version"), Some("2026-10-28.endive"));
    assert_eq!(seen.header("idempotency-key"), Some("checkout-1"));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    for (name, value) in [
        ("mode", "subscription"),
        ("line_items[0][price]", "price_1"),
        ("line_items[0][quantity]", "1"),
        ("client_reference_id", "user-1"),
        ("customer_email", "mika@mirai.test"),
        ("success_url", "https://mirai.test/thanks?session_id={CHECKOUT_SESSION_ID}"),
        ("cancel_url", "https://mirai.test/pricing"),
        ("metadata[user_id]", "user-1"),
        ("metadata[plan]", "basic & more"),
        ("subscription_data[metadata][user_id]", "user-1"),
        ("subscription_data[metadata][plan]", "basic & more"),
        ("discounts[0][promotion_code]", "promo_1"),
        ("subscription_data[trial_period_days]", "7"),
        ("locale", "ja"),
    ] {
        has(&seen, name, value);
    }
    for left_out in ["customer", "automatic_tax[enabled]", "customer_update[name]"] {
        assert!(!seen.params().iter().any(|(name, _)| name == left_out), "{left_out}");
    }
}

#[tokio::test]
async fn with_taxes_a_customer_from_before_may_change_name_and_address() {
    let (base, log) = serve(|_, _| answer(200, &json!({"id": "cs_1", "url": "https://pay.test/cs_1"}))).await;
    let stripe = stripe(base);
    let first = NewCheckout { automatic_tax: true, ..checkout() };
    let again = NewCheckout { customer: Some("cus_1".to_owned()), customer_email: None, ..first.clone() };
    stripe.create_checkout_session(&first, "checkout-1").await.unwrap();
    stripe.create_checkout_session(&again, "checkout-2").await.unwrap();
    let log = log.lock().unwrap().clone();
    for seen in &log {
        for name in ["automatic_tax[enabled]", "tax_id_collection[enabled]"] {
            has(seen, name, "true");
        }
        has(seen, "billing_address_collection", "auto");
    }
    // Stripe refuses this where there is no customer yet.
    assert!(!log[0].params().iter().any(|(name, _)| name.starts_with("customer_update")));
    for name in ["customer_update[name]", "customer_update[address]"] {
        has(&log[1], name, "auto");
    }
}

#[tokio::test]
async fn the_portal_lets_customers_change_what_they_could_and_more() {
    let (base, log) = serve(|seen, _| {
        let features = json!({"customer_update": {"enabled": true, "allowed_updates": ["email"]}});
        let one = json!({"id": "bpc_1", "features": features});
        answer(200, &if seen.method == Method::POST { one } else { json!({"data": [one]}) })
    })
    .await;
    let stripe = stripe(base);
    let portal = stripe.default_portal().await.unwrap().unwrap();
    assert_eq!((portal.id.as_str(), portal.updates()), ("bpc_1", &["email".to_owned()][..]));
    stripe.set_portal_updates("bpc_1", &["email", "tax_id"]).await.unwrap();
    let seen = log.lock().unwrap()[1].clone();
    assert_eq!(seen.path, "/v1/billing_portal/configurations/bpc_1");
    has(&seen, "features[customer_update][enabled]", "true");
    has(&seen, "features[customer_update][allowed_updates][1]", "tax_id");
    let (base, _) = serve(|_, _| answer(200, &json!({"data": []}))).await;
    assert!(self::stripe(base).default_portal().await.unwrap().is_none(), "nobody has saved its settings");
}

#[tokio::test]
async fn every_call_goes_to_its_place() {
    let (base, log) = serve(|seen, _| {
        answer(200, &match seen.path.as_str() {
            "/v1/events" => json!({"data": [{
                "id": "evt_1", "type": "invoice.paid", "created": 5, "livemode": false, "data": {"object": {"id": "in_1"}},
            }], "has_more": true}),
            "/v1/invoices" | "/v1/subscriptions" => json!({"data": [], "has_more": false}),
            "/v1/billing_portal/sessions" => json!({"id": "bps_1", "url": "https://portal.test"}),
            "/v1/prices/price_1" => {
                json!({"id": "price_1", "unit_amount": 599, "currency": "usd", "recurring": {"interval": "month"}})
            }
            _ => json!({"id": "x_1", "customer": "cus_1", "status": "canceled", "amount_paid": 599, "currency": "usd"}),
        })
    })
    .await;
    let stripe = stripe(base);
    stripe.retrieve_checkout_session("cs_test_a1").await.unwrap();
    stripe.expire_checkout_session("cs_1", "k1").await.unwrap();
    let portal = stripe.create_portal_session("cus_1", "https://mirai.test/back", Some("fr")).await.unwrap();
    assert_eq!(portal.url, "https://portal.test");
    stripe.retrieve_customer("cus_1").await.unwrap();
    assert_eq!(stripe.retrieve_subscription("sub_1").await.unwrap().status, "canceled");
    stripe.set_cancel_at_period_end("sub_1", true, "k2").await.unwrap();
    stripe.cancel_subscription_now("sub_1", "k3").await.unwrap();
    assert_eq!(stripe.retrieve_invoice("in_1").await.unwrap().amount_paid, 599);
    stripe.list_invoices("cus_1", 500).await.unwrap();
    stripe.list_subscriptions("cus_1").await.unwrap();
    let price = stripe.retrieve_price("price_1").await.unwrap();
    assert_eq!((price.unit_amount, price.recurring.unwrap().interval.as_str()), (Some(599), "month"));
    let query = EventsQuery {
        created_gte: Some(9),
        types: &["invoice.paid", "invoice.voided"],
        ending_before: Some("evt_9"),
        limit: 50,
        ..EventsQuery::default()
    };
    let events = stripe.list_events(&query).await.unwrap();
    assert!(events.has_more && events.data[0].type_ == "invoice.paid" && events.data[0].object["id"] == "in_1");

    let log = log.lock().unwrap().clone();
    let calls: Vec<String> = log.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    assert_eq!(
        calls,
        [
            "GET /v1/checkout/sessions/cs_test_a1",
            "POST /v1/checkout/sessions/cs_1/expire",
            "POST /v1/billing_portal/sessions",
            "GET /v1/customers/cus_1",
            "GET /v1/subscriptions/sub_1",
            "POST /v1/subscriptions/sub_1",
            "DELETE /v1/subscriptions/sub_1",
            "GET /v1/invoices/in_1",
            "GET /v1/invoices",
            "GET /v1/subscriptions",
            "GET /v1/prices/price_1",
            "GET /v1/events",
        ]
    );
    has(&log[2], "locale", "fr");
    has(&log[2], "return_url", "https://mirai.test/back");
    has(&log[5], "cancel_at_period_end", "true");
    assert_eq!(log[5].header("idempotency-key"), Some("k2"));
    has(&log[8], "limit", "100");
    has(&log[9], "status", "all");
    for (name, value) in [
        ("created[gte]", "9"),
        ("types[0]", "invoice.paid"),
        ("types[1]", "invoice.voided"),
        ("ending_before", "evt_9"),
        ("limit", "50"),
    ] {
        has(&log[11], name, value);
    }
}

#[tokio::test]
async fn an_id_from_outside_cannot_become_another_path() {
    let (base, log) = serve(|_, _| answer(200, &json!({"id": "cs_1"}))).await;
    let stripe = stripe(base);
    for id in ["", ".", "..", "../events", "cs_1/expire", "cs_1?x=1", "cs 1", "cs_1\r\nX: y", "未来"] {
        let error = stripe.retrieve_checkout_session(id).await.unwrap_err();
        assert!(matches!(error, StripeError::Refused { status: 404, .. }), "{id:?}: {error}");
    }
    assert!(log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_and_shows_nothing_that_was_sent() {
    let (base, _) = serve(|_, _| {
        answer(
            400,
            &json!({"error": {
                "type": "invalid_request_error", "code": "coupon_expired", "param": "discounts[0][coupon]",
                "message": "mika@mirai.test can't use SPRING with sk_test_very_secret",
            }}),
        )
    })
    .await;
    let error = stripe(base).create_checkout_session(&checkout(), "k").await.unwrap_err();
    assert!(!error.is_retryable());
    let text = format!("{error} {error:?}");
    assert!(text.contains("status 400, invalid_request_error, code coupon_expired"), "{text}");
    assert!(text.contains("req_1"), "{text}");
    for hidden in ["mika", "sk_test", "SPRING"] {
        assert!(!text.contains(hidden), "{text}");
    }
    let StripeError::Refused { status: 400, kind, param, message, request_id, .. } = error else { panic!("{error}") };
    assert_eq!((kind.as_str(), param.as_deref()), ("invalid_request_error", Some("discounts[0][coupon]")));
    assert!(message.contains("SPRING") && request_id.as_deref() == Some("req_1"));
}

#[tokio::test]
async fn statuses() {
    let table = [
        (400, json!({}), "refused"),
        (401, json!({"error": {"type": null}}), "refused"),
        (402, json!({"error": "text"}), "refused"),
        (404, json!({"error": {"type": "invalid_request_error", "code": "resource_missing"}}), "refused"),
        (409, json!({"error": {"code": "lock_timeout"}}), "busy"),
        (409, json!({"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}), "busy"),
        (429, json!({"error": {"code": "rate_limit"}}), "busy"),
        (500, json!({"error": {"type": "api_error"}}), "down"),
        (503, json!(null), "down"),
        (302, json!({}), "unexpected"),
        (200, json!({"id": 5}), "unexpected"),
        (200, json!([]), "unexpected"),
    ];
    for (status, body, expected) in table {
        let sent = body.clone();
        let (base, _) = serve(move |_, _| answer(status, &sent)).await;
        let error = stripe(base).retrieve_subscription("sub_1").await.unwrap_err();
        let found = match error {
            StripeError::Refused { status: found, .. } if found == status => "refused",
            StripeError::Busy { retry_after } if retry_after == Some(Duration::from_secs(7)) => "busy",
            StripeError::Down(_) => "down",
            StripeError::Unexpected(_) => "unexpected",
            _ => "something else",
        };
        assert_eq!(found, expected, "{status} {body}");
        assert_eq!(error.is_retryable(), matches!(found, "busy" | "down"));
    }
}

#[tokio::test]
async fn a_stripe_that_hangs_is_down_after_the_time_that_the_setting_says() {
    let begin = Instant::now();
    let error = stripe(hang().await).create_checkout_session(&checkout(), "k").await.unwrap_err();
    assert!(matches!(error, StripeError::Down(_)), "{error}");
    let took = begin.elapsed();
    assert!((Duration::from_millis(450)..Duration::from_secs(3)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_stripe_that_is_not_there_or_breaks_off_is_down() {
    for base in [reset().await, nobody().await] {
        let error = stripe(base).retrieve_subscription("sub_1").await.unwrap_err();
        assert!(matches!(error, StripeError::Down(_)), "{error}");
        assert!(!error.to_string().contains("sub_1"), "{error}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let (base, log) = serve(|_, before| match before {
        0 => answer(500, &json!({})),
        _ => answer(200, &json!({"id": "cs_1"})),
    })
    .await;
    assert_eq!(stripe(base).create_checkout_session(&checkout(), "checkout-1").await.unwrap().id, "cs_1");
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].body, log[1].body);
    assert!(log.iter().all(|seen| seen.header("idempotency-key") == Some("checkout-1")));
}

#[tokio::test]
async fn what_has_no_key_is_not_posted_twice() {
    let (base, log) = serve(|_, _| answer(500, &json!({}))).await;
    let error = stripe(base).create_portal_session("cus_1", "https://mirai.test", None).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn cancelling_what_has_ended_is_success() {
    for (status, ok) in [("canceled", true), ("active", false)] {
        let (base, _) = serve(move |seen, _| match seen.method {
            Method::DELETE => answer(404, &json!({"error": {"code": "resource_missing"}})),
            _ => answer(200, &json!({"id": "sub_1", "customer": "cus_1", "status": status})),
        })
        .await;
        let done = stripe(base).cancel_subscription_now("sub_1", "k").await;
        assert_eq!(done.is_ok(), ok, "{status}: {done:?}");
    }
}

#[tokio::test]
async fn a_reply_without_end_is_cut() {
    let (base, _) = serve(|_, _| vec![b' '; 9 << 20].into_response()).await;
    let stripe =
        Stripe::new(StripeSettings { base, secret_key: KEY.to_owned().into(), timeout: Duration::from_secs(20) });
    let error = stripe.unwrap().retrieve_price("price_1").await.unwrap_err();
    assert!(error.to_string().contains("no end"), "{error}");
}

#[test]
fn the_key_is_not_shown() {
    let shown = format!("{:?}", stripe(Url::parse("http://127.0.0.1:1").unwrap()));
    assert!(!shown.contains(KEY), "{shown}");
}
