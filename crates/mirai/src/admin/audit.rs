//! `mirai admin audit`.

use app::{App, admin};
use serde_json::{Value, json};

use super::{time, user, words};
use crate::cli::Format;
use crate::out::print_rows;

pub(super) async fn run(app: &App, about: Option<String>, limit: u64, format: Format) -> anyhow::Result<()> {
    let whom = match about {
        Some(address) if address.contains('@') => Some(user::find(app, &address).await?.id.to_string()),
        other => other,
    };
    let rows = admin::entries(app, whom.as_deref(), limit).await.map_err(words)?;
    let json = rows.iter().map(|row| {
        json!({
            "at": time(row.at),
            "actor": row.actor,
            "action": row.action,
            "subject": row.subject,
            "detail": row.detail,
        })
    });
    print_rows(&json.collect::<Vec<Value>>(), format)
}
