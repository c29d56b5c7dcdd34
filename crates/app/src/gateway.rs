//! Gateways: enrolment, and the peers that each should serve.
//!
//! A gateway follows the log of its server's peer list. The log says which peers a revision touched; what a gateway is
//! told about them is how they are when it is told, so that a replay ends in the present, however often it is begun.

use std::time::Duration;

use domain::time::UnixMs;
use domain::token;
use domain::vpn::balancer::ServerStatus;
use domain::vpn::key::PublicKey;
use domain::vpn::lease;
use store::wireguard_peers::Served;
use store::{Tx, gateways, peer_changes, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::{App, Error, Result, admin, device, device_slots};

/// A gateway, as `store` keeps it.
pub use store::gateways::Model as Gateway;

/// Seconds from the request that changed a peer to the word that its gateway has applied it.
pub const APPLIED: &str = "mirai_gateway_applied_seconds";

/// How often a gateway's list is looked at when nobody has told of a change: the bound on how late it hears of one that
/// another process has made.
const POLL: Duration = Duration::from_secs(1);
/// Peers read at a time.
const PAGE: u64 = 500;
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
    };
    gateways::replace(tx, &row).await?;
    admin::audit(app, tx, "gateway", "gateway.enrol", &server.name, &new.version, now).await?;
    Ok(server)
}

/// The gateway that shows this credential.
pub async fn known(app: &App, credential: &str) -> Result<Gateway> {
    let row = gateways::by_credential(&app.store, &token::hash(credential)).await?;
    row.ok_or(Error::Unauthorized {
        code: "gateway_unknown",
        detail: "this gateway's credential is unknown or was replaced; enrol it again with a new token",
    })
}

/// Notes a start of an agent. A copy of an agent, or one that ran before, is refused.
pub async fn start(app: &App, gateway: &Gateway, generation: i64, instance: &str) -> Result<()> {
    if instance.is_empty() || instance.len() > MAX_INSTANCE {
        return Err(Error::invalid("instance", "instance", "1 to 64 characters"));
    }
    if gateways::started(&app.store, gateway.server_id, generation, instance).await? {
        return Ok(());
    }
    Err(superseded())
}

/// Whether the agent that began a stream is still the one that counts: not since another start, nor another enrolment.
pub async fn is_current(app: &App, gateway: &Gateway, instance: &str) -> Result<bool> {
    let row = gateways::by_credential(&app.store, &gateway.credential_hash).await?;
    Ok(row.is_some_and(|row| row.instance.as_deref() == Some(instance)))
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
        return Err(superseded());
    }
    if revision > gateway.applied_revision
        && let Some(made_at) = peer_changes::made_at(&app.store, gateway.server_id, revision).await?
    {
        let took = Duration::from_millis(u64::try_from(now - made_at).unwrap_or(0));
        metrics::histogram!(APPLIED).record(took.as_secs_f64());
    }
    Ok(())
}

/// A peer to be served.
#[derive(Debug, Clone)]
pub struct WantedPeer {
    /// WireGuard key (base64).
    pub public_key: String,
    /// Pre-shared key.
    pub preshared_key: [u8; 32],
    /// Its addresses in the tunnel.
    pub addresses: (std::net::Ipv4Addr, std::net::Ipv6Addr),
    /// See [`lease::valid_until`].
    pub valid_until: UnixMs,
}

/// Some peers of a server's list, and where the next ones begin.
#[derive(Debug)]
pub struct Page {
    /// Those that are to be served.
    pub peers: Vec<WantedPeer>,
    /// What to ask with next; `None` after the last page.
    pub next: Option<Uuid>,
}

/// A page of all peers that a server should serve now.
pub async fn page(app: &App, server: Uuid, after: Uuid) -> Result<Page> {
    let now = app.clock.now();
    let rows = wireguard_peers::page_of_server(&app.store, server, after, PAGE).await?;
    let is_full = u64::try_from(rows.len()).unwrap_or(u64::MAX) == PAGE;
    let next = rows.last().filter(|_| is_full).map(|row| row.peer.id);
    let peers = rows.iter().filter_map(|row| wanted(app, row, now).transpose()).collect::<Result<_>>()?;
    Ok(Page { peers, next })
}

/// What changed in a server's list.
#[derive(Debug)]
pub struct Changes {
    /// The revision that these lead to.
    pub revision: i64,
    /// Keys that are not served any more, or never were.
    pub gone: Vec<String>,
    /// Peers as they are served now.
    pub served: Vec<WantedPeer>,
}

/// Where a gateway stands that has a revision.
#[derive(Debug)]
pub enum Standing {
    /// It has all there is.
    Current,
    /// This is what it lacks, or the first part of it.
    Behind(Changes),
    /// The log does not tell: the gateway was away too long, or has a revision that never was.
    Lost,
}

/// What a gateway lacks that has this revision.
pub async fn changes(app: &App, server: Uuid, after: i64) -> Result<Standing> {
    let log = peer_changes::after(&app.store, server, after, PAGE).await?;
    let Some(last) = log.last() else {
        let is_at = revision(app, server).await? == after;
        return Ok(if is_at { Standing::Current } else { Standing::Lost });
    };
    if log.first().is_none_or(|first| first.revision != after + 1) {
        return Ok(Standing::Lost);
    }
    let mut keys: Vec<&str> = log.iter().map(|change| change.public_key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    let now = app.clock.now();
    let rows = wireguard_peers::with_keys(&app.store, server, &keys).await?;
    let served: Vec<WantedPeer> =
        rows.iter().filter_map(|row| wanted(app, row, now).transpose()).collect::<Result<_>>()?;
    let is_gone = |key: &&str| !served.iter().any(|peer| peer.public_key == **key);
    let gone = keys.iter().filter(|key| is_gone(key)).map(|key| (*key).to_owned()).collect();
    Ok(Standing::Behind(Changes { revision: last.revision, gone, served }))
}

/// The revision of a server's list.
pub async fn revision(app: &App, server: Uuid) -> Result<i64> {
    vps_servers::revision(&app.store, server).await?.ok_or(Error::NotFound)
}

/// Wakes whoever tells a gateway of its changes.
#[derive(Debug)]
pub struct News(tokio::sync::watch::Receiver<()>);

/// Begins to listen for changes of a server's list. To be called before the list is read.
pub fn news(app: &App, server: Uuid) -> News {
    News(app.store.peer_news(server))
}

impl News {
    /// Returns when there may be something new: at once for a change of this process, and after a second anyhow.
    pub async fn heard(&mut self) {
        match tokio::time::timeout(POLL, self.0.changed()).await {
            Ok(Ok(())) | Err(_) => {}
            // Nobody tells any more: the database was closed. The rest is the poll's.
            Ok(Err(_)) => tokio::time::sleep(POLL).await,
        }
    }
}

fn wanted(app: &App, row: &Served, now: UnixMs) -> Result<Option<WantedPeer>> {
    let (peer, paying) = (&row.peer, &row.subscription);
    let Some(valid_until) = lease::valid_until(&paying.state()?, now) else { return Ok(None) };
    if !device_slots::has_room(paying, peer.slot) {
        return Ok(None);
    }
    Ok(Some(WantedPeer {
        public_key: peer.public_key.clone(),
        preshared_key: device::preshared_key(app, peer)?,
        addresses: device::addresses(app, peer)?,
        valid_until,
    }))
}
