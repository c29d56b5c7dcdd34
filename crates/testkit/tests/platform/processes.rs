//! What only real processes can show: two on one database, and one that is killed.

use app::{Clock, jobs};
use reqwest::StatusCode;
use serde_json::Value;
use testkit::app::Database;
use testkit::caller::TestUser;
use testkit::fleet::{self, Fleet, Node, eventually, now_ms};
use testkit::gate::{Door, Gate};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

testkit::on_both_databases!(
    s1_one_event_sent_a_hundred_times_to_two_processes_has_one_effect,
    s4_a_process_killed_while_it_applies_an_event_loses_nothing,
    s4_a_process_killed_before_it_applies_an_event_loses_nothing,
    a_request_under_way_is_answered_before_the_process_ends,
);

async fn subscriptions(node: &Node, user: &TestUser) -> anyhow::Result<Vec<Value>> {
    let mut body = node.caller.get("/subscriptions", Some(user)).await?;
    Ok(serde_json::from_value(body["subscriptions"].take())?)
}

async fn wait_until_active(node: &Node, user: &TestUser) -> anyhow::Result<()> {
    let active =
        async || Ok(subscriptions(node, user).await?.iter().any(|one| one["status"] == "active").then_some(()));
    eventually("an active subscription", active).await
}

fn started_mails(fleet: &Fleet, user: &TestUser) -> usize {
    fleet.mail.messages_to(&user.email).into_iter().filter(|mail| mail.subject.contains("is active")).count()
}

async fn s1_one_event_sent_a_hundred_times_to_two_processes_has_one_effect(database: Database) -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
    let (one, two) = (fleet.serve().await?, fleet.serve().await?);
    let user = fleet.with_user(&one, "mika").await?;
    fleet.stripe.pay(&one.caller.checkout(&user, "basic").await?)?;
    let event = fleet.events_of("checkout.session.completed").pop().expect("a paid checkout");

    let now = now_ms() / 1000;
    let sent = (0..100).map(|n| if n % 2 == 0 { &one } else { &two }.caller.deliver_at(&event, now));
    for status in futures_util::future::join_all(sent).await {
        assert_eq!(status?, StatusCode::OK);
    }
    wait_until_active(&two, &user).await?;
    let idle = async || Ok(jobs_left(&fleet).await?.is_empty().then_some(()));
    eventually("the jobs' end", idle).await?;
    assert_eq!(subscriptions(&one, &user).await?.len(), 1);
    assert_eq!(started_mails(&fleet, &user), 1);
    Ok(())
}

/// What `mirai admin job list` shows.
async fn jobs_left(fleet: &Fleet) -> anyhow::Result<Vec<Value>> {
    let done = fleet.command(&["admin", "job", "list", "--json"]).run(testkit::fleet::PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{}", done.stderr);
    Ok(serde_json::from_str(&done.stdout)?)
}

/// A fleet whose processes reach Stripe through a gate; a user has paid, and no event is delivered yet.
async fn with_a_gate(database: Database) -> anyhow::Result<Option<(Fleet, Gate, Node, TestUser)>> {
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(None) };
    let gate = Gate::before(fleet.stripe.base_url().trim_start_matches("http://").to_owned()).await?;
    fleet.set("STRIPE_API_BASE", &format!("http://{}", gate.address()));
    let node = fleet.serve().await?;
    let user = fleet.with_user(&node, "mika").await?;
    fleet.stripe.pay(&node.caller.checkout(&user, "basic").await?)?;
    Ok(Some((fleet, gate, node, user)))
}

async fn s4_a_process_killed_while_it_applies_an_event_loses_nothing(database: Database) -> anyhow::Result<()> {
    let Some((fleet, gate, node, user)) = with_a_gate(database).await? else { return Ok(()) };
    let event = fleet.events_of("checkout.session.completed").pop().expect("a paid checkout");
    gate.set(Door::Silent);
    let before = gate.arrived();
    assert_eq!(node.caller.deliver_at(&event, now_ms() / 1000).await?, StatusCode::OK, "stored, so answered");
    eventually("the job's question", async || Ok((gate.arrived() > before).then_some(()))).await?;
    node.process.kill9().await?;

    gate.set(Door::Open);
    let node = fleet.serve().await?;
    assert_eq!(subscriptions(&node, &user).await?.len(), 0);
    // The dead process holds its claim for two minutes; a worker whose clock says so takes the job over.
    let later = fleet.look(Clock::stopped_at(now_ms() + 3 * 60_000)).await?;
    jobs::run_due(&later).await?;
    wait_until_active(&node, &user).await?;
    assert_eq!(subscriptions(&node, &user).await?.len(), 1);
    eventually("the mail", async || Ok((started_mails(&fleet, &user) == 1).then_some(()))).await
}

async fn s4_a_process_killed_before_it_applies_an_event_loses_nothing(database: Database) -> anyhow::Result<()> {
    let Some((fleet, gate, node, user)) = with_a_gate(database).await? else { return Ok(()) };
    let event = fleet.events_of("checkout.session.completed").pop().expect("a paid checkout");
    // Stripe is away, so the job fails and waits for its next try; then the process dies.
    gate.set(Door::Shut);
    assert_eq!(node.caller.deliver_at(&event, now_ms() / 1000).await?, StatusCode::OK, "stored, so answered");
    let waits = async || Ok(jobs_left(&fleet).await?.iter().any(|job| job["state"] == "queued").then_some(()));
    eventually("the failed job", waits).await?;
    node.process.kill9().await?;

    gate.set(Door::Open);
    let node = fleet.serve().await?;
    wait_until_active(&node, &user).await?;
    eventually("the mail", async || Ok((started_mails(&fleet, &user) == 1).then_some(()))).await?;
    // Stripe sends it again, since it can't know; nothing more comes of it.
    assert_eq!(node.caller.deliver_at(&event, now_ms() / 1000).await?, StatusCode::OK);
    assert_eq!(jobs_left(&fleet).await?.len(), 0);
    assert_eq!(subscriptions(&node, &user).await?.len(), 1);
    Ok(())
}

async fn a_request_under_way_is_answered_before_the_process_ends(database: Database) -> anyhow::Result<()> {
    let Some((_fleet, gate, node, user)) = with_a_gate(database).await? else { return Ok(()) };
    gate.set(Door::Silent);
    let before = gate.arrived();
    let caller = node.caller.clone();
    let asking = tokio::spawn(async move { caller.checkout(&user, "premium").await });
    eventually("the question to Stripe", async || Ok((gate.arrived() > before).then_some(()))).await?;
    node.process.terminate()?;
    let url = format!("{}/backend/api/health", node.caller.base);
    let refused = async || Ok(reqwest::get(&url).await.is_err().then_some(()));
    eventually("the end of new connections", refused).await?;
    // The question is asked once more, and the buyer gets the page to pay on.
    gate.set(Door::Open);
    assert!(asking.await??.starts_with("cs_"));
    assert_eq!(node.process.wait(testkit::fleet::PATIENCE).await?.code, Some(0));
    Ok(())
}

/// A proxy that was let in has sent its request, or is about to: it would not ask a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_let_in_before_the_process_ends_is_answered() -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(Database::Sqlite).await? else { return Ok(()) };
    let mut node = fleet.serve().await?;
    let place = node.caller.base.trim_start_matches("http://").to_owned();
    let mut early = TcpStream::connect(&place).await?;
    // The process takes connections in as they come: once this one is answered, the one before is inside.
    node.caller.get("/readyz", None).await?;
    node.process.terminate()?;
    node.process.wait_for_line("stopping", fleet::PATIENCE).await?;
    early.write_all(b"GET /backend/api/readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = String::new();
    early.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    assert_eq!(node.process.wait(fleet::PATIENCE).await?.code, Some(0));
    Ok(())
}
