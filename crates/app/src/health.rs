//! Whether the program can do its work.

use crate::App;

/// What `/readyz` and `/health` tell.
#[derive(Debug, Clone, Copy)]
pub struct Health {
    /// The database answers.
    pub database: bool,
}

/// Asks the parts that everything depends on.
pub async fn check(app: &App) -> Health {
    let database = match app.store.ping().await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            false
        }
    };
    Health { database }
}
