//! Jobs and leases: claimed once, one customer's at a time, taken over from the dead, and mended by an operator.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use store::jobs::{self, NewJob, Next};
use store::leases;
use testkit::app::{Database, START, TestApp, Wanted};
use testkit::caller::token_in;
use testkit::fleet::{Fleet, PATIENCE, eventually};
use testkit::gate::{Door, Gate};
use uuid::Uuid;

testkit::on_both_databases!(
    a_job_is_claimed_by_one_worker_only,
    workers_begin_with_different_jobs_and_with_those_that_somebody_waits_for,
    jobs_with_one_key_run_one_at_a_time_and_outlive_their_worker,
    a_lease_has_one_holder_until_it_runs_out,
    a_mail_that_died_goes_out_once_the_operator_has_mended_the_setting,
);

async fn add(test: &TestApp, n: u128, key: Option<&str>) -> anyhow::Result<Uuid> {
    let id = Uuid::from_u128(n);
    let tx = test.app.store.write_txn().await?;
    let job = NewJob { id, kind: "test".to_owned(), payload: "{}".to_owned(), lock_key: key.map(str::to_owned) };
    jobs::insert(&tx, job, START, START).await?;
    tx.commit().await?;
    Ok(id)
}

async fn a_job_is_claimed_by_one_worker_only(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    for n in 1..=4 {
        add(&test, n, None).await?;
    }
    // As a worker does: one that finds others faster looks again.
    let claims = (0..8).map(|_| async {
        let mut claimed = Vec::new();
        while let Some(job) = jobs::claim(&test.app.store, START, START + 1000, jobs::Turn::default()).await? {
            claimed.push(job.id);
        }
        anyhow::Ok(claimed)
    });
    let mut all: Vec<Uuid> = futures_util::future::try_join_all(claims).await?.concat();
    // Whoever lost every race went to sleep; nobody else is left to claim what it saw.
    while let Some(job) = jobs::claim(&test.app.store, START, START + 1000, jobs::Turn::default()).await? {
        all.push(job.id);
    }
    all.sort_unstable();
    assert_eq!(all, (1..=4).map(Uuid::from_u128).collect::<Vec<_>>());
    Ok(())
}

async fn workers_begin_with_different_jobs_and_with_those_that_somebody_waits_for(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    for n in 1..=4 {
        add(&test, n, None).await?;
    }
    let tx = test.app.store.write_txn().await?;
    for n in 5..=6 {
        let id = Uuid::from_u128(n);
        let job = NewJob { id, kind: "waited_for".to_owned(), payload: "{}".to_owned(), lock_key: None };
        jobs::insert(&tx, job, START, START).await?;
    }
    tx.commit().await?;
    let claim = async |number, first| -> anyhow::Result<Option<u128>> {
        let turn = jobs::Turn { number, first };
        let job = jobs::claim(&test.app.store, START, START + 1000, turn).await?;
        Ok(job.map(|job| job.id.as_u128()))
    };
    assert_eq!(claim(1, Some("waited_for")).await?, Some(6));
    assert_eq!(claim(0, None).await?, Some(1), "one worker takes what is due longest, whatever it is");
    assert_eq!(claim(2, None).await?, Some(4));
    assert_eq!(claim(0, Some("waited_for")).await?, Some(5));
    assert_eq!(claim(0, Some("waited_for")).await?, Some(2), "where nobody waits, the others' turn has come");
    assert_eq!(claim(7, Some("waited_for")).await?, Some(3));
    assert_eq!(claim(0, None).await?, None);
    Ok(())
}

async fn jobs_with_one_key_run_one_at_a_time_and_outlive_their_worker(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let store = &test.app.store;
    let (first, second) = (add(&test, 1, Some("stripe:cus_1")).await?, add(&test, 2, Some("stripe:cus_1")).await?);
    let other = add(&test, 3, Some("stripe:cus_2")).await?;
    let claim = async |now: i64| -> anyhow::Result<Option<jobs::Model>> {
        Ok(jobs::claim(store, now, now + 1000, jobs::Turn::default()).await?)
    };
    let running = claim(START).await?.expect("a job");
    assert_eq!(running.id, first);
    let beside = claim(START).await?.expect("another customer's");
    assert_eq!(beside.id, other);
    assert_eq!(claim(START).await?, None, "the second waits for the first");
    // The worker dies: its claim runs out, and the job is taken over before the one behind it.
    let again = claim(START + 1001).await?.expect("the first, once more");
    assert_eq!((again.id, again.attempts), (first, 2));
    // The dead worker was only slow, and reports late: it changes nothing.
    jobs::done(store, &running).await?;
    jobs::failed(store, &again, Next::Retry(START + 5000), "Stripe was away").await?;
    let now = claim(START + 1001).await?.map(|job| job.id);
    assert!([Some(second), Some(other)].contains(&now), "{now:?}");
    Ok(())
}

async fn a_lease_has_one_holder_until_it_runs_out(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let store = &test.app.store;
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let take = async |who: Uuid, now: i64| leases::acquire(store, "a lease", who, now, now + 100).await;
    let both = futures_util::future::try_join_all([take(one, START), take(two, START)]).await?;
    assert_eq!(both.iter().filter(|held| **held).count(), 1, "{both:?}");
    let (holder, waiting) = if both[0] { (one, two) } else { (two, one) };
    assert!(take(holder, START + 50).await?, "renewed");
    assert!(!take(waiting, START + 149).await?);
    assert!(take(waiting, START + 151).await?, "the holder was silent for too long");
    assert!(!take(holder, START + 152).await?);
    leases::release(store, "a lease", waiting).await?;
    assert!(take(holder, START + 153).await?, "given back");
    Ok(())
}

async fn a_mail_that_died_goes_out_once_the_operator_has_mended_the_setting(database: Database) -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(()) };
    let (old_key, new_key) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
    let gate = Gate::before(fleet.mail.base_url().trim_start_matches("http://").to_owned()).await?;
    gate.set(Door::Shut);
    fleet.set("RESEND_API_BASE", &format!("http://{}", gate.address()));
    fleet.set("DATA_KEYS", &old_key);
    let node = fleet.serve().await?;
    node.caller.register("mika@example.net").await?;
    let failed = async || Ok(only_job(&fleet).await?.filter(|job| job["attempts"] != 0 && job["state"] == "queued"));
    eventually("a mail that waits", failed).await?;
    node.process.terminate()?;
    assert_eq!(node.process.wait(PATIENCE).await?.code, Some(0));

    // The key was replaced instead of put in front: what it has sealed can't be opened any more.
    gate.set(Door::Open);
    fleet.set("DATA_KEYS", &new_key);
    let node = fleet.serve().await?;
    let dead =
        eventually("a dead job", async || Ok(only_job(&fleet).await?.filter(|job| job["state"] == "dead"))).await?;
    assert_eq!(dead["kind"], "mail_send");
    assert!(dead["last_error"].as_str().is_some_and(|error| error.contains("key")), "{dead}");
    node.process.terminate()?;
    assert_eq!(node.process.wait(PATIENCE).await?.code, Some(0));

    fleet.set("DATA_KEYS", &format!("{new_key},{old_key}"));
    let node = fleet.serve().await?;
    assert_eq!(admin(&fleet, &["job", "retry", "--all", "--json"]).await?, json!({ "revived": 1 }));
    let mail = fleet.wait_for_mail("mika@example.net", |_| true).await?;
    node.caller.verify(&token_in(&mail, "/verify")?).await?;
    node.caller.log_in("mika@example.net").await?;
    Ok(())
}

/// The one job that there is, as `mirai admin job list` shows it.
async fn only_job(fleet: &Fleet) -> anyhow::Result<Option<Value>> {
    let jobs = admin(fleet, &["job", "list", "--json"]).await?;
    Ok(jobs.as_array().filter(|jobs| jobs.len() == 1).map(|jobs| jobs[0].clone()))
}

async fn admin(fleet: &Fleet, args: &[&str]) -> anyhow::Result<Value> {
    let done = fleet.command(&[&["admin"], args].concat()).run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{}", done.stderr);
    Ok(serde_json::from_str(&done.stdout)?)
}
