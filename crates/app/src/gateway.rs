//! Gateways: enrolment, starts, and what an agent has applied.

use std::time::Duration;

use domain::time::UnixMs;
use domain::token;
use domain::vpn::balancer::ServerStatus;
use domain::vpn::key::PublicKey;
use store::{Tx, gateways, peer_changes, peer_counters, vps_servers};

use crate::{App, Error, Result, admin};

/// A gateway, as `store` keeps it.
pub use store::gateways::Model as Gateway;

/// Seconds from the request that changed a peer to the word that its gateway has applied it.
pub const APPLIED: &str = "mirai_gateway_applied_seconds";

/// Longest name of a start.
const MAX_INSTANCE: usize = 64;

/// What a gateway brings to its enrolment, parsed at the door.
#[derive(Debug)]
pub struct NewGateway {
    /// The one-time token.
    pub token: String,
    /// Its WireGuard key.
    pub public_key: PublicKey,
    /// SHA-256 of its credential.
    pub credential_hash: [u8; 32],
    /// Which kind of device it has.
    pub driver: String,
    /// Version of its program.
    pub version: String,
}

/// Gives a server's place to a gateway: the token is used up, a former gateway's credential is void, and the server,
/// if it waited for one, is up.
pub async fn enrol(app: &App, new: &NewGateway) -> Result<vps_servers::Model> {
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let server = enrol_once(app, &tx, new, now).await?;
        tx.commit().await?;
        Ok(server)
    })
    .await
}

async fn enrol_once(app: &App, tx: &Tx, new: &NewGateway, now: UnixMs) -> Result<vps_servers::Model> {
    let refused = Error::Unauthorized {
        code: "enrol_token_invalid",
        detail: "this enrolment token is unknown, used or older than 15 minutes; make another with \
                 `mirai admin server token NAME`",
    };
    let row = vps_servers::lock_by_token(tx, &token::hash(&new.token)).await?;
    let Some(mut server) = row.filter(|row| row.enrol_until.is_some_and(|until| now < until)) else {
        return Err(refused);
    };
    server.public_key = Some(new.public_key.to_string());
    server.enrol_token_hash = None;
    server.enrol_until = None;
    server.updated_at = now;
    if server.status() == ServerStatus::Pending {
        ServerStatus::Up.as_str().clone_into(&mut server.status);
    }
    vps_servers::save(tx, server.clone()).await.map_err(|error| {
        if error.is_duplicate_of("public_key") {
            Error::invalid("public_key", "key_in_use", "another server has this key; enrol with a new state folder")
        } else {
            error.into()
        }
    })?;
    let row = gateways::Model {
        server_id: server.id,
        credential_hash: new.credential_hash.to_vec(),
        generation: 0,
        instance: None,
        driver: new.driver.clone(),
        version: new.version.clone(),
        enrolled_at: now,
        applied_revision: 0,
        applied_at: None,
        reported_at: None,
        skew_ms: None,
        active_peers: 0,
        rx_rate: 0,
        tx_rate: 0,
        drops: 0,
        cpu: 0.0,
        memory: 0.0,
        former_hash: None,
        trouble: None,
    };
    gateways::replace(tx, &row).await?;
    peer_counters::forget_server(tx, server.id).await?;
    admin::audit(app, tx, "gateway", "gateway.enrol", &server.name, &new.version, now).await?;
    Ok(server)
}

/// The gateway that shows this credential.
pub async fn known(app: &App, credential: &str) -> Result<Gateway> {
    let shown = token::hash(credential);
    let row = gateways::by_credential(&app.store, &shown).await?;
    if let Some(row) = &row
        && row.former_hash.is_some()
        && row.credential_hash == shown
    {
        gateways::forget_former(&app.store, row.server_id).await?;
    }
    row.ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::Unauthorized {
        code: "gateway_unknown",
        detail: "this gateway's credential is unknown or was replaced; enrol it again with a new token",
    }
}

/// Replaces the credential of a gateway. The one that it has shown is good until it shows the next one: so an answer that is
/// lost locks nobody out.
pub async fn rotate(app: &App, gateway: &Gateway, credential: &str, next: [u8; 32]) -> Result<()> {
    Ok(gateways::rotate(&app.store, gateway.server_id, &token::hash(credential), &next).await?)
}

/// Notes a start of an agent. A copy of an agent, or one that ran before, is refused.
pub async fn start(app: &App, gateway: &Gateway, generation: i64, instance: &str) -> Result<()> {
    if instance.is_empty() || instance.len() > MAX_INSTANCE {
        return Err(Error::invalid("instance", "instance", "1 to 64 characters"));
    }
    if gateways::started(&app.store, gateway.server_id, generation, instance).await? {
        return Ok(());
    }
    Err(refusal(app, gateway).await?)
}

/// Whether the agent that began a stream is still the one that counts: not since another start, nor another enrolment.
pub async fn is_current(app: &App, gateway: &Gateway, instance: &str) -> Result<bool> {
    let row = gateways::of_server(&app.store, gateway.server_id).await?;
    let is_same = |row: Gateway| row.enrolled_at == gateway.enrolled_at && row.instance.as_deref() == Some(instance);
    Ok(row.is_some_and(is_same))
}

/// Why there was no row to change for an agent that was known a moment ago: another one counts, or the gateway was revoked
/// meanwhile.
pub(crate) async fn refusal(app: &App, gateway: &Gateway) -> Result<Error> {
    let row = gateways::of_server(&app.store, gateway.server_id).await?;
    let is_there = row.is_some_and(|row| row.enrolled_at == gateway.enrolled_at);
    Ok(if is_there { superseded() } else { unknown() })
}

fn superseded() -> Error {
    Error::conflict(
        "gateway_superseded",
        "another agent with this identity has started since; stop one of the two, then start the other again",
    )
}

/// Notes what an agent has applied, and how long that took from the request that made the change.
pub async fn applied(app: &App, gateway: &Gateway, generation: i64, instance: &str, revision: i64) -> Result<()> {
    let now = app.clock.now();
    if !gateways::applied(&app.store, gateway.server_id, generation, instance, revision, now).await? {
        return Err(refusal(app, gateway).await?);
    }
    if revision > gateway.applied_revision
        && let Some(made_at) = peer_changes::made_at(&app.store, gateway.server_id, revision).await?
    {
        let took = Duration::from_millis(u64::try_from(now - made_at).unwrap_or(0));
        metrics::histogram!(APPLIED).record(took.as_secs_f64());
    }
    Ok(())
}
