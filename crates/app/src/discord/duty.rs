//! Who of the team is on duty.

use std::collections::HashMap;

use domain::ticket::State;
use store::tickets::{Filter, Whose};
use store::{staff, tickets};

use crate::session::Who;
use crate::{App, Result, ticket};

/// One of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The address.
    pub email: String,
    /// Whether they are on duty.
    pub is_on_duty: bool,
    /// How many tickets of theirs wait for an answer.
    pub open: u64,
}

/// Everybody of the team, by address.
pub async fn list(app: &App) -> Result<Vec<Colleague>> {
    let duty: HashMap<_, _> = staff::all(&app.store).await?.into_iter().map(|row| (row.user_id, row)).collect();
    let mut all = Vec::new();
    for helper in ticket::helpers(app).await? {
        let filter = Filter { state: State::Open, whose: Whose::Of(helper.id), ..Filter::QUEUE };
        all.push(Colleague {
            is_on_duty: duty.get(&helper.id).is_some_and(|row| row.is_on_duty),
            open: tickets::count(&app.store, filter).await?,
            email: helper.email,
        });
    }
    Ok(all)
}

/// One of the team comes or goes; whether they are on duty now.
pub async fn toggle(app: &App, who: &Who) -> Result<bool> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let known = staff::all(&tx).await?.into_iter().find(|row| row.user_id == who.user.id);
        let is_on_duty = !known.is_some_and(|row| row.is_on_duty);
        staff::put(&tx, staff::Model { user_id: who.user.id, is_on_duty, since: app.clock.now() }).await?;
        tx.commit().await?;
        Ok(is_on_duty)
    })
    .await
}
