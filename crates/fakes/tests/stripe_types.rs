//! The pretend Stripe against the official types and the official SDK (npm `stripe`), so that it can't drift into our own
//! misunderstanding.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails the test")]

#[path = "support/npm.rs"]
mod npm;
mod support;

use fakes::stripe::Buyer;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::Command;
use support::{KEY, SECRET, START, Shop, Stripe, Time, text};

/// What a life must show at least.
const EMITTED: &[&str] = &[
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.refunded",
    "billing_portal.configuration.updated",
    "billing_portal.session.created",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "customer.created",
    "customer.deleted",
    "customer.discount.created",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "price.created",
    "price.updated",
    "product.created",
    "promotion_code.created",
    "promotion_code.updated",
    "refund.created",
    "subscription_schedule.created",
    "subscription_schedule.released",
    "subscription_schedule.updated",
];

/// Waits until every event was posted.
async fn posted(stripe: &Stripe) {
    for _ in 0..1000 {
        if stripe.fake.pending_deliveries().is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("events are still pending");
}

/// The official type of an object, by its `object` field.
fn type_of(object: &Value) -> &'static str {
    match text(object, "object").as_str() {
        "customer" => "Stripe.Customer",
        "product" => "Stripe.Product",
        "price" => "Stripe.Price",
        "coupon" => "Stripe.Coupon",
        "promotion_code" => "Stripe.PromotionCode",
        "discount" => "Stripe.Discount",
        "subscription_schedule" => "Stripe.SubscriptionSchedule",
        "checkout.session" => "Stripe.Checkout.Session",
        "item" => "Stripe.LineItem",
        "subscription" => "Stripe.Subscription",
        "invoice" => "Stripe.Invoice",
        "charge" => "Stripe.Charge",
        "refund" => "Stripe.Refund",
        "dispute" => "Stripe.Dispute",
        "invoice_payment" => "Stripe.InvoicePayment",
        "payment_intent" => "Stripe.PaymentIntent",
        "payment_method" => "Stripe.PaymentMethod",
        "billing_portal.session" => "Stripe.BillingPortal.Session",
        "billing_portal.configuration" => "Stripe.BillingPortal.Configuration",
        other => panic!("the fake emitted an object that this test has no type for: {other}"),
    }
}

/// The object as a TypeScript expression on one line: JSON, with the decimals wrapped as the SDK wraps them.
fn expression(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| match value {
                    Value::String(_) if name.ends_with("_decimal") => format!("{}: decimal({value})", json!(name)),
                    value => format!("{}: {}", json!(name), expression(value)),
                })
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(expression).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn check(file: &mut String, object: &Value) {
    if object["object"] == "list" {
        let data = object["data"].as_array().unwrap();
        data.iter().for_each(|item| check(file, item));
        let mut empty = object.clone();
        empty["data"] = json!([]);
        writeln!(file, "({}) satisfies Stripe.ApiList<never>;", expression(&empty)).unwrap();
    } else if object["object"] == "event" {
        writeln!(file, "({}) satisfies Emitted<{}>;", expression(object), object["type"]).unwrap();
    } else {
        writeln!(file, "({}) satisfies Closed<{}>;", expression(object), type_of(object)).unwrap();
    }
}

/// What must not pass, so that a check which lets everything through is found out.
fn controls(file: &mut String, stripe: &Stripe, subscription: &str) {
    let good = stripe.fake.object(subscription).unwrap();
    let mut broken = vec![good.clone(), good.clone(), good.clone(), good.clone(), good];
    broken[0].as_object_mut().unwrap().remove("items");
    broken[1]["current_period_end"] = json!(START);
    broken[2]["status"] = json!("paid");
    broken[3]["items"]["data"][0].as_object_mut().unwrap().remove("current_period_end");
    broken[4]["items"]["data"][0]["price"]["recurring"]["interval"] = json!("fortnight");
    for object in &broken {
        writeln!(file, "// @ts-expect-error").unwrap();
        check(file, object);
    }
    let mut event = stripe.fake.events().pop().unwrap();
    event["data"]["object"]["no_such_field"] = json!(1);
    writeln!(file, "// @ts-expect-error").unwrap();
    check(file, &event);
}

/// What can become of a payment; every reply on the way.
async fn money_back(stripe: &Stripe, paid: &fakes::stripe::Paid) -> Vec<Value> {
    let payments = stripe.get(&format!("/v1/invoice_payments?invoice={}", paid.invoice)).await.json;
    let intent = text(&payments["data"][0]["payment"], "payment_intent");
    let charge = text(&stripe.get(&format!("/v1/payment_intents/{intent}")).await.json, "latest_charge");
    let mut replies = payments["data"].as_array().unwrap().clone();
    replies.push(stripe.post("/v1/refunds", &[("charge", &charge), ("amount", "100")]).await.json);
    let dispute = stripe.fake.dispute(&paid.invoice).unwrap();
    stripe.fake.close_dispute(&dispute, "won").unwrap();
    replies.push(stripe.get(&format!("/v1/disputes/{dispute}")).await.json);
    replies.push(stripe.get(&format!("/v1/charges/{charge}")).await.json);
    stripe.fake.pause(&paid.subscription).unwrap();
    stripe.fake.unpause(&paid.subscription).unwrap();
    replies
}

/// A change for the end of the period, taken back; every reply on the way.
async fn schedule(stripe: &Stripe, subscription: &str, price: &str) -> Vec<Value> {
    let made = stripe.post("/v1/subscription_schedules", &[("from_subscription", subscription)]).await.json;
    let path = format!("/v1/subscription_schedules/{}", text(&made, "id"));
    let date = |name: &str| made["current_phase"][name].to_string();
    let (start, end) = (date("start_date"), date("end_date"));
    let form = [
        ("phases[0][start_date]", start.as_str()),
        ("phases[0][end_date]", &end),
        ("phases[0][items][0][price]", price),
        ("phases[1][items][0][price]", &stripe.price()),
        ("phases[1][duration][interval]", "month"),
    ];
    let set = stripe.post(&path, &form).await.json;
    let expand = "?expand[]=schedule.phases.items.price";
    let followed = stripe.get(&format!("/v1/subscriptions/{subscription}{expand}")).await.json;
    let released = stripe.post(&format!("{path}/release"), &[]).await.json;
    vec![made, set, followed, stripe.get(&path).await.json, released]
}

/// A purchase with taxes, and a second one by the same customer; every reply on the way.
async fn taxes(stripe: &Stripe) -> Vec<Value> {
    let price = stripe.price();
    let path = format!("/v1/prices/{price}");
    let mut replies = vec![stripe.post(&path, &[("tax_behavior", "inclusive")]).await.json];
    let taxed = [
        ("mode", "subscription"),
        ("success_url", "https://vpn.example/thanks"),
        ("line_items[0][price]", price.as_str()),
        ("line_items[0][quantity]", "1"),
        ("automatic_tax[enabled]", "true"),
        ("tax_id_collection[enabled]", "true"),
        ("billing_address_collection", "auto"),
    ];
    let first = stripe.post("/v1/checkout/sessions", &taxed).await.json;
    let company = Buyer { country: "FR", company: "Acme SARL", tax_id: "FR12345678901" };
    let paid = stripe.fake.pay_as(&text(&first, "id"), company).unwrap();
    let again =
        [("customer", paid.customer.as_str()), ("customer_update[name]", "auto"), ("customer_update[address]", "auto")];
    let second = stripe.post("/v1/checkout/sessions", &[&taxed[..], &again].concat()).await.json;
    stripe.fake.pay(&text(&second, "id")).unwrap();
    replies.extend([first.clone(), second]);
    replies.push(stripe.get(&format!("/v1/checkout/sessions/{}", text(&first, "id"))).await.json);
    replies.push(stripe.get(&format!("/v1/invoices/{}", paid.invoice)).await.json);
    replies.push(stripe.get(&format!("/v1/customers/{}", paid.customer)).await.json);
    replies.push(stripe.get(&format!("/v1/subscriptions/{}", paid.subscription)).await.json);
    let portals = stripe.get("/v1/billing_portal/configurations?is_default=true").await.json;
    let path = format!("/v1/billing_portal/configurations/{}", text(&portals["data"][0], "id"));
    let allowed = [
        ("features[customer_update][enabled]", "true"),
        ("features[customer_update][allowed_updates][0]", "name"),
        ("features[customer_update][allowed_updates][1]", "tax_id"),
    ];
    replies.extend([portals, stripe.post(&path, &allowed).await.json]);
    replies
}

/// A whole life of the fake; every reply that it gave.
async fn life(stripe: &Stripe, time: &Time) -> (Vec<Value>, String) {
    let mut replies = Vec::new();
    let form =
        [("email", "a@example.com"), ("name", "Mika"), ("preferred_locales[]", "fr"), ("metadata[user_id]", "1")];
    let customer = stripe.post("/v1/customers", &form).await.json;
    let customer_path = format!("/v1/customers/{}", text(&customer, "id"));
    replies.push(customer.clone());
    replies.push(stripe.post(&customer_path, &[("name", "Mika M.")]).await.json);
    replies.push(stripe.get(&customer_path).await.json);
    let product =
        stripe.post("/v1/products", &[("name", "MiraiVPN premium"), ("description", "Five devices")]).await.json;
    let product_id = text(&product, "id");
    let form = [
        ("product", product_id.as_str()),
        ("unit_amount", "9990"),
        ("currency", "eur"),
        ("recurring[interval]", "year"),
    ];
    replies.extend([product, stripe.post("/v1/prices", &form).await.json]);
    let premium = stripe.fake.ensure_price("premium", "MiraiVPN premium", 999, "usd", "month").unwrap();
    replies
        .push(stripe.post("/v1/coupons", &[("id", "SPRING"), ("amount_off", "100"), ("currency", "usd")]).await.json);
    replies.push(
        stripe
            .post("/v1/coupons", &[("percent_off", "12.5"), ("duration", "repeating"), ("duration_in_months", "3")])
            .await
            .json,
    );

    let form = [("promotion[type]", "coupon"), ("promotion[coupon]", "SPRING"), ("code", "SPRING-26")];
    let promotion = stripe.post("/v1/promotion_codes", &form).await.json;
    let path = format!("/v1/promotion_codes/{}", text(&promotion, "id"));
    let promotion_id = text(&promotion, "id");
    replies.extend([promotion, stripe.post(&path, &[("metadata[of]", "spring")]).await.json]);

    // One with a known customer and a coupon, one with an address only, one that expires.
    let customer_id = text(&customer, "id");
    let form = [
        ("mode", "subscription"),
        ("success_url", "https://vpn.example/thanks"),
        ("customer", customer_id.as_str()),
        ("line_items[0][price]", premium.as_str()),
        ("line_items[0][quantity]", "1"),
        ("discounts[0][promotion_code]", promotion_id.as_str()),
    ];
    let discounted = stripe.post("/v1/checkout/sessions", &form).await.json;
    let session = stripe.checkout().await;
    let unpaid = stripe.checkout().await;
    replies.extend([discounted.clone(), session.clone(), unpaid.clone()]);
    replies.push(stripe.post(&format!("/v1/checkout/sessions/{}/expire", text(&unpaid, "id")), &[]).await.json);
    stripe.fake.decline(&text(&session, "id")).unwrap();
    stripe.fake.pay(&text(&discounted, "id")).unwrap();
    let paid = stripe.fake.pay(&text(&session, "id")).unwrap();
    let session_path = format!("/v1/checkout/sessions/{}", text(&session, "id"));
    let expand = "?expand[]=line_items&expand[]=customer&expand[]=subscription&expand[]=invoice";
    replies.push(stripe.get(&session_path).await.json);
    replies.push(stripe.get(&format!("{session_path}{expand}")).await.json);
    replies.push(stripe.get(&format!("{session_path}/line_items")).await.json);

    let path = format!("/v1/subscriptions/{}", paid.subscription);
    replies.push(
        stripe.get(&format!("{path}?expand[]=latest_invoice.payments&expand[]=default_payment_method")).await.json,
    );
    posted(stripe).await;
    time.advance(15 * 86400);
    let item = text(&stripe.get(&path).await.json["items"]["data"][0], "id");
    let form =
        [("items[0][id]", item.as_str()), ("items[0][price]", &premium), ("proration_behavior", "always_invoice")];
    replies.push(stripe.post(&path, &form).await.json);
    replies.extend(schedule(stripe, &paid.subscription, &premium).await);
    posted(stripe).await;
    time.advance(15 * 86400);
    stripe.fake.renew(&paid.subscription).unwrap();
    posted(stripe).await;
    time.advance(31 * 86400);
    stripe.fake.fail_renewal(&paid.subscription).unwrap();
    replies.push(stripe.get(&path).await.json);
    stripe.fake.recover(&paid.subscription).unwrap();
    replies.push(stripe.post(&path, &[("cancel_at_period_end", "true"), ("metadata[plan]", "premium")]).await.json);
    replies.extend(money_back(stripe, &paid).await);
    replies.extend(taxes(stripe).await);
    replies.push(stripe.post("/v1/billing_portal/sessions", &[("customer", &paid.customer)]).await.json);
    replies.push(stripe.post(&path, &[("cancel_at_period_end", "false")]).await.json);
    replies.push(stripe.send(stripe.request(reqwest::Method::DELETE, &path)).await.json);
    let gone = format!("/v1/customers/{}", paid.customer);
    let deleted = stripe.send(stripe.request(reqwest::Method::DELETE, &gone)).await.json;
    assert_eq!(deleted, json!({ "id": paid.customer, "object": "customer", "deleted": true }), "a DeletedCustomer");

    for list in [
        "customers",
        "products",
        "prices",
        "checkout/sessions",
        "subscriptions?status=all",
        "invoices",
        "events?limit=100",
    ] {
        replies.push(stripe.get(&format!("/v1/{list}")).await.json);
    }
    let invoices =
        stripe.get(&format!("/v1/invoices?subscription={}&expand[]=data.payments", paid.subscription)).await.json;
    for invoice in invoices["data"].as_array().unwrap() {
        let intent = text(&invoice["payments"]["data"][0]["payment"], "payment_intent");
        replies.push(stripe.get(&format!("/v1/payment_intents/{intent}")).await.json);
        if let Some(method) = replies.last().unwrap()["payment_method"].as_str().map(str::to_owned) {
            replies.push(stripe.get(&format!("/v1/payment_methods/{method}")).await.json);
        }
    }
    replies.push(invoices);
    (replies, paid.subscription)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_object_fits_the_official_types_and_the_official_sdk_is_content() {
    let Some(folder) = npm::installed("stripe-types", &["closed.ts", "drive.mjs"]) else { return };
    let shop = Shop::open().await;
    let time = Time::new();
    let stripe = Stripe::start(&time, Some(shop.url.clone()), None).await;
    let (replies, subscription) = life(&stripe, &time).await;
    posted(&stripe).await;
    // As the shop got them: the fake itself forgets events after 30 days, and the life is longer.
    let events: Vec<Value> = shop.got().iter().map(|got| serde_json::from_str(&got.body).unwrap()).collect();
    for kind in EMITTED {
        assert!(events.iter().any(|event| event["type"] == *kind), "the life has no {kind}");
    }

    let mut file = String::from(
        "import type Stripe from 'stripe';\nimport { decimal, type Closed, type Emitted } from './closed.js';\n\n",
    );
    for object in replies.iter().chain(&events) {
        assert!(object.get("error").is_none(), "the life met an error: {object}");
        check(&mut file, object);
    }
    controls(&mut file, &stripe, &subscription);
    std::fs::write(folder.join("emitted.ts"), file).unwrap();
    npm::run(
        Command::new("node").args(["node_modules/typescript/bin/tsc", "--noEmit", "--strict", "-p", "tsconfig.json"]),
        &folder,
        "",
    );

    // Each webhook as it was posted, with the time that its signature names.
    let webhooks: Vec<Value> = shop
        .got()
        .iter()
        .map(|got| {
            let at: i64 = got.signature.trim_start_matches("t=").split(',').next().unwrap().parse().unwrap();
            json!({ "body": got.body, "signature": got.signature, "at": at })
        })
        .collect();
    let port: u16 = stripe.base.rsplit(':').next().unwrap().parse().unwrap();
    let given = json!({
        "host": "127.0.0.1", "port": port, "key": KEY, "secret": SECRET, "now": (time.clock())(), "price": stripe.price(),
        "webhooks": webhooks,
    });
    npm::run(Command::new("node").arg("drive.mjs"), &folder, &given.to_string());
}
