//! `mirai admin server`.

use std::path::Path;

use anyhow::{Context as _, bail};
use app::App;
use app::admin::servers::{self, NewServer};
use domain::names::{Endpoint, Region, ServerName};
use domain::vpn::balancer::ServerStatus;
use domain::vpn::key::PublicKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{print_one, print_rows, words};
use crate::cli::ServerCommand;

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
}

fn default_capacity() -> u32 {
    1000
}

pub(super) async fn run(app: &App, command: ServerCommand) -> anyhow::Result<()> {
    match command {
        ServerCommand::Add { name, region, country, city, endpoint, public_key, capacity, format } => {
            let typed = Typed { name, region, country, city, endpoint, public_key, capacity };
            print_one(&add(app, &typed).await?, format)
        }
        ServerCommand::List { format } => {
            let rows = servers::list(app).await.map_err(words)?;
            print_rows(&rows.iter().map(server_json).collect::<Vec<_>>(), format)
        }
        ServerCommand::Import { file, format } => print_rows(&import(app, &file).await?, format),
        ServerCommand::Token { name, format } => {
            let token = servers::renew_token(app, &name).await;
            let token = token.map_err(|error| words(error).context(format!("server {name}")))?;
            print_one(&json!({ "name": name, "enrol_token": token }), format)
        }
        ServerCommand::SetStatus { name, status, format } => {
            let status: ServerStatus =
                status.parse().map_err(|_| anyhow::anyhow!("the status is up, draining, down or retired"))?;
            if status == ServerStatus::Pending {
                bail!("the status is up, draining, down or retired");
            }
            let done = servers::set_status(app, &name, status).await;
            done.map_err(|error| words(error).context(format!("server {name}")))?;
            print_one(&json!({ "name": name, "status": status.as_str() }), format)
        }
    }
}

async fn add(app: &App, typed: &Typed) -> anyhow::Result<Value> {
    let added = servers::add(app, &parse(typed)?).await.map_err(words)?;
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
    let country = typed.country.to_ascii_uppercase();
    if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        bail!("country: two letters, such as JP");
    }
    if typed.city.trim().is_empty() || typed.city.chars().count() > 64 || typed.city.chars().any(char::is_control) {
        bail!("city: 1 to 64 printable characters");
    }
    if typed.capacity == 0 {
        bail!("capacity: 1 or more");
    }
    let field = |name: &str, error: &dyn std::fmt::Display| anyhow::anyhow!("{name}: {error}");
    Ok(NewServer {
        name: ServerName::parse(&typed.name).map_err(|e| field("name", &e))?,
        region: Region::parse(&typed.region).map_err(|e| field("region", &e))?,
        country,
        city: typed.city.trim().to_owned(),
        endpoint: Endpoint::parse(&typed.endpoint).map_err(|e| field("endpoint", &e))?,
        public_key: match &typed.public_key {
            Some(text) => Some(PublicKey::parse(text).map_err(|e| field("public_key", &e))?),
            None => None,
        },
        capacity: typed.capacity,
    })
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
        "public_key": row.public_key,
    })
}
