//! `mirai admin api-key`.

use app::App;
use app::admin::COMMAND_LINE;
use app::admin::api_keys;
use domain::api_scope::Scopes;
use serde_json::json;

use super::{time, words};
use crate::cli::ApiKeyCommand;
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: ApiKeyCommand) -> anyhow::Result<()> {
    match command {
        ApiKeyCommand::Add { name, scopes, days, format } => {
            let scopes = if scopes.is_empty() { Scopes::All } else { Scopes::Only(scopes) };
            let key = api_keys::add(app, COMMAND_LINE, &name, &scopes, days).await.map_err(words)?;
            print_one(&json!({ "name": name, "key": key }), format)
        }
        ApiKeyCommand::List { format } => {
            let rows = api_keys::list(app).await.map_err(words)?;
            let json = |row: &store::api_keys::Model| {
                json!({
                    "name": row.name,
                    "scopes": row.scopes.as_deref().unwrap_or("everything"),
                    "created_at": time(row.created_at),
                    "expires_at": row.expires_at.map(time),
                    "revoked_at": row.revoked_at.map(time),
                })
            };
            print_rows(&rows.iter().map(json).collect::<Vec<_>>(), format)
        }
        ApiKeyCommand::Revoke { name, format } => {
            let done = api_keys::revoke(app, COMMAND_LINE, &name).await;
            done.map_err(|error| words(error).context(format!("key {name}")))?;
            print_one(&json!({ "name": name, "revoked": true }), format)
        }
    }
}
