//! The peers that each gateway should serve.
//!
//! A gateway follows the log of its server's peer list. The log says which peers a revision touched; what a gateway is
//! told about them is how they are when it is told, so that a replay ends in the present, however often it is begun.

use std::collections::HashMap;
use std::time::Duration;

use domain::time::UnixMs;
use domain::vpn::lease;
use store::wireguard_peers::Served;
use store::{peer_changes, peer_counters, subscriptions, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::{App, Error, Result, device, vantage};

/// How often a gateway's list is looked at when nobody has told of a change: the bound on how late it hears of one that
/// another process has made.
const POLL: Duration = Duration::from_secs(1);
/// Peers read at a time.
const PAGE: u64 = 500;

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
    /// What it may carry; `None` where nothing bounds that.
    pub grant: Option<Grant>,
    /// How fast it may be, in Mbit/s each way; `None` for as fast as it goes.
    pub speed_mbit: Option<u32>,
    /// Whether it is another gateway that looks at this one.
    pub is_probe: bool,
}

/// What is counted of a peer at a gateway, and what it may carry beyond that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The stay that is counted last.
    pub generation: i64,
    /// Bytes of that stay that are counted, both ways together.
    pub counted: i64,
    /// Bytes that it may carry beyond these; `None` for as much as it likes.
    pub left: Option<i64>,
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
    let mut peers = wanted(app, server, &rows, now).await?;
    if next.is_none() {
        peers.append(&mut vantage::peers(app, server, now).await?);
    }
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
    let mut served = wanted(app, server, &rows, now).await?;
    if served.len() < keys.len() {
        served.append(&mut vantage::peers_of(app, server, &keys, now).await?);
    }
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

/// Those of these peers that are to be served.
async fn wanted(app: &App, server: Uuid, rows: &[Served], now: UnixMs) -> Result<Vec<WantedPeer>> {
    let mut peers = Vec::with_capacity(rows.len());
    let bounded: Vec<&Served> = rows.iter().filter(|row| row.subscription.quota_bytes.is_some()).collect();
    let grants =
        Grants::read(app, server, bounded.iter().map(|row| (&row.subscription, row.peer.public_key.as_str()))).await?;
    for row in rows {
        let (peer, paying) = (&row.peer, &row.subscription);
        let Some(valid_until) = lease::valid_until(&paying.state()?, now) else { continue };
        if !device::is_served(paying, peer.slot, now)? {
            continue;
        }
        peers.push(WantedPeer {
            public_key: peer.public_key.clone(),
            preshared_key: device::preshared_key(app, peer)?,
            addresses: device::addresses(app, peer)?,
            valid_until,
            grant: paying.quota_bytes.map(|_| grants.of(paying, &peer.public_key)),
            speed_mbit: paying.quota().speed_now().map(|mbit| u32::try_from(mbit).unwrap_or(u32::MAX)),
            is_probe: false,
        });
    }
    Ok(peers)
}

/// What is needed to grant: what is counted of each peer, and how many share a subscription.
pub(crate) struct Grants {
    counted: HashMap<String, (i64, i64)>,
    devices: HashMap<Uuid, i64>,
}

impl Grants {
    pub(crate) async fn read(
        app: &App,
        server: Uuid,
        peers: impl Iterator<Item = (&subscriptions::Model, &str)> + Clone,
    ) -> Result<Grants> {
        let keys: Vec<&str> = peers.clone().map(|(_, key)| key).collect();
        let mut paying: Vec<Uuid> = peers.map(|(subscription, _)| subscription.id).collect();
        paying.sort_unstable();
        paying.dedup();
        if keys.is_empty() {
            return Ok(Grants { counted: HashMap::new(), devices: HashMap::new() });
        }
        let counted = peer_counters::of_keys(&app.store, server, &keys).await?;
        let devices = wireguard_peers::count_of_subscriptions(&app.store, &paying).await?;
        Ok(Grants {
            counted: counted.into_iter().map(|row| (row.public_key, (row.generation, row.rx + row.tx))).collect(),
            devices: devices.into_iter().collect(),
        })
    }

    pub(crate) fn of(&self, paying: &subscriptions::Model, key: &str) -> Grant {
        let (generation, counted) = self.counted.get(key).copied().unwrap_or((0, 0));
        let devices = self.devices.get(&paying.id).copied().unwrap_or(1);
        Grant { generation, counted, left: paying.quota().slice(devices) }
    }
}
