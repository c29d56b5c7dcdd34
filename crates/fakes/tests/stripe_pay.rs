//! The customer's way through the pretend Stripe, over plain HTTP: pay, be declined, renew, cancel, come back.

mod support;

use serde_json::json;
use support::{SECRET, START, Shop, Stripe, Time, text};

const BEGUN: [&str; 8] = [
    "customer.created",
    "invoice.created",
    "customer.subscription.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "checkout.session.completed",
    "customer.subscription.updated",
];

#[tokio::test]
async fn a_customer_pays_on_the_page_and_comes_back_to_the_shop() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let session = stripe.checkout().await;
    let before = stripe.kinds().len();

    let (status, page) = stripe.page(&text(&session, "url")).await;
    assert_eq!(status, 200);
    for shown in [
        "no real money",
        "MiraiVPN basic",
        "$5.99",
        "mika@example.com",
        "id=\"pay\"",
        "id=\"decline\"",
        "https://vpn.example/pricing",
    ] {
        assert!(page.contains(shown), "the page does not show {shown}");
    }

    let (status, location, _) = stripe
        .submit(
            &text(&session, "url"),
            &[("action", "pay"), ("card", "4242 4242 4242 4242"), ("email", "mika@example.com")],
        )
        .await;
    let id = text(&session, "id");
    assert_eq!((status, location), (303, format!("https://vpn.example/thanks?session_id={id}")));
    assert_eq!(stripe.kinds()[before..], BEGUN);

    let session = stripe.get(&format!("/v1/checkout/sessions/{id}?expand[]=subscription.latest_invoice")).await.json;
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("paid")));
    let subscription = &session["subscription"];
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["metadata"], json!({"user_id": "user-1", "plan": "basic"}));
    assert!(subscription.get("current_period_end").is_none(), "the period stands on the items in this version");
    let item = &subscription["items"]["data"][0];
    assert_eq!(item["current_period_start"], START);
    assert_eq!(item["current_period_end"], START + 30 * 86400);
    let invoice = &subscription["latest_invoice"];
    assert_eq!((&invoice["status"], &invoice["amount_paid"]), (&json!("paid"), &json!(599)));
    assert_eq!(invoice["parent"]["subscription_details"]["subscription"], subscription["id"]);
    assert!(invoice.get("subscription").is_none() && subscription.get("_owed").is_none());

    // A second click charges nothing and leads to the same place.
    let (status, location, _) =
        stripe.submit(&format!("{}/pay/{id}", stripe.base), &[("action", "pay"), ("card", "4242424242424242")]).await;
    assert_eq!((status, location), (303, format!("https://vpn.example/thanks?session_id={id}")));
    assert_eq!(stripe.kinds().len(), before + BEGUN.len());
}

#[tokio::test]
async fn a_declined_card_keeps_the_customer_on_the_page_and_charges_nothing() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let session = stripe.checkout().await;
    let before = stripe.kinds().len();
    let url = text(&session, "url");
    for form in
        [[("action", "decline"), ("card", "4242 4242 4242 4242")], [("action", "pay"), ("card", "4000 0000 0000 0002")]]
    {
        let (status, location, page) = stripe.submit(&url, &form).await;
        assert_eq!((status, location.as_str()), (402, ""));
        assert!(page.contains("Your card was declined.") && page.contains("Nothing was charged."));
    }
    let (_, _, page) = stripe.submit(&url, &[("action", "pay"), ("card", "1234")]).await;
    assert!(page.contains("Your card number is invalid."));
    assert_eq!(stripe.kinds().len(), before);
    assert_eq!(stripe.fake.decline(&text(&session, "id")).unwrap(), "Your card was declined.");
    assert!(stripe.fake.pay(&text(&session, "id")).is_ok(), "another card still pays");
}

#[tokio::test]
async fn an_expired_session_takes_no_money() {
    let time = Time::new();
    let stripe = Stripe::start(&time, None, None).await;
    let session = stripe.checkout().await;
    time.advance(24 * 3600);
    let (status, page) = stripe.page(&text(&session, "url")).await;
    assert!(status == 410 && page.contains("expired"));
    assert!(stripe.fake.pay(&text(&session, "id")).is_err());
    assert_eq!(stripe.kinds().last().unwrap(), "checkout.session.expired");
    assert_eq!(stripe.page(&format!("{}/pay/cs_test_none", stripe.base)).await.0, 404);
}

#[tokio::test]
async fn markup_in_a_product_name_stays_text_on_the_pages() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let price = stripe.fake.ensure_price("x", "<script>alert(1)</script>", 100, "usd", "month").unwrap();
    let form = [
        ("mode", "subscription"),
        ("success_url", "https://vpn.example/thanks"),
        ("line_items[0][price]", price.as_str()),
        ("line_items[0][quantity]", "1"),
    ];
    let session = stripe.post("/v1/checkout/sessions", &form).await.json;
    let (_, page) = stripe.page(&text(&session, "url")).await;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"));
}

#[tokio::test]
async fn a_subscription_renews_fails_recovers_and_is_given_up_after_four_attempts() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let session = stripe.checkout().await;
    let paid = stripe.fake.pay(&text(&session, "id")).unwrap();
    let since = |mark: usize| stripe.kinds()[mark..].to_vec();

    let mark = stripe.kinds().len();
    stripe.fake.renew(&paid.subscription).unwrap();
    let renewal = [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    ];
    assert_eq!(since(mark), renewal);
    let subscription = stripe.fake.object(&paid.subscription).unwrap();
    assert_eq!(subscription["items"]["data"][0]["current_period_start"], START + 30 * 86400);
    assert_eq!(subscription["items"]["data"][0]["current_period_end"], START + 61 * 86400);
    let moved = &stripe.fake.events()[mark + 1];
    assert_eq!(moved["data"]["previous_attributes"]["latest_invoice"], paid.invoice);

    let mark = stripe.kinds().len();
    stripe.fake.fail_renewal(&paid.subscription).unwrap();
    let failure = [
        "invoice.created",
        "customer.subscription.updated",
        "invoice.finalized",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ];
    assert_eq!(since(mark), failure);
    assert_eq!(stripe.fake.object(&paid.subscription).unwrap()["status"], "past_due");
    assert!(stripe.fake.renew(&paid.subscription).is_err());

    let mark = stripe.kinds().len();
    stripe.fake.recover(&paid.subscription).unwrap();
    assert_eq!(since(mark), ["invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"]);

    for _ in 0..4 {
        stripe.fake.fail_renewal(&paid.subscription).unwrap();
    }
    let over = stripe.fake.object(&paid.subscription).unwrap();
    assert_eq!(
        (&over["status"], &over["cancellation_details"]["reason"]),
        (&json!("canceled"), &json!("payment_failed"))
    );
    assert_eq!(stripe.kinds().last().unwrap(), "customer.subscription.deleted");
}

#[tokio::test]
async fn a_cancelled_subscription_ends_with_its_period_and_the_portal_does_the_same() {
    let time = Time::new();
    let stripe = Stripe::start(&time, None, None).await;
    let paid = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let path = format!("/v1/subscriptions/{}", paid.subscription);

    let reply = stripe.post(&path, &[("cancel_at_period_end", "true")]).await.json;
    assert_eq!((&reply["cancel_at"], &reply["canceled_at"]), (&json!(START + 30 * 86400), &json!(START)));
    let event = stripe.fake.events().pop().unwrap();
    assert_eq!(event["data"]["previous_attributes"]["cancel_at_period_end"], false);

    let portal = stripe
        .post(
            "/v1/billing_portal/sessions",
            &[("customer", &paid.customer), ("return_url", "https://vpn.example/dashboard")],
        )
        .await
        .json;
    let url = text(&portal, "url");
    let (_, page) = stripe.page(&url).await;
    for shown in
        ["id=\"resume\"", "id=\"cancel-now\"", "id=\"back\"", "Back to vpn.example", "$5.99", "Ends on 2026-12-23"]
    {
        assert!(page.contains(shown), "the portal does not show {shown}");
    }
    let act = |action| [("action", action), ("subscription", paid.subscription.as_str())];
    assert_eq!(stripe.submit(&url, &act("resume")).await.0, 303);
    assert_eq!(stripe.get(&path).await.json["cancel_at_period_end"], false);
    assert!(stripe.page(&url).await.1.contains("id=\"cancel-at-period-end\""));
    stripe.submit(&url, &act("cancel-at-period-end")).await;
    assert_eq!(stripe.get(&path).await.json["cancel_at_period_end"], true);

    time.advance(30 * 86400);
    assert_eq!(stripe.fake.run_due().unwrap(), 1);
    assert_eq!(stripe.get(&path).await.json["status"], "canceled");
    let refused = stripe.post(&path, &[("cancel_at_period_end", "false")]).await;
    assert_eq!(refused.error(), "400 invalid_request_error invalid_canceled_subscription_fields -");
    let listed = |query: &str| format!("/v1/subscriptions?customer={}{query}", paid.customer);
    assert_eq!(stripe.get(&listed("")).await.json["data"], json!([]));
    assert_eq!(stripe.get(&listed("&status=all")).await.json["data"][0]["id"], paid.subscription);
}

#[tokio::test]
async fn another_customers_subscription_is_out_of_the_portals_reach() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let first = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let second = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let portal = stripe.post("/v1/billing_portal/sessions", &[("customer", &first.customer)]).await.json;
    let form = [("action", "cancel-now"), ("subscription", second.subscription.as_str())];
    assert_eq!(stripe.submit(&text(&portal, "url"), &form).await.0, 404);
    assert_eq!(stripe.fake.object(&second.subscription).unwrap()["status"], "active");
}

#[tokio::test]
async fn a_changed_plan_is_prorated_now_later_or_never() {
    for (behavior, due_now, due_next) in
        [("always_invoice", 200, 999), ("create_prorations", 0, 1199), ("none", 0, 999)]
    {
        let time = Time::new();
        let stripe = Stripe::start(&time, None, None).await;
        let premium = stripe.fake.ensure_price("premium", "MiraiVPN premium", 999, "usd", "month").unwrap();
        let paid = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
        let item = text(&stripe.fake.object(&paid.subscription).unwrap()["items"]["data"][0], "id");
        time.advance(15 * 86400);
        let form = [("items[0][id]", item.as_str()), ("items[0][price]", &premium), ("proration_behavior", behavior)];
        let changed = stripe.post(&format!("/v1/subscriptions/{}", paid.subscription), &form).await.json;
        assert_eq!(changed["items"]["data"][0]["price"]["id"], premium);
        assert_eq!(changed["items"]["data"].as_array().unwrap().len(), 1);
        let latest = stripe.fake.object(&text(&changed, "latest_invoice")).unwrap();
        let billed = if latest["id"] == paid.invoice { json!(0) } else { latest["amount_paid"].clone() };
        assert_eq!(billed, due_now, "{behavior}");
        stripe.fake.renew(&paid.subscription).unwrap();
        let renewed = stripe.fake.object(&paid.subscription).unwrap();
        assert_eq!(
            stripe.fake.object(&text(&renewed, "latest_invoice")).unwrap()["amount_paid"],
            due_next,
            "{behavior}"
        );
    }
}

#[tokio::test]
async fn a_price_without_an_items_id_is_a_second_item_as_at_stripe() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let premium = stripe.fake.ensure_price("premium", "MiraiVPN premium", 999, "usd", "month").unwrap();
    let paid = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let form = [("items[0][price]", premium.as_str())];
    let changed = stripe.post(&format!("/v1/subscriptions/{}", paid.subscription), &form).await.json;
    assert_eq!(changed["items"]["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_coupon_takes_its_share_off_the_first_invoice() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let coupon = stripe.post("/v1/coupons", &[("percent_off", "50"), ("max_redemptions", "1")]).await.json;
    let (price, coupon) = (stripe.price(), text(&coupon, "id"));
    let form = [
        ("mode", "subscription"),
        ("success_url", "https://vpn.example/thanks"),
        ("customer_email", "mika@example.com"),
        ("line_items[0][price]", price.as_str()),
        ("line_items[0][quantity]", "1"),
        ("discounts[0][coupon]", coupon.as_str()),
    ];
    let session = stripe.post("/v1/checkout/sessions", &form).await.json;
    assert_eq!(session["amount_total"], 299);
    let paid = stripe.fake.pay(&text(&session, "id")).unwrap();
    assert_eq!(stripe.fake.object(&paid.invoice).unwrap()["amount_paid"], 299);
    stripe.fake.renew(&paid.subscription).unwrap();
    let renewed = stripe.fake.object(&paid.subscription).unwrap();
    assert_eq!(stripe.fake.object(&text(&renewed, "latest_invoice")).unwrap()["amount_paid"], 599);
    assert_eq!(
        stripe.post("/v1/checkout/sessions", &form).await.error(),
        "400 invalid_request_error coupon_expired discounts[0][coupon]"
    );
}

#[tokio::test]
async fn webhooks_are_signed_come_in_order_and_come_again_until_taken() {
    let shop = Shop::open().await;
    let stripe = Stripe::start(&Time::new(), Some(shop.url.clone()), None).await;
    let session = stripe.checkout().await;
    let before = stripe.kinds().len();
    shop.wait_for(before).await;
    stripe.fake.pay(&text(&session, "id")).unwrap();
    let got = shop.wait_for(before + BEGUN.len()).await;
    assert_eq!(got[before..].iter().map(support::Got::kind).collect::<Vec<_>>(), BEGUN);
    for webhook in &got {
        assert_eq!(webhook.signature, fakes::stripe::signature(&webhook.body, SECRET, START));
    }

    shop.answer(500);
    stripe.post("/v1/customers", &[("email", "a@example.com")]).await;
    let count = shop.wait_for(got.len() + 3).await.len();
    assert_eq!(stripe.fake.pending_deliveries().len(), 1);
    shop.answer(200);
    shop.wait_for(count + 1).await;
    for _ in 0..200 {
        if stripe.fake.pending_deliveries().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(stripe.fake.pending_deliveries(), Vec::<String>::new());
    assert_eq!(stripe.fake.events().pop().unwrap()["pending_webhooks"], 0);
}

#[tokio::test]
async fn a_test_switches_delivery_off_and_delivers_in_an_order_of_its_own() {
    let shop = Shop::open().await;
    let stripe = Stripe::start(&Time::new(), Some(shop.url.clone()), None).await;
    stripe.fake.set_webhook_delivery(false);
    stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let ids: Vec<String> = stripe.fake.events().iter().map(|event| text(event, "id")).collect();
    for id in ids.iter().rev() {
        assert_eq!(stripe.fake.deliver(id).await.unwrap(), 200);
    }
    let mut kinds: Vec<String> = shop.got().iter().map(support::Got::kind).collect();
    kinds.reverse();
    assert_eq!(kinds, stripe.kinds());
    assert!(stripe.fake.pending_deliveries().is_empty());
    let (body, header) = stripe.fake.signed(&ids[0], START).unwrap();
    assert_eq!(header, fakes::stripe::signature(&body, SECRET, START));
}

#[tokio::test]
async fn a_restart_keeps_everything_and_delivers_what_was_pending() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/stripe.json");
    let shop = Shop::open().await;
    let time = Time::new();

    let stripe = Stripe::start(&time, Some(shop.url.clone()), Some(&file)).await;
    stripe.fake.set_webhook_delivery(false);
    let session = stripe.checkout().await;
    let price = stripe.price();
    let first = stripe.post_with_key("/v1/customers", &[("email", "k@example.com")], "key-1").await;
    let paid = stripe.fake.pay(&text(&session, "id")).unwrap();
    let events = stripe.fake.events();
    assert_eq!(shop.got().len(), 0);
    stripe.fake.stop().await;

    let stripe = Stripe::start(&time, Some(shop.url.clone()), Some(&file)).await;
    let got = shop.wait_for(events.len()).await;
    let kinds: Vec<String> = events.iter().map(|event| text(event, "type")).collect();
    assert_eq!(got.iter().map(support::Got::kind).collect::<Vec<_>>(), kinds);
    assert_eq!(stripe.get(&format!("/v1/subscriptions/{}", paid.subscription)).await.json["status"], "active");
    assert_eq!(stripe.price(), price, "the catalogue is not made twice");
    let again = stripe.post_with_key("/v1/customers", &[("email", "k@example.com")], "key-1").await;
    assert!(again.replayed && again.json == first.json);

    std::fs::write(&file, "{ half a fi").unwrap();
    let mut options = fakes::stripe::StripeOptions::new(support::listener().await, "k", "s", time.clock());
    options.state_file = Some(file);
    let refused = fakes::stripe::StripeFake::start(options).await.err().unwrap().to_string();
    assert!(refused.contains("stripe.json is not a state file"), "{refused}");
}

#[tokio::test]
async fn a_dropped_fake_answers_no_more() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let Stripe { fake, base, .. } = stripe;
    drop(fake);
    for _ in 0..200 {
        if reqwest::get(format!("{base}/")).await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the server outlived its handle");
}
