//! How often is too often: the generic cell rate algorithm, as arithmetic. Who keeps the numbers is outside.

use crate::time::UnixMs;

/// `limit` requests a period: all of them at once if one likes, and from then on one each `period / limit`.
///
/// So in any span of time of length `d` at most `limit + d / (period / limit)` requests pass, and in the long run
/// `limit` a period. A limit of 0 lets nothing pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gcra {
    /// Requests a period.
    pub limit: u32,
    /// Length of the period in milliseconds; under 1 counts as 1.
    pub period_ms: i64,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may pass.
    pub allowed: bool,
    /// To be kept for the next request: the theoretical arrival time, in Unix **microseconds**. One that lies in the
    /// past need not be kept.
    pub new_tat: i64,
    /// How many more would pass right now.
    pub remaining: u32,
    /// Milliseconds until all `limit` would pass at once again.
    pub reset_ms: i64,
    /// Milliseconds until the next one passes; 0 if this one did.
    pub retry_after_ms: i64,
}

impl Gcra {
    /// Decides a request at `now`. `tat` is the kept number in Unix microseconds, `None` for one never seen.
    ///
    /// A kept number further ahead than the rule can have set it (the clock was set back) is cut to what it can be, so
    /// that nobody is locked out for the length of the jump.
    pub fn decide(&self, tat: Option<i64>, now: UnixMs) -> Decision {
        let now = now.saturating_mul(1000);
        let period = self.period_ms.max(1).saturating_mul(1000);
        if self.limit == 0 {
            let wait = to_ms(period);
            return Decision { allowed: false, new_tat: now, remaining: 0, reset_ms: wait, retry_after_ms: wait };
        }
        let limit = i64::from(self.limit);
        // Rounded up, so that the rate is never above the limit.
        let interval = period / limit + i64::from(period % limit != 0);
        let full = interval.saturating_mul(limit);
        let ahead = tat.map_or(0, |tat| tat.saturating_sub(now).clamp(0, full));
        let after = ahead.saturating_add(interval);
        let allowed = after <= full;
        let used = if allowed { after } else { ahead };
        Decision {
            allowed,
            new_tat: now.saturating_add(used),
            remaining: u32::try_from((full - used) / interval).unwrap_or(u32::MAX),
            reset_ms: to_ms(used),
            retry_after_ms: if allowed { 0 } else { to_ms(after - full) },
        }
    }
}

/// Microseconds to milliseconds, rounded up: who waits that long has waited long enough.
fn to_ms(us: i64) -> i64 {
    us / 1000 + i64::from(us % 1000 > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEN_A_MINUTE: Gcra = Gcra { limit: 10, period_ms: 60_000 };

    #[test]
    fn ten_at_once_then_one_each_six_seconds() {
        let mut tat = None;
        for left in (0..10).rev() {
            let decision = TEN_A_MINUTE.decide(tat, 1_000_000);
            assert!(decision.allowed);
            assert_eq!(decision.remaining, left);
            assert_eq!(decision.retry_after_ms, 0);
            tat = Some(decision.new_tat);
        }
        let refused = TEN_A_MINUTE.decide(tat, 1_000_000);
        assert!(!refused.allowed);
        assert_eq!((refused.remaining, refused.retry_after_ms, refused.reset_ms), (0, 6000, 60_000));
        assert_eq!(refused.new_tat, tat.unwrap(), "a refused request costs nothing");
        assert!(!TEN_A_MINUTE.decide(tat, 1_005_999).allowed);
        assert!(TEN_A_MINUTE.decide(tat, 1_006_000).allowed);
        assert_eq!(TEN_A_MINUTE.decide(tat, 1_060_000).remaining, 9);
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_pass() {
        let decision = Gcra { limit: 0, period_ms: 60_000 }.decide(None, 0);
        assert!(!decision.allowed);
        assert_eq!(decision.retry_after_ms, 60_000);
    }

    #[test]
    fn a_clock_set_back_an_hour_locks_nobody_out() {
        let mut tat = None;
        for _ in 0..10 {
            tat = Some(TEN_A_MINUTE.decide(tat, 3_600_000).new_tat);
        }
        let refused = TEN_A_MINUTE.decide(tat, 0);
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after_ms, 6000);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate(
            limit in 1_u32..200,
            period_ms in 1_i64..100_000,
            gaps in proptest::collection::vec(0_i64..5000, 1..300),
        ) {
            let rule = Gcra { limit, period_ms };
            let (mut now, mut tat, mut passed) = (1_700_000_000_000_i64, None, Vec::new());
            for gap in gaps {
                now += gap;
                let decision = rule.decide(tat, now);
                prop_assert!(decision.remaining < limit);
                prop_assert!(decision.reset_ms >= decision.retry_after_ms);
                if decision.allowed {
                    passed.push(now);
                } else {
                    prop_assert!(decision.retry_after_ms > 0);
                    prop_assert!(rule.decide(Some(decision.new_tat), now + decision.retry_after_ms).allowed);
                }
                tat = Some(decision.new_tat);
            }
            for (i, first) in passed.iter().enumerate() {
                for (j, last) in passed.iter().enumerate().skip(i) {
                    let most = i64::from(limit) + (last - first) * i64::from(limit) / period_ms;
                    prop_assert!((j - i + 1) as i64 <= most.max(1));
                }
            }
        }

        #[test]
        fn no_number_overflows(limit: u32, period_ms: i64, tat: Option<i64>, now: i64) {
            let decision = Gcra { limit, period_ms }.decide(tat, now);
            prop_assert!(decision.retry_after_ms >= 0 && decision.reset_ms >= 0);
            prop_assert!(decision.remaining <= limit);
        }
    }
}
