//! What can be seen to be wrong with a customer's service before anybody asks: help begins with it.

use crate::subscription::Status;

/// What can be seen of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenDevice {
    /// Its server serves nobody, or is to be left.
    pub server_is_away: bool,
    /// Anything has ever come from it.
    pub has_connected: bool,
}

/// What can be seen of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// How each subscription stands, the newest first.
    pub subscriptions: Vec<SeenSubscription>,
    /// The devices.
    pub devices: Vec<SeenDevice>,
}

/// What can be seen of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenSubscription {
    /// Where it stands.
    pub status: Status,
    /// Its devices may be on the network.
    pub is_entitled: bool,
    /// Its data volume is used up, and its devices are off the network for it.
    pub is_cut: bool,
    /// Its data volume is used up, and its devices are slow for it.
    pub is_slowed: bool,
}

/// Something that is wrong, in the order in which it is to be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Nothing was ever paid.
    NoSubscription,
    /// What was paid for is over.
    Lapsed,
    /// A renewal was declined, and is tried again.
    PaymentFailing,
    /// The data volume is used up: off the network until the next period.
    QuotaUsed,
    /// The data volume is used up: slow until the next period.
    QuotaSlow,
    /// A server of the customer's is away.
    ServerAway,
    /// There is no device.
    NoDevice,
    /// No device has ever connected.
    NeverConnected,
}

impl Fact {
    /// All of them, in the order in which they are to be mended.
    pub const ALL: [Fact; 8] = [
        Fact::NoSubscription,
        Fact::Lapsed,
        Fact::PaymentFailing,
        Fact::QuotaUsed,
        Fact::QuotaSlow,
        Fact::ServerAway,
        Fact::NoDevice,
        Fact::NeverConnected,
    ];

    /// The word in flows and in names of messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Fact::NoSubscription => "no_subscription",
            Fact::Lapsed => "lapsed",
            Fact::PaymentFailing => "payment_failing",
            Fact::QuotaUsed => "quota_used",
            Fact::QuotaSlow => "quota_slow",
            Fact::ServerAway => "server_away",
            Fact::NoDevice => "no_device",
            Fact::NeverConnected => "never_connected",
        }
    }

    fn holds(self, seen: &Seen) -> bool {
        let is_online = seen.subscriptions.iter().any(|one| one.is_entitled);
        let entitled = || seen.subscriptions.iter().filter(|one| one.is_entitled);
        match self {
            Fact::NoSubscription => seen.subscriptions.iter().all(|one| one.status == Status::Incomplete),
            Fact::Lapsed => !is_online && !Fact::NoSubscription.holds(seen),
            Fact::PaymentFailing => seen.subscriptions.iter().any(|one| one.status == Status::PastDue),
            Fact::QuotaUsed => is_online && entitled().all(|one| one.is_cut),
            Fact::QuotaSlow => {
                is_online && entitled().all(|one| one.is_cut || one.is_slowed) && !entitled().all(|one| one.is_cut)
            }
            Fact::ServerAway => seen.devices.iter().any(|one| one.server_is_away),
            Fact::NoDevice => is_online && seen.devices.is_empty(),
            Fact::NeverConnected => !seen.devices.is_empty() && !seen.devices.iter().any(|one| one.has_connected),
        }
    }
}

impl std::str::FromStr for Fact {
    type Err = UnknownFact;

    fn from_str(word: &str) -> Result<Fact, UnknownFact> {
        Fact::ALL.into_iter().find(|fact| fact.as_str() == word).ok_or(UnknownFact)
    }
}

/// A word that is no fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a fact about a customer")]
pub struct UnknownFact;

/// What is wrong, what is to be mended first before all else.
pub fn facts(seen: &Seen) -> Vec<Fact> {
    Fact::ALL.into_iter().filter(|fact| fact.holds(seen)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid() -> SeenSubscription {
        SeenSubscription { status: Status::Active, is_entitled: true, is_cut: false, is_slowed: false }
    }

    fn over() -> SeenSubscription {
        SeenSubscription { status: Status::Ended, is_entitled: false, ..paid() }
    }

    #[test]
    fn what_is_wrong_is_seen_in_the_order_of_mending() {
        let works = SeenDevice { server_is_away: false, has_connected: true };
        let fresh = SeenDevice { has_connected: false, ..works };
        let away = SeenDevice { server_is_away: true, ..works };
        let cut = SeenSubscription { is_cut: true, ..paid() };
        let slow = SeenSubscription { is_slowed: true, ..paid() };
        let failing = SeenSubscription { status: Status::PastDue, ..paid() };
        let begun = SeenSubscription { status: Status::Incomplete, ..over() };
        for (subscriptions, devices, expected) in [
            (&[][..], &[][..], &[Fact::NoSubscription][..]),
            (&[begun], &[], &[Fact::NoSubscription]),
            (&[over()], &[works], &[Fact::Lapsed]),
            (&[over(), paid()], &[works], &[]),
            (&[failing], &[works], &[Fact::PaymentFailing]),
            (&[SeenSubscription { is_entitled: false, ..failing }], &[works], &[Fact::Lapsed, Fact::PaymentFailing]),
            (&[cut], &[works], &[Fact::QuotaUsed]),
            (&[slow], &[works], &[Fact::QuotaSlow]),
            (&[cut, slow], &[works], &[Fact::QuotaSlow]),
            (&[cut, paid()], &[works], &[]),
            (&[paid()], &[works, away], &[Fact::ServerAway]),
            (&[paid()], &[], &[Fact::NoDevice]),
            (&[paid()], &[fresh], &[Fact::NeverConnected]),
            (&[paid()], &[fresh, works], &[]),
        ] {
            let seen = Seen { subscriptions: subscriptions.to_vec(), devices: devices.to_vec() };
            assert_eq!(facts(&seen), expected, "{seen:?}");
        }
    }
}
