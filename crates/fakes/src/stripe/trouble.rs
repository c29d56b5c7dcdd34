//! Misbehaving on demand: what Stripe does on a bad day.

use super::{Inner, StripeFake, lock};
use std::collections::VecDeque;
use std::time::Duration;

/// How one request to the API goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 429, before anything was done.
    TooMany,
    /// 500, before anything was done.
    Broken,
    /// 500 after everything was done. As at Stripe, the reply under the idempotency key is the one of the work.
    BrokenAfter,
    /// The work is done, and the connection breaks before the answer.
    AnswerLost,
    /// The work is done, and nothing is answered as long as the caller waits.
    Hang,
}

/// How webhooks go wrong. The default is none of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mess {
    /// Each event is posted so many times more.
    pub duplicates: u32,
    /// The newest event is posted first.
    pub backwards: bool,
    /// Before each post.
    pub delay: Duration,
    /// Of so many events one is lost for good.
    pub lose_every: Option<u32>,
}

/// What is to go wrong, for requests whose path begins so, in this order.
#[derive(Debug, Default)]
pub(crate) struct Plan(VecDeque<(String, Trouble)>);

impl Plan {
    /// The trouble of this request, if there is one.
    pub(crate) fn take(&mut self, path: &str) -> Option<Trouble> {
        let at = self.0.iter().position(|(start, _)| path.starts_with(start.as_str()))?;
        self.0.remove(at).map(|(_, trouble)| trouble)
    }
}

impl StripeFake {
    /// The next requests whose path begins with `path` (`/v1/checkout`) go wrong, one after the other.
    pub fn trouble(&self, path: &str, troubles: &[Trouble]) {
        let mut plan = lock(&self.inner.plan);
        plan.0.extend(troubles.iter().map(|trouble| (path.to_owned(), *trouble)));
    }

    /// How many of the troubles have not happened yet.
    #[must_use]
    pub fn troubles_left(&self) -> usize {
        lock(&self.inner.plan).0.len()
    }

    /// What was still to go wrong does not.
    pub fn calm(&self) {
        lock(&self.inner.plan).0.clear();
    }

    /// Makes a mess of the webhooks from now on.
    pub fn mess(&self, mess: Mess) {
        *lock(&self.inner.mess) = mess;
        self.inner.wake.notify_one();
    }

    /// Signs with a new secret from now on, and with the old one too while it is being `rolled` over.
    pub fn rotate_webhook_secret(&self, new: &str, rolled: Rolled) {
        let mut secrets = lock(&self.inner.webhook_secrets);
        if rolled == Rolled::Over {
            secrets.clear();
        }
        secrets.push(new.to_owned());
    }
}

/// How far the change of a webhook's secret has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rolled {
    /// Both secrets sign.
    Both,
    /// Only the new one does.
    Over,
}

impl Inner {
    pub(crate) fn mess_of_webhooks(&self) -> Mess {
        *lock(&self.mess)
    }
}
