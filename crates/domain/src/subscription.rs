//! The life of a subscription that Stripe bills.
//!
//! State follows the object as Stripe has it *now*, never the text of an event: events come late, twice and in any
//! order, and the object read afresh is the same for all of them. What an event adds is only *that* something
//! happened. So every order of the same events ends in one state, and [`decide`] needs no history but the row.

use std::str::FromStr;

use crate::time::UnixMs;

/// How long a customer whose renewal failed keeps the service: three days, while Stripe tries the card again.
pub const GRACE_MS: i64 = 3 * 24 * 3600 * 1000;

/// Our word for where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Made at Stripe, first payment not in yet.
    Incomplete,
    /// In a trial.
    Trialing,
    /// Paid.
    Active,
    /// A renewal failed; Stripe is trying again.
    PastDue,
    /// Collection is paused.
    Paused,
    /// Over, for good. The same Stripe subscription never comes back from here.
    Ended,
}

impl Status {
    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Incomplete => "incomplete",
            Status::Trialing => "trialing",
            Status::Active => "active",
            Status::PastDue => "past_due",
            Status::Paused => "paused",
            Status::Ended => "ended",
        }
    }
}

/// A word that is no status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a subscription status")]
pub struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Status, UnknownStatus> {
        Ok(match word {
            "incomplete" => Status::Incomplete,
            "trialing" => Status::Trialing,
            "active" => Status::Active,
            "past_due" => Status::PastDue,
            "paused" => Status::Paused,
            "ended" => Status::Ended,
            _ => return Err(UnknownStatus),
        })
    }
}

/// What the rules know of our row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// Where it stands.
    pub status: Status,
    /// Start of the current period.
    pub period_start: UnixMs,
    /// End of the current period.
    pub period_end: UnixMs,
    /// Up to when the service is paid.
    pub paid_until: UnixMs,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it ended.
    pub ended_at: Option<UnixMs>,
    /// When the state was read from Stripe: the moment *before* the question was asked.
    pub read_at: UnixMs,
    /// Whether a payment of it is disputed and not decided: the service rests.
    pub held: bool,
}

impl Subscription {
    /// The first moment at which the customer is off the network, if nothing else happens.
    ///
    /// Grace is for a renewal that may still come; one who cancelled for the period's end gets none.
    pub fn access_until(&self) -> UnixMs {
        if self.held {
            return UnixMs::MIN;
        }
        match self.status {
            Status::Incomplete | Status::Paused | Status::Ended => UnixMs::MIN,
            Status::Trialing | Status::Active | Status::PastDue if self.cancel_at_period_end => self.paid_until,
            Status::Trialing | Status::Active | Status::PastDue => self.paid_until.saturating_add(GRACE_MS),
        }
    }

    /// Whether the customer is on the network at `now`.
    pub fn is_entitled(&self, now: UnixMs) -> bool {
        now < self.access_until()
    }
}

/// A Stripe subscription as read at `read_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Stripe's own word for the status.
    pub status: String,
    /// Start of the current period (of its first item).
    pub period_start: UnixMs,
    /// End of the current period (of its first item).
    pub period_end: UnixMs,
    /// Whether it ends with the period.
    pub cancel_at_period_end: bool,
    /// When it ended, if it did.
    pub ended_at: Option<UnixMs>,
    /// Taken before Stripe was asked.
    pub read_at: UnixMs,
}

/// The kinds of event that matter to a subscription, by the object that they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `checkout.session.completed`, `.async_payment_succeeded` and `.async_payment_failed`.
    Checkout,
    /// `customer.subscription.created`, `.updated`, `.deleted`, `.paused`, `.resumed`.
    Subscription,
    /// `invoice.paid`, `.payment_succeeded`, `.payment_failed`, `.voided`, `.marked_uncollectible`.
    Invoice,
    /// `charge.refunded`.
    Charge,
    /// `charge.dispute.created`, `.closed`.
    Dispute,
    /// `customer.deleted`.
    Customer,
    /// `subscription_schedule.updated`, `.released`; where one begins or ends, the subscription is updated too.
    Schedule,
}

impl EventKind {
    /// Stripe's event types that matter here, with their kinds. At most twenty: so many can be asked for at once.
    pub const OF_STRIPE: [(&str, EventKind); 20] = [
        ("checkout.session.completed", EventKind::Checkout),
        ("checkout.session.async_payment_succeeded", EventKind::Checkout),
        ("checkout.session.async_payment_failed", EventKind::Checkout),
        ("checkout.session.expired", EventKind::Checkout),
        ("customer.subscription.created", EventKind::Subscription),
        ("customer.subscription.updated", EventKind::Subscription),
        ("customer.subscription.deleted", EventKind::Subscription),
        ("customer.subscription.paused", EventKind::Subscription),
        ("customer.subscription.resumed", EventKind::Subscription),
        ("invoice.paid", EventKind::Invoice),
        ("invoice.payment_succeeded", EventKind::Invoice),
        ("invoice.payment_failed", EventKind::Invoice),
        ("invoice.voided", EventKind::Invoice),
        ("invoice.marked_uncollectible", EventKind::Invoice),
        ("charge.refunded", EventKind::Charge),
        ("charge.dispute.created", EventKind::Dispute),
        ("charge.dispute.closed", EventKind::Dispute),
        ("customer.deleted", EventKind::Customer),
        ("subscription_schedule.updated", EventKind::Schedule),
        ("subscription_schedule.released", EventKind::Schedule),
    ];

    /// The kind of a Stripe event type; `None` for the many that do not matter here.
    pub fn of_stripe(type_: &str) -> Option<EventKind> {
        EventKind::OF_STRIPE.iter().find(|(name, _)| *name == type_).map(|(_, kind)| *kind)
    }
}

/// What the customer and the servers are to be told once the row is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// First payment is in.
    Started,
    /// It will end at this moment.
    WillEnd(UnixMs),
    /// It is over.
    Ended,
    /// A payment is disputed, and the service rests until that is decided.
    Held,
    /// Access of its devices changed: the servers need a new peer list.
    AccessChanged,
}

/// What to do about a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The row was read later than what was seen, which says nothing: read again.
    Stale,
    /// The subscription is over for good; the row stays as it is.
    Over,
    /// The row is right already.
    Unchanged(Subscription),
    /// Save this row and announce these.
    Save(Subscription, Vec<Announcement>),
}

/// Decides the row of one subscription from the row as it is and Stripe's object as it is now.
///
/// A row that has ended stays so; an object that was read before the row's is stale. The event that led here is no
/// argument on purpose: see the module's text.
pub fn decide(row: Option<&Subscription>, seen: &Seen) -> Decision {
    if let Some(row) = row {
        if row.status == Status::Ended {
            return Decision::Over;
        }
        if seen.read_at < row.read_at {
            return Decision::Stale;
        }
    }
    let status = status_of(seen);
    let next = Subscription {
        status,
        period_start: seen.period_start,
        period_end: seen.period_end,
        paid_until: paid_until(status, row, seen),
        cancel_at_period_end: seen.cancel_at_period_end && status != Status::Ended,
        ended_at: (status == Status::Ended).then(|| seen.ended_at.unwrap_or(seen.read_at)),
        read_at: seen.read_at,
        held: row.is_some_and(|row| row.held),
    };
    if row.is_some_and(|row| Subscription { read_at: next.read_at, ..*row } == next) {
        return Decision::Unchanged(next);
    }
    let announcements = announcements(row, &next);
    Decision::Save(next, announcements)
}

fn status_of(seen: &Seen) -> Status {
    match seen.status.as_str() {
        "trialing" => Status::Trialing,
        "active" => Status::Active,
        "past_due" | "unpaid" => Status::PastDue,
        "paused" => Status::Paused,
        "canceled" | "incomplete_expired" => Status::Ended,
        // A word that Stripe invents later gives nobody the service for free.
        _ => Status::Incomplete,
    }
}

/// Stripe moves the period on *before* the renewal is paid, so a period only counts as paid while the status says so.
fn paid_until(status: Status, row: Option<&Subscription>, seen: &Seen) -> UnixMs {
    match status {
        Status::Trialing | Status::Active => seen.period_end,
        // Where Stripe keeps what is not paid, the next periods begin unpaid too.
        Status::PastDue => row
            .filter(|row| row.status == Status::PastDue)
            .map_or(seen.period_start, |row| row.paid_until.min(seen.period_start)),
        Status::Paused => row.map_or(seen.period_start, |row| row.paid_until),
        Status::Incomplete => seen.period_start,
        Status::Ended => seen.ended_at.unwrap_or(seen.read_at),
    }
}

fn announcements(row: Option<&Subscription>, next: &Subscription) -> Vec<Announcement> {
    let before = row.map_or(Status::Incomplete, |row| row.status);
    let mut list = Vec::new();
    let serving = |status| matches!(status, Status::Trialing | Status::Active);
    if before == Status::Incomplete && serving(next.status) {
        list.push(Announcement::Started);
    }
    let was_ending = row.is_some_and(|row| row.cancel_at_period_end);
    if next.cancel_at_period_end && !was_ending {
        list.push(Announcement::WillEnd(next.paid_until));
    }
    if next.status == Status::Ended && before != Status::Incomplete {
        list.push(Announcement::Ended);
    }
    let access_before = row.map_or(UnixMs::MIN, Subscription::access_until);
    if access_before != next.access_until() {
        list.push(Announcement::AccessChanged);
    }
    list
}

/// How the payment of an invoice stands, as read from Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// Whether all of it went back to the customer.
    pub is_refunded: bool,
    /// Whether the invoice pays for the period that is now.
    pub pays_for_now: bool,
    /// Its dispute, if there is one.
    pub dispute: Option<Dispute>,
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispute {
    /// The bank has not decided.
    Open,
    /// The money stays with us.
    Won,
    /// The money is gone.
    Lost,
}

impl Dispute {
    /// From Stripe's word. A warning asks for papers only and takes no money.
    pub fn of_stripe(status: &str) -> Option<Dispute> {
        Some(match status {
            "needs_response" | "under_review" | "appeal_needs_response" | "appeal_under_review" => Dispute::Open,
            "won" | "prevented" => Dispute::Won,
            "lost" => Dispute::Lost,
            _ => return None,
        })
    }

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Dispute::Open => "open",
            Dispute::Won => "won",
            Dispute::Lost => "lost",
        }
    }
}

/// What a payment that went back means for its subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyBack {
    /// The row, held or released.
    pub row: Subscription,
    /// Whether Stripe is to end it at once: what pays for now is gone.
    pub end: bool,
    /// What to announce.
    pub announcements: Vec<Announcement>,
}

/// Decides what becomes of a subscription when a payment is refunded or disputed. `others_open` tells whether another
/// payment of it is disputed.
///
/// Who got the money back for the time that runs is off the network; a part of it, or the money for a time that is
/// over, changes nothing. While a dispute is open the service rests, and a lost one ends it.
pub fn money_back(row: &Subscription, payment: Payment, others_open: bool) -> MoneyBack {
    let is_over = row.status == Status::Ended;
    let lost = payment.dispute == Some(Dispute::Lost);
    let next = Subscription { held: !is_over && (others_open || payment.dispute == Some(Dispute::Open)), ..*row };
    let mut announcements = Vec::new();
    if next.held && !row.held {
        announcements.push(Announcement::Held);
    }
    if next.access_until() != row.access_until() {
        announcements.push(Announcement::AccessChanged);
    }
    MoneyBack { row: next, end: !is_over && (lost || (payment.is_refunded && payment.pays_for_now)), announcements }
}

/// What a customer may do with a subscription, by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// End with the period.
    CancelAtPeriodEnd,
    /// End now.
    CancelNow,
    /// Go on after all.
    Resume,
}

/// Why a wish can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WishRefused {
    /// It is over.
    #[error("this subscription has ended; choose a plan to start a new one")]
    Ended,
    /// It already ends with the period.
    #[error("this subscription already ends with its period")]
    EndsAlready,
    /// There is nothing to resume.
    #[error("this subscription is not set to end")]
    NotEnding,
}

/// Whether a wish fits the state.
pub fn check_wish(row: &Subscription, wish: Wish) -> Result<(), WishRefused> {
    match (row.status, wish) {
        (Status::Ended, _) => Err(WishRefused::Ended),
        (_, Wish::CancelAtPeriodEnd) if row.cancel_at_period_end => Err(WishRefused::EndsAlready),
        (_, Wish::Resume) if !row.cancel_at_period_end => Err(WishRefused::NotEnding),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const MONTH: i64 = 30 * DAY;

    fn seen(status: &str, read_at: UnixMs) -> Seen {
        Seen {
            status: status.into(),
            period_start: 0,
            period_end: MONTH,
            cancel_at_period_end: false,
            ended_at: None,
            read_at,
        }
    }

    fn saved(decision: Decision) -> (Subscription, Vec<Announcement>) {
        match decision {
            Decision::Save(row, announcements) => (row, announcements),
            other => panic!("expected a change, got {other:?}"),
        }
    }

    fn active() -> Subscription {
        saved(decide(None, &seen("active", 1))).0
    }

    #[test]
    fn the_first_payment_starts_it_and_tells_once() {
        let (row, announcements) = saved(decide(None, &seen("active", 1)));
        assert_eq!(announcements, [Announcement::Started, Announcement::AccessChanged]);
        assert!(row.is_entitled(MONTH + GRACE_MS - 1));
        assert!(!row.is_entitled(MONTH + GRACE_MS));
        let again = decide(Some(&row), &seen("active", 2));
        assert!(matches!(again, Decision::Unchanged(row) if row.read_at == 2));
    }

    #[test]
    fn an_unpaid_start_gives_nothing() {
        for word in ["incomplete", "incomplete_expired", "a_word_of_tomorrow"] {
            let (row, announcements) = saved(decide(None, &seen(word, 1)));
            assert!(!row.is_entitled(0), "{word}");
            assert!(announcements.is_empty(), "{word}: {announcements:?}");
        }
    }

    #[test]
    fn a_failed_renewal_leaves_three_days_after_the_paid_period() {
        let renewal = Seen { period_start: MONTH, period_end: 2 * MONTH, ..seen("past_due", MONTH + 1) };
        let (row, announcements) = saved(decide(Some(&active()), &renewal));
        assert_eq!(row.paid_until, MONTH);
        assert_eq!(announcements, [], "each try is told by itself");
        assert!(row.is_entitled(MONTH + GRACE_MS - 1) && !row.is_entitled(MONTH + GRACE_MS));
        // Stripe may be set to go on: no period that is not paid begins with three days of its own.
        for (month, word) in [(2, "past_due"), (3, "unpaid")] {
            let (start, end) = (month * MONTH, (month + 1) * MONTH);
            let (row, _) =
                saved(decide(Some(&row), &Seen { period_start: start, period_end: end, ..seen(word, start) }));
            assert!(!row.is_entitled(start), "{word}");
        }
    }

    #[test]
    fn a_cancelled_user_keeps_the_vpn_until_the_paid_day_ends() {
        let ending = Seen { cancel_at_period_end: true, ..seen("active", 2) };
        let (row, announcements) = saved(decide(Some(&active()), &ending));
        assert_eq!(announcements, [Announcement::WillEnd(MONTH), Announcement::AccessChanged]);
        assert!(row.is_entitled(MONTH - 1) && !row.is_entitled(MONTH));
        let (resumed, announcements) = saved(decide(Some(&row), &seen("active", 3)));
        assert_eq!(announcements, [Announcement::AccessChanged]);
        assert!(resumed.is_entitled(MONTH));
    }

    #[test]
    fn an_end_is_final() {
        let over = Seen { ended_at: Some(5), ..seen("canceled", 6) };
        let (row, announcements) = saved(decide(Some(&active()), &over));
        assert_eq!(announcements, [Announcement::Ended, Announcement::AccessChanged]);
        assert!(!row.is_entitled(0));
        assert_eq!(decide(Some(&row), &seen("active", 7)), Decision::Over);
    }

    #[test]
    fn what_was_read_earlier_never_overwrites_what_was_read_later() {
        let (row, _) = saved(decide(None, &seen("past_due", 10)));
        assert_eq!(decide(Some(&row), &seen("active", 9)), Decision::Stale);
    }

    #[test]
    fn a_refund_of_what_pays_for_now_ends_it_and_no_other_does() {
        let paid = Payment { is_refunded: false, pays_for_now: true, dispute: None };
        for (payment, end) in [
            (paid, false),
            (Payment { is_refunded: true, ..paid }, true),
            (Payment { is_refunded: true, pays_for_now: false, ..paid }, false),
        ] {
            let back = money_back(&active(), payment, false);
            assert_eq!((back.end, back.row.held, back.announcements), (end, false, vec![]), "{payment:?}");
        }
        let ended = Subscription { status: Status::Ended, ..active() };
        assert!(!money_back(&ended, Payment { is_refunded: true, ..paid }, false).end);
    }

    #[test]
    fn while_a_dispute_is_open_the_service_rests() {
        let disputed = |dispute| Payment { is_refunded: false, pays_for_now: true, dispute };
        let open = money_back(&active(), disputed(Some(Dispute::Open)), false);
        assert_eq!(open.announcements, [Announcement::Held, Announcement::AccessChanged]);
        assert!(open.row.held && !open.end && !open.row.is_entitled(0));
        assert_eq!(money_back(&open.row, disputed(Some(Dispute::Open)), false).announcements, []);
        // A renewal meanwhile does not lift it.
        let (renewed, _) = saved(decide(Some(&open.row), &Seen { period_end: 2 * MONTH, ..seen("active", 9) }));
        assert!(renewed.held);
        let won = money_back(&open.row, disputed(Some(Dispute::Won)), false);
        assert_eq!(won.announcements, [Announcement::AccessChanged]);
        assert!(won.row.is_entitled(0) && !won.end);
        assert!(money_back(&open.row, disputed(Some(Dispute::Won)), true).row.held, "another one is open");
        assert!(money_back(&open.row, disputed(Some(Dispute::Lost)), false).end);
    }

    #[test]
    fn wishes_fit_the_state() {
        let row = active();
        let ending = Subscription { cancel_at_period_end: true, ..row };
        let ended = Subscription { status: Status::Ended, ..row };
        assert_eq!(check_wish(&row, Wish::CancelAtPeriodEnd), Ok(()));
        assert_eq!(check_wish(&row, Wish::Resume), Err(WishRefused::NotEnding));
        assert_eq!(check_wish(&ending, Wish::CancelAtPeriodEnd), Err(WishRefused::EndsAlready));
        assert_eq!(check_wish(&ending, Wish::Resume), Ok(()));
        assert_eq!(check_wish(&ending, Wish::CancelNow), Ok(()));
        for wish in [Wish::CancelAtPeriodEnd, Wish::CancelNow, Wish::Resume] {
            assert_eq!(check_wish(&ended, wish), Err(WishRefused::Ended));
        }
    }
}
