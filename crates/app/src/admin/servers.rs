//! VPN servers, by an operator's hand.

use domain::names::{Endpoint, Region, ServerName};
use domain::token;
use domain::vpn::balancer::ServerStatus;
use domain::vpn::key::PublicKey;
use store::{gateways, vps_servers};

use super::audit;
use crate::gateway::Gateway;
use crate::{App, Error, FieldError, Result, server};

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
    /// Traffic it is meant for, in Mbit/s each way.
    pub bandwidth_mbit: u32,
}

/// A server as an operator types it.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// See [`NewServer::name`].
    pub name: &'a str,
    /// See [`NewServer::region`].
    pub region: &'a str,
    /// See [`NewServer::country`]; in either case.
    pub country: &'a str,
    /// See [`NewServer::city`].
    pub city: &'a str,
    /// See [`NewServer::endpoint`].
    pub endpoint: &'a str,
    /// See [`NewServer::public_key`].
    pub public_key: Option<&'a str>,
    /// See [`NewServer::capacity`].
    pub capacity: u32,
    /// See [`NewServer::bandwidth_mbit`].
    pub bandwidth_mbit: u32,
}

/// Reads what was typed; all that is wrong with it is named at once.
pub fn parse(typed: &Typed<'_>) -> Result<NewServer> {
    let mut wrong = Vec::new();
    let mut refuse = |field, code, detail: String| wrong.push(FieldError { field, code, detail });
    let name = ServerName::parse(typed.name).map_err(|e| refuse("name", e.code(), e.to_string()));
    let region = Region::parse(typed.region).map_err(|e| refuse("region", e.code(), e.to_string()));
    let endpoint = Endpoint::parse(typed.endpoint).map_err(|e| refuse("endpoint", e.code(), e.to_string()));
    let key = typed.public_key.map(PublicKey::parse).transpose();
    let public_key = key.map_err(|e| refuse("public_key", e.code(), e.to_string()));
    let (country, city) = (typed.country.to_ascii_uppercase(), typed.city.trim());
    if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        refuse("country", "country_invalid", "two letters, such as JP".to_owned());
    }
    if city.is_empty() || city.chars().count() > 64 || city.chars().any(char::is_control) {
        refuse("city", "city_invalid", "1 to 64 printable characters".to_owned());
    }
    for (field, number) in [("capacity", typed.capacity), ("bandwidth_mbit", typed.bandwidth_mbit)] {
        if number == 0 {
            refuse(field, "number_invalid", "1 or more".to_owned());
        }
    }
    match (name, region, endpoint, public_key) {
        (Ok(name), Ok(region), Ok(endpoint), Ok(public_key)) if wrong.is_empty() => {
            let (capacity, bandwidth_mbit) = (typed.capacity, typed.bandwidth_mbit);
            let city = city.to_owned();
            Ok(NewServer { name, region, country, city, endpoint, public_key, capacity, bandwidth_mbit })
        }
        _ => Err(Error::Invalid(wrong)),
    }
}

/// A status that an operator can give a server; the others are only seen.
pub fn parse_status(text: &str) -> Result<ServerStatus> {
    match text.parse() {
        Ok(status) if !matches!(status, ServerStatus::Pending | ServerStatus::Degraded) => Ok(status),
        _ => Err(Error::invalid("status", "server_status_unknown", "the status is up, draining, down or retired")),
    }
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
pub async fn add(app: &App, actor: &str, new: &NewServer) -> Result<Added> {
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
        bandwidth_mbit: i64::from(new.bandwidth_mbit),
    };
    let tx = app.store.write_txn().await?;
    vps_servers::insert(&tx, &row).await.map_err(|error| {
        if error.is_duplicate_of("name") {
            Error::invalid("name", "name_in_use", "a server has this name already")
        } else if error.is_duplicate_of("public_key") {
            Error::invalid("public_key", "server_key_in_use", "a server has this key already")
        } else {
            error.into()
        }
    })?;
    audit(app, &tx, actor, "server.add", &row.name, &row.endpoint, now).await?;
    tx.commit().await?;
    Ok(Added { server: row, enrol_token: token.map(|token| token.text().to_owned()) })
}

/// A server as an operator sees it.
#[derive(Debug)]
pub struct Listed {
    /// The row, with the status that was set.
    pub server: vps_servers::Model,
    /// The status and the load as they are seen.
    pub seen: vps_servers::Model,
    /// Its gateway, with its last report.
    pub gateway: Option<Gateway>,
}

/// All servers, with the number of their devices.
pub async fn list(app: &App) -> Result<Vec<Listed>> {
    let mut gateways = gateways::all(&app.store).await?;
    let now = app.clock.now();
    let listed = |server: vps_servers::Model| {
        let at = gateways.iter().position(|gateway| gateway.server_id == server.id);
        let gateway = at.map(|at| gateways.swap_remove(at));
        let mut seen = server.clone();
        if let Some(gateway) = &gateway {
            server::see(&mut seen, gateway, now);
        }
        Listed { server, seen, gateway }
    };
    Ok(vps_servers::all(&app.store).await?.into_iter().map(listed).collect())
}

/// One server.
pub async fn get(app: &App, name: &str) -> Result<Listed> {
    list(app).await?.into_iter().find(|one| one.server.name == name).ok_or(Error::NotFound)
}

/// Sets a server's status. A server without a key can't be up.
pub async fn set_status(app: &App, actor: &str, name: &str, status: ServerStatus) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut row = vps_servers::lock_by_name(&tx, name).await?.ok_or(Error::NotFound)?;
    if status == ServerStatus::Up && row.public_key.is_none() {
        return Err(Error::conflict("server_not_enrolled", "this server has no key: enrol its gateway first"));
    }
    row.status = status.as_str().to_owned();
    row.updated_at = now;
    vps_servers::save(&tx, row).await?;
    audit(app, &tx, actor, "server.set_status", name, status.as_str(), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Voids the credential of a server's gateway, at once: its stream ends, and it serves what it was told until the leases end.
pub async fn revoke(app: &App, actor: &str, name: &str) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let row = vps_servers::lock_by_name(&tx, name).await?.ok_or(Error::NotFound)?;
    if !gateways::revoke(&tx, row.id).await? {
        return Err(Error::conflict("server_no_gateway", "this server has no gateway"));
    }
    // Without one nobody would notice that it is away.
    let down = ServerStatus::Down.as_str().to_owned();
    vps_servers::save(&tx, vps_servers::Model { status: down, updated_at: now, ..row }).await?;
    audit(app, &tx, actor, "server.revoke", name, "", now).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a new enrolment token for a server, in the place of one that was not used: for a gateway that was late, that is
/// made anew, or whose credential is to be replaced. The gateway of before goes on until the new one enrols.
pub async fn renew_token(app: &App, actor: &str, name: &str) -> Result<String> {
    let now = app.clock.now();
    let token = app.dice.token();
    let tx = app.store.write_txn().await?;
    let mut row = vps_servers::lock_by_name(&tx, name).await?.ok_or(Error::NotFound)?;
    row.enrol_token_hash = Some(token::hash(token.text()).to_vec());
    row.enrol_until = Some(now + ENROL_MS);
    row.updated_at = now;
    vps_servers::save(&tx, row).await?;
    audit(app, &tx, actor, "server.token", name, "", now).await?;
    tx.commit().await?;
    Ok(token.text().to_owned())
}
