//! A customer's credit: movements that are added and never changed, and a balance beside them.

use domain::credit::CreditError;
use domain::ledger::Account;
use domain::money::Currency;
use domain::page::{Ask, Page, Place};
use store::credit_ledger;
use uuid::Uuid;

use crate::session::Who;
use crate::{App, Error, Result};

/// A line of the books, as `store` keeps it.
pub use store::credit_ledger::Model as LedgerRow;

/// What a customer has in each currency.
pub async fn balances(app: &App, user: Uuid) -> Result<Vec<(String, i64)>> {
    Ok(credit_ledger::balances(&app.store, user, Account::CustomerCredit).await?)
}

/// The movements of the customer's credit, newest first.
pub async fn list(app: &App, who: &Who, ask: &Ask) -> Result<Page<LedgerRow>> {
    let (account, more) = (Account::CustomerCredit, u64::from(ask.limit) + 1);
    let rows = credit_ledger::page(&app.store, who.user.id, account, ask.after, more).await?;
    Ok(ask.page(rows, |row| Place { at: row.created_at, id: row.id }))
}

pub(crate) fn refused(error: CreditError) -> Error {
    match error {
        CreditError::TooLittle => Error::conflict(error.code(), error.to_string()),
        CreditError::Amount | CreditError::Money(_) => Error::invalid("amount", error.code(), error.to_string()),
    }
}

/// Reads a currency as an operator types it.
pub fn currency(text: &str) -> Result<Currency> {
    Currency::parse(&text.to_ascii_lowercase()).map_err(|e| Error::invalid("currency", e.code(), e.to_string()))
}
