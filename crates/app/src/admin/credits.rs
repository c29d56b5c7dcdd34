//! Customers' credit, by an operator's hand.

use domain::ledger::{Account, Movement};
use domain::money::Money;

use store::credit_ledger;

use super::{audit, users};
use crate::credit::refused;
use crate::{App, Error, Result, ledger};

/// Longest reason, in characters.
const MOST_REASON: usize = 200;

/// What an operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Give.
    Grant,
    /// Take away; what is not there can't be taken.
    Take,
}

/// Gives credit or takes it away, with a reason for the audit log; returns the balance. Under a name (`once`) it is done
/// once, however often it is asked for.
pub async fn change(
    app: &App,
    actor: &str,
    email: &str,
    wish: Wish,
    amount: Money,
    reason: &str,
    once: Option<&str>,
) -> Result<i64> {
    let now = app.clock.now();
    if reason.trim().is_empty() || reason.chars().count() > MOST_REASON || reason.chars().any(char::is_control) {
        return Err(Error::invalid("reason", "reason_invalid", "say why, in 1 to 200 characters"));
    }
    if once.is_some_and(|name| name.is_empty() || name.len() > 100) {
        return Err(Error::invalid("once", "once_invalid", "a name of 1 to 100 bytes"));
    }
    let user = users::find(app, email).await?;
    app.retrying(|| async {
        let name = format!("admin:{}", once.map_or_else(|| app.dice.id(now).to_string(), str::to_owned));
        let movement = match wish {
            Wish::Grant => Movement::granted(&name, amount),
            Wish::Take => Movement::taken(&name, amount),
        };
        let movement = movement.map_err(refused)?;
        let tx = app.store.write_txn().await?;
        store::users::lock(&tx, user.id).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
        ledger::post(app, &tx, user.id, &movement, None, now).await?;
        let currency = amount.currency.as_str();
        let balance = credit_ledger::balance(&tx, user.id, Account::CustomerCredit, currency).await?;
        let detail = format!("{} {}: {}", amount.decimal(), amount.currency.as_str(), reason.trim());
        let action = format!("credit.{}", movement.kind.as_str());
        audit(app, &tx, actor, &action, &user.id.to_string(), &detail, now).await?;
        tx.commit().await?;
        Ok(balance)
    })
    .await
}
