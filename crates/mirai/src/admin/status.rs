//! `mirai admin status`.

use app::App;
use app::admin::COMMAND_LINE;
use app::admin::status::{self, Webhook};
use domain::account::Email;
use serde_json::json;

use super::{time, words};
use crate::cli::{StatusCommand, WebhookCommand};
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: StatusCommand) -> anyhow::Result<()> {
    match command {
        StatusCommand::Subscribers { format } => {
            let count = status::count(app).await.map_err(words)?;
            print_one(&json!({ "confirmed": count.confirmed, "waiting": count.waiting }), format)
        }
        StatusCommand::Unsubscribe { email, format } => {
            let email = Email::parse(&email)?;
            status::remove_subscriber(app, COMMAND_LINE, &email).await.map_err(words)?;
            print_one(&json!({ "email": email.as_str(), "removed": true }), format)
        }
        StatusCommand::Webhook(WebhookCommand::Add { url, format }) => {
            let (id, secret) = status::add_webhook(app, COMMAND_LINE, &url).await.map_err(words)?;
            print_one(&json!({ "id": id, "url": url, "secret": secret }), format)
        }
        StatusCommand::Webhook(WebhookCommand::List { format }) => {
            let rows = status::webhooks(app).await.map_err(words)?;
            let json = |row: &Webhook| {
                json!({
                    "id": row.id,
                    "url": row.url,
                    "created_at": time(row.created_at),
                    "failing_since": row.failing_since.map(time),
                    "trouble": row.trouble,
                    "disabled_at": row.disabled_at.map(time),
                })
            };
            print_rows(&rows.iter().map(json).collect::<Vec<_>>(), format)
        }
        StatusCommand::Webhook(WebhookCommand::Resume { id, format }) => {
            let done = status::resume_webhook(app, COMMAND_LINE, id).await;
            done.map_err(|error| words(error).context(format!("webhook {id}")))?;
            print_one(&json!({ "id": id, "resumed": true }), format)
        }
        StatusCommand::Webhook(WebhookCommand::Remove { id, format }) => {
            let done = status::remove_webhook(app, COMMAND_LINE, id).await;
            done.map_err(|error| words(error).context(format!("webhook {id}")))?;
            print_one(&json!({ "id": id, "removed": true }), format)
        }
    }
}
