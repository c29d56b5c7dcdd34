//! What is earned, who stays, and what the network carries.

use domain::ledger::Account;
use domain::time::{DAY_MS, UnixMs, month_start, months_later};
use store::figures;

use crate::{App, Result};

/// How subscriptions came and went in a month, as `store` counts them.
pub use store::figures::Span;

/// Months that are shown.
pub const MONTHS: i64 = 12;
/// Days of traffic that are shown.
pub const DAYS: i64 = 30;

/// What was earned in a month, in minor units of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earned {
    /// What was sold, without taxes.
    pub sold: i64,
    /// What went back to customers, without taxes; 0 or less, as in the books.
    pub refunded: i64,
    /// What customers' banks took back; 0 or less, as in the books.
    pub disputed: i64,
    /// Taxes that came in and are owed, less those that went back.
    pub taxes: i64,
}

impl Earned {
    /// What is left for the company.
    pub fn kept(self) -> i64 {
        self.sold + self.refunded + self.disputed
    }
}

/// A currency's months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// ISO 4217, lower case.
    pub currency: String,
    /// Of each month, the first of them first.
    pub months: Vec<Earned>,
}

/// The beginnings of the last [`MONTHS`] months, this one the last.
pub fn months(app: &App) -> Vec<UnixMs> {
    let this = month_start(app.clock.now());
    (0..MONTHS).rev().map(|back| months_later(this, -back)).collect()
}

/// The same with the end of the last one.
fn cuts(app: &App) -> Vec<UnixMs> {
    let mut cuts = months(app);
    cuts.extend(cuts.last().map(|last| months_later(*last, 1)));
    cuts
}

/// What the books say was earned in each month, by currency.
pub async fn revenue(app: &App) -> Result<Vec<Revenue>> {
    let accounts = [Account::Revenue, Account::Refunds, Account::Disputes, Account::Taxes];
    let mut list: Vec<Revenue> = Vec::new();
    for line in figures::gained(&app.store, &accounts, &cuts(app)).await? {
        let at = list.iter().position(|one| one.currency == line.currency).unwrap_or_else(|| {
            list.push(Revenue { currency: line.currency.clone(), months: vec![Earned::default(); line.amounts.len()] });
            list.len() - 1
        });
        for (month, amount) in list[at].months.iter_mut().zip(line.amounts) {
            match line.account.as_str() {
                "refunds" => month.refunded = amount,
                "disputes" => month.disputed = amount,
                "taxes" => month.taxes = amount,
                _ => month.sold = amount,
            }
        }
    }
    list.sort_by(|one, other| one.currency.cmp(&other.currency));
    Ok(list)
}

/// How subscriptions came and went in each month.
pub async fn subscriptions(app: &App) -> Result<Vec<Span>> {
    Ok(figures::subscriptions(&app.store, &cuts(app)).await?)
}

/// How many subscriptions are in each state that has not ended, by plan and state.
pub async fn standing(app: &App) -> Result<Vec<(String, String, i64)>> {
    Ok(figures::standing(&app.store).await?)
}

/// What the network carried on a day, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// When it began.
    pub at: UnixMs,
    /// From the devices.
    pub received: i64,
    /// To the devices.
    pub sent: i64,
}

/// What the network carried on each of the last [`DAYS`] days, today the last.
pub async fn traffic(app: &App) -> Result<Vec<Day>> {
    let today = app.clock.now().div_euclid(DAY_MS);
    let first = today - DAYS + 1;
    let rows = figures::traffic(&app.store, first).await?;
    let of = |day: i64| {
        let row = rows.iter().find(|row| row.day == day);
        Day { at: day * DAY_MS, received: row.map_or(0, |row| row.rx), sent: row.map_or(0, |row| row.tx) }
    };
    Ok((first..=today).map(of).collect())
}
