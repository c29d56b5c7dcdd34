//! `mirai admin server`.

use std::path::Path;

use anyhow::Context as _;
use app::App;
use app::admin::COMMAND_LINE;
use app::admin::servers::{self, Listed, NewServer};
use serde::Deserialize;
use serde_json::{Value, json};

use super::words;
use crate::cli::ServerCommand;
use crate::out::{self, print_one, print_rows};

/// A server as typed, or as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    name: String,
    region: String,
    country: String,
    city: String,
    endpoint: String,
    public_key: Option<String>,
    #[serde(default = "default_capacity")]
    capacity: u32,
    #[serde(default = "default_bandwidth")]
    bandwidth_mbit: u32,
}

fn default_capacity() -> u32 {
    1000
}

fn default_bandwidth() -> u32 {
    1000
}

pub(super) async fn run(app: &App, command: ServerCommand) -> anyhow::Result<()> {
    match command {
        ServerCommand::Add { name, region, country, city, endpoint, public_key, capacity, bandwidth_mbit, format } => {
            let typed = Typed { name, region, country, city, endpoint, public_key, capacity, bandwidth_mbit };
            print_one(&add(app, &typed).await?, format)
        }
        ServerCommand::List { format } => {
            let rows = servers::list(app).await.map_err(words)?;
            print_rows(&rows.iter().map(listed_json).collect::<Vec<_>>(), format)
        }
        ServerCommand::Import { file, format } => print_rows(&import(app, &file).await?, format),
        ServerCommand::Token { name, format } => {
            let token = servers::renew_token(app, COMMAND_LINE, &name).await;
            let token = token.map_err(|error| words(error).context(format!("server {name}")))?;
            print_one(&json!({ "name": name, "enrol_token": token }), format)
        }
        ServerCommand::Revoke { name } => {
            let done = servers::revoke(app, COMMAND_LINE, &name).await;
            done.map_err(|error| words(error).context(format!("server {name}")))?;
            out::line(&format!(
                "the gateway of {name} is void and the server is down; for another one: `mirai admin server token {name}`, \
                 enrol, then `mirai admin server set-status {name} up`"
            ));
            Ok(())
        }
        ServerCommand::SetStatus { name, status, format } => {
            let status = servers::parse_status(&status).map_err(words)?;
            let done = servers::set_status(app, COMMAND_LINE, &name, status).await;
            done.map_err(|error| words(error).context(format!("server {name}")))?;
            print_one(&json!({ "name": name, "status": status.as_str() }), format)
        }
    }
}

async fn add(app: &App, typed: &Typed) -> anyhow::Result<Value> {
    let added = servers::add(app, COMMAND_LINE, &parse(typed)?).await.map_err(words)?;
    let mut row = server_json(&added.server);
    if let Some(token) = added.enrol_token {
        row["enrol_token"] = Value::String(token);
    }
    Ok(row)
}

async fn import(app: &App, file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))?;
    let list: Vec<Typed> =
        serde_json::from_str(&text).with_context(|| format!("{} is no list of servers", file.display()))?;
    // All are read before the first is added, so that a typo in the last one leaves nothing half done.
    for typed in &list {
        parse(typed).with_context(|| format!("server {}", typed.name))?;
    }
    let mut rows = Vec::new();
    for typed in &list {
        rows.push(
            add(app, typed).await.with_context(|| format!("server {} (those before it were added)", typed.name))?,
        );
    }
    Ok(rows)
}

fn parse(typed: &Typed) -> anyhow::Result<NewServer> {
    let typed = servers::Typed {
        name: &typed.name,
        region: &typed.region,
        country: &typed.country,
        city: &typed.city,
        endpoint: &typed.endpoint,
        public_key: typed.public_key.as_deref(),
        capacity: typed.capacity,
        bandwidth_mbit: typed.bandwidth_mbit,
    };
    servers::parse(&typed).map_err(words)
}

/// With what its gateway says of it.
fn listed_json(one: &Listed) -> Value {
    let mut row = server_json(&one.server);
    let gateway = one.gateway.as_ref();
    row["seen"] = json!(one.seen.status);
    row["load"] = json!(one.seen.load.map(|load| (load * 100.0).round() / 100.0));
    row["active"] = json!(gateway.map(|gateway| gateway.active_peers));
    row["reported"] = json!(gateway.and_then(|gateway| gateway.reported_at).map(domain::time::rfc3339));
    row["skew_ms"] = json!(gateway.and_then(|gateway| gateway.skew_ms));
    row["trouble"] = json!(gateway.and_then(|gateway| gateway.trouble.clone()));
    row
}

fn server_json(row: &app::server::ServerRow) -> Value {
    json!({
        "id": row.id,
        "name": row.name,
        "region": row.region,
        "country": row.country,
        "city": row.city,
        "endpoint": row.endpoint,
        "status": row.status,
        "devices": row.peers,
        "capacity": row.capacity,
        "bandwidth_mbit": row.bandwidth_mbit,
        "public_key": row.public_key,
    })
}
