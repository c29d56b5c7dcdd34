//! When a change of plan or period begins.

use std::cmp::Ordering;

use crate::period::Every;

/// What counts of a plan at one of its prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How often it is paid.
    pub every: Every,
    /// The plan's own price in minor units, which says which of two plans is the larger one; none for a plan that is gone,
    /// than which every other is larger.
    pub size: Option<i64>,
}

/// When a change begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// At once, and what is left of the present period counts towards what is paid now.
    Paid,
    /// At once, and there is nothing to pay.
    Free,
    /// When the present period, which is paid for, ends.
    Later,
}

/// A shorter period begins later and a longer one at once, whichever plan it is of; in the same period a larger plan begins
/// at once and a smaller one later.
pub fn begins(present: Terms, wished: Terms) -> Begins {
    match wished.every.cmp(&present.every).then(wished.size.cmp(&present.size)) {
        Ordering::Greater => Begins::Paid,
        Ordering::Equal => Begins::Free,
        Ordering::Less => Begins::Later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_decides_and_then_the_plan() {
        let terms = |every, size| Terms { every, size };
        for (present, wished, expect) in [
            ((Every::Month, Some(599)), (Every::Month, Some(999)), Begins::Paid),
            ((Every::Month, Some(999)), (Every::Month, Some(599)), Begins::Later),
            ((Every::Month, Some(599)), (Every::Month, Some(599)), Begins::Free),
            ((Every::Month, None), (Every::Month, Some(599)), Begins::Paid),
            ((Every::Month, Some(999)), (Every::Year, Some(599)), Begins::Paid),
            ((Every::Quarter, Some(599)), (Every::Year, Some(599)), Begins::Paid),
            ((Every::Year, Some(599)), (Every::Quarter, Some(599)), Begins::Later),
            ((Every::Year, Some(599)), (Every::Month, Some(1_999)), Begins::Later),
            ((Every::Year, None), (Every::Month, Some(1_999)), Begins::Later),
        ] {
            assert_eq!(
                begins(terms(present.0, present.1), terms(wished.0, wished.1)),
                expect,
                "{present:?} {wished:?}"
            );
        }
    }
}
