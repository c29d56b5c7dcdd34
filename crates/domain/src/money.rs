//! Amounts as integers: no fraction is ever a float, and no sum ever wraps.

use std::fmt;
use std::str::FromStr;

/// An ISO 4217 currency, in the lower case that Stripe uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollar.
    pub const USD: Currency = Currency(*b"usd");
    /// Euros.
    pub const EUR: Currency = Currency(*b"eur");

    /// Three lower-case ASCII letters.
    pub fn parse(text: &str) -> Result<Currency, MoneyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_lowercase) => Ok(Currency(letters)),
            _ => Err(MoneyError::Currency),
        }
    }

    /// `usd`.
    pub fn as_str(&self) -> &str {
        // Three ASCII letters, see `parse`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many digits of an amount stand after the decimal point, as Stripe counts amounts (docs.stripe.com/currencies;
    /// ISK and UGX have no coins but are counted in hundredths there).
    pub fn exponent(&self) -> u8 {
        match &self.0 {
            b"bif" | b"clp" | b"djf" | b"gnf" | b"jpy" | b"kmf" | b"krw" | b"mga" | b"pyg" | b"rwf" | b"vnd"
            | b"vuv" | b"xaf" | b"xof" | b"xpf" => 0,
            b"bhd" | b"jod" | b"kwd" | b"omr" | b"tnd" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Currency, MoneyError> {
        Currency::parse(text)
    }
}

/// An amount in the smallest unit of its currency: cents, yen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The amount in minor units; negative for what is owed to the customer.
    pub minor: i64,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// An amount.
    pub fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Reads an amount as people type it, `5.99` or `5,99`, and never more places than the currency has.
    pub fn of_decimal(text: &str, currency: Currency) -> Option<Money> {
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let places = usize::from(currency.exponent());
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || part.len() > places || !is_number(whole) || !is_number(part) {
            return None;
        }
        Some(Money { minor: format!("{whole}{part:0<places$}").parse().ok()?, currency })
    }

    /// The sum; an error for two currencies, and for a sum that does not fit.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// The difference; an error for two currencies, and for a difference that does not fit.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    /// The amount with the other sign.
    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }

    /// The amount in major units as plain text: `5.99`, `-0.05`, `599` for yen. No symbol and no grouping: those are the
    /// reader's language's.
    pub fn decimal(&self) -> String {
        let digits = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let text = format!("{:0width$}", self.minor.unsigned_abs(), width = digits + 1);
        let (whole, part) = text.split_at(text.len() - digits);
        if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
    }

    fn with(self, other: Money, sum: impl Fn(i64, i64) -> Option<i64>) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::OtherCurrency);
        }
        let minor = sum(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money { minor, ..self })
    }
}

/// Why an amount could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a currency.
    #[error("a currency is three lower-case letters, for example usd")]
    Currency,
    /// Two currencies in one sum.
    #[error("amounts of two currencies can't be added")]
    OtherCurrency,
    /// The sum does not fit into 64 bits.
    #[error("this amount is too large")]
    Overflow,
}

impl MoneyError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            MoneyError::Currency => "currency_invalid",
            MoneyError::OtherCurrency => "currency_mismatch",
            MoneyError::Overflow => "amount_too_large",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn money(minor: i64, currency: &str) -> Money {
        Money::new(minor, Currency::parse(currency).unwrap())
    }

    #[test]
    fn an_amount_is_read_as_people_type_it() {
        let yen = Currency::parse("jpy").unwrap();
        for (text, currency, minor) in [
            ("5.99", Currency::USD, Some(599)),
            ("5,9", Currency::USD, Some(590)),
            ("5", Currency::USD, Some(500)),
            ("0.05", Currency::USD, Some(5)),
            ("5.", Currency::USD, Some(500)),
            ("500", yen, Some(500)),
            ("5.0", yen, None),
            ("5.999", Currency::USD, None),
            ("-5", Currency::USD, None),
            ("+5", Currency::USD, None),
            (".5", Currency::USD, None),
            ("1.000,00", Currency::USD, None),
            ("", Currency::USD, None),
            ("99999999999999999999", Currency::USD, None),
        ] {
            let read = Money::of_decimal(text, currency).map(|money| money.minor);
            assert_eq!(read, minor, "{text:?}");
        }
    }

    #[test]
    fn currencies() {
        assert_eq!(Currency::parse("jpy").unwrap().to_string(), "jpy");
        for wrong in ["", "us", "usdd", "USD", "us1", "us ", "ü"] {
            assert_eq!(Currency::parse(wrong), Err(MoneyError::Currency), "{wrong:?}");
        }
        for (text, exponent) in [("usd", 2), ("eur", 2), ("jpy", 0), ("krw", 0), ("isk", 2), ("kwd", 3)] {
            assert_eq!(Currency::parse(text).unwrap().exponent(), exponent, "{text}");
        }
    }

    #[test]
    fn amounts_read_as_their_currency_writes_them() {
        let table = [
            (usd(599), "5.99"),
            (usd(0), "0.00"),
            (usd(-5), "-0.05"),
            (money(599, "jpy"), "599"),
            (money(-1, "jpy"), "-1"),
            (money(5120, "kwd"), "5.120"),
            (usd(i64::MAX), "92233720368547758.07"),
            (usd(i64::MIN), "-92233720368547758.08"),
        ];
        for (amount, text) in table {
            assert_eq!(amount.decimal(), text);
        }
    }

    #[test]
    fn s16_a_sum_that_does_not_fit_is_an_error() {
        assert_eq!(usd(1).checked_add(usd(2)), Ok(usd(3)));
        assert_eq!(usd(i64::MAX).checked_add(usd(0)), Ok(usd(i64::MAX)));
        assert_eq!(usd(i64::MAX).checked_add(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).checked_sub(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(usd(1).checked_add(money(1, "jpy")), Err(MoneyError::OtherCurrency));
        assert_eq!(usd(1).checked_sub(money(1, "jpy")), Err(MoneyError::OtherCurrency));
    }

    proptest! {
        #[test]
        fn what_is_added_can_be_taken_away(a: i64, b: i64) {
            match usd(a).checked_add(usd(b)) {
                Ok(sum) => prop_assert_eq!(sum.checked_sub(usd(b)), Ok(usd(a))),
                Err(error) => prop_assert!(error == MoneyError::Overflow && a.checked_add(b).is_none()),
            }
        }
    }
}
