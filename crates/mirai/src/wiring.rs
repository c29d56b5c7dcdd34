//! Putting the parts together.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use app::{App, Clock, Dice, seed};
use clients::redis::Redis;
use store::{Patience, Store};

use crate::settings::Parsed;

/// A statement that takes longer is worth a line in the log: all of ours are a few rows by an index.
const SLOW: Duration = Duration::from_millis(500);

/// Opens the database; for SQLite the folder is made first.
pub(crate) async fn open(settings: &store::Settings) -> anyhow::Result<Store> {
    if let Some(path) = settings.url.strip_prefix("sqlite://")
        && let Some(folder) = Path::new(path.split('?').next().unwrap_or(path)).parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {} can't be made", folder.display()))?;
    }
    let store = Store::connect(settings).await.context("the database can't be opened")?;
    Ok(store.observed(|sql, took| {
        metrics::histogram!("mirai_db_statement_seconds").record(took.as_secs_f64());
        if took > SLOW {
            tracing::warn!(sql, ms = took.as_millis(), "a statement was slow");
        }
    }))
}

/// The program as its use cases see it, on a database that has its tables and first rows and is waited for with
/// `patience`.
pub(crate) async fn app(parsed: Parsed, patience: Patience) -> anyhow::Result<(App, web::Settings)> {
    let store = open(&store::Settings { patience, ..parsed.database }).await?;
    store.migrate().await?;
    let mut app = App::new(parsed.app, store, parsed.stripe, parsed.mailer, Clock::System, Dice::System, parsed.sealer);
    if let Some(url) = &parsed.redis {
        app = app.with_redis(Redis::new(url).context("REDIS_URL can't be used")?);
    }
    seed::plans(&app).await?;
    Ok((app, parsed.web))
}
