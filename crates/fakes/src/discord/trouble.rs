//! Misbehaving on demand: what Discord does on a bad day.

use super::gateway::{INVALID, Out};
use super::{FakeDiscord, RateScope};
use std::collections::VecDeque;
use std::time::Duration;

/// How one request to the API goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 500, before anything was done.
    Broken,
    /// 502 with a page instead of JSON, before anything was done.
    BadGateway,
    /// The work is done, and the connection breaks before the answer.
    AnswerLost,
    /// The work is done, and nothing is answered as long as the caller waits.
    Hang,
    /// 429 with a second to wait, before anything was done.
    RateLimited(RateScope),
}

/// How the gateway goes wrong, at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayTrouble {
    /// Op 7: the client is asked to connect anew and resume.
    Reconnect,
    /// Op 9 with `true`: the session can still be resumed.
    InvalidResumable,
    /// Op 9 with `false`: the session is over.
    Invalid,
    /// Nothing is answered or sent on this connection any more, while it stays open.
    Zombie,
    /// The server closes with this code.
    Close(u16),
    /// The next interaction is sent twice.
    Duplicate,
    /// Events are kept back until [`FakeDiscord::release`].
    Hold,
}

/// In which order events come that were kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As they happened.
    AsHappened,
    /// The last first.
    Reversed,
}

/// What is to go wrong, for requests whose path begins so, in this order.
#[derive(Debug, Default)]
pub(crate) struct Plan(VecDeque<(String, Trouble)>);

impl Plan {
    pub(crate) fn take(&mut self, path: &str) -> Option<Trouble> {
        let at = self.0.iter().position(|(start, _)| path.starts_with(start.as_str()))?;
        self.0.remove(at).map(|(_, trouble)| trouble)
    }
}

impl FakeDiscord {
    /// The next requests whose path begins with `path` (`/api/v10/interactions`) go wrong, one after the other.
    pub fn trouble(&self, path: &str, troubles: &[Trouble]) {
        self.inner.lock().plan.0.extend(troubles.iter().map(|trouble| (path.to_owned(), *trouble)));
    }

    /// The gateway goes wrong on the connection that is open now.
    pub fn gateway_trouble(&self, trouble: GatewayTrouble) {
        let mut state = self.inner.lock();
        let sessions = &mut state.gateway;
        match trouble {
            GatewayTrouble::Reconnect => sessions.send_raw(r#"{"op":7,"d":null,"s":null,"t":null}"#),
            GatewayTrouble::InvalidResumable => sessions.send_raw(r#"{"op":9,"d":true,"s":null,"t":null}"#),
            GatewayTrouble::Invalid => {
                sessions.forget();
                sessions.send_raw(INVALID);
            }
            GatewayTrouble::Zombie => sessions.zombie = sessions.connection,
            GatewayTrouble::Close(code) => sessions.push(Out::Close(code)),
            GatewayTrouble::Duplicate => sessions.doubled += 1,
            GatewayTrouble::Hold => sessions.held = sessions.held.take().or_else(|| Some(Vec::new())),
        }
    }

    /// Sends the events that were kept back.
    pub fn release(&self, order: Order) {
        let mut state = self.inner.lock();
        let mut held = state.gateway.held.take().unwrap_or_default();
        if order == Order::Reversed {
            held.reverse();
        }
        for (intent, name, data) in held {
            state.gateway.dispatch(intent, &name, &data);
        }
    }

    /// Asks the clients that connect from now on for a heartbeat this often, by the real clock; a client that sends
    /// none for twice as long is dropped.
    pub fn beat_every(&self, interval: Duration) {
        self.inner.lock().gateway.beat = Some(interval);
    }
}
