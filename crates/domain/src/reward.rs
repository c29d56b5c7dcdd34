//! What a customer gets for a friend: a share of the cash that the friend's first payment left with us, without taxes.
//!
//! The share is of money really taken, so that credit never earns credit. It waits for as long as the friend may have the
//! money back, and follows it when it goes back later.

use crate::time::DAY_MS;

/// What is offered to those who bring in friends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Of the friend's first payment, in hundredths; 0 means that nothing is offered.
    pub percent: u8,
    /// The most for one friend, in minor units of the payment's currency.
    pub cap: i64,
    /// Codes of the plans that count; empty means all.
    pub plans: Vec<String>,
    /// How long a reward waits, in milliseconds.
    pub wait_ms: i64,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { percent: 10, cap: 2_000, plans: Vec::new(), wait_ms: 14 * DAY_MS }
    }
}

impl Terms {
    /// The reward for `kept` minor units, rounded down.
    pub fn share(&self, kept: i64) -> i64 {
        // In 128 bits, so that no payment is too large; the cap fits 64.
        let share = i128::from(kept.max(0)) * i128::from(self.percent) / 100;
        i64::try_from(share.min(i128::from(self.cap.max(0)))).unwrap_or(self.cap)
    }

    /// Whether a plan counts.
    pub fn counts(&self, plan: &str) -> bool {
        self.plans.is_empty() || self.plans.iter().any(|code| code == plan)
    }
}

/// Where a reward stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Taken over from another program, which settled it.
    Imported,
    /// The friend has paid and may still have the money back.
    Pending,
    /// It can be spent.
    Confirmed,
    /// There is none; see [`Refusal`].
    Refused,
    /// The payment went back while the reward waited.
    Voided,
    /// The payment went back later.
    TakenBack,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] =
        [State::Imported, State::Pending, State::Confirmed, State::Refused, State::Voided, State::TakenBack];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Imported => "imported",
            State::Pending => "pending",
            State::Confirmed => "confirmed",
            State::Refused => "refused",
            State::Voided => "voided",
            State::TakenBack => "taken_back",
        }
    }

    /// From the word in the database.
    pub fn of_word(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the reward has left the waiting room: what changes now is the customer's own money.
    pub fn is_paid_out(self) -> bool {
        matches!(self, State::Confirmed | State::TakenBack)
    }

    /// The state of a reward whose amount has become `amount`.
    #[must_use]
    pub fn at(self, amount: i64) -> State {
        match (self.is_paid_out(), amount > 0) {
            (true, true) => State::Confirmed,
            (true, false) => State::TakenBack,
            (false, true) => State::Pending,
            (false, false) => State::Voided,
        }
    }
}

/// Why there is no reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Friend and sponsor have the same mailbox.
    OwnMailbox,
    /// They have paid with the same card.
    OwnCard,
    /// The friend has brought in the sponsor.
    Loop,
    /// The plan does not count, or nothing is offered.
    NoOffer,
    /// The sponsor's account is suspended or gone.
    SponsorGone,
}

impl Refusal {
    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::OwnMailbox => "own_mailbox",
            Refusal::OwnCard => "own_card",
            Refusal::Loop => "loop",
            Refusal::NoOffer => "no_offer",
            Refusal::SponsorGone => "sponsor_gone",
        }
    }
}

/// What is known of a sponsor and a friend who has paid.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Whether their addresses lead to one mailbox, see [`crate::account::Email::mailbox`].
    pub have_one_mailbox: bool,
    /// Whether they have paid with one card.
    pub have_one_card: bool,
    /// Whether the sponsor came by the friend's code.
    pub is_loop: bool,
    /// Whether the sponsor's account is in use.
    pub sponsor_is_active: bool,
}

/// Why this pair gets nothing, if so.
pub fn refusal(pair: &Pair) -> Option<Refusal> {
    let rules = [
        (pair.have_one_mailbox, Refusal::OwnMailbox),
        (pair.have_one_card, Refusal::OwnCard),
        (pair.is_loop, Refusal::Loop),
        (!pair.sponsor_is_active, Refusal::SponsorGone),
    ];
    rules.into_iter().find(|(holds, _)| *holds).map(|(_, refusal)| refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms { percent: 10, cap: 500, plans: Vec::new(), wait_ms: 1 }
    }

    #[test]
    fn s16_a_share_is_rounded_down_capped_and_never_below_zero() {
        for (kept, share) in
            [(599, 59), (9, 0), (10, 1), (5_000, 500), (i64::MAX, 500), (0, 0), (-599, 0), (i64::MIN, 0)]
        {
            assert_eq!(terms().share(kept), share, "{kept}");
        }
        assert_eq!(Terms { cap: i64::MAX, percent: 100, ..terms() }.share(i64::MAX), i64::MAX);
        assert_eq!(Terms { percent: 0, ..terms() }.share(599), 0);
    }

    #[test]
    fn only_plans_that_are_named_count_if_any_is() {
        assert!(terms().counts("basic"));
        let some = Terms { plans: vec!["premium".into()], ..terms() };
        assert!(some.counts("premium") && !some.counts("basic"));
    }

    #[test]
    fn s14_a_pair_that_is_one_person_gets_nothing() {
        let fair = Pair { have_one_mailbox: false, have_one_card: false, is_loop: false, sponsor_is_active: true };
        assert_eq!(refusal(&fair), None);
        for (pair, why) in [
            (Pair { have_one_mailbox: true, ..fair }, Refusal::OwnMailbox),
            (Pair { have_one_card: true, ..fair }, Refusal::OwnCard),
            (Pair { is_loop: true, ..fair }, Refusal::Loop),
            (Pair { sponsor_is_active: false, ..fair }, Refusal::SponsorGone),
        ] {
            assert_eq!(refusal(&pair), Some(why));
        }
    }

    #[test]
    fn the_state_follows_the_amount() {
        assert_eq!(State::Pending.at(0), State::Voided);
        assert_eq!(State::Voided.at(5), State::Pending);
        assert_eq!(State::Confirmed.at(0), State::TakenBack);
        assert_eq!(State::TakenBack.at(5), State::Confirmed);
        assert!(State::ALL.into_iter().all(|state| State::of_word(state.as_str()) == Some(state)));
    }
}
