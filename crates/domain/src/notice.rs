//! What customers are told of ahead of time, and when. Each notice has a cause, and is told once for it.

use std::str::FromStr;

use crate::subscription::{Status, Subscription};
use crate::time::{DAY_MS, UnixMs};

/// A period that is longer than this is a year's: nobody remembers when it began.
const YEARLY_MS: i64 = 300 * DAY_MS;
/// An end that comes this much before the period's is the period's: Stripe takes its time about it.
const NEARLY_MS: i64 = 3_600_000;

/// What a notice is about. A customer may do without each kind that is not necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A payment was declined.
    PaymentFailing,
    /// The data volume is used up.
    QuotaUsed,
    /// A subscription will cost something else.
    PriceChange,
    /// Four fifths of the data volume are used.
    QuotaMost,
    /// The card that pays will soon be too old.
    CardExpiring,
    /// A trial will soon be charged for.
    TrialEnding,
    /// A year's period will soon be charged for.
    RenewalAhead,
    /// A subscription that does not renew ends soon.
    Ending,
    /// It has ended a day ago.
    ComeBack,
}

/// A word that is no kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of notice")]
pub struct UnknownKind;

impl Kind {
    /// All of them, the necessary ones first.
    pub const ALL: [Kind; 9] = [
        Kind::PaymentFailing,
        Kind::QuotaUsed,
        Kind::PriceChange,
        Kind::QuotaMost,
        Kind::CardExpiring,
        Kind::TrialEnding,
        Kind::RenewalAhead,
        Kind::Ending,
        Kind::ComeBack,
    ];

    /// The word in the database, in JSON and in links.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::PaymentFailing => "payment_failing",
            Kind::QuotaUsed => "quota_used",
            Kind::PriceChange => "price_change",
            Kind::QuotaMost => "quota_most",
            Kind::CardExpiring => "card_expiring",
            Kind::TrialEnding => "trial_ending",
            Kind::RenewalAhead => "renewal_ahead",
            Kind::Ending => "ending",
            Kind::ComeBack => "come_back",
        }
    }

    /// Whether it can't be turned off: without it the customer would be offline, or charged more, and not know why.
    pub fn is_necessary(self) -> bool {
        matches!(self, Kind::PaymentFailing | Kind::QuotaUsed | Kind::PriceChange)
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Kind, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownKind)
    }
}

/// How long before the end of what is paid (after it, below zero) something may be due, in milliseconds.
pub const AHEAD_MS: [i64; 5] = [30 * DAY_MS, 7 * DAY_MS, 3 * DAY_MS, DAY_MS, -DAY_MS];
/// How long before a card's end, in milliseconds.
pub const CARD_AHEAD_MS: [i64; 2] = [30 * DAY_MS, 7 * DAY_MS];

/// A notice that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// What about.
    pub kind: Kind,
    /// Which one of its kind; see [`AHEAD_MS`].
    pub ahead_ms: i64,
}

/// What the owner of a subscription is to be told of its end, if that came due after `since` and up to `now`: of several,
/// the latest, since the others are old news.
pub fn due(row: &Subscription, since: UnixMs, now: UnixMs) -> Option<Due> {
    if row.held {
        return None;
    }
    let (kind, ahead): (Kind, &[i64]) = match row.status {
        Status::Trialing | Status::Active if row.cancel_at_period_end => (Kind::Ending, &[3 * DAY_MS, DAY_MS]),
        Status::Trialing => (Kind::TrialEnding, &[3 * DAY_MS]),
        Status::Active if row.period_end.saturating_sub(row.period_start) > YEARLY_MS => {
            (Kind::RenewalAhead, &[30 * DAY_MS, 7 * DAY_MS])
        }
        Status::Ended if ended_by_itself(row) => (Kind::ComeBack, &[-DAY_MS]),
        _ => return None,
    };
    if kind != Kind::ComeBack && row.paid_until <= now {
        return None;
    }
    latest(ahead, row.paid_until, since, now).map(|ahead_ms| Due { kind, ahead_ms })
}

/// One that was ended before its time, by whomever, was told so, and is not asked back.
fn ended_by_itself(row: &Subscription) -> bool {
    row.ended_at.is_some_and(|at| at >= row.period_end.saturating_sub(NEARLY_MS))
}

/// What is to be told of a card that is good until `end`; see [`due`].
pub fn card_due(end: UnixMs, since: UnixMs, now: UnixMs) -> Option<i64> {
    if end <= now {
        return None;
    }
    latest(&CARD_AHEAD_MS, end, since, now)
}

/// Whether the next payment of a subscription needs its card.
pub fn needs_card(row: &Subscription) -> bool {
    matches!(row.status, Status::Trialing | Status::Active | Status::PastDue) && !row.cancel_at_period_end
}

fn latest(ahead: &[i64], end: UnixMs, since: UnixMs, now: UnixMs) -> Option<i64> {
    let passed = ahead.iter().copied().filter(|ahead| end.saturating_sub(*ahead) <= now).min()?;
    (since < end.saturating_sub(passed)).then_some(passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: UnixMs = 1_000 * DAY_MS;
    const HOUR: i64 = 3_600_000;

    fn row(status: Status, days: i64, ends: bool) -> Subscription {
        Subscription {
            status,
            period_start: END - days * DAY_MS,
            period_end: END,
            paid_until: END,
            cancel_at_period_end: ends,
            ended_at: (status == Status::Ended).then_some(END),
            read_at: 0,
            held: false,
        }
    }

    /// Looked at every hour, from 40 days before the end to 10 days after it: what is told, at which hour.
    fn told(row: &Subscription) -> Vec<(Kind, i64)> {
        let hours = -40 * 24..10 * 24;
        let at = |hour: i64| due(row, END + (hour - 1) * HOUR, END + hour * HOUR).map(|due| (due.kind, hour));
        hours.filter_map(at).collect()
    }

    #[test]
    fn what_is_told_of_an_end_and_when() {
        let month = 30;
        for (row, expect) in [
            (row(Status::Active, month, false), vec![]),
            (row(Status::Active, 92, false), vec![]),
            (row(Status::Active, 365, false), vec![(Kind::RenewalAhead, -720), (Kind::RenewalAhead, -168)]),
            (row(Status::Active, 365, true), vec![(Kind::Ending, -72), (Kind::Ending, -24)]),
            (row(Status::Active, month, true), vec![(Kind::Ending, -72), (Kind::Ending, -24)]),
            (row(Status::Trialing, 14, false), vec![(Kind::TrialEnding, -72)]),
            (row(Status::Trialing, 14, true), vec![(Kind::Ending, -72), (Kind::Ending, -24)]),
            (row(Status::Ended, month, false), vec![(Kind::ComeBack, 24)]),
            (row(Status::PastDue, 365, false), vec![]),
            (row(Status::Paused, month, true), vec![]),
            (row(Status::Incomplete, month, true), vec![]),
            (Subscription { held: true, ..row(Status::Active, month, true) }, vec![]),
            (Subscription { ended_at: Some(END - DAY_MS), ..row(Status::Ended, month, false) }, vec![]),
        ] {
            assert_eq!(told(&row), expect, "{row:?}");
        }
    }

    #[test]
    fn after_days_of_silence_only_the_latest_is_told() {
        let ending = row(Status::Active, 30, true);
        for (since, now, ahead) in [
            (-100, -80, None),
            (-100, -72, Some(72)),
            (-72, -48, None),
            (-100, -20, Some(24)),
            (-100, 0, None),
            (-100, 40, None),
        ] {
            let due = due(&ending, END + since * HOUR, END + now * HOUR);
            assert_eq!(due.map(|due| due.ahead_ms / HOUR), ahead, "{since} {now}");
        }
        let ended = row(Status::Ended, 30, false);
        assert_eq!(due(&ended, END - 100 * HOUR, END + 90 * HOUR).map(|due| due.kind), Some(Kind::ComeBack));
    }

    #[test]
    fn a_card_is_told_of_a_month_and_a_week_before_its_end() {
        for (since, now, ahead) in [
            (-40, -31, None),
            (-40, -30, Some(30)),
            (-30, -8, None),
            (-40, -7, Some(7)),
            (-8, -1, Some(7)),
            (-40, 0, None),
        ] {
            let due = card_due(END, END + since * DAY_MS, END + now * DAY_MS);
            assert_eq!(due.map(|ahead| ahead / DAY_MS), ahead, "{since} {now}");
        }
        for (row, needs) in [
            (row(Status::Active, 30, false), true),
            (row(Status::PastDue, 30, false), true),
            (row(Status::Active, 30, true), false),
            (row(Status::Ended, 30, false), false),
        ] {
            assert_eq!(needs_card(&row), needs, "{row:?}");
        }
    }

    #[test]
    fn each_word_is_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("newsletter".parse::<Kind>(), Err(UnknownKind));
    }
}
