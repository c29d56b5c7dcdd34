//! Coupons: codes of ours that take something off the price of a purchase, and for what and whom they hold.

use crate::credit::{self, CreditError};
use crate::money::{Currency, Money};
use crate::period::Every;
use crate::time::UnixMs;

/// Shortest and longest code; Stripe takes the same letters.
const LENGTHS: std::ops::RangeInclusive<usize> = 3..=32;
/// Longest time that a coupon takes something off, in months.
const MOST_MONTHS: i64 = 36;

/// A coupon's code: 3 to 32 of `A-Z`, `0-9` and `-`, typed in either case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CouponCode(String);

impl CouponCode {
    /// Reads a code; white space around it is dropped.
    pub fn parse(text: &str) -> Result<CouponCode, TermsError> {
        let text = text.trim();
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let fits = LENGTHS.contains(&text.len()) && text.bytes().all(is_fine);
        if fits { Ok(CouponCode(text.to_ascii_uppercase())) } else { Err(TermsError::Code) }
    }

    /// The code, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a coupon takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// A share of the price, 1 to 100.
    Percent(i64),
    /// So much, of prices in its currency.
    Amount(Money),
}

/// How long it takes something off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// The first invoice.
    Once,
    /// The invoices of so many months.
    Months(i64),
    /// Every invoice.
    Forever,
}

impl Lasts {
    /// Stripe's word, which is ours too.
    pub fn as_str(self) -> &'static str {
        match self {
            Lasts::Once => "once",
            Lasts::Months(_) => "repeating",
            Lasts::Forever => "forever",
        }
    }

    /// How many months, if that is said.
    pub fn months(self) -> Option<i64> {
        match self {
            Lasts::Months(months) => Some(months),
            Lasts::Once | Lasts::Forever => None,
        }
    }

    /// From the word, with the months that come with it.
    pub fn of_word(word: &str, months: Option<i64>) -> Result<Lasts, TermsError> {
        match (word, months) {
            ("once", None) => Ok(Lasts::Once),
            ("forever", None) => Ok(Lasts::Forever),
            ("repeating", Some(months)) => Ok(Lasts::Months(months)),
            _ => Err(TermsError::Lasts),
        }
    }
}

/// What a coupon is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What it takes off.
    pub off: Off,
    /// For how long.
    pub lasts: Lasts,
    /// Codes of the plans that it holds for; all if none.
    pub plans: Vec<String>,
    /// `month`, `quarter`, `year`: the periods that it holds for; all if none.
    pub periods: Vec<String>,
    /// Uses in all.
    pub most_uses: Option<i64>,
    /// Uses by one customer.
    pub most_per_customer: Option<i64>,
    /// From when on it holds no more.
    pub expires_at: Option<UnixMs>,
    /// Whether it holds for a customer's first purchase only.
    pub first_only: bool,
}

impl Terms {
    /// Refuses what can't be a coupon at `now`.
    pub fn check(&self, now: UnixMs) -> Result<(), TermsError> {
        match self.off {
            Off::Percent(percent) if !(1..=100).contains(&percent) => return Err(TermsError::Percent),
            Off::Amount(amount) => credit::check(amount).map_err(TermsError::Amount)?,
            Off::Percent(_) => {}
        }
        if self.lasts.months().is_some_and(|months| !(1..=MOST_MONTHS).contains(&months)) {
            return Err(TermsError::Lasts);
        }
        if self.periods.iter().any(|period| period.parse::<Every>().is_err()) {
            return Err(TermsError::Period);
        }
        if [self.most_uses, self.most_per_customer].into_iter().flatten().any(|most| most < 1) {
            return Err(TermsError::Limit);
        }
        if self.expires_at.is_some_and(|at| at <= now) { Err(TermsError::Past) } else { Ok(()) }
    }

    /// Whether it holds for a plan and a period (`month`, `quarter`, `year`), also of one who has bought with it.
    pub fn holds_for(&self, plan: &str, period: &str) -> Result<(), CouponError> {
        let is_among = |words: &[String], word: &str| words.is_empty() || words.iter().any(|known| known == word);
        if !is_among(&self.plans, plan) {
            return Err(CouponError::Plan);
        }
        if is_among(&self.periods, period) { Ok(()) } else { Err(CouponError::Period) }
    }

    /// Whether it holds for a purchase.
    pub fn holds(&self, purchase: &Purchase<'_>) -> Result<(), CouponError> {
        if self.expires_at.is_some_and(|at| at <= purchase.now) {
            return Err(CouponError::Expired);
        }
        if matches!(self.off, Off::Amount(amount) if amount.currency != purchase.currency) {
            return Err(CouponError::Plan);
        }
        self.holds_for(purchase.plan, purchase.period)?;
        if self.first_only && purchase.has_bought {
            return Err(CouponError::FirstOnly);
        }
        if self.most_per_customer.is_some_and(|most| purchase.own_uses >= most) {
            return Err(CouponError::UsedByYou);
        }
        if self.most_uses.is_some_and(|most| purchase.uses >= most) { Err(CouponError::UsedUp) } else { Ok(()) }
    }
}

/// A purchase for which a coupon is wished.
#[derive(Debug, Clone, Copy)]
pub struct Purchase<'a> {
    /// Code of the plan.
    pub plan: &'a str,
    /// `month`, `quarter` or `year`.
    pub period: &'a str,
    /// Of the price.
    pub currency: Currency,
    /// Whether the customer has bought something before.
    pub has_bought: bool,
    /// Uses of the coupon so far, with those that are reserved.
    pub uses: i64,
    /// Those of this customer.
    pub own_uses: i64,
    /// When.
    pub now: UnixMs,
}

/// Why a coupon does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CouponError {
    /// None of ours.
    #[error("there is no such coupon")]
    Unknown,
    /// Its time is over, or it was withdrawn.
    #[error("this coupon holds no more")]
    Expired,
    /// It holds for other plans, or for prices in another currency.
    #[error("this coupon does not hold for this plan")]
    Plan,
    /// It holds for other periods.
    #[error("this coupon does not hold for this period")]
    Period,
    /// All its uses are taken.
    #[error("this coupon is used up")]
    UsedUp,
    /// All uses that one customer has are taken.
    #[error("you have used this coupon already")]
    UsedByYou,
    /// The customer has bought before.
    #[error("this coupon holds for a first purchase only")]
    FirstOnly,
}

impl CouponError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            CouponError::Unknown => "coupon_unknown",
            CouponError::Expired => "coupon_expired",
            CouponError::Plan => "coupon_plan",
            CouponError::Period => "coupon_period",
            CouponError::UsedUp => "coupon_used_up",
            CouponError::UsedByYou => "coupon_used",
            CouponError::FirstOnly => "coupon_first_only",
        }
    }
}

/// What can be no coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// The code.
    #[error("a code is 3 to 32 letters, digits and hyphens")]
    Code,
    /// The share.
    #[error("a percentage is a whole number from 1 to 100")]
    Percent,
    /// The amount.
    #[error(transparent)]
    Amount(CreditError),
    /// How long it lasts.
    #[error("once, forever, or 1 to 36 months")]
    Lasts,
    /// A period.
    #[error("a period is month, quarter or year")]
    Period,
    /// A number of uses.
    #[error("a limit is at least 1")]
    Limit,
    /// It would be over before it begins.
    #[error("the end lies in the past")]
    Past,
}

impl TermsError {
    /// The field that it is about.
    pub fn field(self) -> &'static str {
        match self {
            TermsError::Code => "code",
            TermsError::Percent => "percent",
            TermsError::Amount(_) => "amount",
            TermsError::Lasts => "months",
            TermsError::Period => "periods",
            TermsError::Limit => "limit",
            TermsError::Past => "days",
        }
    }

    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            TermsError::Code => "coupon_code_invalid",
            TermsError::Percent | TermsError::Lasts | TermsError::Limit | TermsError::Past => "number_invalid",
            TermsError::Amount(error) => error.code(),
            TermsError::Period => "period_invalid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms {
            off: Off::Percent(20),
            lasts: Lasts::Once,
            plans: Vec::new(),
            periods: Vec::new(),
            most_uses: None,
            most_per_customer: None,
            expires_at: None,
            first_only: false,
        }
    }

    fn purchase() -> Purchase<'static> {
        let (plan, period, currency) = ("basic", "month", Currency::USD);
        Purchase { plan, period, currency, has_bought: true, uses: 7, own_uses: 2, now: 1_000 }
    }

    #[test]
    fn a_code_is_typed_in_either_case() {
        for (text, expected) in [("spring-26", Some("SPRING-26")), (" NEW ", Some("NEW")), ("AB", None)] {
            assert_eq!(CouponCode::parse(text).ok().as_ref().map(CouponCode::as_str), expected, "{text}");
        }
        for bad in ["", "SPRING 26", "ÄPFEL", "A_B", "50%", &"a".repeat(33)] {
            assert_eq!(CouponCode::parse(bad), Err(TermsError::Code), "{bad:?}");
        }
    }

    #[test]
    fn a_coupon_holds_for_what_it_says() {
        let yen = Off::Amount(Money::new(100, Currency::parse("jpy").unwrap()));
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (terms, expected) in [
            (terms(), Ok(())),
            (Terms { off: yen, ..terms() }, Err(CouponError::Plan)),
            (Terms { plans: words(&["vip"]), ..terms() }, Err(CouponError::Plan)),
            (Terms { plans: words(&["vip", "basic"]), ..terms() }, Ok(())),
            (Terms { periods: words(&["year"]), ..terms() }, Err(CouponError::Period)),
            (Terms { periods: words(&["month"]), ..terms() }, Ok(())),
            (Terms { expires_at: Some(1_000), ..terms() }, Err(CouponError::Expired)),
            (Terms { expires_at: Some(1_001), ..terms() }, Ok(())),
            (Terms { first_only: true, ..terms() }, Err(CouponError::FirstOnly)),
            (Terms { most_per_customer: Some(2), ..terms() }, Err(CouponError::UsedByYou)),
            (Terms { most_per_customer: Some(3), ..terms() }, Ok(())),
            (Terms { most_uses: Some(7), ..terms() }, Err(CouponError::UsedUp)),
            (Terms { most_uses: Some(8), ..terms() }, Ok(())),
        ] {
            assert_eq!(terms.holds(&purchase()), expected, "{terms:?}");
        }
    }

    #[test]
    fn what_can_be_no_coupon_is_refused() {
        let dollars = |minor| Off::Amount(Money::new(minor, Currency::USD));
        for (terms, expected) in [
            (terms(), Ok(())),
            (Terms { off: Off::Percent(0), ..terms() }, Err(TermsError::Percent)),
            (Terms { off: Off::Percent(101), ..terms() }, Err(TermsError::Percent)),
            (Terms { off: dollars(0), ..terms() }, Err(TermsError::Amount(CreditError::Amount))),
            (Terms { lasts: Lasts::Months(0), ..terms() }, Err(TermsError::Lasts)),
            (Terms { lasts: Lasts::Months(37), ..terms() }, Err(TermsError::Lasts)),
            (Terms { periods: vec!["week".to_owned()], ..terms() }, Err(TermsError::Period)),
            (Terms { most_uses: Some(0), ..terms() }, Err(TermsError::Limit)),
            (Terms { most_per_customer: Some(-1), ..terms() }, Err(TermsError::Limit)),
            (Terms { expires_at: Some(5), ..terms() }, Err(TermsError::Past)),
        ] {
            assert_eq!(terms.check(5), expected, "{terms:?}");
        }
    }

    #[test]
    fn how_long_it_lasts_is_kept_in_words() {
        for lasts in [Lasts::Once, Lasts::Months(3), Lasts::Forever] {
            assert_eq!(Lasts::of_word(lasts.as_str(), lasts.months()), Ok(lasts));
        }
        for (word, months) in [("once", Some(1)), ("repeating", None), ("", None)] {
            assert_eq!(Lasts::of_word(word, months), Err(TermsError::Lasts));
        }
    }
}
