//! The books: every movement of money is a set of lines in accounts that sum to zero.
//!
//! A line above zero is what we owe or have earned, one below zero what we hold or have spent. So a customer's credit is
//! above zero, and the cash at Stripe below. A movement is never changed or removed: what was wrong is taken back by
//! another one.

use std::collections::BTreeMap;

use crate::credit::CreditError;
use crate::money::{Currency, Money, MoneyError};

/// Where money is, or what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What a customer can spend with us.
    CustomerCredit,
    /// A customer's credit that lies at Stripe, to be taken off the next invoice.
    StripeCredit,
    /// What a customer gets for friends whose first payment may still go back.
    RewardsPending,
    /// What friends' first payments have cost us for good.
    RewardsConfirmed,
    /// Cash that Stripe holds or has paid out to us.
    StripeCash,
    /// What was sold, without taxes.
    Revenue,
    /// Taxes that customers have paid with it, which we owe to states.
    Taxes,
    /// What went back to customers.
    Refunds,
    /// What customers' banks have taken back.
    Disputes,
    /// Gifts: credit that an operator gave, and rewards that are not confirmed.
    Promotions,
    /// What there was when the books were opened.
    Opening,
}

impl Account {
    /// Every account.
    pub const ALL: [Account; 11] = [
        Account::CustomerCredit,
        Account::StripeCredit,
        Account::RewardsPending,
        Account::RewardsConfirmed,
        Account::StripeCash,
        Account::Revenue,
        Account::Taxes,
        Account::Refunds,
        Account::Disputes,
        Account::Promotions,
        Account::Opening,
    ];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Account::CustomerCredit => "customer_credit",
            Account::StripeCredit => "stripe_credit",
            Account::RewardsPending => "rewards_pending",
            Account::RewardsConfirmed => "rewards_confirmed",
            Account::StripeCash => "stripe_cash",
            Account::Revenue => "revenue",
            Account::Taxes => "taxes",
            Account::Refunds => "refunds",
            Account::Disputes => "disputes",
            Account::Promotions => "promotions",
            Account::Opening => "opening",
        }
    }

    /// Whether each customer has one of their own, with a balance.
    pub fn is_wallet(self) -> bool {
        matches!(self, Account::CustomerCredit | Account::StripeCredit | Account::RewardsPending)
    }
}

/// Why money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What was there when a customer was taken over from another program.
    Opening,
    /// An operator gave credit.
    Granted,
    /// An operator took credit away.
    Taken,
    /// A gift code was redeemed.
    Gift,
    /// An invoice was paid.
    Payment,
    /// A payment went back, all of it or a part.
    Refund,
    /// A customer's bank took a payment back, or gave it to us again.
    Dispute,
    /// A period was paid with credit.
    Period,
    /// A period that was paid with credit ended before its time: what was left of it came back.
    PeriodReturned,
    /// Credit went to Stripe, or came back from there.
    Applied,
    /// A friend's first payment came in.
    RewardPending,
    /// The friend's payment stayed: the reward can be spent.
    RewardConfirmed,
    /// The friend's payment went back before that.
    RewardVoided,
    /// The friend's payment went back after that.
    RewardTakenBack,
    /// And came to us again: the bank decided for us.
    RewardReturned,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 15] = [
        Kind::Opening,
        Kind::Granted,
        Kind::Taken,
        Kind::Gift,
        Kind::Payment,
        Kind::Refund,
        Kind::Dispute,
        Kind::Period,
        Kind::PeriodReturned,
        Kind::Applied,
        Kind::RewardPending,
        Kind::RewardConfirmed,
        Kind::RewardVoided,
        Kind::RewardTakenBack,
        Kind::RewardReturned,
    ];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Opening => "opening",
            Kind::Granted => "granted",
            Kind::Taken => "taken",
            Kind::Gift => "gift",
            Kind::Payment => "payment",
            Kind::Refund => "refund",
            Kind::Dispute => "dispute",
            Kind::Period => "period",
            Kind::PeriodReturned => "period_returned",
            Kind::Applied => "applied",
            Kind::RewardPending => "reward_pending",
            Kind::RewardConfirmed => "reward_confirmed",
            Kind::RewardVoided => "reward_voided",
            Kind::RewardTakenBack => "reward_taken_back",
            Kind::RewardReturned => "reward_returned",
        }
    }

    /// From the word in the database.
    pub fn of_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it may leave a wallet below zero. What was there from the beginning may be a debt, and a reward that was
    /// spent before the friend's payment went back is owed; nothing else is lent.
    pub fn may_overdraw(self) -> bool {
        matches!(self, Kind::Opening | Kind::RewardTakenBack)
    }
}

/// One movement of a customer's money, whose lines sum to zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Why.
    pub kind: Kind,
    /// Its own name: a movement happens once.
    pub name: String,
    /// Of what.
    pub currency: Currency,
    lines: BTreeMap<Account, i64>,
}

impl Movement {
    /// A movement of nothing yet.
    pub fn new(kind: Kind, name: impl Into<String>, currency: Currency) -> Movement {
        Movement { kind, name: name.into(), currency, lines: BTreeMap::new() }
    }

    /// The same with so many minor units out of one account and into another; below zero the other way.
    pub fn with(mut self, from: Account, to: Account, amount: i64) -> Result<Movement, MoneyError> {
        for (account, more) in [(from, amount.checked_neg().ok_or(MoneyError::Overflow)?), (to, amount)] {
            let line = self.lines.entry(account).or_default();
            *line = line.checked_add(more).ok_or(MoneyError::Overflow)?;
        }
        self.lines.retain(|_, amount| *amount != 0);
        Ok(self)
    }

    /// Its lines: never two of an account, and none of zero.
    pub fn lines(&self) -> impl Iterator<Item = (Account, i64)> + '_ {
        self.lines.iter().map(|(account, amount)| (*account, *amount))
    }

    /// An operator gives credit.
    pub fn granted(name: &str, amount: Money) -> Result<Movement, CreditError> {
        crate::credit::check(amount)?;
        let movement = Movement::new(Kind::Granted, name, amount.currency);
        Ok(movement.with(Account::Promotions, Account::CustomerCredit, amount.minor)?)
    }

    /// A gift code is redeemed.
    pub fn gift(name: &str, worth: Money) -> Result<Movement, CreditError> {
        Ok(Movement { kind: Kind::Gift, ..Movement::granted(name, worth)? })
    }

    /// An operator takes credit away.
    pub fn taken(name: &str, amount: Money) -> Result<Movement, CreditError> {
        crate::credit::check(amount)?;
        let movement = Movement::new(Kind::Taken, name, amount.currency);
        Ok(movement.with(Account::CustomerCredit, Account::Promotions, amount.minor)?)
    }

    /// An invoice was paid: with so much cash, and so much of the credit that lay at Stripe. So much of both is tax.
    pub fn payment(invoice: &str, cash: Money, credit: i64, tax: i64) -> Result<Movement, MoneyError> {
        Movement::new(Kind::Payment, format!("payment:{invoice}"), cash.currency)
            .with(Account::StripeCash, Account::Revenue, cash.minor)?
            .with(Account::StripeCredit, Account::Revenue, credit)?
            .with(Account::Revenue, Account::Taxes, tax)
    }

    /// So much of a payment went back to the customer; so much of that is tax, which is not owed any more.
    pub fn refund(name: String, cash: Money, tax: i64) -> Result<Movement, MoneyError> {
        Movement::new(Kind::Refund, name, cash.currency).with(Account::Refunds, Account::StripeCash, cash.minor)?.with(
            Account::Taxes,
            Account::Refunds,
            tax,
        )
    }

    /// So much of a payment was taken by the customer's bank, or below zero came back from there.
    pub fn dispute(name: String, cash: Money) -> Result<Movement, MoneyError> {
        Movement::new(Kind::Dispute, name, cash.currency).with(Account::Disputes, Account::StripeCash, cash.minor)
    }

    /// A reward of a sponsor's: made, withdrawn while it waits, confirmed, taken back, or given again. Confirming it makes
    /// it the sponsor's to spend, and what it costs final. Another kind moves nothing.
    pub fn reward(kind: Kind, name: String, amount: Money) -> Result<Movement, MoneyError> {
        use Account::{CustomerCredit, Promotions, RewardsConfirmed, RewardsPending};
        let movement = Movement::new(kind, name, amount.currency);
        match kind {
            Kind::RewardPending => movement.with(Promotions, RewardsPending, amount.minor),
            Kind::RewardVoided => movement.with(RewardsPending, Promotions, amount.minor),
            Kind::RewardConfirmed => movement.with(RewardsPending, CustomerCredit, amount.minor)?.with(
                RewardsConfirmed,
                Promotions,
                amount.minor,
            ),
            Kind::RewardTakenBack => movement.with(CustomerCredit, RewardsConfirmed, amount.minor),
            Kind::RewardReturned => movement.with(RewardsConfirmed, CustomerCredit, amount.minor),
            _ => Ok(movement),
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

    fn lines(movement: &Movement) -> Vec<(Account, i64)> {
        movement.lines().collect()
    }

    #[test]
    fn a_gift_is_the_customers_and_our_cost() {
        let gift = Movement::granted("once", usd(500)).unwrap();
        assert_eq!(lines(&gift), [(Account::CustomerCredit, 500), (Account::Promotions, -500)]);
        let back = Movement::taken("twice", usd(500)).unwrap();
        assert_eq!(lines(&back), [(Account::CustomerCredit, -500), (Account::Promotions, 500)]);
        let gift = Movement::gift("gift:1", usd(500)).unwrap();
        assert_eq!((gift.kind, lines(&gift)), (Kind::Gift, lines(&Movement::granted("gift:1", usd(500)).unwrap())));
        assert_eq!(Movement::granted("x", usd(0)), Err(CreditError::Amount));
        assert_eq!(Movement::taken("x", usd(-1)), Err(CreditError::Amount));
    }

    #[test]
    fn what_is_sold_is_paid_with_cash_and_with_credit() {
        let paid = Movement::payment("in_1", usd(499), 100, 0).unwrap();
        assert_eq!(lines(&paid), [(Account::StripeCredit, -100), (Account::StripeCash, -499), (Account::Revenue, 599)]);
        assert_eq!(paid.name, "payment:in_1");
        assert_eq!(lines(&Movement::payment("in_2", usd(0), 0, 0).unwrap()), [], "a trial moves nothing");
    }

    #[test]
    fn tax_is_owed_with_a_payment_and_less_of_it_after_a_refund() {
        use Account::{Disputes, Refunds, Revenue, StripeCash, StripeCredit, Taxes};
        let paid = Movement::payment("in_1", usd(499), 100, 96).unwrap();
        assert_eq!(lines(&paid), [(StripeCredit, -100), (StripeCash, -499), (Revenue, 503), (Taxes, 96)]);
        let back = Movement::refund("refund:in_1:0".into(), usd(100), 16).unwrap();
        assert_eq!(lines(&back), [(StripeCash, 100), (Taxes, -16), (Refunds, -84)]);
        let taken = Movement::dispute("dispute:in_1:0".into(), usd(399)).unwrap();
        assert_eq!(lines(&taken), [(StripeCash, 399), (Disputes, -399)], "the tax is owed all the same");
    }

    #[test]
    fn a_reward_that_was_made_confirmed_and_taken_back_leaves_nothing() {
        let mut sums = BTreeMap::<Account, i64>::new();
        for kind in [Kind::RewardPending, Kind::RewardConfirmed, Kind::RewardTakenBack] {
            for (account, amount) in Movement::reward(kind, "r".into(), usd(59)).unwrap().lines() {
                *sums.entry(account).or_default() += amount;
            }
            let spendable = if kind == Kind::RewardConfirmed { Some(&59) } else { None };
            assert_eq!(sums.get(&Account::CustomerCredit).filter(|sum| **sum != 0), spendable, "{kind:?}");
        }
        assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
    }

    #[test]
    fn only_a_debt_leaves_a_wallet_below_zero() {
        let may: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.may_overdraw()).collect();
        assert_eq!(may, [Kind::Opening, Kind::RewardTakenBack]);
    }

    #[test]
    fn words_are_unique_and_fit_their_columns() {
        let accounts: std::collections::BTreeSet<_> = Account::ALL.map(Account::as_str).into();
        let kinds: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::as_str).into();
        assert_eq!((accounts.len(), kinds.len()), (Account::ALL.len(), Kind::ALL.len()));
        assert!(accounts.into_iter().all(|word| word.len() <= 24));
        assert!(kinds.into_iter().all(|word| word.len() <= 32));
        assert!(Kind::ALL.into_iter().all(|kind| Kind::of_word(kind.as_str()) == Some(kind)));
    }

    proptest! {
        #[test]
        fn s16_whatever_is_moved_the_lines_sum_to_zero_or_it_is_refused(
            steps in prop::collection::vec((0..Account::ALL.len(), 0..Account::ALL.len(), any::<i64>()), 0..12),
        ) {
            let mut movement = Movement::new(Kind::Applied, "m", Currency::USD);
            for (from, to, amount) in steps {
                match movement.clone().with(Account::ALL[from], Account::ALL[to], amount) {
                    Ok(next) => movement = next,
                    Err(error) => prop_assert_eq!(error, MoneyError::Overflow),
                }
                prop_assert_eq!(movement.lines().map(|(_, amount)| i128::from(amount)).sum::<i128>(), 0);
                prop_assert!(movement.lines().all(|(_, amount)| amount != 0));
            }
        }
    }
}
