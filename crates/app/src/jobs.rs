//! The worker: runs what transactions have announced.
//!
//! A job is claimed by compare-and-set, runs outside any transaction, may run twice and must not mind. A failure is
//! tried again with growing pauses; what can't work, or never does, is kept as dead for `mirai admin job list`.

use std::time::Duration;

use domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use store::jobs::{self as rows, Next, Turn};
use store::{StoreError, Tx};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    App, Error, Result, account_delete, credit_apply, email_change, failpoint, mail, reward, status_news,
    status_webhook, stripe_event,
};

/// A worker that is silent this long has died; its job may be claimed again.
const CLAIM_MS: i64 = 120_000;
/// Tries before a job is dead: with the pauses below that is about two days.
const MAX_ATTEMPTS: i64 = 20;
/// Jobs at the same time in one process.
const PARALLEL: usize = 4;
/// The kind of [`Job::StripeEventApply`].
const STRIPE_EVENT_APPLY: &str = "stripe_event_apply";
/// How often a worker looks when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);

/// What there is to do. Arguments are ids only.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Job {
    /// Send a mail of the outbox.
    MailSend {
        /// Row of the outbox.
        mail: Uuid,
    },
    /// Apply an event of Stripe.
    StripeEventApply {
        /// `evt_…`.
        event: String,
        /// Its customer: events of one customer are applied one at a time.
        customer: Option<String>,
    },
    /// Tell Stripe a customer's new address.
    StripeCustomerUpdate {
        /// Whose.
        user: Uuid,
        /// `cus_…`.
        customer: String,
    },
    /// Look at a first payment: its card, and who brought in the customer.
    RewardConsider {
        /// `in_…`.
        invoice: String,
    },
    /// Tell Stripe of credit for the next invoice.
    CreditApply {
        /// Whose.
        user: Uuid,
        /// The movement in the books.
        movement: String,
    },
    /// End these at Stripe: an account was deleted, or a payment went back.
    StripeClose {
        /// `cus_…` to be forgotten.
        customer: Option<String>,
        /// `sub_…` that had not ended.
        subscriptions: Vec<String>,
        /// `cs_…` that were open.
        checkouts: Vec<String>,
    },
    /// Tell the next subscribers of the status page.
    StatusTell {
        /// What.
        news: Uuid,
        /// The last who was told; nobody was without it.
        after: Option<Uuid>,
    },
    /// Post to a webhook of an operator's.
    StatusPost {
        /// What.
        news: Uuid,
        /// Where.
        webhook: Uuid,
    },
}

impl Job {
    /// Every kind.
    pub(crate) const KINDS: [&str; 8] = [
        "mail_send",
        STRIPE_EVENT_APPLY,
        "stripe_customer_update",
        "reward_consider",
        "credit_apply",
        "stripe_close",
        "status_tell",
        "status_post",
    ];

    fn kind(&self) -> &'static str {
        match self {
            Job::MailSend { .. } => "mail_send",
            Job::StripeEventApply { .. } => STRIPE_EVENT_APPLY,
            Job::StripeCustomerUpdate { .. } => "stripe_customer_update",
            Job::RewardConsider { .. } => "reward_consider",
            Job::CreditApply { .. } => "credit_apply",
            Job::StripeClose { .. } => "stripe_close",
            Job::StatusTell { .. } => "status_tell",
            Job::StatusPost { .. } => "status_post",
        }
    }

    fn lock_key(&self) -> Option<String> {
        match self {
            Job::MailSend { .. } | Job::RewardConsider { .. } => None,
            Job::StripeEventApply { customer, .. } | Job::StripeClose { customer, .. } => {
                customer.as_ref().map(|id| format!("stripe:{id}"))
            }
            Job::StripeCustomerUpdate { customer, .. } => Some(format!("stripe:{customer}")),
            Job::CreditApply { user, .. } => Some(format!("credit:{user}")),
            Job::StatusTell { news, .. } => Some(format!("news:{news}")),
            // One after the other: silent receivers keep one worker at most.
            Job::StatusPost { .. } => Some("status-webhooks".to_owned()),
        }
    }

    async fn run(self, app: &App) -> std::result::Result<(), Failure> {
        match self {
            Job::MailSend { mail } => mail::send(app, mail).await,
            Job::StripeEventApply { event, .. } => stripe_event::apply(app, &event).await,
            Job::StripeCustomerUpdate { user, customer } => Ok(email_change::tell_stripe(app, user, &customer).await?),
            Job::RewardConsider { invoice } => Ok(reward::consider(app, &invoice).await?),
            Job::CreditApply { user, movement } => Ok(credit_apply::tell_stripe(app, user, &movement).await?),
            Job::StripeClose { customer, subscriptions, checkouts } => {
                let customer = customer.as_deref();
                Ok(account_delete::close_at_stripe(app, customer, &subscriptions, &checkouts).await?)
            }
            Job::StatusTell { news, after } => Ok(status_news::tell(app, news, after).await?),
            Job::StatusPost { news, webhook } => status_webhook::post(app, news, webhook).await,
        }
    }
}

/// Why a job did not work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may work later.
    Temporary(String),
    /// It will not, unless an operator changes something.
    Permanent(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::from(Error::from(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Temporary(error.chain())
    }
}

/// Announces a job, in the transaction that gives rise to it.
pub(crate) async fn enqueue(app: &App, tx: &Tx, job: &Job, now: UnixMs) -> Result<()> {
    enqueue_for(app, tx, job, now, now).await
}

/// The same, not to be run before `run_at`.
pub(crate) async fn enqueue_for(app: &App, tx: &Tx, job: &Job, run_at: UnixMs, now: UnixMs) -> Result<()> {
    let payload = serde_json::to_string(job).map_err(|e| Error::Internal(Box::new(e)))?;
    let row = rows::NewJob { id: app.dice.id(now), kind: job.kind().to_owned(), payload, lock_key: job.lock_key() };
    rows::insert(tx, row, run_at, now).await?;
    Ok(())
}

/// The pause before try number `attempts` + 1: 5 s, doubling, at most three hours.
fn backoff_ms(attempts: i64) -> i64 {
    let doubled = 5_000i64.checked_shl(u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0)).unwrap_or(i64::MAX);
    doubled.min(3 * 3_600_000)
}

/// Claims and runs one job that is due; false if there was none.
async fn run_one(app: &App, turn: Turn) -> Result<bool> {
    let now = app.clock.now();
    let claimed = app.retrying(|| async { Ok(rows::claim(&app.store, now, now + CLAIM_MS, turn).await?) }).await?;
    let Some(row) = claimed else { return Ok(false) };
    failpoint::pass("job.claimed");
    let outcome = match serde_json::from_str::<Job>(&row.payload) {
        Ok(job) => {
            // In a task of its own, so that a defect in one job does not take the worker with it.
            let app = app.clone();
            let run = tokio::spawn(async move { job.run(&app).await });
            run.await.unwrap_or_else(|panic| Err(Failure::Temporary(panic.to_string())))
        }
        Err(error) => Err(Failure::Permanent(format!("payload: {error}"))),
    };
    failpoint::pass("job.done");
    let after = app.clock.now();
    // A deadlock here would keep the job, and all with its key, until the claim has run out.
    match outcome {
        Ok(()) => app.retrying(|| async { Ok(rows::done(&app.store, &row).await?) }).await?,
        Err(Failure::Temporary(reason)) if row.attempts < MAX_ATTEMPTS => {
            tracing::warn!(job = %row.id, kind = row.kind, attempt = row.attempts, reason, "job failed, will be tried again");
            let next = Next::Retry(after + backoff_ms(row.attempts));
            app.retrying(|| async { Ok(rows::failed(&app.store, &row, next, &reason).await?) }).await?;
        }
        Err(Failure::Temporary(reason) | Failure::Permanent(reason)) => {
            tracing::error!(job = %row.id, kind = row.kind, reason, "job is dead; see `mirai admin job list`");
            metrics::counter!("mirai_jobs_dead_total", "kind" => row.kind.clone()).increment(1);
            app.retrying(|| async { Ok(rows::failed(&app.store, &row, Next::Dead, &reason).await?) }).await?;
        }
    }
    Ok(true)
}

/// Runs all jobs that are due, one after the other; for tests and commands. Returns how many ran.
pub async fn run_due(app: &App) -> Result<usize> {
    let mut ran = 0;
    while run_one(app, Turn::default()).await? {
        ran += 1;
    }
    Ok(ran)
}

/// The workers of a process: run jobs until `stop` turns true, and end those they have begun.
pub async fn work(app: App, stop: watch::Receiver<bool>) {
    let mut workers = JoinSet::new();
    for number in 0..PARALLEL {
        // Who has paid waits for it to count; of what is only read later, the last worker always takes its share.
        let first = (number + 1 < PARALLEL).then_some(STRIPE_EVENT_APPLY);
        workers.spawn(work_alone(app.clone(), stop.clone(), Turn { number, first }));
    }
    while workers.join_next().await.is_some() {}
}

async fn work_alone(app: App, mut stop: watch::Receiver<bool>, turn: Turn) {
    while !*stop.borrow() {
        let ran = match run_one(&app, turn).await {
            Ok(ran) => ran,
            Err(error) => {
                tracing::warn!(error = error.chain(), "the worker can't get at its jobs");
                false
            }
        };
        if !ran {
            tokio::select! {
                () = app.work.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_job_is_on_the_list() {
        let said = serde_json::from_str::<Job>("{\"kind\":\"none\"}").unwrap_err().to_string();
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, Job::KINDS, "{said}");
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let pauses: Vec<i64> = (1..=20).map(backoff_ms).collect();
        assert_eq!(pauses[..3], [5_000, 10_000, 20_000]);
        assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(pauses[19], 3 * 3_600_000);
        let total: i64 = pauses.iter().sum();
        assert!((24..72).contains(&(total / 3_600_000)), "{total}");
    }
}
