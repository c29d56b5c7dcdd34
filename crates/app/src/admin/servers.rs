//! VPN servers, by an operator's hand.

use domain::names::{Endpoint, Region, ServerName};
use domain::token;
use domain::vpn::balancer::ServerStatus;
use domain::vpn::key::PublicKey;
use store::vps_servers;

use super::{COMMAND_LINE, audit};
use crate::{App, Error, Result};

/// A server to be added, parsed at the door.
#[derive(Debug)]
pub struct NewServer {
    /// `osaka-1`.
    pub name: ServerName,
    /// `jp`.
    pub region: Region,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// City.
    pub city: String,
    /// `vpn1.example.net:51820`.
    pub endpoint: Endpoint,
    /// Its WireGuard key, if it has one already.
    pub public_key: Option<PublicKey>,
    /// Devices it is meant for.
    pub capacity: u32,
}

/// A server that was added; one without a key comes with the token that its gateway enrols with, shown this once.
#[derive(Debug)]
pub struct Added {
    /// The row.
    pub server: vps_servers::Model,
    /// One-time enrolment token.
    pub enrol_token: Option<String>,
}

/// How long an enrolment token is good.
const ENROL_MS: i64 = 15 * 60_000;

/// Adds a server: `up` with a key, `pending` without.
pub async fn add(app: &App, new: &NewServer) -> Result<Added> {
    let now = app.clock.now();
    let token = new.public_key.is_none().then(|| app.dice.token());
    let status = if new.public_key.is_some() { ServerStatus::Up } else { ServerStatus::Pending };
    let row = vps_servers::Model {
        id: app.dice.id(now),
        name: new.name.as_str().to_owned(),
        region: new.region.as_str().to_owned(),
        country: new.country.clone(),
        city: new.city.clone(),
        endpoint: new.endpoint.to_string(),
        public_key: new.public_key.map(|key| key.to_string()),
        status: status.as_str().to_owned(),
        capacity: i64::from(new.capacity),
        load: None,
        ping_ms: None,
        enrol_token_hash: token.as_ref().map(|token| token::hash(token.text()).to_vec()),
        enrol_until: token.is_some().then_some(now + ENROL_MS),
        revision: 0,
        created_at: now,
        updated_at: now,
        peers: 0,
    };
    let tx = app.store.write_txn().await?;
    vps_servers::insert(&tx, &row).await.map_err(|error| {
        if error.is_duplicate_of("name") {
            Error::invalid("name", "name_in_use", "a server has this name already")
        } else if error.is_duplicate_of("public_key") {
            Error::invalid("public_key", "key_in_use", "a server has this key already")
        } else {
            error.into()
        }
    })?;
    audit(app, &tx, COMMAND_LINE, "server.add", &row.name, &row.endpoint, now).await?;
    tx.commit().await?;
    Ok(Added { server: row, enrol_token: token.map(|token| token.text().to_owned()) })
}

/// All servers, with the number of their devices.
pub async fn list(app: &App) -> Result<Vec<vps_servers::Model>> {
    Ok(vps_servers::all(&app.store).await?)
}

/// Sets a server's status. A server without a key can't be up.
pub async fn set_status(app: &App, name: &str, status: ServerStatus) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut row = vps_servers::lock_by_name(&tx, name).await?.ok_or(Error::NotFound)?;
    if status == ServerStatus::Up && row.public_key.is_none() {
        return Err(Error::conflict("server_not_enrolled", "this server has no key: enrol its gateway first"));
    }
    row.status = status.as_str().to_owned();
    row.updated_at = now;
    vps_servers::save(&tx, row).await?;
    audit(app, &tx, COMMAND_LINE, "server.set_status", name, status.as_str(), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a new enrolment token for a server, in the place of one that was not used: for a gateway that was late, that is
/// made anew, or whose credential is to be replaced. The gateway of before goes on until the new one enrols.
pub async fn renew_token(app: &App, name: &str) -> Result<String> {
    let now = app.clock.now();
    let token = app.dice.token();
    let tx = app.store.write_txn().await?;
    let mut row = vps_servers::lock_by_name(&tx, name).await?.ok_or(Error::NotFound)?;
    row.enrol_token_hash = Some(token::hash(token.text()).to_vec());
    row.enrol_until = Some(now + ENROL_MS);
    row.updated_at = now;
    vps_servers::save(&tx, row).await?;
    audit(app, &tx, COMMAND_LINE, "server.token", name, "", now).await?;
    tx.commit().await?;
    Ok(token.text().to_owned())
}
