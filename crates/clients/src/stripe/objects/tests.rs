use serde_json::json;

use super::*;

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it is read")
}

#[test]
fn the_period_is_found_where_each_version_has_it() {
    let item = json!({"id": "si_1", "price": {"id": "price_1"}, "current_period_start": 10, "current_period_end": 20});
    let old_item = json!({"id": "si_1", "price": {"id": "price_1"}});
    let new = json!({"id": "sub_1", "customer": "cus_1", "status": "active", "items": {"data": [item]}});
    let old = json!({
        "id": "sub_1", "customer": {"id": "cus_1", "email": "mika@mirai.test"}, "status": "active",
        "items": {"data": [old_item]}, "current_period_start": 10, "current_period_end": 20,
    });
    for value in [new, old] {
        let subscription: Subscription = read(value);
        assert_eq!(subscription.customer, "cus_1");
        assert_eq!(subscription.items[0].current_period_start, Some(10));
        assert_eq!(subscription.items[0].current_period_end, Some(20));
        assert_eq!(subscription.items[0].price.id, "price_1");
    }
}

#[test]
fn the_tax_of_an_invoice_is_the_sum_of_its_taxes() {
    for (taxes, sum) in
        [(json!([{"amount": 160, "tax_behavior": "inclusive"}, {"amount": 5}]), 165), (json!([]), 0), (json!(null), 0)]
    {
        assert_eq!(read::<Invoice>(json!({"id": "in_1", "total": 999, "total_taxes": taxes})).tax(), sum);
    }
    assert_eq!(read::<Invoice>(json!({"id": "in_1"})).tax(), 0);
}

#[test]
fn the_subscription_of_an_invoice_is_found_where_each_version_has_it() {
    let metadata = json!({"user_id": "u"});
    let table = [
        (json!({"parent": {"subscription_details": {"subscription": "sub_1", "metadata": metadata}}}), Some("sub_1")),
        (
            json!({"parent": {"subscription_details": {"subscription": {"id": "sub_1"}, "metadata": metadata}}}),
            Some("sub_1"),
        ),
        (
            json!({"subscription": "sub_1", "subscription_details": {"metadata": metadata}, "parent": null}),
            Some("sub_1"),
        ),
        (json!({"subscription": {"id": "sub_1"}, "subscription_details": {"metadata": metadata}}), Some("sub_1")),
        (json!({"parent": {"type": "quote_details", "subscription_details": null}}), None),
        (json!({"parent": null, "subscription": null}), None),
        (json!({}), None),
    ];
    for (mut value, expected) in table {
        value["id"] = "in_1".into();
        let shown = value.to_string();
        let invoice: Invoice = read(value);
        assert_eq!(invoice.subscription(), expected, "{shown}");
        assert_eq!(invoice.subscription_metadata().contains_key("user_id"), expected.is_some(), "{shown}");
    }
}

#[test]
fn null_and_absent_and_unknown_are_all_read() {
    let session: CheckoutSession = read(json!({
        "id": "cs_1", "url": null, "status": null, "customer": null, "subscription": null, "metadata": null,
        "amount_total": null, "a_field_of_tomorrow": {"x": [1, 2]},
    }));
    assert_eq!((session.customer, session.subscription, session.metadata.len()), (None, None, 0));
    let session: CheckoutSession = read(json!({"id": "cs_1", "customer": {"id": "cus_1"}, "subscription": "sub_1"}));
    assert_eq!((session.customer.as_deref(), session.subscription.as_deref()), (Some("cus_1"), Some("sub_1")));
    let subscription: Subscription =
        read(json!({"id": "s", "customer": "c", "status": "a_word_of_tomorrow", "items": null}));
    assert!(subscription.items.is_empty());
}

#[test]
fn an_answer_of_another_kind_is_not_taken_for_an_empty_one() {
    assert!(serde_json::from_value::<CheckoutSession>(json!({})).is_err());
    assert!(serde_json::from_value::<Subscription>(json!({"id": "sub_1", "status": "active"})).is_err());
    assert!(serde_json::from_value::<List<Invoice>>(json!({"error": {}})).is_err());
}

#[test]
fn debug_shows_no_address() {
    let customer: Customer = read(json!({"id": "cus_1", "email": "mika@mirai.test"}));
    let event: Event = read(json!({
        "id": "evt_1", "type": "customer.created", "created": 1, "livemode": false,
        "data": {"object": {"email": "mika@mirai.test"}},
    }));
    let shown = format!("{customer:?} {event:?}");
    assert!(shown.contains("cus_1") && shown.contains("evt_1") && !shown.contains("mika"), "{shown}");
}
