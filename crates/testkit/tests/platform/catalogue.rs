//! The price list at Stripe follows ours, and nobody loses what was bought at an older price.

use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::plans::{self, Change};
use domain::plan::PriceStep;
use fakes::stripe::Trouble;
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};

testkit::on_both_databases!(a_new_price_is_made_at_stripe_once_and_the_old_one_still_counts);

async fn a_new_price_is_made_at_stripe_once_and_the_old_one_still_counts(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let steps = async |mode| {
        let done = catalogue::sync(&test.app, COMMAND_LINE, mode).await?;
        anyhow::Ok(done.into_iter().map(|plan| (plan.plan, plan.step)).collect::<Vec<_>>())
    };
    let all_right = ["basic", "premium", "vip"].map(|plan| (plan.to_owned(), PriceStep::Keep)).to_vec();
    assert_eq!(steps(Mode::Apply).await?, all_right, "the prices that the plans have are right");

    // Somebody is on the payment page when the price changes, and pays afterwards.
    let early = test.with_user("mika").await?;
    let page = test.checkout(&early, "basic").await?;
    let dearer = Change { price_cents: Some(699), ..Change::default() };
    let old = plans::set(&test.app, COMMAND_LINE, "basic", &dearer).await?.stripe_price_id;
    assert_eq!(steps(Mode::DryRun).await?[0], ("basic".to_owned(), PriceStep::Make));
    assert_eq!(app::plan::list(&test.app).await?[0].stripe_price_id, old, "a dry run changes nothing");

    // Stripe makes the price and its answer is lost, also when it is asked again: the next run finds what is there.
    test.stripe.trouble("/v1/prices", &[Trouble::AnswerLost; 4]);
    assert!(catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await.is_err());
    while test.stripe.troubles_left() > 0 {
        let _ = catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await;
    }
    catalogue::sync(&test.app, COMMAND_LINE, Mode::Apply).await?;
    assert_eq!(steps(Mode::Apply).await?, all_right);
    let made: Vec<_> = test.stripe.events().into_iter().filter(|event| event["type"] == "price.created").collect();
    let dear = made.iter().filter(|event| event["data"]["object"]["unit_amount"] == 699).count();
    assert_eq!(dear, 1, "one price, however often it was asked for");
    let now = app::plan::list(&test.app).await?[0].stripe_price_id.clone();
    assert!(now.is_some() && now != old);

    test.stripe.pay(&page)?;
    test.settle().await?;
    let row = test.get("/subscriptions", Some(&early)).await?["subscriptions"][0].clone();
    assert_eq!((&row["plan"], &row["entitled"]), (&json!("basic"), &json!(true)));
    let late = test.with_subscriber("noa", "basic").await?;
    let invoices = test.get("/invoices", Some(&late)).await?;
    assert_eq!(invoices["invoices"][0]["amount_paid"], 699);
    test.all_is_well().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_belongs_to_one_plan_for_ever() -> anyhow::Result<()> {
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.expect("SQLite is never missing");
    let price = app::plan::list(&test.app).await?[0].stripe_price_id.clone().expect("a price");
    let with = |price: &str| Change { stripe_price: Some(price.to_owned()), ..Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &with("price_newer")).await?;
    let refused = plans::set(&test.app, COMMAND_LINE, "vip", &with(&price)).await;
    assert!(matches!(refused, Err(app::Error::Invalid(fields)) if fields[0].code == "price_in_use"));
    plans::set(&test.app, COMMAND_LINE, "basic", &with(&price)).await?;
    Ok(())
}
