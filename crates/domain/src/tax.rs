//! The tax inside an amount. What is sold has its tax inside the price, and whatever part of the money goes back takes its
//! share of the tax along, as Stripe counts it: <https://docs.stripe.com/tax/invoicing/refunds>.

/// What was sold, and the tax in it, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taxed {
    total: i64,
    tax: i64,
}

impl Taxed {
    /// Both as they were read. Less than nothing counts as nothing, and there is no more tax than was sold.
    pub fn new(total: i64, tax: i64) -> Taxed {
        let total = total.max(0);
        Taxed { total, tax: tax.clamp(0, total) }
    }

    /// All of it, tax included.
    pub fn total(self) -> i64 {
        self.total
    }

    /// The tax in all of it.
    pub fn tax(self) -> i64 {
        self.tax
    }

    /// The tax in a part of it, rounded down.
    pub fn tax_in(self, part: i64) -> i64 {
        if self.total == 0 {
            return 0;
        }
        // In 128 bits, so that no amount is too large; a share of what fits 64 by at most all of it fits 64.
        let share = i128::from(self.tax) * i128::from(part.max(0)) / i128::from(self.total);
        i64::try_from(share).unwrap_or(i64::MAX)
    }

    /// What a part of it is without tax.
    pub fn net_of(self, part: i64) -> i64 {
        part - self.tax_in(part)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_part_has_its_share_of_the_tax() {
        // Total, tax, part, tax in the part.
        for (total, tax, part, share) in [
            (999, 159, 999, 159),
            (999, 159, 0, 0),
            (999, 159, 500, 79),
            (999, 159, 499, 79),
            (999, 0, 500, 0),
            (0, 0, 500, 0),
            (-5, 3, 500, 0),
            (100, 300, 50, 50),
            (100, -3, 50, 0),
            (i64::MAX, i64::MAX / 2, i64::MAX, i64::MAX / 2),
        ] {
            assert_eq!(Taxed::new(total, tax).tax_in(part), share, "{total} {tax} {part}");
        }
        assert_eq!(Taxed::new(999, 159).net_of(999), 840);
    }

    proptest! {
        #[test]
        fn refunded_bit_by_bit_all_of_the_tax_comes_back_and_never_more(
            total in 1..1_000_000_i64, hundredths in 0..=100_i64, cuts in prop::collection::vec(0..1_000_000_i64, 0..8),
        ) {
            let sold = Taxed::new(total, total * hundredths / 100);
            let mut cuts: Vec<i64> = cuts.into_iter().map(|cut| cut % total).chain([0, total]).collect();
            cuts.sort_unstable();
            let steps: Vec<i64> = cuts.windows(2).map(|two| sold.tax_in(two[1]) - sold.tax_in(two[0])).collect();
            prop_assert!(steps.iter().all(|step| *step >= 0));
            prop_assert_eq!(steps.iter().sum::<i64>(), sold.tax());
            prop_assert!(cuts.iter().all(|part| (0..=*part).contains(&sold.net_of(*part))));
        }
    }
}
