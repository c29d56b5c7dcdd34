//! Stripe promises no order: all 720 orders of a subscription's six events end in one state.

use domain::subscription::{Decision, Seen, Status, Subscription, decide};
use serde_json::Value;
use testkit::app::{Database, TestApp, Wanted};

/// All orders of `0..6` (Heap's algorithm).
fn orders() -> Vec<[usize; 6]> {
    fn permute(n: usize, order: &mut [usize; 6], all: &mut Vec<[usize; 6]>) {
        if n <= 1 {
            all.push(*order);
            return;
        }
        for i in 0..n {
            permute(n - 1, order, all);
            order.swap(if n.is_multiple_of(2) { i } else { 0 }, n - 1);
        }
    }
    let mut all = Vec::new();
    permute(6, &mut [0, 1, 2, 3, 4, 5], &mut all);
    all
}

#[test]
fn there_are_720_different_orders() {
    let distinct: std::collections::BTreeSet<_> = orders().into_iter().collect();
    assert_eq!(distinct.len(), 720);
}

const MONTH: i64 = 30 * 86_400_000;

/// A Stripe subscription after each of six events; two lives, one that goes on and one that ends.
fn lives() -> [[Seen; 6]; 2] {
    let seen = |at: i64, status: &str, period: i64, ending: bool, ended: Option<i64>| Seen {
        status: status.to_owned(),
        period_start: period * MONTH,
        period_end: (period + 1) * MONTH,
        cancel_at_period_end: ending,
        ended_at: ended,
        read_at: at,
    };
    let (renewal, later) = (MONTH + 1, MONTH + 2);
    let begun = [
        seen(1, "incomplete", 0, false, None),
        seen(2, "active", 0, false, None),
        seen(3, "active", 0, false, None),
        seen(renewal, "past_due", 1, false, None),
    ];
    let goes_on = [seen(later, "active", 1, false, None), seen(later + 1, "active", 1, true, None)];
    let ends = [seen(later, "past_due", 1, true, None), seen(later + 1, "canceled", 1, false, Some(later + 1))];
    [goes_on, ends].map(|last| [&begun[..], &last[..]].concat().try_into().expect("six"))
}

/// An event is applied by reading the object as it is by then: at the earliest as of the event itself, and never
/// older than what an event before it has shown.
#[test]
fn any_order_of_events_ends_in_the_state_of_the_last_reading() {
    for life in lives() {
        let [.., last] = &life;
        let Decision::Save(expected, _) = decide(None, last) else { panic!("a first reading is saved") };
        for order in orders() {
            let mut row: Option<Subscription> = None;
            let mut newest = 0;
            for event in order {
                newest = newest.max(event);
                match decide(row.as_ref(), &life[newest]) {
                    Decision::Save(next, _) | Decision::Unchanged(next) => row = Some(next),
                    Decision::Over => assert_eq!(row.map(|row| row.status), Some(Status::Ended), "{order:?}"),
                    Decision::Stale => panic!("each reading is newer: {order:?}"),
                }
            }
            let row = row.expect("six events leave a row");
            // An end is final at its first reading; nothing but the moment of that reading may differ.
            assert_eq!(Subscription { read_at: expected.read_at, ..row }, expected, "{order:?}");
        }
    }
}

/// The event types of the life below, once each.
const LIFE: [&str; 6] = [
    "checkout.session.completed",
    "customer.subscription.created",
    "invoice.paid",
    "invoice.payment_failed",
    "customer.subscription.updated",
    "customer.subscription.deleted",
];

testkit::on_both_databases!(s3_all_720_orders_of_a_life_leave_the_same_rows);

/// One customer lives 720 lives, one after the other; the events of each come in another order.
async fn s3_all_720_orders_of_a_life_leave_the_same_rows(database: Database) -> anyhow::Result<()> {
    let mut expected = None;
    // In parts: the list of invoices shows the newest hundred, and the pretend Stripe reads its events from the first.
    for part in orders().chunks(16) {
        let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
        let user = test.with_user("mika").await?;
        for (n, order) in part.iter().enumerate() {
            let known = test.stripe.events().len();
            let session = test.checkout(&user, "basic").await?;
            let paid = test.stripe.pay(&session)?;
            test.stripe.fail_renewal(&paid.subscription)?;
            test.stripe.cancel(&paid.subscription)?;
            let events = test.stripe.events().split_off(known);
            for event in order {
                let event = events.iter().rfind(|known| known["type"] == LIFE[*event]).expect("an event of this type");
                anyhow::ensure!(test.deliver(event).await?.is_success());
                test.run_jobs().await?;
            }
            let (rows, invoices) = left_behind(&test, &user).await?;
            assert_eq!(rows.len(), n + 1, "{order:?}");
            let expected = expected.get_or_insert_with(|| rows[0].clone());
            assert!(rows.iter().all(|row| row == expected), "{order:?}: {rows:?}");
            let (paid, open) = invoices.iter().partition::<Vec<_>, _>(|invoice| invoice["amount_paid"] == 599);
            assert_eq!((paid.len(), open.len()), (n + 1, n + 1), "{order:?}");
            assert!(paid.iter().all(|one| one["status"] == "paid") && open.iter().all(|one| one["status"] == "open"));
        }
    }
    assert_eq!(expected.map(|row| row["status"].clone()), Some("ended".into()));
    Ok(())
}

/// Subscriptions (without their ids) and invoices of a user.
async fn left_behind(test: &TestApp, user: &testkit::caller::TestUser) -> anyhow::Result<(Vec<Value>, Vec<Value>)> {
    let list = async |name: &str| -> anyhow::Result<Vec<Value>> {
        let mut body = test.get(&format!("/{name}"), Some(user)).await?;
        let mut rows: Vec<Value> = serde_json::from_value(body[name].take())?;
        rows.iter_mut().filter_map(Value::as_object_mut).for_each(|row| drop(row.remove("id")));
        Ok(rows)
    };
    Ok((list("subscriptions").await?, list("invoices").await?))
}
