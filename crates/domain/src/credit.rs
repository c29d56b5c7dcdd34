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

/// Refuses an amount that no single movement of credit may have.
pub fn check(amount: Money) -> Result<(), CreditError> {
    if (1..=MOST).contains(&amount.minor) { Ok(()) } else { Err(CreditError::Amount) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn an_amount_is_something_and_not_too_much() {
        for (minor, is_fine) in [(1, true), (MOST, true), (0, false), (-1, false), (MOST + 1, false), (i64::MIN, false)]
        {
            let money = Money::new(minor, Currency::USD);
            assert_eq!(check(money), if is_fine { Ok(()) } else { Err(CreditError::Amount) }, "{minor}");
        }
    }
}
