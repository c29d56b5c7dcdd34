//! Customers' credit, by an operator's hand.

use domain::money::Money;

use super::{COMMAND_LINE, audit, users};
use crate::credit::{Way, move_once};
use crate::{App, Error, Result};

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
    let way = match wish {
        Wish::Grant => Way::Give,
        Wish::Take => Way::Take,
    };
    app.retrying(|| async {
        let movement = format!("admin:{}", once.map_or_else(|| app.dice.id(now).to_string(), str::to_owned));
        let tx = app.store.write_txn().await?;
        let balance = move_once(app, &tx, user.id, way, amount, &movement, now).await?;
        let detail = format!("{} {}: {}", amount.decimal(), amount.currency.as_str(), reason.trim());
        let action = format!("credit.{}", way.kind());
        audit(app, &tx, COMMAND_LINE, &action, &user.id.to_string(), &detail, now).await?;
        tx.commit().await?;
        Ok(balance)
    })
    .await
}
