//! A process that dies at some place, and callers who try again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::App;
use reqwest::StatusCode;
use sqlx::Executor as _;
use testkit::caller::{Caller, TestUser};
use testkit::fleet::{Fleet, Node, PATIENCE, now_ms};

/// One process after the other on one database.
pub(super) struct Life {
    pub(super) fleet: Fleet,
    pub(super) node: Node,
    /// A look at the database.
    pub(super) app: App,
    /// How many processes have died.
    pub(super) deaths: u32,
    taken: BTreeSet<String>,
}

impl Life {
    /// A process that dies at a place; `app` is for looking behind it.
    pub(super) async fn with_death_at(mut fleet: Fleet, app: App, failpoint: &str) -> anyhow::Result<Life> {
        fleet.set("FAILPOINT", failpoint);
        let node = fleet.serve().await?;
        fleet.unset("FAILPOINT");
        Ok(Life { fleet, node, app, deaths: 0, taken: BTreeSet::new() })
    }

    /// Does something, again in a new process if the old one died of it.
    pub(super) async fn insist<T>(
        &mut self,
        act: impl AsyncFn(&Fleet, &Caller) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
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
                tokio::time::sleep(Duration::from_millis(10)).await;
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

    /// Waits for something that a process does by itself, also if it dies on the way.
    pub(super) async fn wait<T>(
        &mut self,
        ask: impl AsyncFn(&Fleet, &Caller) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Ok(Some(answer)) = ask(&self.fleet, &self.node.caller).await {
                return Ok(answer);
            }
            self.revive().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("waited in vain")
    }

    /// Stripe posts each event until it gets a 2xx; whoever says so has the event in the database.
    pub(super) async fn deliver_all(&mut self) -> anyhow::Result<()> {
        for event in self.fleet.stripe.events() {
            let id = event["id"].as_str().context("an id")?.to_owned();
            if self.taken.contains(&id) {
                continue;
            }
            let app = self.app.clone();
            self.insist(async |_, caller: &Caller| {
                let status = caller.deliver_at(&event, now_ms() / 1000).await?;
                anyhow::ensure!(status == StatusCode::OK, "{status}");
                let stored = store::stripe_events::by_id(&app.store, &id).await?;
                assert!(stored.is_some(), "a 2xx for an event that is not there: {id}");
                Ok(())
            })
            .await?;
            self.taken.insert(id);
        }
        Ok(())
    }

    /// Waits until a user has what they paid for.
    pub(super) async fn wait_for_service(&mut self, user: &TestUser) -> anyhow::Result<()> {
        self.wait(async |_: &Fleet, caller: &Caller| {
            let body = caller.get("/subscriptions", Some(user)).await?;
            Ok((body["subscriptions"][0]["entitled"] == true).then_some(()))
        })
        .await
    }

    /// Waits until all work is done; books and network agree then, and each event was stored once.
    pub(super) async fn rest(&mut self) -> anyhow::Result<()> {
        let app = self.app.clone();
        self.wait(async |_: &Fleet, _: &Caller| {
            let left = app::admin::jobs::list(&app, None, 100).await?;
            Ok(left.is_empty().then_some(()))
        })
        .await?;
        let broken: Vec<_> = app::admin::check(&app).await?.into_iter().filter(|one| one.broken != 0).collect();
        assert_eq!(broken, Vec::new());
        Ok(())
    }
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
