//! What happens by the clock, in one process of all: the one that holds the lease.

use std::time::{Duration, Instant};

use domain::time::DAY_MS;
use store::{
    email_changes, known_devices, leases, notices, outbox, password_resets, peer_changes, peer_counters, sessions,
    usage_days, verification_tokens, wireguard_peers,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::discord::gate;
use crate::{
    App, Result, coupon, credit_period, gateway_report, gauges, idempotency, ledger, monitor, notice_due, price_move,
    reconcile, reward, server_away, status_news, status_subscriber, ticket,
};

const LEASE: &str = "scheduler";
/// A scheduler that is silent this long is replaced.
const LEASE_MS: i64 = 9_000;
/// How often the lease is renewed or tried for.
const TICK: Duration = Duration::from_secs(3);
/// Expired tokens and ended sessions stay this long, so that a second use can be told from nonsense.
const KEEP_MS: i64 = 24 * 3_600_000;
/// Mails are kept (without their content) for a month, for the question "was it sent?".
const KEEP_MAIL_MS: i64 = 30 * 24 * 3_600_000;
/// What is counted of a device that is gone stays this long, for a gateway that reports late.
const KEEP_COUNTERS_MS: i64 = 7 * DAY_MS;
/// The days of use that owners can see: a year, and a month to compare with.
const KEEP_USAGE_DAYS: i64 = 400;
/// What was told is known longer than any cause of it lasts: a year's period, and what comes after.
const KEEP_NOTICES_MS: i64 = 400 * DAY_MS;
/// The longest that a server knows a device that has moved away.
const KEEP_PREVIOUS_MS: i64 = DAY_MS;
/// Devices that are taken from former servers in one hour at most, if the new ones have not seen them.
const AT_ONCE: u64 = 10_000;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// What is done now and then.
#[derive(Debug, Clone, Copy)]
enum Chore {
    Watch,
    CleanUp,
    ReadEvents,
    ReadSubscriptions,
    TellAway,
    ProveBooks,
    ConfirmRewards,
    EndPeriods,
    TellDue,
    SettleCoupons,
    MovePrices,
    CompareStripe,
    EndQuietTickets,
    Count,
}

impl Chore {
    /// Every chore, and how often it is done.
    const ALL: [(Chore, Duration); 14] = [
        (Chore::Watch, MINUTE),
        (Chore::TellAway, MINUTE),
        (Chore::EndPeriods, MINUTE),
        (Chore::Count, MINUTE),
        (Chore::EndQuietTickets, MINUTE.saturating_mul(5)),
        (Chore::ReadEvents, MINUTE.saturating_mul(5)),
        (Chore::TellDue, MINUTE.saturating_mul(10)),
        (Chore::ReadSubscriptions, HOUR),
        (Chore::CleanUp, HOUR),
        (Chore::ConfirmRewards, HOUR),
        (Chore::SettleCoupons, HOUR),
        (Chore::MovePrices, HOUR),
        (Chore::CompareStripe, HOUR.saturating_mul(24)),
        (Chore::ProveBooks, HOUR.saturating_mul(24)),
    ];

    fn lane(self) -> Lane {
        if matches!(self, Chore::Watch) { Lane::Watching } else { Lane::Working }
    }

    async fn run(self, app: &App) {
        let done = match self {
            Chore::Watch => monitor::watch(app).await,
            Chore::CleanUp => clean_up(app).await,
            Chore::TellAway => server_away::tell(app).await,
            Chore::Count => gauges::count(app).await,
            Chore::EndPeriods => credit_period::end_due(app).await.map(drop),
            Chore::ConfirmRewards => reward::confirm_due(app).await.map(drop),
            Chore::TellDue => notice_due::tell_due(app).await.map(drop),
            Chore::EndQuietTickets => ticket::end_quiet(app).await.map(drop),
            Chore::MovePrices => price_move::carry_out(app).await.map(drop),
            Chore::SettleCoupons => coupon::settle_due(app).await.map(drop),
            Chore::ProveBooks => ledger::watch(app).await,
            Chore::CompareStripe => reconcile::watch(app).await,
            Chore::ReadEvents => reconcile::missed(app).await.map(drop),
            Chore::ReadSubscriptions => reconcile::subscriptions(app).await.map(drop),
        };
        if let Err(error) = done {
            tracing::warn!(chore = ?self, error = error.chain(), "a chore was not done; it is tried again when it is due");
        }
    }
}

/// Who does what: looking takes as long as the slowest of what is looked at, and nothing else waits for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Watching,
    Working,
}

impl Lane {
    const ALL: [Lane; 2] = [Lane::Watching, Lane::Working];
}

/// When each chore was begun, by a clock that nobody sets, and the one of each lane that runs.
#[derive(Default)]
struct Chores {
    begun_at: [Option<Instant>; Chore::ALL.len()],
    running: [Option<JoinHandle<()>>; Lane::ALL.len()],
}

impl Chores {
    /// Begins the next chore of each lane that is due, in a task of its own: the lease must be renewed meanwhile.
    fn go_on(&mut self, app: &App) {
        let now = Instant::now();
        for (lane, running) in Lane::ALL.into_iter().zip(&mut self.running) {
            if running.as_ref().is_some_and(|task| !task.is_finished()) {
                continue;
            }
            let is_due = |(begun, (chore, every)): (&Option<Instant>, &(Chore, Duration))| {
                chore.lane() == lane && begun.is_none_or(|at| now - at >= *every)
            };
            if let Some(next) = self.begun_at.iter().zip(&Chore::ALL).position(is_due) {
                self.begun_at[next] = Some(now);
                let (app, (chore, _)) = (app.clone(), Chore::ALL[next]);
                *running = Some(tokio::spawn(async move { chore.run(&app).await }));
            }
        }
    }
}

/// Runs until `stop` turns true.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let me = app.dice.id(app.clock.now());
    let mut chores = Chores::default();
    while !*stop.borrow() {
        let now = app.clock.now();
        match leases::acquire(&app.store, LEASE, me, now, now + LEASE_MS).await {
            Ok(true) => chores.go_on(&app),
            // Another process does it; should that one die, everything is due here.
            Ok(false) => {
                chores = Chores::default();
                app.away.take();
            }
            Err(error) => {
                monitor::database_is_away(&app);
                tracing::warn!(%error, "the scheduler can't get at the database");
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stop.changed() => {}
        }
    }
    for task in chores.running.into_iter().flatten() {
        task.abort();
    }
    if let Err(error) = leases::release(&app.store, LEASE, me).await {
        tracing::warn!(%error, "the scheduler's lease could not be given back; it runs out by itself");
    }
}

/// Removes what has expired.
pub async fn clean_up(app: &App) -> Result<()> {
    let now = app.clock.now();
    verification_tokens::prune(&app.store, now - KEEP_MS).await?;
    password_resets::prune(&app.store, now - KEEP_MS).await?;
    idempotency::clean_up(app, now).await?;
    email_changes::prune(&app.store, now - KEEP_MS).await?;
    known_devices::prune(&app.store, now).await?;
    sessions::prune(&app.store, now - KEEP_MS).await?;
    outbox::prune(&app.store, now - KEEP_MAIL_MS).await?;
    peer_changes::prune(&app.store, now - KEEP_MS).await?;
    peer_counters::prune(&app.store, now - KEEP_COUNTERS_MS).await?;
    notices::prune(&app.store, now - KEEP_NOTICES_MS).await?;
    usage_days::prune(&app.store, now.div_euclid(DAY_MS) - KEEP_USAGE_DAYS).await?;
    monitor::clean_up(app, now).await?;
    status_subscriber::clean_up(app, now).await?;
    status_news::clean_up(app, now).await?;
    gate::clean_up(app, now).await?;
    for peer in wireguard_peers::still_at_previous(&app.store, now - KEEP_PREVIOUS_MS, AT_ONCE).await? {
        gateway_report::leave_previous(app, &peer).await?;
    }
    Ok(())
}
