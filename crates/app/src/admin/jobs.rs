//! Jobs that wait, run or are dead.

use store::jobs;
use uuid::Uuid;

use super::audit;
use crate::{App, Error, Result};

/// Jobs, oldest first; all, or those in one state (`queued`, `running`, `dead`).
pub async fn list(app: &App, state: Option<&str>, limit: u64) -> Result<Vec<jobs::Model>> {
    Ok(jobs::list(&app.store, state, limit).await?)
}

/// Gives dead jobs a new life: one, or all. Returns how many.
pub async fn retry(app: &App, actor: &str, id: Option<Uuid>) -> Result<u64> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let revived = jobs::revive(&tx, id, now).await?;
    if revived == 0 && id.is_some() {
        return Err(Error::NotFound);
    }
    let subject = id.map_or_else(|| "all".to_owned(), |id| id.to_string());
    audit(app, &tx, actor, "job.retry", &subject, &revived.to_string(), now).await?;
    tx.commit().await?;
    app.wake_worker();
    Ok(revived)
}
