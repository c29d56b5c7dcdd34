//! `mirai admin maintenance`.

use app::App;
use app::admin::COMMAND_LINE;
use app::admin::maintenance::{self, Listed, NewMaintenance};
use serde_json::json;

use super::{time, words};
use crate::cli::MaintenanceCommand;
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: MaintenanceCommand) -> anyhow::Result<()> {
    match command {
        MaintenanceCommand::Add { title, start, zone, minutes, repeat, until, component, format } => {
            let new = NewMaintenance { title, zone, starts: start, minutes, repeat, until, components: component };
            let id = maintenance::add(app, COMMAND_LINE, &new).await.map_err(words)?;
            print_one(&json!({ "id": id, "title": new.title }), format)
        }
        MaintenanceCommand::List { format } => {
            let rows = maintenance::list(app).await.map_err(words)?;
            let json = |one: &Listed| {
                let row = &one.planned.row;
                json!({
                    "id": row.id,
                    "title": row.title,
                    "components": if row.everything { "everything".to_owned() } else { one.components.join(", ") },
                    "start": format!("{} {}", row.starts, row.zone),
                    "minutes": row.minutes,
                    "repeat": row.repeats,
                    "next": one.next.map(|next| time(next.from)),
                    "ended_at": row.ended_at.map(time),
                })
            };
            print_rows(&rows.iter().map(json).collect::<Vec<_>>(), format)
        }
        MaintenanceCommand::End { id, format } => {
            let done = maintenance::end(app, COMMAND_LINE, id).await;
            done.map_err(|error| words(error).context(format!("maintenance {id}")))?;
            print_one(&json!({ "id": id, "ended": true }), format)
        }
    }
}
