//! Gateways that look at each other: who looks at whom, and what they have seen.
//!
//! Each gateway has a key of its own for that, and an address of the pool that devices have theirs from. The server that it
//! is to look at gets it as a peer, announced like a customer's. A row of `sights` is both: the right to look, and the last
//! look.

use std::collections::HashMap;
use std::net::IpAddr;

use domain::monitor::round::{self, Sight};
use domain::monitor::verdict::Verdict;
use domain::time::UnixMs;
use domain::vpn::key::PublicKey;
use domain::vpn::lease::LEASE_MS;
use store::vantages::{self, sights};
use store::{StoreError, Tx, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::gateway::{self, Gateway};
use crate::gateway_peers::WantedPeer;
use crate::monitor::is_watched;
use crate::server::ServerRow;
use crate::{App, Error, Result, device_add};

/// How many look at each server: two that agree make a failure, and one may be away.
const AT_EACH: usize = 3;
/// How many must agree on a failure.
const QUORUM: usize = 2;
/// A gateway that has looked at nothing for so long is replaced.
const AWAY_MS: i64 = 3_600_000;
/// How old the last look may be: one is made each minute, and takes up to half of one where something fails.
const FRESH_MS: i64 = 120_000;
/// A gateway takes another key at each start; not sooner after it was last heard than this.
const KEY_MS: i64 = 10_000;
/// How fast a gateway that looks may be, in Mbit/s: it fetches one address.
const SPEED_MBIT: u32 = 1;
/// Longest word about what was wrong that is kept.
const MAX_TROUBLE: usize = 16;
/// The page that tells whoever fetches it where they came from.
pub const PAGE: &str = "/gateway/v1/address";

/// What a gateway has seen of another one.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The server that it looked at.
    pub server: Uuid,
    /// What it saw.
    pub verdict: Verdict,
    /// How long it took, in microseconds.
    pub latency_us: Option<u64>,
    /// What was wrong.
    pub trouble: Option<String>,
}

/// What a gateway that looks brings, parsed at the door.
#[derive(Debug)]
pub struct Said {
    /// Which start of its agent speaks.
    pub instance: String,
    /// The key with which it looks.
    pub public_key: PublicKey,
    /// The address that it comes to us from.
    pub from: IpAddr,
    /// What it has seen.
    pub seen: Vec<Seen>,
}

/// Where a gateway is to look.
#[derive(Debug)]
pub struct ToLook {
    /// The address in the tunnel that it looks with.
    pub address: std::net::Ipv4Addr,
    /// The page to fetch.
    pub page: String,
    /// The servers, each with the address that it comes to us from.
    pub at: Vec<(ServerRow, Option<IpAddr>)>,
}

/// Notes what a gateway has seen, and says where it is to look next.
pub async fn report(app: &App, gateway: &Gateway, said: &Said) -> Result<ToLook> {
    if !gateway::is_current(app, gateway, &said.instance).await? {
        return Err(gateway::refusal(app, gateway).await?);
    }
    let now = app.clock.now();
    let own = app
        .retrying(|| async {
            let tx = app.store.write_txn().await?;
            let own = take_in(app, &tx, gateway.server_id, said, now).await?;
            tx.commit().await?;
            Ok(own)
        })
        .await?;
    let address = app.config.pool.addresses(own.address);
    let (address, _) = address.ok_or_else(|| Error::internal("a gateway looks with an address outside POOL_V4"))?;
    let egresses: HashMap<Uuid, IpAddr> = vantages::all(&app.store)
        .await?
        .into_iter()
        .filter_map(|row| Some((row.server_id, row.egress?.parse().ok()?)))
        .collect();
    let chosen = vantages::sights_of(&app.store, own.server_id).await?;
    let mut at = vps_servers::all(&app.store).await?;
    at.retain(|server| chosen.iter().any(|sight| sight.server_id == server.id));
    let at = at.into_iter().map(|server| (egresses.get(&server.id).copied(), server));
    Ok(ToLook { address, page: app.config.link(PAGE), at: at.map(|(egress, server)| (server, egress)).collect() })
}

async fn take_in(app: &App, tx: &Tx, server: Uuid, said: &Said, now: UnixMs) -> Result<vantages::Model> {
    let public_key = said.public_key.to_string();
    // What comes through a tunnel is IPv4: a gateway that comes to us by IPv6 this time has the address that is known.
    let egress = Some(said.from).filter(IpAddr::is_ipv4).map(|from| from.to_string());
    let Some(known) = vantages::lock(tx, server).await? else {
        refuse_taken(tx, &public_key).await?;
        let address = device_add::take_address(app, tx, now).await?;
        let row = vantages::Model { server_id: server, public_key, address, egress, heard_at: now };
        vantages::insert(tx, row.clone()).await?;
        return Ok(row);
    };
    if known.public_key != public_key {
        // Each is announced to others: nobody is to keep them busy.
        let retry_after_ms = known.heard_at + KEY_MS - now;
        if retry_after_ms > 0 {
            return Err(Error::TooMany { retry_after_ms });
        }
        refuse_taken(tx, &public_key).await?;
    }
    let chosen = vantages::sights_of(tx, server).await?;
    let egress = egress.or_else(|| known.egress.clone());
    let row = vantages::Model { public_key, egress, heard_at: now, ..known.clone() };
    vantages::save(tx, row.clone()).await?;
    for sight in &chosen {
        if let Some(seen) = said.seen.iter().find(|seen| seen.server == sight.server_id) {
            let trouble = seen.trouble.as_ref().map(|word| word.chars().take(MAX_TROUBLE).collect());
            let row = sights::Model {
                at: Some(now),
                verdict: seen.verdict.as_str().to_owned(),
                latency_us: seen.latency_us.and_then(|us| i64::try_from(us).ok()),
                trouble,
                ..sight.clone()
            };
            vantages::saw(tx, row).await?;
        }
    }
    if known.public_key != row.public_key {
        for sight in &chosen {
            for key in [&known.public_key, &row.public_key] {
                vps_servers::announce(tx, sight.server_id, key, vps_servers::PeerChange::Other, now).await?;
            }
        }
    }
    Ok(row)
}

/// A key is one peer's on each server. The pool's lock keeps out a device that would take it meanwhile.
async fn refuse_taken(tx: &Tx, public_key: &str) -> Result<()> {
    store::pool::lock(tx).await?;
    let is_free = wireguard_peers::by_keys(tx, &[public_key]).await?.is_empty()
        && vantages::with_keys(tx, &[public_key]).await?.is_empty();
    if is_free { Ok(()) } else { Err(Error::invalid("public_key", "key_in_use", "this key is a peer's already")) }
}

/// Refuses for a device that has a place already the key of a gateway that looks at others. Under the pool's lock, as new
/// devices are made.
pub(crate) async fn refuse_ours(tx: &Tx, public_key: &str) -> Result<()> {
    if vantages::with_keys(tx, &[public_key]).await?.is_empty() { Ok(()) } else { Err(device_add::key_in_use()) }
}

/// Chooses who looks at whom, and tells the servers. Few pairs change when a server comes or goes: each server keeps those
/// of the others that its id and theirs put first.
pub(crate) async fn choose(app: &App, servers: &[ServerRow], gateways: &HashMap<Uuid, Gateway>) -> Result<()> {
    let now = app.clock.now();
    let known = vantages::all(&app.store).await?;
    // By the last that was heard of any, so that an outage of ours moves nobody.
    let heard_at = known.iter().map(|row| row.heard_at).max().unwrap_or(now);
    let is_in_service = |id: Uuid| servers.iter().any(|server| server.id == id && is_watched(server));
    let is_there = |row: &&vantages::Model| gateways.contains_key(&row.server_id) && is_in_service(row.server_id);
    let looking: Vec<&vantages::Model> =
        known.iter().filter(is_there).filter(|row| heard_at - row.heard_at < AWAY_MS).collect();
    let present = vantages::all_sights(&app.store).await?;
    let mut wanted: Vec<(Uuid, Uuid)> = Vec::new();
    // Who does not look themselves is not looked at: where their traffic comes from is not known.
    let is_known = |server: &ServerRow| known.iter().any(|row| row.server_id == server.id);
    for server in servers.iter().filter(|server| is_watched(server) && is_known(server)) {
        let mut others: Vec<Uuid> = looking.iter().map(|row| row.server_id).filter(|id| *id != server.id).collect();
        others.sort_by_key(|id| place(server.id, *id));
        wanted.extend(others.into_iter().take(AT_EACH).map(|vantage| (server.id, vantage)));
    }
    let is_present = |pair: &(Uuid, Uuid)| present.iter().any(|row| (row.server_id, row.vantage_id) == *pair);
    for row in &present {
        if !wanted.contains(&(row.server_id, row.vantage_id)) {
            app.retrying(|| change(app, row.server_id, row.vantage_id, false, now)).await?;
        }
    }
    for (server, vantage) in wanted.into_iter().filter(|pair| !is_present(pair)) {
        app.retrying(|| change(app, server, vantage, true, now)).await?;
    }
    for gone in known.iter().filter(|row| !gateways.contains_key(&row.server_id)) {
        app.retrying(|| forget(app, gone.server_id, now)).await?;
    }
    Ok(())
}

/// Where a vantage stands in the order of a server: as good as random, and always the same.
fn place(server: Uuid, vantage: Uuid) -> [u8; 32] {
    domain::token::hash(&format!("{server} {vantage}"))
}

async fn change(app: &App, server: Uuid, vantage: Uuid, is_to_look: bool, now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    // Its key is read under the lock: one that it has got meanwhile is announced here, or by whoever saves it.
    let Some(row) = vantages::lock(&tx, vantage).await? else { return Ok(()) };
    let done = match is_to_look {
        true => vantages::begin(&tx, server, &row, now).await,
        false => vantages::end(&tx, server, &row, now).await,
    };
    match done {
        Ok(()) => Ok(tx.commit().await?),
        // Another process was quicker.
        Err(StoreError::Duplicate(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A gateway that is no more gives its address back.
async fn forget(app: &App, vantage: Uuid, now: UnixMs) -> Result<()> {
    let tx = app.store.write_txn().await?;
    let Some(row) = vantages::lock(&tx, vantage).await? else { return Ok(()) };
    for sight in vantages::sights_of(&tx, vantage).await? {
        vantages::end(&tx, sight.server_id, &row, now).await?;
    }
    vantages::delete(&tx, vantage).await?;
    store::pool::free(&tx, row.address, now).await?;
    Ok(tx.commit().await?)
}

/// Those that look at a server, as peers of it.
pub(crate) async fn peers(app: &App, server: Uuid, now: UnixMs) -> Result<Vec<WantedPeer>> {
    let rows = vantages::of_server(&app.store, server).await?;
    rows.iter().map(|row| peer(app, row, now)).collect()
}

/// The same, of some keys.
pub(crate) async fn peers_of(app: &App, server: Uuid, keys: &[&str], now: UnixMs) -> Result<Vec<WantedPeer>> {
    let rows = vantages::of_server_with_keys(&app.store, server, keys).await?;
    rows.iter().map(|row| peer(app, row, now)).collect()
}

fn peer(app: &App, row: &vantages::Model, now: UnixMs) -> Result<WantedPeer> {
    let addresses = app.config.pool.addresses(row.address);
    Ok(WantedPeer {
        public_key: row.public_key.clone(),
        // None: WireGuard takes a key of zeros for that, and there is no secret to keep.
        preshared_key: [0; 32],
        addresses: addresses.ok_or_else(|| Error::internal("a gateway looks with an address outside POOL_V4"))?,
        valid_until: now + LEASE_MS,
        grant: None,
        speed_mbit: Some(SPEED_MBIT),
        is_probe: true,
    })
}

/// The sights of each server.
pub(crate) async fn all(app: &App) -> Result<HashMap<Uuid, Vec<sights::Model>>> {
    let mut found: HashMap<Uuid, Vec<sights::Model>> = HashMap::new();
    for row in vantages::all_sights(&app.store).await? {
        found.entry(row.server_id).or_default().push(row);
    }
    Ok(found)
}

/// Whether anybody has looked lately.
pub(crate) fn is_seen(sights: &[sights::Model], now: UnixMs) -> bool {
    sights.iter().any(|row| row.at.is_some_and(|at| now - at < FRESH_MS))
}

/// What those who look at a server have seen of it: verdict, latency in microseconds, what was wrong. What was judged
/// before, until `judged_at`, fails no second time.
pub(crate) fn judge(
    sights: &[sights::Model],
    judged_at: UnixMs,
    now: UnixMs,
) -> (Verdict, Option<u64>, Option<String>) {
    let fresh = || sights.iter().filter(|row| row.at.is_some_and(|at| now - at < FRESH_MS));
    let verdict_of = |row: &sights::Model| match row.verdict.parse().unwrap_or(Verdict::Unknown) {
        Verdict::Fail if row.at.is_none_or(|at| at <= judged_at) => Verdict::Unknown,
        verdict => verdict,
    };
    // Whoever was cut off has said so itself, as unknown.
    let seen: Vec<Sight> = fresh().map(|row| Sight { verdict: verdict_of(row), connected: true }).collect();
    let verdict = round::judge(&seen, QUORUM);
    let mut latencies: Vec<u64> =
        fresh().filter_map(|row| row.latency_us.and_then(|us| u64::try_from(us).ok())).collect();
    latencies.sort_unstable();
    let median = latencies.get(latencies.len().saturating_sub(1) / 2).copied();
    let trouble = fresh().find_map(|row| row.trouble.clone());
    (verdict, median.filter(|_| verdict == Verdict::Ok), trouble.filter(|_| verdict != Verdict::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_800_000_000_000;

    fn sight(verdict: Verdict, at: Option<UnixMs>, latency_us: Option<i64>) -> sights::Model {
        let trouble = (verdict == Verdict::Fail).then(|| "timeout".to_owned());
        let verdict = verdict.as_str().to_owned();
        sights::Model { server_id: Uuid::nil(), vantage_id: Uuid::nil(), at, verdict, latency_us, trouble }
    }

    #[test]
    fn two_must_agree_that_it_fails_and_what_is_old_is_nothing() {
        use Verdict::{Fail, Ok, Unknown};
        let (fresh, old) = (Some(NOW - 1_000), Some(NOW - FRESH_MS));
        for (seen, expect) in [
            (vec![], Unknown),
            (vec![(Unknown, None)], Unknown),
            (vec![(Fail, fresh)], Unknown),
            (vec![(Fail, fresh), (Fail, old)], Unknown),
            (vec![(Fail, fresh), (Fail, fresh)], Fail),
            (vec![(Fail, fresh), (Fail, fresh), (Ok, fresh)], Fail),
            (vec![(Fail, fresh), (Ok, fresh)], Ok),
            (vec![(Ok, old), (Fail, fresh), (Unknown, fresh)], Unknown),
            (vec![(Ok, fresh)], Ok),
        ] {
            let rows: Vec<_> = seen.iter().map(|(verdict, at)| sight(*verdict, *at, None)).collect();
            assert_eq!(judge(&rows, NOW - 60_000, NOW).0, expect, "{seen:?}");
        }
    }

    #[test]
    fn one_look_fails_once() {
        let rows = [sight(Verdict::Fail, Some(NOW - 1_000), None), sight(Verdict::Fail, Some(NOW - 2_000), None)];
        assert_eq!(judge(&rows, NOW - 60_000, NOW).0, Verdict::Fail);
        assert_eq!(judge(&rows, NOW - 2_000, NOW).0, Verdict::Unknown);
        assert!(is_seen(&rows, NOW) && !is_seen(&rows, NOW + FRESH_MS));
    }

    #[test]
    fn the_middle_latency_counts_and_the_trouble_of_a_failure() {
        let ok = |us| sight(Verdict::Ok, Some(NOW), Some(us));
        let fail = || sight(Verdict::Fail, Some(NOW), None);
        assert_eq!(judge(&[ok(9), ok(1), ok(5)], NOW - 60_000, NOW), (Verdict::Ok, Some(5), None));
        assert_eq!(judge(&[ok(9), ok(1), fail()], NOW - 60_000, NOW), (Verdict::Ok, Some(1), None));
        assert_eq!(judge(&[fail(), fail()], NOW - 60_000, NOW), (Verdict::Fail, None, Some("timeout".to_owned())));
    }
}
