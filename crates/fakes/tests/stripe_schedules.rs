//! The pretend Stripe's schedules: the rules of the real one, and what a subscription becomes by one.

mod support;

use serde_json::{Value, json};
use support::{START, Stripe, Time, text};

/// A subscription to a year that was paid now, and its prices: of the year and of a month.
async fn yearly(stripe: &Stripe) -> (String, String, String) {
    let year = stripe.fake.ensure_price("year", "MiraiVPN basic", 5_990, "usd", "year").expect("a price");
    let form = [
        ("mode", "subscription"),
        ("success_url", "https://vpn.example/thanks"),
        ("line_items[0][price]", year.as_str()),
        ("line_items[0][quantity]", "1"),
    ];
    let session = stripe.post("/v1/checkout/sessions", &form).await.json;
    let paid = stripe.fake.pay(&text(&session, "id")).expect("paid");
    (paid.subscription, year, stripe.price())
}

async fn scheduled(stripe: &Stripe, subscription: &str) -> Value {
    let reply = stripe.post("/v1/subscription_schedules", &[("from_subscription", subscription)]).await;
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

fn message(reply: &support::Reply) -> String {
    text(&reply.json["error"], "message")
}

#[tokio::test]
async fn a_subscription_moves_to_the_next_phase_when_its_period_ends_and_is_its_own_again_after_it() {
    let time = Time::new();
    let stripe = Stripe::start(&time, None, None).await;
    let (subscription, year, month) = yearly(&stripe).await;
    let made = scheduled(&stripe, &subscription).await;
    let (start, end) = (START.to_string(), (START + 365 * 86_400).to_string());
    assert_eq!(made["current_phase"], json!({ "start_date": START, "end_date": START + 365 * 86_400 }));
    let path = format!("/v1/subscription_schedules/{}", text(&made, "id"));
    let good = vec![
        ("phases[0][start_date]", start.as_str()),
        ("phases[0][end_date]", &end),
        ("phases[0][items][0][price]", &year),
        ("phases[1][items][0][price]", &month),
        ("phases[1][duration][interval]", "month"),
        ("proration_behavior", "none"),
    ];
    for (without, with, expect) in [
        ("phases[0][start_date]", None, "Missing at least one phase with a `start_date` to anchor phases to."),
        ("", Some(("phases[0][start_date]", "1")), "You can not modify the start date of the current phase."),
        ("phases[1][duration][interval]", None, "Missing required param: phases[1][end_date]."),
        ("", Some(("phases[1][iterations]", "1")), "Received unknown parameter: phases[1][iterations]"),
        ("", Some(("phases[1][items][0][price]", "price_none")), "No such price: 'price_none'"),
        ("", Some(("phases[1][discounts][0][discount]", "di_none")), "No such discount: 'di_none'"),
        (
            "",
            Some(("phases[0][end_date]", start.as_str())),
            "The end date of a phase must be after its start and in the future.",
        ),
    ] {
        let mut form: Vec<(&str, &str)> = good.iter().filter(|(name, _)| *name != without).copied().collect();
        form.extend(with);
        assert_eq!(message(&stripe.post(&path, &form).await), expect, "{without} {with:?}");
    }
    assert_eq!(stripe.post(&path, &good).await.status, 200);
    let invoices = || stripe.get("/v1/invoices");
    assert_eq!(invoices().await.json["data"].as_array().unwrap().len(), 1, "nothing is charged now");

    time.advance(365 * 86_400);
    assert_eq!(stripe.fake.run_due().unwrap(), 1);
    let moved = stripe.fake.object(&subscription).unwrap();
    let item = &moved["items"]["data"][0];
    assert_eq!((&item["price"]["id"], &item["current_period_end"]), (&json!(month), &json!(START + 395 * 86_400)));
    assert_eq!(invoices().await.json["data"][0]["amount_paid"], 599);
    assert_eq!(moved["schedule"], made["id"], "its last phase runs");
    time.advance(30 * 86_400);
    stripe.fake.run_due().unwrap();
    assert_eq!(stripe.fake.object(&subscription).unwrap()["schedule"], Value::Null);
    let over = stripe.get(&path).await.json;
    assert_eq!((&over["status"], &over["current_phase"]), (&json!("completed"), &Value::Null));
}

#[tokio::test]
async fn a_schedule_stands_alone_keeps_the_end_to_itself_and_is_released_once() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let (subscription, ..) = yearly(&stripe).await;
    let none = stripe.post("/v1/subscription_schedules", &[("from_subscription", "sub_none")]).await;
    assert_eq!(none.error(), "400 invalid_request_error resource_missing from_subscription");
    let made = scheduled(&stripe, &subscription).await;
    let id = text(&made, "id");
    let path = format!("/v1/subscriptions/{subscription}");
    let second = stripe.post("/v1/subscription_schedules", &[("from_subscription", &subscription)]).await;
    assert_eq!(
        message(&second),
        format!("You cannot migrate a subscription that is already attached to a schedule: `{id}`.")
    );
    for ends in ["true", "false"] {
        let refused = message(&stripe.post(&path, &[("cancel_at_period_end", ends)]).await);
        assert!(refused.contains(&format!("managed by the subscription schedule `{id}`")), "{refused}");
    }
    let release = format!("/v1/subscription_schedules/{id}/release");
    let released = stripe.post(&release, &[]).await.json;
    assert_eq!((&released["status"], &released["subscription"]), (&json!("released"), &Value::Null));
    assert_eq!(released["released_subscription"], subscription);
    assert_eq!(
        message(&stripe.post(&release, &[]).await),
        "You cannot release a subscription schedule that is currently in the `released` status."
    );
    assert_eq!(stripe.post(&path, &[("cancel_at_period_end", "true")]).await.status, 200);
    stripe.post(&path, &[("cancel_at_period_end", "false")]).await;

    let made = scheduled(&stripe, &subscription).await;
    assert_eq!(stripe.send(stripe.request(reqwest::Method::DELETE, &path)).await.status, 200);
    let gone = stripe.get(&format!("/v1/subscription_schedules/{}", text(&made, "id"))).await.json;
    assert_eq!(gone["status"], "canceled", "it ends with its subscription");
}
