//! What a customer has with us: a balance in each currency that never falls below zero by a spending.

use crate::money::{Money, MoneyError};

/// Largest single movement, in minor units: a typo of an operator's stays small.
pub const MOST: i64 = 1_000_000;

/// Why credit can't be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// Zero, less, or beyond [`MOST`].
    #[error("an amount is 1 to 1000000 minor units (cents)")]
    Amount,
    /// More than there is.
    #[error("the balance is smaller than this amount")]
    TooLittle,
    /// Two currencies, or a sum beyond 64 bits.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl CreditError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            CreditError::Amount => "amount_invalid",
            CreditError::TooLittle => "credit_too_small",
            CreditError::Money(error) => error.code(),
        }
    }
}

/// The movement that gives an amount.
pub fn give(balance: Money, amount: Money) -> Result<Money, CreditError> {
    check(amount)?;
    balance.checked_add(amount)?;
    Ok(amount)
}

/// The movement that takes an amount out of a balance.
pub fn take(balance: Money, amount: Money) -> Result<Money, CreditError> {
    check(amount)?;
    if balance.checked_sub(amount)?.minor < 0 {
        return Err(CreditError::TooLittle);
    }
    Ok(amount.checked_neg()?)
}

fn check(amount: Money) -> Result<(), CreditError> {
    if (1..=MOST).contains(&amount.minor) { Ok(()) } else { Err(CreditError::Amount) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn a_spending_leaves_nothing_below_zero() {
        for (balance, amount, expected) in [
            (500, 500, Ok(usd(-500))),
            (500, 499, Ok(usd(-499))),
            (500, 501, Err(CreditError::TooLittle)),
            (0, 1, Err(CreditError::TooLittle)),
            (-5, 1, Err(CreditError::TooLittle)),
            (500, 0, Err(CreditError::Amount)),
            (500, -1, Err(CreditError::Amount)),
            (i64::MAX, i64::MAX, Err(CreditError::Amount)),
        ] {
            assert_eq!(take(usd(balance), usd(amount)), expected, "{amount} of {balance}");
        }
    }

    #[test]
    fn s16_what_does_not_fit_is_refused_and_never_wraps() {
        assert_eq!(give(usd(i64::MAX), usd(1)), Err(CreditError::Money(MoneyError::Overflow)));
        assert_eq!(give(usd(1), usd(MOST + 1)), Err(CreditError::Amount));
        assert_eq!(give(usd(-7), usd(MOST)), Ok(usd(MOST)));
        let yen = Money::new(5, Currency::parse("jpy").unwrap());
        assert!(matches!(take(usd(10), yen), Err(CreditError::Money(_))));
    }
}
