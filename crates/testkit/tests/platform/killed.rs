//! S4: the process is killed at every place where something was done and not yet said, and at random; whoever was
//! waiting tries again, as Stripe and browsers do. In the end everything is there once.

use std::collections::BTreeSet;

use app::{Clock, Dice, failpoint};
use domain::vpn::key::PrivateKey;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::Executor as _;
use testkit::app::Database;
use testkit::caller::{Caller, TestUser, token_in};
use testkit::fleet::{Fleet, Node, PATIENCE, now_ms};

testkit::on_both_databases!(s4_a_process_killed_at_any_place_leaves_everything_once);

async fn s4_a_process_killed_at_any_place_leaves_everything_once(database: Database) -> anyhow::Result<()> {
    for place in failpoint::PLACES {
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
        let place = format!("{}:{}", failpoint::PLACES[choose(failpoint::PLACES.len())], 1 + choose(4));
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
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(None) };
    fleet.set("FAILPOINT", failpoint);
    let node = fleet.serve().await?;
    fleet.unset("FAILPOINT");
    let mut life = Life { fleet, node, deaths: 0 };
    let (user, key) = life.begin().await.map_err(|error| error.context(failpoint.to_owned()))?;
    life.end_well(&user, &key).await.map_err(|error| error.context(failpoint.to_owned()))?;
    Ok(Some(life.deaths > 0))
}

struct Life {
    fleet: Fleet,
    node: Node,
    deaths: u32,
}

impl Life {
    /// Does something, again in a new process if the old one died of it.
    async fn insist<T>(&mut self, act: impl AsyncFn(&Fleet, &Caller) -> anyhow::Result<T>) -> anyhow::Result<T> {
        for _ in 0..3 {
            let done = act(&self.fleet, &self.node.caller).await;
            if done.is_ok() || !self.revive().await? {
                return done;
            }
        }
        anyhow::bail!("the process dies again and again")
    }

    /// Starts another process if this one is dead. The time that a dead worker keeps its job is over then.
    async fn revive(&mut self) -> anyhow::Result<bool> {
        // A death takes a moment to be seen.
        for _ in 0..20 {
            if self.node.process.is_running() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
        if self.node.process.is_running() {
            return Ok(false);
        }
        self.deaths += 1;
        forget_claims(&self.fleet.database_url).await?;
        self.node = self.fleet.serve().await?;
        Ok(true)
    }

    /// From sign-up to a device; each step as its caller would repeat it.
    async fn begin(&mut self) -> anyhow::Result<(TestUser, PrivateKey)> {
        let email = "mika@example.net";
        self.insist(async |_, caller: &Caller| caller.register(email).await).await?;
        let token = self.wait(async |fleet: &Fleet, _: &Caller| {
            let mails = fleet.mail.messages_to(email);
            mails.last().map(|mail| token_in(mail, "/verify")).transpose()
        });
        let token = token.await?;
        // A second click on a link that worked says that it was used: whoever then logs in sees that all is well.
        let user = self.insist(async |_, caller: &Caller| {
            if caller.verify(&token).await.is_err() {
                caller.log_in(email).await?;
            }
            caller.log_in(email).await
        });
        let user = user.await?;
        let session = self.insist(async |_, caller: &Caller| caller.checkout(&user, "premium").await).await?;
        self.fleet.stripe.pay(&session)?;
        for event in self.fleet.stripe.events() {
            self.insist(async |fleet: &Fleet, caller: &Caller| deliver(fleet, caller, &event).await).await?;
        }
        self.wait(async |_: &Fleet, caller: &Caller| {
            let body = caller.get("/subscriptions", Some(&user)).await?;
            Ok((body["subscriptions"][0]["entitled"] == true).then_some(()))
        })
        .await?;
        let key = PrivateKey::from_random([7; 32]);
        self.insist(async |_, caller: &Caller| add_device(caller, &user, &key).await).await?;
        self.insist(async |_, caller: &Caller| add_device_under_a_key(caller, &user).await).await?;
        Ok((user, key))
    }

    /// Waits for something that a process does by itself, also if it dies on the way.
    async fn wait<T>(&mut self, ask: impl AsyncFn(&Fleet, &Caller) -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
        let started = std::time::Instant::now();
        while started.elapsed() < PATIENCE {
            if let Ok(Some(answer)) = ask(&self.fleet, &self.node.caller).await {
                return Ok(answer);
            }
            self.revive().await?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        anyhow::bail!("waited in vain")
    }

    /// All work is done, and everything is there once.
    async fn end_well(&mut self, user: &TestUser, key: &PrivateKey) -> anyhow::Result<()> {
        self.wait(async |fleet: &Fleet, _: &Caller| {
            let app = fleet.look(Clock::System).await?;
            let left = app::admin::jobs::list(&app, None, 100).await?;
            Ok(left.is_empty().then_some(()))
        })
        .await?;
        let caller = &self.node.caller;
        let subscriptions = caller.get("/subscriptions", Some(user)).await?;
        assert_eq!(subscriptions["subscriptions"].as_array().map(Vec::len), Some(1), "{subscriptions}");
        let devices = caller.get("/devices", Some(user)).await?;
        assert_eq!(devices["devices"].as_array().map(Vec::len), Some(2), "{devices}");
        assert_eq!(devices["devices"][0]["public_key"], key.public().to_string());
        let started = self.fleet.mail.messages_to(&user.email);
        let started: Vec<_> = started.iter().filter(|mail| mail.subject.contains("is active")).collect();
        assert_eq!(started.len(), 1, "told once");
        let unique: BTreeSet<String> = self.fleet.stripe.events().iter().map(|event| event["id"].to_string()).collect();
        assert_eq!(stored_events(&self.fleet).await?, unique.len(), "each event once");
        let app = self.fleet.look(Clock::System).await?;
        let broken: Vec<_> = app::admin::check(&app).await?.into_iter().filter(|one| one.broken != 0).collect();
        assert_eq!(broken, Vec::new());
        Ok(())
    }
}

/// Stripe posts until it gets a 2xx; whoever says so has the event in the database.
async fn deliver(fleet: &Fleet, caller: &Caller, event: &Value) -> anyhow::Result<()> {
    let status = caller.deliver_at(event, now_ms() / 1000).await?;
    anyhow::ensure!(status == StatusCode::OK, "{status}");
    let id = event["id"].as_str().unwrap_or_default();
    let app = fleet.look(Clock::System).await?;
    assert!(store::stripe_events::by_id(&app.store, id).await?.is_some(), "a 2xx for an event that is not there: {id}");
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

async fn stored_events(fleet: &Fleet) -> anyhow::Result<usize> {
    let app = fleet.look(Clock::System).await?;
    let mut count = 0;
    for event in fleet.stripe.events() {
        let id = event["id"].as_str().unwrap_or_default();
        count += usize::from(store::stripe_events::by_id(&app.store, id).await?.is_some());
    }
    Ok(count)
}

/// Two minutes pass for the claims of a process that has died.
async fn forget_claims(url: &str) -> anyhow::Result<()> {
    const JOBS: &str = "UPDATE jobs SET claimed_until = 0 WHERE state = 'running'";
    const REQUESTS: &str = "UPDATE idempotency_keys SET claimed_until = 0";
    if let Some(path) = url.strip_prefix("sqlite://") {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE);
        let pool = sqlx::sqlite::SqlitePool::connect_with(options).await?;
        pool.execute(JOBS).await?;
        pool.execute(REQUESTS).await?;
    } else {
        let pool = sqlx::mysql::MySqlPool::connect(url).await?;
        pool.execute(JOBS).await?;
        pool.execute(REQUESTS).await?;
    }
    Ok(())
}
