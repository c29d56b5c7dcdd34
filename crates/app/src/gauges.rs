//! What the company and its network are like, as gauges: counted once a minute by the process that holds the scheduler's
//! lease. A process that has lost it goes on showing its last figures, so each says when it has counted.

use domain::ledger::Account;
use domain::reward::Refusal;
use domain::subscription::Status;
use domain::ticket::State;
use domain::time::{DAY_MS, UnixMs};
use domain::vpn::balancer::ServerStatus;
use metrics::gauge;
use store::tickets::Filter;
use store::{figures, jobs, plans, tickets, users};

use crate::jobs::Job;
use crate::{App, Result, server};

/// The states of a subscription that has not ended.
const STANDING: [Status; 5] = [Status::Incomplete, Status::Trialing, Status::Active, Status::PastDue, Status::Paused];
/// What a server can be seen to be while it is not gone for good.
const SERVERS: [ServerStatus; 5] =
    [ServerStatus::Pending, ServerStatus::Up, ServerStatus::Degraded, ServerStatus::Draining, ServerStatus::Down];

/// Why there can be no reward.
const REFUSALS: [Refusal; 5] =
    [Refusal::OwnMailbox, Refusal::OwnCard, Refusal::Loop, Refusal::NoOffer, Refusal::SponsorGone];

/// Shows counters that an alert watches before they first rise: of one that appears with its first rise nobody sees the rise.
/// For the beginning of a process, once its metrics are kept.
pub fn begin() {
    for kind in Job::KINDS {
        metrics::counter!("mirai_jobs_dead_total", "kind" => kind).increment(0);
    }
    for outcome in ["applied", "ignored"] {
        metrics::counter!("mirai_stripe_events_total", "outcome" => outcome).increment(0);
    }
    for why in REFUSALS.map(Refusal::as_str) {
        metrics::counter!("mirai_rewards_refused_total", "why" => why).increment(0);
    }
    metrics::counter!("mirai_stripe_events_reconciled_total").increment(0);
    metrics::counter!("mirai_redis_failures_total").increment(0);
    metrics::counter!("mirai_mails_sent_total").increment(0);
}

/// Counts. What has become nothing is set to nothing, since a gauge stays as it was left.
pub(crate) async fn count(app: &App) -> Result<()> {
    let now = app.clock.now();
    gauge!("mirai_users").set(number(users::count(&app.store).await?));
    subscriptions(app).await?;
    sold(app, now).await?;
    servers(app).await?;
    for state in [State::Open, State::Waiting] {
        let count = tickets::count(&app.store, Filter { state, ..Filter::QUEUE }).await?;
        gauge!("mirai_tickets", "state" => state.as_str()).set(number(count));
    }
    for state in ["queued", "dead"] {
        gauge!("mirai_jobs", "state" => state).set(number(jobs::count(&app.store, state).await?));
    }
    gauge!("mirai_counted_at_seconds").set(number(now.unsigned_abs() / 1000));
    Ok(())
}

async fn subscriptions(app: &App) -> Result<()> {
    let standing = figures::standing(&app.store).await?;
    for plan in plans::all(&app.store).await? {
        for status in STANDING.map(Status::as_str) {
            let found = standing.iter().find(|(of, as_it_is, _)| *of == plan.code && as_it_is == status);
            let count = found.map_or(0, |(_, _, count)| count.unsigned_abs());
            gauge!("mirai_subscriptions", "plan" => plan.code.clone(), "status" => status).set(number(count));
        }
    }
    Ok(())
}

/// What was sold in the last day, as the books have it: without taxes, in minor units.
async fn sold(app: &App, now: UnixMs) -> Result<()> {
    // All that was ever sold in names the currencies: a day without a sale is a 0.
    let spans = [0, now - DAY_MS, now + 1];
    for line in figures::gained(&app.store, &[Account::Revenue], &spans).await? {
        let day = line.amounts.last().copied().unwrap_or(0).max(0).unsigned_abs();
        gauge!("mirai_sold_day_minor_units", "currency" => line.currency).set(number(day));
    }
    Ok(())
}

async fn servers(app: &App) -> Result<()> {
    let all = server::all(app).await?;
    for status in SERVERS {
        let count = all.iter().filter(|row| row.status() == status).count();
        gauge!("mirai_servers", "status" => status.as_str()).set(number(count as u64));
    }
    for row in all.iter() {
        // One that is gone for good has nobody, and is told of as long as this process lives.
        let (peers, load) =
            if row.status() == ServerStatus::Retired { (0, 0.0) } else { (row.peers, server::load(row)) };
        gauge!("mirai_server_peers", "server" => row.name.clone()).set(number(peers.max(0).unsigned_abs()));
        gauge!("mirai_server_load", "server" => row.name.clone()).set(load);
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "exact below nine quadrillions")]
fn number(count: u64) -> f64 {
    count as f64
}
