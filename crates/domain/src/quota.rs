//! How much a subscription may carry in a period: what is left of it, what a gateway may let through on its own, and when
//! its owner is told.

/// The most that a gateway lets one device carry before it has to ask again, in bytes.
pub const LARGEST_SLICE: i64 = 2_000_000_000;
/// The least: below this a gateway would ask all the time. What is left is never exceeded by more than this for each
/// device.
pub const SMALLEST_SLICE: i64 = 1_000_000;

/// What a subscription has in a period, and what is used of it, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// What there is; `None` for no bound.
    pub bytes: Option<i64>,
    /// What is used: rx and tx, as WireGuard counts them.
    pub used: i64,
    /// How fast each device may be, in Mbit/s each way; `None` for as fast as it goes.
    pub speed_mbit: Option<i64>,
    /// How fast each may be once all is used; `None` for not at all.
    pub slow_mbit: Option<i64>,
}

/// What the owner of a subscription is told once a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Four fifths are used.
    Most,
    /// All of it is.
    All,
}

impl Quota {
    /// Whether there is nothing left.
    pub fn is_used_up(&self) -> bool {
        self.bytes.is_some_and(|bytes| self.used >= bytes)
    }

    /// Whether the devices are off the network, for there is nothing left.
    pub fn is_cut(&self) -> bool {
        self.is_used_up() && self.slow_mbit.is_none()
    }

    /// How fast each device may be now, in Mbit/s each way; `None` for as fast as it goes.
    pub fn speed_now(&self) -> Option<i64> {
        let slow = self.slow_mbit.filter(|_| self.is_used_up());
        [self.speed_mbit, slow].into_iter().flatten().min()
    }

    /// What each of so many devices may carry before its gateway asks again; `None` for as much as it likes. What is left
    /// is shared among them, so that together they don't use more than there is; those that are slowed use what they can.
    pub fn slice(&self, devices: i64) -> Option<i64> {
        if self.is_used_up() && !self.is_cut() {
            return None;
        }
        let left = self.bytes?.saturating_sub(self.used).max(0);
        let share = left / devices.max(1);
        Some(share.clamp(SMALLEST_SLICE.min(left), LARGEST_SLICE))
    }

    /// The mark that is passed when the use grows from `before` to what it is now: the higher one of two.
    pub fn passed(&self, before: i64) -> Option<Mark> {
        let bytes = self.bytes?;
        let passes = |mark: i64| before < mark && mark <= self.used;
        if passes(bytes) {
            return Some(Mark::All);
        }
        // The division first: the product of a large quota does not fit.
        passes(bytes - bytes / 5).then_some(Mark::Most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: i64 = 1_000_000_000;

    fn quota(bytes: i64, used: i64) -> Quota {
        Quota { bytes: Some(bytes), used, speed_mbit: None, slow_mbit: None }
    }

    #[test]
    fn a_slice_is_a_share_of_what_is_left_and_not_too_large() {
        for (quota, devices, slice) in [
            (Quota { bytes: None, ..quota(0, 7) }, 1, None),
            (quota(200 * GB, 0), 1, Some(2 * GB)),
            (quota(200 * GB, 199 * GB), 1, Some(GB)),
            (quota(200 * GB, 199 * GB), 4, Some(GB / 4)),
            (quota(200 * GB, 200 * GB - 2_000_000), 50, Some(SMALLEST_SLICE)),
            (quota(200 * GB, 200 * GB - 10), 50, Some(10)),
            (quota(200 * GB, 200 * GB), 1, Some(0)),
            (quota(200 * GB, 300 * GB), 0, Some(0)),
            (quota(0, 0), 1, Some(0)),
        ] {
            assert_eq!(quota.slice(devices), slice, "{quota:?} {devices}");
            assert_eq!(quota.is_used_up(), slice == Some(0), "{quota:?}");
        }
    }

    #[test]
    fn a_device_is_as_fast_as_the_plan_says_and_slowed_or_cut_at_the_end() {
        for (used, speed, slow, is_cut, now) in [
            (0, None, None, false, None),
            (0, Some(50), Some(2), false, Some(50)),
            (100, Some(50), Some(2), false, Some(2)),
            (100, None, Some(2), false, Some(2)),
            (100, Some(1), Some(2), false, Some(1)),
            (100, Some(50), None, true, Some(50)),
        ] {
            let quota = Quota { speed_mbit: speed, slow_mbit: slow, ..quota(100, used) };
            assert_eq!((quota.is_cut(), quota.speed_now()), (is_cut, now), "{quota:?}");
            assert_eq!(quota.slice(1).is_none(), used == 100 && !is_cut, "{quota:?}");
        }
    }

    #[test]
    fn each_mark_is_passed_once() {
        for (before, used, mark) in [
            (0, 79, None),
            (0, 80, Some(Mark::Most)),
            (79, 99, Some(Mark::Most)),
            (80, 99, None),
            (0, 100, Some(Mark::All)),
            (99, 150, Some(Mark::All)),
            (100, 150, None),
        ] {
            assert_eq!(quota(100, used).passed(before), mark, "{before} {used}");
        }
        assert_eq!(Quota { bytes: None, ..quota(0, i64::MAX) }.passed(0), None);
        assert_eq!(quota(i64::MAX, i64::MAX).passed(0), Some(Mark::All));
    }
}
