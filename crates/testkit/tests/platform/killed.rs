//! S4: the process is killed at every place where something was done and not yet said, and at random; whoever was
//! waiting tries again, as Stripe and browsers do. In the end everything is there once.

mod later;
mod life;

use std::collections::BTreeSet;

use app::{Clock, Dice, failpoint};
use domain::vpn::key::PrivateKey;
use life::Life;
use reqwest::StatusCode;
use serde_json::json;
use testkit::app::Database;
use testkit::caller::{Caller, TestUser, token_in};
use testkit::fleet::Fleet;

testkit::on_both_databases!(s4_a_process_killed_at_any_place_leaves_everything_once);

async fn s4_a_process_killed_at_any_place_leaves_everything_once(database: Database) -> anyhow::Result<()> {
    for place in failpoint::BEGINNING {
        let Some(died) = live(database, place).await? else { return Ok(()) };
        assert!(died, "nobody comes to {place}");
    }
    Ok(())
}

/// Sixty times anywhere (500 under `--long`), by a seed that a failure names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s4_a_process_killed_at_random_leaves_everything_once() -> anyhow::Result<()> {
    let (times, seed) = (testkit::setting::times(60, 500), testkit::setting::seed());
    let dice = Dice::seeded(seed);
    let choose = |among: usize| usize::try_from(dice.number() % 1_000_003).expect("small") % among;
    let mut deaths = 0;
    for n in 0..times {
        let place = format!("{}:{}", failpoint::BEGINNING[choose(failpoint::BEGINNING.len())], 1 + choose(4));
        let database = if n % 4 == 0 { Database::MariaDb } else { Database::Sqlite };
        let Some(died) =
            live(database, &place).await.map_err(|error| error.context(format!("{place}, seed {seed}")))?
        else {
            continue;
        };
        deaths += usize::from(died);
    }
    assert!(deaths > times / 3, "{deaths} of {times}: the places are hardly ever reached, seed {seed}");
    Ok(())
}

/// A customer's life on a process that dies at a place; whether it did. `None` where the database may be skipped.
async fn live(database: Database, failpoint: &str) -> anyhow::Result<Option<bool>> {
    let Some(fleet) = Fleet::new(database).await? else { return Ok(None) };
    let app = fleet.look(Clock::System).await?;
    let mut life = Life::with_death_at(fleet, app, failpoint).await?;
    let (user, key) = begin(&mut life).await.map_err(|error| error.context(failpoint.to_owned()))?;
    end_well(&mut life, &user, &key).await.map_err(|error| error.context(failpoint.to_owned()))?;
    Ok(Some(life.deaths > 0))
}

/// From sign-up to a device; each step as its caller would repeat it.
async fn begin(life: &mut Life) -> anyhow::Result<(TestUser, PrivateKey)> {
    let email = "mika@example.net";
    life.insist(async |_, caller: &Caller| caller.register(email).await).await?;
    let token = life.wait(async |fleet: &Fleet, _: &Caller| {
        let mails = fleet.mail.messages_to(email);
        mails.last().map(|mail| token_in(mail, "/verify")).transpose()
    });
    let token = token.await?;
    // A second click on a link that worked says that it was used: whoever then logs in sees that all is well.
    let user = life.insist(async |_, caller: &Caller| {
        if caller.verify(&token).await.is_err() {
            caller.log_in(email).await?;
        }
        caller.log_in(email).await
    });
    let user = user.await?;
    let session = life.insist(async |_, caller: &Caller| caller.checkout(&user, "premium").await).await?;
    life.fleet.stripe.pay(&session)?;
    life.deliver_all().await?;
    life.wait_for_service(&user).await?;
    let key = PrivateKey::from_random([7; 32]);
    life.insist(async |_, caller: &Caller| add_device(caller, &user, &key).await).await?;
    life.insist(async |_, caller: &Caller| add_device_under_a_key(caller, &user).await).await?;
    Ok((user, key))
}

/// All work is done, and everything is there once.
async fn end_well(life: &mut Life, user: &TestUser, key: &PrivateKey) -> anyhow::Result<()> {
    life.rest().await?;
    let caller = &life.node.caller;
    let subscriptions = caller.get("/subscriptions", Some(user)).await?;
    assert_eq!(subscriptions["subscriptions"].as_array().map(Vec::len), Some(1), "{subscriptions}");
    let devices = caller.get("/devices", Some(user)).await?;
    assert_eq!(devices["devices"].as_array().map(Vec::len), Some(2), "{devices}");
    assert_eq!(devices["devices"][0]["public_key"], key.public().to_string());
    let started = life.fleet.mail.messages_to(&user.email);
    let started: Vec<_> = started.iter().filter(|mail| mail.subject.contains("is active")).collect();
    assert_eq!(started.len(), 1, "told once");
    let events = life.fleet.stripe.events();
    let unique: BTreeSet<String> = events.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(stored_events(life).await?, unique.len(), "each event once");
    Ok(())
}

/// With the key of the client's own a second try is told that the device is there.
async fn add_device(caller: &Caller, user: &TestUser, key: &PrivateKey) -> anyhow::Result<()> {
    let body = json!({ "name": "phone", "public_key": key.public().to_string() });
    let (status, answer) = caller.post("/devices", Some(user), &body).await?;
    let is_there = status == StatusCode::CREATED || answer["errors"][0]["code"] == "key_in_use";
    anyhow::ensure!(is_there, "{status} {answer}");
    Ok(())
}

/// Without a key pair of its own a client says by an idempotency key that it is the same request.
async fn add_device_under_a_key(caller: &Caller, user: &TestUser) -> anyhow::Result<()> {
    let request = caller.request(reqwest::Method::POST, "/devices", Some(user)).header("Idempotency-Key", "tablet");
    let response = request.json(&json!({ "name": "tablet" })).send().await?;
    let status = response.status();
    anyhow::ensure!(status == StatusCode::CREATED, "{status} {}", response.text().await?);
    Ok(())
}

async fn stored_events(life: &Life) -> anyhow::Result<usize> {
    let mut count = 0;
    for event in life.fleet.stripe.events() {
        let id = event["id"].as_str().unwrap_or_default();
        count += usize::from(store::stripe_events::by_id(&life.app.store, id).await?.is_some());
    }
    Ok(count)
}
