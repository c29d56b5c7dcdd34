//! The device: what has changed is done to it, and now and then it is read as a whole.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use api::gateway::Failure;
use domain::time::UnixMs;
use domain::vpn::key::PublicKey;
use domain::vpn::peer_diff::{Activity, FoundPeer, PeerOp, diff};
use tokio::time::Instant;

use super::{Agent, AgentError, At, SOON};
use crate::device::{Device, DeviceError};
use crate::enrol::random;
use crate::health::per_second;
use crate::limits::Bound;
use crate::wanted::Outcome;

/// A peer is in use while its last handshake is no older: WireGuard's own bound on a session (REJECT_AFTER_TIME).
const IN_USE_MS: i64 = 180_000;
/// Peers that are made to forget their clients at one look: taking one off a device in userspace holds up all others.
const FORGOTTEN_AT_ONCE: usize = 200;

impl Agent {
    /// Does to the device what has changed, and returns the peers that it refused.
    pub(super) async fn apply(&mut self, outcome: &Outcome) -> Result<Vec<Failure>, AgentError> {
        if outcome.removed.is_empty() && outcome.touched.is_empty() {
            return Ok(Vec::new());
        }
        self.is_saved = false;
        let failures = apply(&self.device, &self.wanted.steps(outcome)).await?;
        if !outcome.removed.is_empty() {
            self.look_at = self.look_at.min(self.looked_at + SOON);
        }
        Ok(failures)
    }

    /// Reads the device as a whole: what its peers have carried; and mends what is not as it should be.
    pub(super) async fn look(&mut self) -> Result<Vec<Failure>, AgentError> {
        let now = (self.clock)();
        let found = self.device.dump(now).await?;
        let (rx, tx) = self.meters.see(&found);
        let passed = self.looked_at.elapsed();
        self.health.rx_rate = per_second(rx, passed);
        self.health.tx_rate = per_second(tx, passed);
        let is_customers = |peer: &&FoundPeer| is_in_use(&peer.activity, now) && !self.wanted.is_probe(&peer.key);
        let in_use = found.iter().filter(is_customers).count();
        self.health.active_peers = u32::try_from(in_use).unwrap_or(u32::MAX);
        (self.is_counted, self.are_meters_saved) = (true, false);
        self.looked_at = Instant::now();
        self.look_at = self.looked_at + self.pace.look + jitter(self.pace.look);
        for key in found.iter().map(|peer| peer.key) {
            self.wanted.rest(key, self.meters.is_used_up(&key));
        }
        let idle = self.idle(&found, now);
        // Once a peer is off the device, what it has carried is known here alone: it must outlive a crash.
        if !idle.is_empty() || found.iter().any(|peer| !self.wanted.has(&peer.key)) {
            self.save_meters();
        }
        let mut steps = diff(self.wanted.peers(), &found);
        if silence_first(&mut steps, &found) {
            self.look_at = self.looked_at + SOON;
        }
        let mut failures = apply(&self.device, &steps).await?;
        failures.extend(self.forget_clients(&idle).await?);
        let keys: HashSet<[u8; 32]> = self.limits.peers().copied().chain(self.wanted.keys().copied()).collect();
        self.bound(keys.into_iter().collect()).await;
        self.meters.forget(|key| self.wanted.has(key));
        self.mend(At::Device);
        Ok(failures)
    }

    /// Peers that are to stay and are not in use, of whose clients the device still remembers the address.
    fn idle(&mut self, found: &[FoundPeer], now: UnixMs) -> Vec<[u8; 32]> {
        let mut unshaken = HashMap::new();
        let mut idle = Vec::new();
        for peer in found.iter().filter(|peer| peer.activity.has_endpoint && self.wanted.has(&peer.key)) {
            let since = peer.activity.handshake_at.unwrap_or_else(|| {
                let since = self.unshaken.get(&peer.key).copied().unwrap_or(now);
                unshaken.insert(peer.key, since);
                since
            });
            if now - since > IN_USE_MS {
                idle.push(peer.key);
            }
        }
        self.unshaken = unshaken;
        idle.truncate(FORGOTTEN_AT_ONCE);
        idle
    }

    /// Takes idle peers off the device and puts them back: it knows neither where nor when they were used any more. Their
    /// sessions have ended, so that no client notices.
    async fn forget_clients(&self, idle: &[[u8; 32]]) -> Result<Vec<Failure>, AgentError> {
        let gone = idle.iter().map(|key| PeerOp::Remove { key: *key });
        let steps: Vec<PeerOp<'_>> = gone.chain(idle.iter().filter_map(|key| self.wanted.upsert_of(key))).collect();
        apply(&self.device, &steps).await
    }

    /// Has the firewall bound these peers as is right now. Where it can't, they are served without bounds, and the operator
    /// hears of it.
    pub(super) async fn bound(&mut self, keys: Vec<[u8; 32]>) {
        let bound = |key: &[u8; 32]| {
            let (addresses, speed_mbit) = self.wanted.bound(key)?;
            Some(Bound { addresses, speed_mbit, left: self.meters.left(key), carried: self.meters.carried(key) })
        };
        let wanted: Vec<_> = keys.into_iter().map(|key| (key, bound(&key))).collect();
        match self.limits.set(wanted).await {
            Ok(()) => self.mend(At::Rules),
            Err(error) => {
                if self.trouble(At::Rules, error.to_string()) {
                    tracing::error!(%error, "speeds and quotas of single peers are not kept until this is mended");
                }
            }
        }
    }
}

fn is_in_use(activity: &Activity, now: UnixMs) -> bool {
    activity.handshake_at.is_some_and(|at| now - at <= IN_USE_MS)
}

/// A peer that is to go and may still carry is silenced only, true if there is one: what it has carried up to then is read
/// at the next look, and then it goes.
fn silence_first(steps: &mut [PeerOp<'_>], found: &[FoundPeer]) -> bool {
    let mut carrying = None;
    let mut is_any = false;
    for step in steps {
        let PeerOp::Remove { key } = *step else { continue };
        let carrying: &HashSet<[u8; 32]> = carrying.get_or_insert_with(|| {
            found.iter().filter(|peer| !peer.allowed_ips.is_empty()).map(|peer| peer.key).collect()
        });
        if carrying.contains(&key) {
            *step = PeerOp::Silence { key };
            is_any = true;
        }
    }
    is_any
}

async fn apply(device: &Device, steps: &[PeerOp<'_>]) -> Result<Vec<Failure>, AgentError> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let failed = device.apply(steps).await?;
    let failure = |(key, error): ([u8; 32], DeviceError)| Failure {
        public_key: PublicKey::from_bytes(key).map_or_else(|_| hex::encode(key), |key| key.to_string()),
        reason: error.to_string(),
    };
    Ok(failed.into_iter().map(failure).collect())
}

/// So that not all gateways look at the same moment: up to a tenth more.
fn jitter(look: Duration) -> Duration {
    let random = random().map_or(0, |bytes| u32::from(bytes[0]));
    look * random / 2560
}
