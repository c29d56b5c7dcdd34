//! Several processes with one Redis behave as one; without it each goes on for itself.

use std::time::{Duration, Instant};

use app::Clock;
use clients::redis::{Hint, Redis};
use domain::limit::Gcra;
use proptest::prelude::*;
use reqwest::StatusCode;
use serde_json::json;
use testkit::app::Database;
use testkit::caller::Caller;
use testkit::fleet::{Fleet, Node, PATIENCE, eventually};
use testkit::redis::RedisServer;

/// The script in Redis and the arithmetic in memory give the same answer to the same requests.
#[test]
fn redis_counts_as_memory_does() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let Some(server) = runtime.block_on(RedisServer::start()).expect("Redis") else { return };
    let redis = runtime.block_on(async { Redis::new(&server.url()).expect("a client") });
    let key = std::sync::atomic::AtomicU64::new(0);
    // Redis forgets a key by its own clock: one request of a rule must be remembered longer than a case takes.
    let rule = (0..40u32, prop_oneof![Just(600_000i64), 600_000..10_000_000i64]);
    let steps = prop::collection::vec(prop_oneof![Just(0i64), 0..1_000_000i64, -500_000..0i64], 1..30);
    let cases = u32::try_from(testkit::setting::times(64, 2_000)).expect("few");
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let checked = runner.run(&(rule, steps), |((limit, period_ms), steps)| {
        let rule = Gcra { limit, period_ms };
        let key = format!("k{}", key.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        let (mut tat, mut now) = (None, testkit::app::START);
        for step in steps {
            now += step;
            let expected = rule.decide(tat, now);
            let found = runtime.block_on(redis.count(&key, rule, Some(now))).expect("Redis answers");
            prop_assert_eq!(found, expected, "{:?} at {}", rule, now);
            // What lies in the past need not be kept, and Redis drops it by its own clock.
            tat = (expected.new_tat > now * 1000).then_some(expected.new_tat);
        }
        Ok(())
    });
    checked.expect("both agree");
}

/// Without a time of the caller's Redis goes by its own clock.
#[tokio::test]
async fn redis_knows_the_time() -> anyhow::Result<()> {
    let Some(server) = RedisServer::start().await? else { return Ok(()) };
    let redis = Redis::new(&server.url())?;
    let rule = Gcra { limit: 2, period_ms: 60_000 };
    for (n, allowed) in [true, true, false].into_iter().enumerate() {
        let decision = redis.count("key", rule, None).await?;
        assert_eq!(decision.allowed, allowed, "request {n}");
        let now = testkit::fleet::now_ms() * 1000;
        assert!((decision.new_tat - now).abs() < 120_000_000, "a time like ours");
    }
    let ttl = server.ask("PTTL key").await?;
    let ttl: i64 = ttl.trim_start_matches(':').trim().parse()?;
    assert!((1..=60_001).contains(&ttl), "it forgets by itself: {ttl}");
    Ok(())
}

#[tokio::test]
async fn a_hint_reaches_whoever_listens() -> anyhow::Result<()> {
    let Some(server) = RedisServer::start().await? else { return Ok(()) };
    let (teller, listener) = (Redis::new(&server.url())?, Redis::new(&server.url())?);
    let mut hints = listener.hear(Hint::Work).await?;
    teller.tell(Hint::Work, "").await?;
    assert_eq!(tokio::time::timeout(PATIENCE, hints.recv()).await?, Some(String::new()));
    server.stop().await?;
    assert_eq!(tokio::time::timeout(PATIENCE, hints.recv()).await?, None, "the end of the connection is heard too");
    Ok(())
}

/// A fleet on MariaDB whose processes share a Redis and have the real limits.
async fn fleet_with_redis() -> anyhow::Result<Option<(Fleet, RedisServer)>> {
    let Some(server) = RedisServer::start().await? else { return Ok(None) };
    let Some(mut fleet) = Fleet::new(Database::MariaDb).await? else { return Ok(None) };
    fleet.set("REDIS_URL", &server.url());
    fleet.unset("LIMIT_CREDENTIAL");
    fleet.unset("LIMIT_GENERAL");
    Ok(Some((fleet, server)))
}

async fn guess(caller: &Caller, n: usize) -> anyhow::Result<StatusCode> {
    let body = json!({ "email": format!("nobody{n}@example.net"), "password": "a guess at a password" });
    Ok(caller.post("/auth/login", None, &body).await?.0)
}

/// Thirty guesses at once, in turns; how many were looked at, and how many had to wait.
async fn thirty_guesses(nodes: &[&Node]) -> anyhow::Result<(usize, usize)> {
    let sent = (0..30).map(|n| guess(&nodes[n % nodes.len()].caller, n));
    let (mut looked_at, mut waited) = (0, 0);
    for status in futures_util::future::join_all(sent).await {
        match status? {
            StatusCode::UNAUTHORIZED => looked_at += 1,
            StatusCode::TOO_MANY_REQUESTS => waited += 1,
            other => anyhow::bail!("{other}"),
        }
    }
    Ok((looked_at, waited))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s54_two_processes_count_as_one_and_go_on_without_redis() -> anyhow::Result<()> {
    let Some((fleet, redis)) = fleet_with_redis().await? else { return Ok(()) };
    let (one, two) = (fleet.serve().await?, fleet.serve().await?);
    let (looked_at, waited) = thirty_guesses(&[&one, &two]).await?;
    assert!((10..=11).contains(&looked_at) && looked_at + waited == 30, "ten a minute in both: {looked_at}");

    let plans = async |node: &Node| -> anyhow::Result<StatusCode> {
        let request = node.caller.request(reqwest::Method::GET, "/plans", None);
        Ok(request.timeout(PATIENCE).send().await?.status())
    };
    // Wiped: everybody begins anew, and nothing breaks.
    redis.ask("FLUSHALL").await?;
    assert_eq!(guess(&one.caller, 100).await?, StatusCode::UNAUTHORIZED);
    // Somebody else's data under our keys.
    let keys = redis.ask("KEYS mirai:limit:*").await?;
    for key in keys.lines().filter(|line| line.starts_with("mirai:")) {
        redis.ask(&format!("DEL {key}")).await?;
        redis.ask(&format!("LPUSH {key} x")).await?;
    }
    assert_eq!(plans(&one).await?, StatusCode::OK);
    // Frozen: each process counts for itself, and nobody waits for it.
    redis.ask("FLUSHALL").await?;
    redis.freeze()?;
    let began = Instant::now();
    for _ in 0..10 {
        assert_eq!(plans(&two).await?, StatusCode::OK);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let (looked_at, _) = thirty_guesses(&[&two]).await?;
    assert!((1..=11).contains(&looked_at), "still limited: {looked_at}");
    redis.thaw()?;
    redis.stop().await?;
    assert_eq!(plans(&one).await?, StatusCode::OK);
    let (looked_at, waited) = thirty_guesses(&[&one]).await?;
    assert!(looked_at <= 11 && waited >= 19, "still limited: {looked_at}");
    redis.revive().await?;
    let counted = async || {
        plans(&one).await?;
        Ok((!redis.ask("DBSIZE").await?.starts_with(":0")).then_some(()))
    };
    eventually("Redis to be used again", counted).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_scheduler_works_and_another_takes_over_when_it_dies() -> anyhow::Result<()> {
    let Some((fleet, _redis)) = fleet_with_redis().await? else { return Ok(()) };
    let first = fleet.serve().await?;
    let app = fleet.look(Clock::System).await?;
    let holder = async || anyhow::Ok(store::leases::holder(&app.store, "scheduler").await?);
    let leader = eventually("a scheduler", async || holder().await).await?;
    let second = fleet.serve().await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(holder().await?, Some(leader), "there is one, however many processes run");
    first.process.kill9().await?;
    let died = Instant::now();
    let other = async || Ok(holder().await?.filter(|now| *now != leader));
    eventually("another scheduler", other).await?;
    assert!(died.elapsed() < Duration::from_secs(15), "{:?}", died.elapsed());
    drop(second);
    Ok(())
}
