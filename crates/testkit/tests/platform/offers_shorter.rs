//! A shorter period begins when the present one ends; until then it is shown, and can be taken back.

use anyhow::Context as _;
use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::coupons;
use app::admin::plans::{self, Change};
use app::ledger;
use clients::stripe::NextPhase;
use domain::coupon::{Lasts, Off, Terms};
use domain::money::Currency;
use domain::period::Every;
use fakes::stripe::{Paid, Trouble};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp};
use testkit::caller::TestUser;

use crate::notices::{go_to, look};
use crate::offers::{buy, refusal, set, subscription, with_offers};
use crate::site::{Reader, between};

testkit::on_both_databases!(
    a_shorter_period_begins_when_the_present_one_ends_at_the_price_of_its_choice,
    a_shorter_period_of_a_larger_plan_costs_nothing_before_it_begins,
    a_shorter_period_is_taken_back_at_the_price_that_was_agreed,
    a_smaller_plan_and_a_shorter_period_are_taken_back_together,
    who_cancels_is_not_moved_to_a_shorter_period_and_who_has_canceled_goes_on_first,
    a_larger_plan_takes_the_place_of_a_shorter_period_that_waits,
    a_declined_card_leaves_the_shorter_period_waiting,
    a_choice_whose_answer_is_lost_is_made_once,
    of_two_choices_at_once_one_holds,
    in_a_trial_a_shorter_period_begins_with_the_first_payment,
    what_is_scheduled_or_taken_back_at_stripe_itself_is_seen,
    a_coupon_that_lasts_goes_along,
    the_card_that_pays_now_pays_the_shorter_period_too,
    who_owes_chooses_no_shorter_period_and_one_that_begins_with_a_declined_card_can_be_paid,
);

/// A customer who has paid for a year of `basic`, half a year ago.
async fn yearly(test: &TestApp) -> anyhow::Result<(TestUser, Paid)> {
    let user = test.with_user("mika").await?;
    let paid = buy(test, &user, json!({ "plan": "basic", "interval": "year" })).await?;
    test.advance(180 * DAY);
    Ok((test.log_in(&user.email).await?, paid))
}

async fn act(test: &TestApp, user: &TestUser, verb: &str, body: Value) -> anyhow::Result<(StatusCode, Value)> {
    let id = subscription(test, user).await?["id"].as_str().unwrap_or_default().to_owned();
    test.post(&format!("/subscriptions/{id}/{verb}"), Some(user), &body).await
}

async fn choose(test: &TestApp, user: &TestUser, plan: &str, every: &str) -> anyhow::Result<Value> {
    let (status, row) = act(test, user, "change", json!({ "plan": plan, "interval": every })).await?;
    anyhow::ensure!(status == StatusCode::OK, "{status} {row}");
    test.settle().await?;
    // What Stripe tells of it afterwards changes nothing.
    let later = subscription(test, user).await?;
    assert_eq!((&later["next_plan"], &later["next_price"]), (&row["next_plan"], &row["next_price"]));
    Ok(row)
}

/// The period goes by.
async fn to_the_end(test: &TestApp, user: &TestUser) -> anyhow::Result<TestUser> {
    let row = store::subscriptions::all_of_user(&test.app.store, user.id).await?.remove(0);
    go_to(test, row.period_end, 1);
    test.stripe.run_due()?;
    test.settle().await?;
    test.log_in(&user.email).await
}

async fn invoices(test: &TestApp, user: &TestUser) -> anyhow::Result<Vec<i64>> {
    let list = test.get("/invoices", Some(user)).await?;
    Ok(list["invoices"].as_array().into_iter().flatten().filter_map(|one| one["amount_paid"].as_i64()).collect())
}

fn terms(row: &Value) -> (Value, Value, Value) {
    (row["plan"].clone(), row["price"]["interval"].clone(), row["price"]["amount"].clone())
}

fn is(plan: &str, every: &str, amount: i64) -> (Value, Value, Value) {
    (json!(plan), json!(every), json!(amount))
}

/// What begins with the next period.
fn next(row: &Value) -> (Value, Value, Value) {
    (row["next_plan"].clone(), row["next_price"]["interval"].clone(), row["next_price"]["amount"].clone())
}

fn nothing() -> (Value, Value, Value) {
    (Value::Null, Value::Null, Value::Null)
}

async fn is_proved(test: &TestApp) -> anyhow::Result<()> {
    let broken: Vec<_> = ledger::prove(&test.app).await?.into_iter().filter(|one| one.broken != 0).collect();
    anyhow::ensure!(broken.is_empty(), "{broken:?}");
    test.all_is_well().await
}

async fn a_shorter_period_begins_when_the_present_one_ends_at_the_price_of_its_choice(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    let row = choose(&test, &user, "basic", "month").await?;
    assert_eq!((terms(&row), next(&row)), (is("basic", "year", 5_990), is("basic", "month", 599)));
    assert_eq!(row["quota_bytes"], 2_400_000_000_000_i64, "the year is paid for");
    assert_eq!(invoices(&test, &user).await?, [5_990], "nothing is charged now");
    let again = json!({ "plan": "basic", "interval": "month" });
    assert_eq!(act(&test, &user, "change", again).await?.1["code"], "plan_same");

    let mut reader = Reader::new(&test);
    reader.log_in(&user.email).await?;
    let page = reader.open("/dashboard/subscription").await?.text;
    let told = between(&page, "id=\"next\"><strong>", "</strong>").to_owned();
    assert_eq!(told, "On 23 November 2027 your subscription changes to Basic · $5.99 a month.");
    let choices = between(&page, "<select id=\"plan\"", "</select>");
    assert!(choices.contains("Basic · $59.90 a year · as it is now"), "{choices}");
    assert!(choices.contains("Basic · $15.99 a quarter · from 23 November 2027"), "{choices}");
    assert!(!choices.contains("$5.99 a month"), "it is chosen already: {choices}");

    // The list changes meanwhile; what was chosen does not.
    let dearer = Change { price_cents: Some(699), ..Change::default() };
    set(&test, "basic", dearer).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    let end = store::subscriptions::all_of_user(&test.app.store, user.id).await?.remove(0).period_end;
    go_to(&test, end, -30 * 24 + 1);
    assert_eq!(look(&test, &user).await?.pop().as_deref(), Some("Your MiraiVPN subscription renews soon"));
    let mail = test.newest_mail(&user.email)?.text.unwrap_or_default();
    assert!(mail.contains("The price is $5.99,"), "{mail}");

    let user = to_the_end(&test, &user).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((terms(&row), next(&row)), (is("basic", "month", 599), nothing()));
    assert_eq!((&row["quota_bytes"], &row["entitled"]), (&json!(200_000_000_000_i64), &json!(true)));
    assert_eq!(row["period_end"], "2027-12-23T12:00:00.000Z");
    let user = to_the_end(&test, &user).await?;
    assert_eq!(invoices(&test, &user).await?, [599, 599, 5_990]);
    let object = test.stripe.object(&paid.subscription).context("the subscription")?;
    assert_eq!(object["schedule"], Value::Null, "from the second month on it goes on by itself");
    assert!(object["default_payment_method"].is_string(), "the card has paid all along: {object}");
    is_proved(&test).await
}

async fn a_shorter_period_of_a_larger_plan_costs_nothing_before_it_begins(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, _) = yearly(&test).await?;
    let row = choose(&test, &user, "premium", "month").await?;
    assert_eq!((terms(&row), next(&row)), (is("basic", "year", 5_990), is("premium", "month", 999)));
    assert_eq!(row["devices"], 1);
    // Another mind: the last one holds.
    let row = choose(&test, &user, "basic", "quarter").await?;
    assert_eq!(next(&row), is("basic", "quarter", 1_599));
    choose(&test, &user, "premium", "month").await?;
    let user = to_the_end(&test, &user).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((terms(&row), &row["devices"]), (is("premium", "month", 999), &json!(5)));
    assert_eq!(invoices(&test, &user).await?, [999, 5_990]);
    // While the first month runs it can be ended, as any other.
    assert_eq!(act(&test, &user, "cancel", json!({})).await?.1["cancel_at_period_end"], true);
    test.settle().await?;
    let user = to_the_end(&test, &user).await?;
    assert_eq!(subscription(&test, &user).await?["status"], "ended");
    is_proved(&test).await
}

async fn a_shorter_period_is_taken_back_at_the_price_that_was_agreed(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    choose(&test, &user, "basic", "month").await?;
    plans::set_price(&test.app, COMMAND_LINE, "basic", Every::Year, Currency::USD, Some(9_990)).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    set(&test, "basic", Change { is_listed: Some(false), ..Change::default() }).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&user.email).await?;
    let page = reader.open("/dashboard/subscription").await?.text;
    let form = format!("/dashboard/subscription/{}", between(&page, "\"/dashboard/subscription/", "\""));
    let stay = between(&page, "<option value=\"", "\"").to_owned();
    assert_eq!(reader.submit(&form, &[("wish", "plan"), ("plan", &stay)]).await?.status, StatusCode::SEE_OTHER);
    let page = reader.open("/dashboard/subscription").await?.text;
    assert!(!page.contains("id=\"next\""), "{page}");
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((terms(&row), next(&row)), (is("basic", "year", 5_990), nothing()));
    let object = test.stripe.object(&paid.subscription).context("the subscription")?;
    assert_eq!(object["schedule"], Value::Null);
    let user = to_the_end(&test, &user).await?;
    assert_eq!(invoices(&test, &user).await?, [5_990, 5_990]);
    is_proved(&test).await
}

async fn a_smaller_plan_and_a_shorter_period_are_taken_back_together(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    plans::set_price(&test.app, COMMAND_LINE, "premium", Every::Year, Currency::USD, Some(9_990)).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    let user = test.with_user("mika").await?;
    buy(&test, &user, json!({ "plan": "premium", "interval": "year" })).await?;
    let row = choose(&test, &user, "basic", "year").await?;
    assert_eq!((terms(&row), next(&row)), (is("premium", "year", 9_990), is("basic", "year", 5_990)));
    let row = choose(&test, &user, "basic", "month").await?;
    assert_eq!((terms(&row), next(&row)), (is("premium", "year", 9_990), is("basic", "month", 599)));
    let row = choose(&test, &user, "premium", "year").await?;
    assert_eq!((terms(&row), next(&row)), (is("premium", "year", 9_990), nothing()));
    let user = to_the_end(&test, &user).await?;
    assert_eq!(invoices(&test, &user).await?, [9_990, 9_990]);
    is_proved(&test).await
}

async fn who_cancels_is_not_moved_to_a_shorter_period_and_who_has_canceled_goes_on_first(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, _) = yearly(&test).await?;
    choose(&test, &user, "basic", "month").await?;
    let (status, row) = act(&test, &user, "cancel", json!({})).await?;
    assert_eq!((status, &row["cancel_at_period_end"], next(&row)), (StatusCode::OK, &json!(true), nothing()));
    test.settle().await?;
    let month = json!({ "plan": "basic", "interval": "month" });
    assert_eq!(act(&test, &user, "change", month).await?.1["code"], "subscription_ending");
    let (status, row) = act(&test, &user, "resume", json!({})).await?;
    assert_eq!((status, &row["cancel_at_period_end"], next(&row)), (StatusCode::OK, &json!(false), nothing()));
    choose(&test, &user, "basic", "month").await?;
    let (status, row) = act(&test, &user, "cancel", json!({ "when": "now" })).await?;
    assert_eq!((status, &row["status"]), (StatusCode::OK, &json!("ended")));
    test.settle().await?;
    let user = to_the_end(&test, &user).await?;
    assert_eq!(invoices(&test, &user).await?, [5_990]);
    is_proved(&test).await
}

async fn a_larger_plan_takes_the_place_of_a_shorter_period_that_waits(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    plans::set_price(&test.app, COMMAND_LINE, "premium", Every::Year, Currency::USD, Some(9_990)).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    let (user, _) = yearly(&test).await?;
    choose(&test, &user, "basic", "month").await?;
    let row = choose(&test, &user, "premium", "year").await?;
    assert_eq!((terms(&row), next(&row), &row["devices"]), (is("premium", "year", 9_990), nothing(), &json!(5)));
    let difference = invoices(&test, &user).await?[0];
    assert!((1_900..2_200).contains(&difference), "half of the difference, for half of the year: {difference}");
    let user = to_the_end(&test, &user).await?;
    assert_eq!(terms(&subscription(&test, &user).await?), is("premium", "year", 9_990));
    assert_eq!(invoices(&test, &user).await?, [9_990, difference, 5_990]);
    is_proved(&test).await
}

async fn a_declined_card_leaves_the_shorter_period_waiting(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    plans::set_price(&test.app, COMMAND_LINE, "premium", Every::Year, Currency::USD, Some(9_990)).await?;
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    let (user, paid) = yearly(&test).await?;
    choose(&test, &user, "basic", "month").await?;
    test.stripe.set_card_declines(&paid.subscription, true)?;
    let (status, body) = act(&test, &user, "change", json!({ "plan": "premium", "interval": "year" })).await?;
    assert_eq!((status, &body["code"]), (StatusCode::PAYMENT_REQUIRED, &json!("card_declined")));
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((terms(&row), next(&row)), (is("basic", "year", 5_990), is("basic", "month", 599)));
    test.stripe.set_card_declines(&paid.subscription, false)?;
    let user = to_the_end(&test, &user).await?;
    assert_eq!(invoices(&test, &user).await?, [599, 5_990]);
    is_proved(&test).await
}

async fn a_choice_whose_answer_is_lost_is_made_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    let insist = async |plan: &str, every: &str| {
        for _ in 0..10 {
            let (status, body) = act(&test, &user, "change", json!({ "plan": plan, "interval": every })).await?;
            if status == StatusCode::OK || body["code"] == "plan_same" {
                return test.settle().await;
            }
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        }
        anyhow::bail!("it never came to be")
    };
    let made = || {
        let all = test.stripe.events();
        all.iter().filter(|event| event["type"] == "subscription_schedule.created").count()
    };
    for (n, trouble) in
        [Trouble::Broken, Trouble::BrokenAfter, Trouble::AnswerLost, Trouble::TooMany].into_iter().enumerate()
    {
        // Once at the making of the schedule, once at its phases; and then at the taking back.
        for skipped in 0..2 {
            let (wish, every) = ("basic", if skipped == 0 { "month" } else { "quarter" });
            test.stripe.trouble("/v1/subscription_schedules", &[trouble, trouble]);
            insist(wish, every).await?;
        }
        let row = subscription(&test, &user).await?;
        assert_eq!(next(&row), is("basic", "quarter", 1_599), "{trouble:?}");
        assert_eq!(made(), n + 1, "one schedule for both choices: {trouble:?}");
        test.stripe.trouble("/v1/subscription_schedules", &[trouble, trouble]);
        insist("basic", "year").await?;
        assert_eq!(next(&subscription(&test, &user).await?), nothing(), "{trouble:?}");
        let object = test.stripe.object(&paid.subscription).context("the subscription")?;
        assert_eq!(object["schedule"], Value::Null, "{trouble:?}");
    }
    assert_eq!(test.stripe.troubles_left(), 0);
    assert_eq!(invoices(&test, &user).await?, [5_990]);
    is_proved(&test).await
}

async fn of_two_choices_at_once_one_holds(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    let wish = |plan: &'static str, every: &'static str| {
        let (test, user) = (&test, &user);
        async move { act(test, user, "change", json!({ "plan": plan, "interval": every })).await }
    };
    let may_be = [StatusCode::OK, StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE];
    for _ in 0..5 {
        let (one, other) = tokio::try_join!(wish("basic", "month"), wish("premium", "month"))?;
        for (status, body) in [&one, &other] {
            assert!(may_be.contains(status), "{status} {body}");
        }
        assert!(one.0 == StatusCode::OK || other.0 == StatusCode::OK, "{one:?} {other:?}");
        test.settle().await?;
        let chosen = next(&subscription(&test, &user).await?);
        assert!([is("basic", "month", 599), is("premium", "month", 999)].contains(&chosen), "{chosen:?}");
        // Taken back and ended at once: whichever is last, nothing of it is left behind.
        let end = act(&test, &user, "cancel", json!({}));
        let (one, other) = tokio::try_join!(wish("basic", "year"), end)?;
        for (status, body) in [&one, &other] {
            assert!(may_be.contains(status), "{status} {body}");
        }
        test.settle().await?;
        if other.0 != StatusCode::OK {
            act(&test, &user, "cancel", json!({})).await?;
        }
        act(&test, &user, "resume", json!({})).await?;
        test.settle().await?;
        assert_eq!(next(&subscription(&test, &user).await?), nothing());
    }
    let object = test.stripe.object(&paid.subscription).context("the subscription")?;
    assert_eq!((&object["schedule"], &object["cancel_at_period_end"]), (&Value::Null, &json!(false)));
    is_proved(&test).await
}

async fn in_a_trial_a_shorter_period_begins_with_the_first_payment(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    set(&test, "basic", Change { trial_days: Some(7), ..Change::default() }).await?;
    let user = test.with_user("mika").await?;
    buy(&test, &user, json!({ "plan": "basic", "interval": "year" })).await?;
    let row = choose(&test, &user, "basic", "month").await?;
    assert_eq!((&row["status"], next(&row)), (&json!("trialing"), is("basic", "month", 599)));
    assert_eq!(terms(&row), is("basic", "year", 5_990));
    let row = choose(&test, &user, "basic", "year").await?;
    assert_eq!((terms(&row), next(&row)), (is("basic", "year", 5_990), nothing()));
    choose(&test, &user, "basic", "month").await?;
    let user = to_the_end(&test, &user).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["status"], terms(&row), next(&row)), (&json!("active"), is("basic", "month", 599), nothing()));
    assert_eq!(invoices(&test, &user).await?, [599, 0]);
    is_proved(&test).await
}

async fn what_is_scheduled_or_taken_back_at_stripe_itself_is_seen(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    let stripe = &test.app.stripe;
    let schedule = stripe.create_schedule(&paid.subscription, "dashboard-1").await?;
    test.settle().await?;
    assert_eq!(next(&subscription(&test, &user).await?), nothing(), "the same once more is no change");
    let run = schedule.current_phase.context("a schedule that runs")?;
    let object = stripe.retrieve_subscription(&paid.subscription).await?;
    let price = stripe.price_by_lookup_key("mirai_premium").await?.map(|price| price.id);
    let price = match price {
        Some(price) => price,
        None => store::plans::by_code(&test.app.store, "premium")
            .await?
            .and_then(|plan| plan.stripe_price_id)
            .context("a price")?,
    };
    let phase = NextPhase {
        begun: run.start_date,
        ends: run.end_date,
        present: &object.items[0].price.id,
        quantity: 1,
        present_discounts: &[],
        card: schedule.card(),
        price: &price,
        discounts: &[],
        interval: "month",
        interval_count: 1,
    };
    stripe.set_next_phase(&schedule.id, &phase, "dashboard-2").await?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((next(&row), &row["cancel_at_period_end"]), (is("premium", "month", 999), &json!(false)));
    stripe.release_schedule(&schedule.id, "dashboard-3").await?;
    stripe.release_schedule(&schedule.id, "dashboard-4").await.context("once more is the same")?;
    test.settle().await?;
    assert_eq!(next(&subscription(&test, &user).await?), nothing());
    is_proved(&test).await
}

async fn a_coupon_that_lasts_goes_along(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let half = Terms {
        off: Off::Percent(50),
        lasts: Lasts::Forever,
        plans: Vec::new(),
        periods: Vec::new(),
        most_uses: None,
        most_per_customer: None,
        expires_at: None,
        first_only: false,
    };
    coupons::add(&test.app, COMMAND_LINE, "HALF", &half).await?;
    let user = test.with_user("mika").await?;
    buy(&test, &user, json!({ "plan": "basic", "interval": "year", "coupon": "HALF" })).await?;
    choose(&test, &user, "basic", "month").await?;
    choose(&test, &user, "basic", "year").await?;
    let user = to_the_end(&test, &user).await?;
    choose(&test, &user, "basic", "month").await?;
    let user = to_the_end(&test, &user).await?;
    let user = to_the_end(&test, &user).await?;
    assert_eq!(invoices(&test, &user).await?, [299, 299, 2_995, 2_995], "half of it, always");
    is_proved(&test).await
}

async fn the_card_that_pays_now_pays_the_shorter_period_too(database: Database) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    choose(&test, &user, "basic", "month").await?;
    let card = || {
        let object = test.stripe.object(&paid.subscription).unwrap_or_default();
        let card = object["default_payment_method"].as_str().and_then(|id| test.stripe.object(id)).unwrap_or_default();
        card["card"]["last4"].clone()
    };
    for number in ["5555 5555 5555 4444", "4000 0566 5566 5556"] {
        let (_, portal) = test.post("/stripe/portal", Some(&user), &json!({})).await?;
        let form = [("action", "card"), ("card", number)];
        let url = portal["url"].as_str().unwrap_or_default();
        test.http.post(url).form(&form).send().await?;
        test.settle().await?;
        assert_eq!(card(), number[15..]);
    }
    let user = to_the_end(&test, &user).await?;
    assert_eq!((terms(&subscription(&test, &user).await?), card()), (is("basic", "month", 599), json!("5556")));
    is_proved(&test).await
}

async fn who_owes_chooses_no_shorter_period_and_one_that_begins_with_a_declined_card_can_be_paid(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = with_offers(database).await? else { return Ok(()) };
    let (user, paid) = yearly(&test).await?;
    let month = json!({ "plan": "basic", "interval": "month" });
    let dispute = test.stripe.dispute(&paid.invoice)?;
    test.settle().await?;
    let id = subscription(&test, &user).await?["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("/subscriptions/{id}/change");
    assert_eq!(refusal(&test, &user, &path, month.clone()).await?, "subscription_held");
    test.stripe.close_dispute(&dispute, "won")?;
    test.settle().await?;
    choose(&test, &user, "basic", "month").await?;
    test.stripe.set_card_declines(&paid.subscription, true)?;
    let user = to_the_end(&test, &user).await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["status"], terms(&row)), (&json!("past_due"), is("basic", "month", 599)));
    assert_eq!(
        refusal(&test, &user, &path, json!({ "plan": "basic", "interval": "year" })).await?,
        "subscription_not_active"
    );
    test.stripe.set_card_declines(&paid.subscription, false)?;
    test.stripe.recover(&paid.subscription)?;
    test.settle().await?;
    let row = subscription(&test, &user).await?;
    assert_eq!((&row["status"], terms(&row)), (&json!("active"), is("basic", "month", 599)));
    assert_eq!(invoices(&test, &user).await?, [599, 5_990]);
    is_proved(&test).await
}
