//! `mirai admin check add|list|remove`.

use app::App;
use app::admin::COMMAND_LINE;
use app::admin::checks::{self, Listed, NewCheck};
use domain::monitor::target::Wants;
use serde_json::json;

use super::{time, words};
use crate::cli::{CheckCommand, Format};
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: CheckCommand, format: Format) -> anyhow::Result<()> {
    match command {
        CheckCommand::Add(new) => {
            let wants = Wants { status: new.status, text: new.text, certificate_days: new.certificate_days };
            let check = NewCheck {
                name: new.name,
                component: new.component,
                kind: new.kind,
                target: new.target,
                wants,
                every_minutes: new.every,
                timeout_seconds: new.timeout,
                down_after: new.down_after,
                up_after: new.up_after,
            };
            checks::add(app, COMMAND_LINE, &check).await.map_err(words)?;
            print_one(&json!({ "name": check.name, "added": true }), format)
        }
        CheckCommand::List => {
            let rows = checks::list(app).await.map_err(words)?;
            let json = |one: &Listed| {
                let check = &one.check;
                json!({
                    "name": check.name,
                    "component": one.component,
                    "kind": check.kind,
                    "target": check.target,
                    "every_minutes": check.every_ms / 60_000,
                    "verdict": check.verdict,
                    "trouble": check.trouble,
                    "is_down": check.is_down,
                    "checked_at": time(check.checked_at),
                    "ok_at": check.ok_at.map(time),
                })
            };
            print_rows(&rows.iter().map(json).collect::<Vec<_>>(), format)
        }
        CheckCommand::Remove { name } => {
            let done = checks::remove(app, COMMAND_LINE, &name).await;
            done.map_err(|error| words(error).context(format!("check {name}")))?;
            print_one(&json!({ "name": name, "removed": true }), format)
        }
    }
}
