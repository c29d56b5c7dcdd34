//! What gateways report: how they are, and what their peers have carried. That is counted for the subscriptions, and what
//! is left of a quota is granted in slices.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::quota::Mark;
use domain::time::{DAY_MS, UnixMs};
use store::{Tx, gateways, peer_counters, subscriptions, usage_days, users, vantages, wireguard_peers};
use uuid::Uuid;

use crate::gateway::{self, Gateway};
use crate::gateway_peers::{Grant, Grants};
use crate::{App, Result, failpoint, notice};

/// How often a subscription's bytes are counted at most, unless what it was granted runs out.
const COUNT_MS: i64 = 60_000;
/// Peers that are counted in one transaction.
const BATCH: usize = 200;
/// Longest text about what is wrong that is kept.
const MAX_TROUBLE: usize = 200;

/// How a gateway is, by its own words.
#[derive(Debug, Clone)]
pub struct Health {
    /// Its clock.
    pub clock: UnixMs,
    /// The revision that its device is at.
    pub revision: Option<i64>,
    /// Peers that have shaken hands within three minutes.
    pub active_peers: i64,
    /// Bytes a second from and to clients.
    pub rates: (i64, i64),
    /// Packets a second that were dropped.
    pub drops: i64,
    /// Processors and memory in use, 0..1.
    pub in_use: (f64, f64),
    /// What is wrong.
    pub trouble: Option<String>,
}

/// What a peer has carried in one stay at a gateway, from the beginning of the stay.
#[derive(Debug, Clone)]
pub struct Counter {
    /// WireGuard key (base64).
    pub public_key: String,
    /// Numbers the stays, ascending.
    pub generation: i64,
    /// Bytes from the client.
    pub rx: i64,
    /// Bytes to the client.
    pub tx: i64,
}

/// Notes how a gateway is.
pub async fn health(app: &App, gateway: &Gateway, generation: i64, instance: &str, health: &Health) -> Result<()> {
    let now = app.clock.now();
    // Not a number is no share.
    let share = |value: f64| if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let row = gateways::Model {
        generation,
        instance: Some(instance.to_owned()),
        applied_revision: health.revision.unwrap_or(0),
        reported_at: Some(now),
        skew_ms: Some(health.clock.saturating_sub(now)),
        active_peers: health.active_peers,
        rx_rate: health.rates.0,
        tx_rate: health.rates.1,
        drops: health.drops,
        cpu: share(health.in_use.0),
        memory: share(health.in_use.1),
        trouble: health.trouble.as_ref().map(|words| words.chars().take(MAX_TROUBLE).collect()),
        ..gateway.clone()
    };
    if gateways::report(&app.store, &row).await? { Ok(()) } else { Err(gateway::refusal(app, gateway).await?) }
}

/// Counts what is due, and says of every peer that was named what is counted and what it may carry beyond that.
pub async fn count(app: &App, server: Uuid, said: &[Counter]) -> Result<BTreeMap<String, Grant>> {
    let mut grants = BTreeMap::new();
    for batch in said.chunks(BATCH) {
        grants.append(&mut count_batch(app, server, batch).await?);
    }
    Ok(grants)
}

/// The peers of a batch, and who pays for them.
struct Payers {
    /// By key.
    paying: HashMap<String, Uuid>,
    rows: HashMap<Uuid, subscriptions::Model>,
}

impl Payers {
    async fn read(app: &App, server: Uuid, keys: &[&str]) -> Result<Payers> {
        // In this order: a device that goes in between leaves a row for its key, and its bytes are somebody's.
        let mut peers = wireguard_peers::by_keys(&app.store, keys).await?;
        let counted = peer_counters::of_keys(&app.store, server, keys).await?;
        // A gateway speaks for the peers that it serves, and no others.
        peers.retain(|peer| peer.server_id == server || peer.previous_server_id == Some(server));
        // A device that is gone counts for what it was last counted for; one that is there says it itself.
        let gone = counted.into_iter().map(|row| (row.public_key, row.subscription_id));
        let there = peers.iter().map(|peer| (peer.public_key.clone(), peer.subscription_id));
        let paying: HashMap<String, Uuid> = gone.chain(there).collect();
        let ids: Vec<Uuid> = paying.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let rows = subscriptions::by_ids(&app.store, &ids).await?;
        forget_where_they_came_from(app, server, &peers).await?;
        Ok(Payers { paying, rows: rows.into_iter().map(|row| (row.id, row)).collect() })
    }

    fn of(&self, key: &str) -> Option<&subscriptions::Model> {
        self.rows.get(self.paying.get(key)?)
    }
}

/// A peer that is named here has shaken hands here: where it was before nobody needs it any more.
async fn forget_where_they_came_from(app: &App, server: Uuid, peers: &[wireguard_peers::Model]) -> Result<()> {
    for peer in peers.iter().filter(|peer| peer.server_id == server && peer.previous_server_id.is_some()) {
        leave_previous(app, peer).await?;
    }
    Ok(())
}

/// The server that a device came from forgets it.
pub(crate) async fn leave_previous(app: &App, peer: &wireguard_peers::Model) -> Result<()> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        wireguard_peers::leave_previous(&tx, peer, app.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

async fn count_batch(app: &App, server: Uuid, said: &[Counter]) -> Result<BTreeMap<String, Grant>> {
    let now = app.clock.now();
    let keys: Vec<&str> = said.iter().map(|one| one.public_key.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
    let mut payers = Payers::read(app, server, &keys).await?;
    let known = || said.iter().filter_map(|one| Some((payers.of(&one.public_key)?, one.public_key.as_str())));
    let grants = Grants::read(app, server, known()).await?;
    let is_due = |one: &&Counter| {
        let Some(paying) = payers.of(&one.public_key) else { return false };
        let grant = grants.of(paying, &one.public_key);
        let before = if grant.generation == one.generation { grant.counted } else { 0 };
        let is_low = grant.left.is_some_and(|left| (one.rx + one.tx - before).saturating_mul(2) >= left);
        is_low || now - paying.counted_at >= COUNT_MS
    };
    let due: BTreeSet<Uuid> =
        said.iter().filter(is_due).filter_map(|one| payers.paying.get(&one.public_key).copied()).collect();
    if !due.is_empty() {
        let counted = app.retrying(|| count_once(app, server, said, &payers, &due, now)).await?;
        payers.rows.extend(counted.into_iter().map(|row| (row.id, row)));
    }
    let known = || said.iter().filter_map(|one| Some((payers.of(&one.public_key)?, one.public_key.as_str())));
    let grants = Grants::read(app, server, known()).await?;
    let looking: BTreeSet<String> = match keys.iter().any(|key| payers.of(key).is_none()) {
        true => vantages::with_keys(&app.store, &keys).await?.into_iter().map(|row| row.public_key).collect(),
        false => BTreeSet::new(),
    };
    let grant = |one: &Counter| match payers.of(&one.public_key) {
        Some(paying) => grants.of(paying, &one.public_key),
        // A gateway that looks at this one is no customer's, and nothing bounds it but its speed.
        None if looking.contains(&one.public_key) => {
            Grant { generation: one.generation, counted: one.rx + one.tx, left: None }
        }
        // Nobody pays for it, and nobody ever will: the gateway may forget it.
        None => Grant { generation: one.generation, counted: one.rx + one.tx, left: Some(0) },
    };
    Ok(said.iter().map(|one| (one.public_key.clone(), grant(one))).collect())
}

/// Counts the bytes of the subscriptions that are due, and returns these.
async fn count_once(
    app: &App,
    server: Uuid,
    said: &[Counter],
    payers: &Payers,
    due: &BTreeSet<Uuid>,
    now: UnixMs,
) -> Result<Vec<subscriptions::Model>> {
    let tx = app.store.write_txn().await?;
    let due: Vec<Uuid> = due.iter().copied().collect();
    let mut rows = subscriptions::lock_all(&tx, &due).await?;
    let counted = |one: &&Counter| payers.paying.get(&one.public_key).is_some_and(|id| due.contains(id));
    let mut said: Vec<&Counter> = said.iter().filter(counted).collect();
    said.sort_by_key(|one| (&one.public_key, one.generation));
    let keys: Vec<&str> = said.iter().map(|one| one.public_key.as_str()).collect();
    let known = peer_counters::lock_keys(&tx, server, &keys).await?;
    let mut bases: HashMap<String, peer_counters::Model> =
        known.into_iter().map(|row| (row.public_key.clone(), row)).collect();
    let mut more: HashMap<Uuid, (i64, i64)> = HashMap::new();
    for one in said {
        let Some(paying) = payers.paying.get(&one.public_key) else { continue };
        let base = bases.get(&one.public_key).map_or((0, 0, 0), |row| (row.generation, row.rx, row.tx));
        let Some((rx, tx)) = beyond(base, one) else { continue };
        let sum = more.entry(*paying).or_default();
        *sum = (sum.0 + rx, sum.1 + tx);
        let row = peer_counters::Model {
            server_id: server,
            public_key: one.public_key.clone(),
            subscription_id: *paying,
            generation: one.generation,
            rx: one.rx,
            tx: one.tx,
            counted_at: now,
        };
        bases.insert(one.public_key.clone(), row);
    }
    let changed = bases.into_values().filter(|row| row.counted_at == now).collect();
    peer_counters::save(&tx, changed).await?;
    let day = now.div_euclid(DAY_MS);
    let days: Vec<usage_days::Model> =
        more.iter().map(|(id, (rx, tx))| usage_days::Model { subscription_id: *id, day, rx: *rx, tx: *tx }).collect();
    usage_days::add(&tx, &days).await?;
    for row in &mut rows {
        let (rx, sent) = more.get(&row.id).copied().unwrap_or_default();
        let before = row.used_bytes;
        row.used_bytes = before.saturating_add(rx + sent);
        row.counted_at = now;
        subscriptions::save(&tx, row.clone()).await?;
        if let Some(mark) = row.quota().passed(before) {
            tell(app, &tx, row, mark, now).await?;
        }
    }
    failpoint::pass("count.saved");
    tx.commit().await?;
    failpoint::pass("count.committed");
    Ok(rows)
}

/// What a counter says beyond its base (stay, rx, tx); `None` for what was counted before, or is of an earlier stay.
fn beyond(base: (i64, i64, i64), said: &Counter) -> Option<(i64, i64)> {
    let (generation, rx, tx) = base;
    let more = match said.generation.cmp(&generation) {
        std::cmp::Ordering::Less => return None,
        std::cmp::Ordering::Equal => ((said.rx - rx).max(0), (said.tx - tx).max(0)),
        std::cmp::Ordering::Greater => (said.rx, said.tx),
    };
    (said.generation > generation || more != (0, 0)).then_some(more)
}

async fn tell(app: &App, tx: &Tx, row: &subscriptions::Model, mark: Mark, now: UnixMs) -> Result<()> {
    if mark == Mark::All {
        wireguard_peers::announce_all_of(tx, row.id, now).await?;
    }
    match users::by_id(tx, row.user_id).await? {
        Some(user) => notice::quota(app, tx, &user, row, mark, now).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_counts_once_however_often_and_in_whatever_order_it_is_said() {
        let said = |generation, rx, tx| Counter { public_key: String::new(), generation, rx, tx };
        for (base, said, more) in [
            ((0, 0, 0), said(5, 10, 20), Some((10, 20))),
            ((5, 10, 20), said(5, 10, 20), None),
            ((5, 10, 20), said(5, 15, 20), Some((5, 0))),
            ((5, 10, 20), said(5, 8, 25), Some((0, 5))),
            ((5, 10, 20), said(4, 99, 99), None),
            ((5, 10, 20), said(6, 1, 2), Some((1, 2))),
            ((5, 10, 20), said(6, 0, 0), Some((0, 0))),
        ] {
            assert_eq!(beyond(base, &said), more, "{base:?} {said:?}");
        }
    }
}
