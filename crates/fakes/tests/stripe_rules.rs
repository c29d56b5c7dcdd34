//! The rules of the pretend Stripe's API: keys, parameters, lists, idempotency.

mod support;

use fakes::stripe::Buyer;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use support::{KEY, START, Stripe, Time, text};

#[tokio::test]
async fn a_caller_shows_the_secret_key() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/customers", stripe.base);
    let none = stripe.send(http.get(&url)).await;
    assert_eq!(none.error(), "401 invalid_request_error - -");
    assert!(text(&none.json["error"], "message").starts_with("You did not provide an API key"));
    let wrong = stripe.send(http.get(&url).bearer_auth("sk_test_wrong")).await;
    assert_eq!(text(&wrong.json["error"], "message"), "Invalid API Key provided: *********rong");
    assert_eq!(stripe.send(http.get(&url).basic_auth(KEY, Some(""))).await.status, 200);
}

#[tokio::test]
async fn another_version_or_path_or_body_is_refused() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let get = |version| stripe.request(reqwest::Method::GET, "/v1/customers").header("stripe-version", version);
    assert_eq!(stripe.send(get("2026-10-28.endive")).await.status, 200);
    assert_eq!(stripe.send(get("2024-06-20")).await.status, 400);
    assert_eq!(stripe.get("/v1/nonsense").await.error(), "404 invalid_request_error - -");
    let body = stripe.request(reqwest::Method::POST, "/v1/customers").json(&json!({"email": "a@example.com"}));
    assert_eq!(stripe.send(body).await.status, 400);
    assert!(stripe.get("/v1/customers").await.request_id.starts_with("req_"));
}

#[tokio::test]
async fn a_checkout_that_stripe_would_refuse_is_refused_with_the_same_code() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let price = stripe.price();
    let customer = text(&stripe.post("/v1/customers", &[("email", "a@example.com")]).await.json, "id");
    let good: Vec<(&str, &str)> = vec![
        ("mode", "subscription"),
        ("success_url", "https://vpn.example/thanks"),
        ("line_items[0][price]", &price),
        ("line_items[0][quantity]", "1"),
    ];
    for (without, with, expect) in [
        ("mode", None, "parameter_missing mode"),
        ("success_url", None, "parameter_missing success_url"),
        ("line_items[0][quantity]", None, "parameter_missing line_items[0][quantity]"),
        ("", Some(("sucess_url", "https://x.example")), "parameter_unknown sucess_url"),
        ("", Some(("metadata[user][id]", "1")), "parameter_unknown metadata[user][id]"),
        ("", Some(("success_url", "/thanks")), "url_invalid success_url"),
        ("", Some(("customer_email", "nobody")), "email_invalid customer_email"),
        ("", Some(("customer", "cus_none")), "resource_missing customer"),
        ("", Some(("line_items[0][price]", "price_none")), "resource_missing line_items[0][price]"),
        ("", Some(("discounts[0][coupon]", "NONE")), "resource_missing discounts[0][coupon]"),
        ("", Some(("locale", "tlh")), "- locale"),
        ("", Some(("expires_at", "1")), "- expires_at"),
        ("", Some(("client_reference_id", "")), "parameter_invalid_empty client_reference_id"),
    ] {
        let mut form: Vec<(&str, &str)> = good.iter().filter(|(name, _)| *name != without).copied().collect();
        form.extend(with);
        let reply = stripe.post("/v1/checkout/sessions", &form).await;
        assert_eq!(reply.error(), format!("400 invalid_request_error {expect}"), "{without} {with:?}");
    }
    let both = [good.clone(), vec![("customer", customer.as_str()), ("customer_email", "a@example.com")]].concat();
    let reply = stripe.post("/v1/checkout/sessions", &both).await;
    assert_eq!(
        text(&reply.json["error"], "message"),
        "You may only specify one of these parameters: customer, customer_email."
    );
    assert_eq!(stripe.post("/v1/checkout/sessions", &good).await.status, 200);
    assert_eq!(stripe.get("/v1/subscriptions/sub_none").await.error(), "404 invalid_request_error resource_missing id");
}

#[tokio::test]
async fn the_same_key_gives_the_same_reply_and_another_request_under_it_is_refused() {
    let time = Time::new();
    let stripe = Stripe::start(&time, None, None).await;
    let form = [("email", "a@example.com"), ("metadata[user_id]", "1")];
    let turned = [("metadata[user_id]", "1"), ("email", "a@example.com")];
    let first = stripe.post_with_key("/v1/customers", &form, "k1").await;
    let again = stripe.post_with_key("/v1/customers", &turned, "k1").await;
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.json, again.json);
    assert_ne!(first.request_id, again.request_id);

    let other = stripe.post_with_key("/v1/customers", &[("email", "b@example.com")], "k1").await;
    assert_eq!(other.error(), "400 idempotency_error - -");
    let elsewhere = stripe.post_with_key("/v1/products", &[("name", "x")], "k1").await;
    assert_eq!(elsewhere.error(), "400 idempotency_error - -");
    let long = stripe.post_with_key("/v1/customers", &form, &"k".repeat(256)).await;
    assert_eq!(long.error(), "400 idempotency_error - -");

    // What was refused before it ran is not kept: the corrected request goes through under the same key.
    assert_eq!(stripe.post_with_key("/v1/customers", &[("emial", "a@example.com")], "k2").await.status, 400);
    assert_eq!(stripe.post_with_key("/v1/customers", &form, "k2").await.status, 200);

    time.advance(24 * 3600);
    let later = stripe.post_with_key("/v1/customers", &form, "k1").await;
    assert!(!later.replayed && later.json["id"] != first.json["id"]);

    let events = stripe.fake.events();
    assert_eq!(events.iter().filter(|event| event["request"]["idempotency_key"] == "k1").count(), 2);
    let log = stripe.fake.requests();
    assert_eq!(
        (log[0].path.as_str(), log[0].idempotency_key.as_deref(), log[1].replayed),
        ("/v1/customers", Some("k1"), true)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_whose_first_request_still_runs_is_in_use() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let body = "email=a%40example.com";
    let mut slow = std::net::TcpStream::connect(stripe.base.trim_start_matches("http://")).unwrap();
    write!(
        slow,
        "POST /v1/customers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nidempotency-key: k\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\nemail=",
        body.len()
    )
    .unwrap();
    let form = [("email", "a@example.com")];
    let mut refused = stripe.post_with_key("/v1/customers", &form, "probe").await;
    for _ in 0..200 {
        refused = stripe.post_with_key("/v1/customers", &form, "k").await;
        if refused.status == 409 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(refused.error(), "409 idempotency_error idempotency_key_in_use -");
    slow.write_all(&body.as_bytes()["email=".len()..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(stripe.post_with_key("/v1/customers", &form, "k").await.replayed);
}

#[tokio::test]
async fn lists_are_newest_first_and_paged_by_cursor_both_ways() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let email = format!("c{number}@example.com");
        ids.push(text(&stripe.post("/v1/customers", &[("email", &email)]).await.json, "id"));
    }
    ids.reverse();
    let page = |list: &Value| list["data"].as_array().unwrap().iter().map(|one| text(one, "id")).collect::<Vec<_>>();
    let first = stripe.get("/v1/customers?limit=2").await.json;
    assert_eq!(
        (page(&first), &first["has_more"], &first["url"]),
        (ids[..2].to_vec(), &json!(true), &json!("/v1/customers"))
    );
    let last = stripe.get(&format!("/v1/customers?limit=2&starting_after={}", ids[2])).await.json;
    assert_eq!((page(&last), &last["has_more"]), (ids[3..].to_vec(), &json!(false)));
    let back = stripe.get(&format!("/v1/customers?limit=2&ending_before={}", ids[4])).await.json;
    assert_eq!((page(&back), &back["has_more"]), (ids[2..4].to_vec(), &json!(true)));
    for (query, expect) in [
        ("limit=0", "parameter_invalid_integer limit"),
        ("limit=101", "parameter_invalid_integer limit"),
        ("starting_after=cus_none", "resource_missing starting_after"),
        ("status=open", "parameter_unknown status"),
    ] {
        assert_eq!(
            stripe.get(&format!("/v1/customers?{query}")).await.error(),
            format!("400 invalid_request_error {expect}")
        );
    }
}

#[tokio::test]
async fn a_shop_that_missed_webhooks_reads_the_events_since() {
    let time = Time::new();
    let stripe = Stripe::start(&time, None, None).await;
    stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    time.advance(60);
    let paid = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let url = format!("/v1/events?created[gte]={}&types[]=invoice.paid&types[]=checkout.session.completed", START + 60);
    let events = stripe.get(&url).await.json;
    let data = events["data"].as_array().unwrap();
    assert_eq!(
        data.iter().map(|event| text(event, "type")).collect::<Vec<_>>(),
        ["checkout.session.completed", "invoice.paid"]
    );
    assert_eq!(data[1]["data"]["object"]["id"], paid.invoice);
    let one = stripe.get(&format!("/v1/events/{}", text(&data[0], "id"))).await.json;
    assert_eq!(one, data[0]);
    time.advance(31 * 86400);
    stripe.post("/v1/customers", &[]).await;
    assert_eq!(stripe.get("/v1/events").await.json["data"].as_array().unwrap().len(), 1, "events live 30 days");
}

#[tokio::test]
async fn prices_are_found_by_lookup_key_and_the_catalogue_is_made_once() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let price = stripe.price();
    assert_eq!(stripe.price(), price);
    let found = stripe.get("/v1/prices?lookup_keys[]=basic&expand[]=data.product").await.json;
    assert_eq!(
        (&found["data"][0]["id"], &found["data"][0]["product"]["name"]),
        (&json!(price), &json!("MiraiVPN basic"))
    );
    let dearer = stripe.fake.ensure_price("basic", "MiraiVPN basic", 699, "usd", "month").unwrap();
    assert_ne!(dearer, price);
    let found = stripe.get("/v1/prices?lookup_keys[]=basic").await.json;
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["id"], dearer);
    let taken = stripe
        .post(
            "/v1/prices",
            &[("currency", "usd"), ("unit_amount", "1"), ("product_data[name]", "x"), ("lookup_key", "basic")],
        )
        .await;
    assert_eq!(taken.error(), "400 invalid_request_error - lookup_key");
}

#[tokio::test]
async fn only_what_can_be_expanded_is() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let paid = stripe.fake.pay(&text(&stripe.checkout().await, "id")).unwrap();
    let invoice = stripe.get(&format!("/v1/invoices/{}?expand[]=payments&expand[]=customer", paid.invoice)).await.json;
    assert_eq!(invoice["customer"]["email"], "mika@example.com");
    let intent = text(&invoice["payments"]["data"][0]["payment"], "payment_intent");
    assert_eq!(stripe.get(&format!("/v1/payment_intents/{intent}")).await.json["amount_received"], 599);
    for wrong in ["nonsense", "id", "currency"] {
        let reply = stripe.get(&format!("/v1/invoices/{}?expand[]={wrong}", paid.invoice)).await;
        assert_eq!(text(&reply.json["error"], "message"), format!("This property cannot be expanded ({wrong})."));
    }
}

#[tokio::test]
async fn coupons_and_promotion_codes_are_refused_as_stripe_refuses_them() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    for (form, expect) in [
        (&[("percent_off", "0")][..], "- percent_off"),
        (&[("percent_off", "10"), ("amount_off", "100")], "parameters_exclusive amount_off"),
        (&[("amount_off", "100")], "parameter_missing currency"),
        (&[("percent_off", "10"), ("currency", "usd")], "- currency"),
        (&[("percent_off", "10"), ("duration", "repeating")], "parameter_missing duration_in_months"),
        (&[("percent_off", "10"), ("duration_in_months", "3")], "- duration_in_months"),
        (&[("percent_off", "10"), ("max_redemptions", "0")], "parameter_invalid_integer max_redemptions"),
        (&[("percent_off", "10"), ("redeem_by", "1")], "- redeem_by"),
        (&[("percent_off", "10"), ("expires_at", "1")], "parameter_unknown expires_at"),
    ] {
        let refused = stripe.post("/v1/coupons", form).await.error();
        assert_eq!(refused, format!("400 invalid_request_error {expect}"), "{form:?}");
    }
    let coupon = stripe.post("/v1/coupons", &[("percent_off", "10"), ("max_redemptions", "5")]).await.json;
    let coupon = text(&coupon, "id");
    let of_coupon = [("promotion[type]", "coupon"), ("promotion[coupon]", coupon.as_str()), ("code", "Spring-26")];
    let made = stripe.post("/v1/promotion_codes", &of_coupon).await.json;
    for (form, expect) in [
        (&[("promotion[coupon]", "NONE")][..], "resource_missing promotion[coupon]"),
        (&[("coupon", coupon.as_str())], "parameter_unknown coupon"),
        (&[("code", "with space")], "- code"),
        (&[("code", "SPRING-26")], "- code"),
        (&[("max_redemptions", "6")], "- max_redemptions"),
        (&[("expires_at", "1")], "- expires_at"),
        (&[("restrictions[minimum_amount]", "1")], "parameter_missing restrictions[minimum_amount_currency]"),
    ] {
        let mut all = of_coupon.to_vec();
        all.retain(|(name, _)| !form.iter().any(|(other, _)| other == name));
        all.extend(form);
        let refused = stripe.post("/v1/promotion_codes", &all).await.error();
        assert_eq!(refused, format!("400 invalid_request_error {expect}"), "{form:?}");
    }
    // One that is withdrawn makes room for another of its name.
    let path = format!("/v1/promotion_codes/{}", text(&made, "id"));
    assert_eq!(stripe.post(&path, &[("active", "false")]).await.json["active"], false);
    assert_eq!(stripe.post("/v1/promotion_codes", &of_coupon).await.status, 200);
    let again = stripe.post(&path, &[("active", "true")]).await.error();
    assert_eq!(again, "400 invalid_request_error - active");
    let listed = stripe.get("/v1/promotion_codes?code=spring-26&active=true").await.json;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_promotion_code_is_redeemed_as_often_and_by_whom_it_says() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let (price, coupon) = (stripe.price(), stripe.post("/v1/coupons", &[("percent_off", "50")]).await.json);
    let coupon = text(&coupon, "id");
    let promotion = async |extra: (&str, &str)| {
        let form = [("promotion[type]", "coupon"), ("promotion[coupon]", coupon.as_str()), extra];
        text(&stripe.post("/v1/promotion_codes", &form).await.json, "id")
    };
    let open = async |customer: (&str, &str), promotion: &str| {
        let form = [
            ("mode", "subscription"),
            ("success_url", "https://vpn.example/thanks"),
            customer,
            ("line_items[0][price]", price.as_str()),
            ("line_items[0][quantity]", "1"),
            ("discounts[0][promotion_code]", promotion),
        ];
        stripe.post("/v1/checkout/sessions", &form).await
    };
    let once = promotion(("max_redemptions", "1")).await;
    let mika = ("customer_email", "mika@example.com");
    let (one, two) = (open(mika, &once).await.json, open(("customer_email", "noa@example.com"), &once).await.json);
    assert_eq!(one["amount_total"], 299);
    let paid = stripe.fake.pay(&text(&one, "id")).unwrap();
    assert_eq!(stripe.fake.object(&paid.invoice).unwrap()["amount_paid"], 299);
    assert!(stripe.fake.pay(&text(&two, "id")).is_err(), "somebody was faster");
    let refused = "400 invalid_request_error - discounts[0][promotion_code]";
    assert_eq!(open(mika, &once).await.error(), refused);

    let first = promotion(("restrictions[first_time_transaction]", "true")).await;
    assert_eq!(open(("customer", &paid.customer), &first).await.error(), refused);
    assert_eq!(open(mika, &first).await.status, 200);
    let both = [("discounts[0][coupon]", coupon.as_str()), ("discounts[0][promotion_code]", first.as_str())];
    let mut form = vec![("mode", "subscription"), ("success_url", "https://vpn.example/thanks")];
    form.extend([("line_items[0][price]", price.as_str()), ("line_items[0][quantity]", "1")]);
    form.extend(both);
    let refused = stripe.post("/v1/checkout/sessions", &form).await.error();
    assert_eq!(refused, "400 invalid_request_error parameters_exclusive discounts[0][promotion_code]");
}

#[tokio::test]
async fn a_checkout_whose_tax_could_not_be_reckoned_is_refused() {
    let stripe = Stripe::start(&Time::new(), None, None).await;
    let price = stripe.price();
    let customer = text(&stripe.post("/v1/customers", &[("email", "mika@example.com")]).await.json, "id");
    let (tax, ids) = (("automatic_tax[enabled]", "true"), ("tax_id_collection[enabled]", "true"));
    let (known, name) = (("customer", customer.as_str()), ("customer_update[name]", "auto"));
    let address = ("customer_update[address]", "auto");
    let open = async |more: &[(&str, &str)]| {
        let form = [
            ("mode", "subscription"),
            ("success_url", "https://vpn.example/thanks"),
            ("line_items[0][price]", price.as_str()),
            ("line_items[0][quantity]", "1"),
        ];
        stripe.post("/v1/checkout/sessions", &[&form[..], more].concat()).await
    };
    let unsaid = open(&[tax]).await;
    assert_eq!(unsaid.error(), "400 invalid_request_error - line_items", "the price says nothing of its taxes");
    let path = format!("/v1/prices/{price}");
    let says = async |word| stripe.post(&path, &[("tax_behavior", word)]).await;
    assert_eq!(says("inclusive").await.json["tax_behavior"], "inclusive");
    assert_eq!(says("exclusive").await.error(), "400 invalid_request_error - tax_behavior", "said once, it stays");

    for (more, refused) in [
        (&[name][..], "400 invalid_request_error - customer_update"),
        (&[known, ids, address], "400 invalid_request_error - -"),
        (&[known, tax, name], "400 invalid_request_error customer_tax_location_invalid -"),
    ] {
        assert_eq!(open(more).await.error(), refused, "{more:?}");
    }
    let session = open(&[known, tax, ids, name, address]).await;
    assert_eq!(session.status, 200, "{}", session.json);
    let id = text(&session.json, "id");
    for wrong in [("", "", ""), ("DE", "Acme", "123"), ("DE", "", "DE123456789"), ("US", "Acme", "123456789")] {
        let buyer = Buyer { country: wrong.0, company: wrong.1, tax_id: wrong.2 };
        assert!(stripe.fake.pay_as(&id, buyer).is_err(), "{wrong:?}");
    }
    stripe.fake.pay_as(&id, Buyer { country: "JP", ..Buyer::default() }).unwrap();
    let paid = stripe.get(&format!("/v1/checkout/sessions/{id}")).await.json;
    assert_eq!(paid["total_details"]["amount_tax"], 54, "{paid}");
    assert_eq!(paid["amount_total"], 599, "it is inside");
    // From now on the address is known.
    assert_eq!(open(&[known, tax, name]).await.status, 200);
}
