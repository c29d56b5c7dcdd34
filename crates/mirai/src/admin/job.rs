//! `mirai admin job`.

use anyhow::bail;
use app::App;
use app::admin::COMMAND_LINE;
use app::admin::jobs;
use serde_json::json;

use super::{time, words};
use crate::cli::JobCommand;
use crate::out::{print_one, print_rows};

/// Most jobs that are listed.
const LIMIT: u64 = 1000;

pub(super) async fn run(app: &App, command: JobCommand) -> anyhow::Result<()> {
    match command {
        JobCommand::List { state, format } => {
            if let Some(state) = &state
                && !matches!(state.as_str(), "queued" | "running" | "dead")
            {
                bail!("--state takes queued, running or dead");
            }
            let rows = jobs::list(app, state.as_deref(), LIMIT).await.map_err(words)?;
            let json = |row: &store::jobs::Model| {
                json!({
                    "id": row.id,
                    "kind": row.kind,
                    "state": row.state,
                    "attempts": row.attempts,
                    "run_at": time(row.run_at),
                    "last_error": row.last_error,
                })
            };
            print_rows(&rows.iter().map(json).collect::<Vec<_>>(), format)
        }
        JobCommand::Retry { id, all, format } => {
            if id.is_none() && !all {
                bail!("give a job's id, or --all");
            }
            let revived = jobs::retry(app, COMMAND_LINE, id).await.map_err(words)?;
            print_one(&json!({ "revived": revived }), format)
        }
    }
}
