//! How long a gateway serves a peer on its own.

use crate::subscription::Subscription;
use crate::time::UnixMs;

/// The longest that a gateway trusts what it was told: the bound on how long a lapsed customer is served by one that is
/// cut off from us.
pub const LEASE_MS: i64 = 72 * 3_600_000;
/// How often a lease is renewed, so that one that is cut off serves the paid for at least two days.
pub const RENEW_MS: i64 = 24 * 3_600_000;

/// Until when a gateway that hears nothing more serves a peer of this subscription; `None` if it must not serve it now.
pub fn valid_until(subscription: &Subscription, now: UnixMs) -> Option<UnixMs> {
    subscription.is_entitled(now).then(|| subscription.access_until().min(now.saturating_add(LEASE_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subscription::{GRACE_MS, Status};

    const NOW: UnixMs = 1_800_000_000_000;

    fn paid_until(paid_until: UnixMs, cancel_at_period_end: bool) -> Subscription {
        Subscription {
            status: Status::Active,
            period_start: NOW,
            period_end: paid_until,
            paid_until,
            cancel_at_period_end,
            ended_at: None,
            read_at: NOW,
            held: false,
        }
    }

    #[test]
    fn a_lease_ends_with_the_paid_time_and_grace_or_after_72_hours() {
        let month = NOW + 30 * 24 * 3_600_000;
        assert_eq!(valid_until(&paid_until(month, false), NOW), Some(NOW + LEASE_MS));
        assert_eq!(valid_until(&paid_until(NOW + 1, true), NOW), Some(NOW + 1));
        assert_eq!(valid_until(&paid_until(NOW, true), NOW), None);
        let late = NOW + GRACE_MS - 5;
        assert_eq!(valid_until(&paid_until(NOW, false), late), Some(NOW + GRACE_MS));
        assert_eq!(valid_until(&paid_until(NOW, false), NOW + GRACE_MS), None);
        let held = Subscription { held: true, ..paid_until(month, false) };
        assert_eq!(valid_until(&held, NOW), None);
    }
}
