//! The life of a ticket: a state, who has it, and when something is due.

use uuid::Uuid;

use super::{Priority, Side, State, TicketError};
use crate::time::{DAY_MS, UnixMs};

/// How long a closed ticket can be opened again.
pub const REOPEN_MS: i64 = 7 * DAY_MS;

/// How long we wait for a customer: as long as this until a warning, and as long again until the ticket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// For good.
    Forever,
    /// So many milliseconds.
    Ms(i64),
}

impl Quiet {
    /// From whole days; 0 is for good.
    pub fn of_days(days: u32) -> Quiet {
        if days == 0 { Quiet::Forever } else { Quiet::Ms(i64::from(days) * DAY_MS) }
    }

    fn after(self, now: UnixMs) -> Option<UnixMs> {
        match self {
            Quiet::Forever => None,
            Quiet::Ms(ms) => Some(now.saturating_add(ms)),
        }
    }
}

/// One of the team who works on tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Helper {
    /// The account.
    pub id: Uuid,
    /// Whether they may give away what another has.
    pub is_lead: bool,
}

/// What changes in a ticket's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Where it stands.
    pub state: State,
    /// How soon it is to be answered.
    pub priority: Priority,
    /// Who of the team has it.
    pub claimed_by: Option<Uuid>,
    /// When the team wrote first.
    pub first_response_at: Option<UnixMs>,
    /// Since when the customer waits, while the ticket is open.
    pub asked_at: UnixMs,
    /// When the customer is to be warned, or the ticket to be closed.
    pub due_at: Option<UnixMs>,
    /// When the customer was warned.
    pub warned_at: Option<UnixMs>,
    /// When it was closed.
    pub closed_at: Option<UnixMs>,
    /// By whom.
    pub closed_by: Option<Side>,
}

/// What comes of a customer's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It goes on.
    Same,
    /// It was closed and is open again.
    Reopened,
}

/// What the clock does to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// The customer is told that it will be closed at this time.
    Warn(UnixMs),
    /// It is closed.
    Close,
}

impl Life {
    /// A new ticket.
    pub fn new(state: State, priority: Priority, now: UnixMs) -> Life {
        Life {
            state,
            priority,
            claimed_by: None,
            first_response_at: None,
            asked_at: now,
            due_at: None,
            warned_at: None,
            closed_at: None,
            closed_by: None,
        }
    }

    /// Until when an answer is promised; nothing unless the customer waits for one.
    pub fn answer_by(&self) -> Option<UnixMs> {
        let waits = matches!(self.state, State::Opening | State::Open);
        waits.then(|| self.asked_at.saturating_add(self.priority.patience_ms()))
    }

    /// Whether it can be opened again.
    pub fn may_reopen(&self, now: UnixMs) -> bool {
        self.closed_at.is_some_and(|at| now - at <= REOPEN_MS)
    }

    fn opened_again(&mut self, now: UnixMs) {
        (self.closed_at, self.closed_by) = (None, None);
        self.asks(now);
    }

    fn asks(&mut self, now: UnixMs) {
        if !matches!(self.state, State::Opening | State::Open) {
            self.asked_at = now;
        }
        self.state = State::Open;
        (self.due_at, self.warned_at) = (None, None);
    }

    /// Its place is there: it waits for an answer as any other.
    pub fn placed(&mut self) {
        if self.state == State::Opening {
            self.state = State::Open;
        }
    }

    /// The customer writes: the ticket waits for us. A closed one is opened again, while it can be.
    pub fn customer_writes(&mut self, now: UnixMs) -> Result<After, TicketError> {
        if self.state != State::Closed {
            self.asks(now);
            return Ok(After::Same);
        }
        self.reopen(now).map(|()| After::Reopened)
    }

    /// One of the team writes to the customer: the ticket waits for the customer, and is the writer's if nobody has it.
    pub fn staff_writes(&mut self, by: Helper, quiet: Quiet, now: UnixMs) -> Result<(), TicketError> {
        if self.state == State::Closed {
            return Err(TicketError::Closed);
        }
        self.state = State::Waiting;
        self.claimed_by.get_or_insert(by.id);
        self.first_response_at.get_or_insert(now);
        self.due_at = quiet.after(now);
        self.warned_at = None;
        Ok(())
    }

    /// One of the team takes it; false if they have it already.
    pub fn claim(&mut self, by: Helper) -> Result<bool, TicketError> {
        match (self.state, self.claimed_by) {
            (State::Closed, _) => Err(TicketError::Closed),
            (_, Some(known)) if known == by.id => Ok(false),
            (_, Some(_)) => Err(TicketError::Claimed),
            (_, None) => {
                self.claimed_by = Some(by.id);
                Ok(true)
            }
        }
    }

    /// It is given back to all.
    pub fn release(&mut self, by: Helper) -> Result<(), TicketError> {
        self.may_give_away(by)?;
        self.claimed_by.take().map(drop).ok_or(TicketError::NotClaimed)
    }

    /// It is handed to another of the team; false if they have it already. Who hands on what nobody has need not take it
    /// first.
    pub fn transfer(&mut self, by: Helper, to: Uuid) -> Result<bool, TicketError> {
        self.may_give_away(by)?;
        Ok(self.claimed_by.replace(to) != Some(to))
    }

    fn may_give_away(&self, by: Helper) -> Result<(), TicketError> {
        match (self.state, self.claimed_by) {
            (State::Closed, _) => Err(TicketError::Closed),
            (_, Some(owner)) if owner != by.id && !by.is_lead => Err(TicketError::NotYours),
            _ => Ok(()),
        }
    }

    /// It is done; false if it was.
    pub fn close(&mut self, by: Side, now: UnixMs) -> bool {
        if self.state == State::Closed {
            return false;
        }
        self.state = State::Closed;
        (self.closed_at, self.closed_by) = (Some(now), Some(by));
        (self.due_at, self.warned_at) = (None, None);
        true
    }

    /// A closed one is opened again.
    pub fn reopen(&mut self, now: UnixMs) -> Result<(), TicketError> {
        if self.state != State::Closed {
            return Err(TicketError::NotClosed);
        }
        if !self.may_reopen(now) {
            return Err(TicketError::ClosedForGood);
        }
        self.opened_again(now);
        Ok(())
    }

    /// What the clock does: a customer who is silent is warned, and after as long again the ticket is closed.
    pub fn due(&mut self, quiet: Quiet, now: UnixMs) -> Due {
        if self.state != State::Waiting || self.due_at.is_none_or(|due| due > now) {
            return Due::Nothing;
        }
        match (self.warned_at, quiet.after(now)) {
            // The setting was changed meanwhile: nobody is warned of what will not be.
            (_, None) => {
                self.due_at = None;
                Due::Nothing
            }
            (None, Some(closes_at)) => {
                (self.warned_at, self.due_at) = (Some(now), Some(closes_at));
                Due::Warn(closes_at)
            }
            (Some(_), Some(_)) => {
                self.close(Side::System, now);
                Due::Close
            }
        }
    }
}

/// How many tickets a customer may have: more are a mistake or an attack, and would keep others waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// At the same time.
    pub open: u64,
    /// Opened within a day.
    pub a_day: u64,
}

impl Caps {
    /// What a person with several troubles on a bad day still does not reach.
    pub const USUAL: Caps = Caps { open: 5, a_day: 10 };
}

/// Whether a customer who has `open` tickets, and opened `today`, may open another one.
pub fn cap(caps: Caps, open: u64, today: u64) -> Result<(), TicketError> {
    if open >= caps.open {
        return Err(TicketError::TooManyOpen);
    }
    if today >= caps.a_day { Err(TicketError::TooManyToday) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUIET: Quiet = Quiet::Ms(3 * DAY_MS);

    fn helper(n: u128) -> Helper {
        Helper { id: Uuid::from_u128(n), is_lead: false }
    }

    fn lead() -> Helper {
        Helper { is_lead: true, ..helper(99) }
    }

    fn new() -> Life {
        Life::new(State::Open, Priority::Normal, 0)
    }

    #[test]
    fn an_answer_is_promised_while_the_customer_waits_and_not_put_off_by_a_second_message() {
        let mut life = new();
        assert_eq!(life.answer_by(), Some(DAY_MS));
        life.customer_writes(1_000).unwrap();
        assert_eq!(life.answer_by(), Some(DAY_MS), "who adds something does not go to the end of the queue");
        life.staff_writes(helper(1), QUIET, 2_000).unwrap();
        assert_eq!((life.state, life.answer_by(), life.first_response_at), (State::Waiting, None, Some(2_000)));
        life.customer_writes(3_000).unwrap();
        assert_eq!((life.state, life.answer_by()), (State::Open, Some(3_000 + DAY_MS)));
        life.priority = Priority::Urgent;
        assert_eq!(life.answer_by(), Some(3_000 + 3_600_000));
        life.staff_writes(helper(2), QUIET, 4_000).unwrap();
        assert_eq!((life.first_response_at, life.claimed_by), (Some(2_000), Some(helper(1).id)));
    }

    #[test]
    fn one_claims_and_only_they_or_a_lead_give_it_away() {
        let mut life = new();
        assert_eq!(life.release(helper(1)), Err(TicketError::NotClaimed));
        assert_eq!(life.claim(helper(1)), Ok(true));
        assert_eq!(life.claim(helper(1)), Ok(false));
        assert_eq!(life.claim(helper(2)), Err(TicketError::Claimed));
        assert_eq!(life.claim(lead()), Err(TicketError::Claimed));
        assert_eq!(life.release(helper(2)), Err(TicketError::NotYours));
        assert_eq!(life.transfer(helper(2), helper(2).id), Err(TicketError::NotYours));
        assert_eq!(life.transfer(helper(1), helper(2).id), Ok(true));
        assert_eq!(life.transfer(lead(), helper(2).id), Ok(false));
        assert_eq!(life.release(lead()), Ok(()));
        assert_eq!(life.transfer(helper(1), helper(3).id), Ok(true), "nobody has it");
        life.close(Side::Staff, 5);
        assert_eq!(life.claim(helper(1)), Err(TicketError::Closed));
        assert_eq!(life.transfer(lead(), helper(1).id), Err(TicketError::Closed));
        assert_eq!(life.release(lead()), Err(TicketError::Closed));
    }

    #[test]
    fn a_closed_ticket_is_opened_again_within_seven_days_and_not_later() {
        let mut closed = new();
        assert!(closed.close(Side::Customer, 10) && !closed.close(Side::Staff, 20));
        assert_eq!((closed.closed_at, closed.closed_by), (Some(10), Some(Side::Customer)));
        assert_eq!(closed.staff_writes(helper(1), QUIET, 30), Err(TicketError::Closed));
        let mut life = closed;
        assert_eq!(life.customer_writes(10 + REOPEN_MS), Ok(After::Reopened));
        assert_eq!((life.state, life.closed_at, life.closed_by), (State::Open, None, None));
        assert_eq!(life.asked_at, 10 + REOPEN_MS);
        assert_eq!(life.reopen(11 + REOPEN_MS), Err(TicketError::NotClosed));
        let mut life = closed;
        assert_eq!(life.customer_writes(11 + REOPEN_MS), Err(TicketError::ClosedForGood));
        assert_eq!(life, closed);
    }

    #[test]
    fn a_silent_customer_is_warned_and_later_the_ticket_is_closed() {
        let mut life = new();
        assert_eq!(life.due(QUIET, i64::MAX), Due::Nothing, "it is our turn");
        life.staff_writes(helper(1), QUIET, 0).unwrap();
        assert_eq!(life.due(QUIET, 3 * DAY_MS - 1), Due::Nothing);
        assert_eq!(life.due(QUIET, 4 * DAY_MS), Due::Warn(7 * DAY_MS), "the warning is late, and so is the end");
        assert_eq!(life.due(QUIET, 4 * DAY_MS), Due::Nothing);
        let mut answered = life;
        answered.customer_writes(5 * DAY_MS).unwrap();
        assert_eq!(answered.due(QUIET, i64::MAX), Due::Nothing);
        assert_eq!(life.due(QUIET, 7 * DAY_MS), Due::Close);
        assert_eq!((life.state, life.closed_by), (State::Closed, Some(Side::System)));
    }

    #[test]
    fn where_nobody_is_hurried_nobody_is_warned() {
        let mut life = new();
        life.staff_writes(helper(1), Quiet::of_days(0), 0).unwrap();
        assert_eq!(life.due_at, None);
        life.staff_writes(helper(1), Quiet::of_days(10_000_000), 0).unwrap();
        assert_eq!(life.due_at, Some(10_000_000 * DAY_MS), "no cap");
        assert_eq!(life.due(Quiet::Forever, i64::MAX), Due::Nothing);
        assert_eq!(life.due_at, None);
    }

    #[test]
    fn nobody_floods_the_desk() {
        assert_eq!(cap(Caps::USUAL, 4, 9), Ok(()));
        assert_eq!(cap(Caps::USUAL, 5, 5), Err(TicketError::TooManyOpen));
        assert_eq!(cap(Caps::USUAL, 0, 10), Err(TicketError::TooManyToday));
    }

    proptest! {
        #[test]
        fn whatever_happens_the_parts_fit_together(steps in proptest::collection::vec((0..8u8, 0..3u128), 0..40)) {
            let (mut life, mut now) = (new(), 0);
            for (step, who) in steps {
                now += DAY_MS;
                let by = Helper { is_lead: who == 2, ..helper(who) };
                let _ = match step {
                    0 => life.customer_writes(now).map(drop),
                    1 => life.staff_writes(by, QUIET, now),
                    2 => life.claim(by).map(drop),
                    3 => life.release(by),
                    4 => life.transfer(by, helper(1).id).map(drop),
                    5 => { life.close(Side::Staff, now); Ok(()) }
                    6 => life.reopen(now),
                    _ => { life.due(QUIET, now); Ok(()) }
                };
                prop_assert_eq!(life.state == State::Closed, life.closed_at.is_some());
                prop_assert_eq!(life.closed_at.is_some(), life.closed_by.is_some());
                prop_assert_eq!(life.state == State::Waiting, life.due_at.is_some());
                prop_assert!(life.warned_at.is_none() || life.due_at.is_some());
                prop_assert_eq!(life.state == State::Open, life.answer_by().is_some());
            }
        }
    }
}
