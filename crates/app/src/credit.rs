//! A customer's credit: movements that are added and never changed.

use domain::credit::{self, CreditError};
use domain::money::{Currency, Money};
use domain::page::{Ask, Page, Place};
use domain::time::UnixMs;
use store::{Tx, credit_ledger, users};
use uuid::Uuid;

use crate::session::Who;
use crate::{App, Error, Result};

/// A movement, as `store` keeps it.
pub use store::credit_ledger::Model as CreditRow;

/// What a customer has in each currency.
pub async fn balances(app: &App, user: Uuid) -> Result<Vec<(String, i64)>> {
    Ok(credit_ledger::balances(&app.store, user).await?)
}

/// The customer's movements, newest first.
pub async fn list(app: &App, who: &Who, ask: &Ask) -> Result<Page<CreditRow>> {
    let rows = credit_ledger::page(&app.store, who.user.id, ask.after, u64::from(ask.limit) + 1).await?;
    Ok(ask.page(rows, |row| Place { at: row.created_at, id: row.id }))
}

/// Which way credit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the customer.
    Give,
    /// From the customer, who has it all.
    Take,
}

impl Way {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Way::Give => "granted",
            Way::Take => "taken",
        }
    }
}

/// Moves credit once under its name; returns the balance then. The account's row is locked from the reading of the
/// balance to the end of the transaction, so that nothing is spent twice.
pub(crate) async fn move_once(
    app: &App,
    tx: &Tx,
    user: Uuid,
    way: Way,
    amount: Money,
    movement: &str,
    now: UnixMs,
) -> Result<i64> {
    users::lock(tx, user).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    let balance = Money::new(credit_ledger::balance(tx, user, amount.currency.as_str()).await?, amount.currency);
    let moved = match way {
        Way::Give => credit::give(balance, amount),
        Way::Take => credit::take(balance, amount),
    };
    let moved = moved.map_err(refused)?;
    let row = CreditRow {
        id: app.dice.id(now),
        user_id: user,
        amount: moved.minor,
        currency: amount.currency.as_str().to_owned(),
        kind: way.kind().to_owned(),
        movement: movement.to_owned(),
        created_at: now,
    };
    credit_ledger::insert(tx, &row).await.map_err(|error| {
        if error.is_duplicate_of("movement") {
            Error::conflict("movement_known", "this was done before; nothing was changed")
        } else {
            error.into()
        }
    })?;
    Ok(balance.minor + moved.minor)
}

fn refused(error: CreditError) -> Error {
    match error {
        CreditError::TooLittle => Error::conflict(error.code(), error.to_string()),
        CreditError::Amount | CreditError::Money(_) => Error::invalid("amount", error.code(), error.to_string()),
    }
}

/// Reads a currency as an operator types it.
pub fn currency(text: &str) -> Result<Currency> {
    Currency::parse(&text.to_ascii_lowercase()).map_err(|e| Error::invalid("currency", e.code(), e.to_string()))
}
