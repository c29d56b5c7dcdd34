//! Looking at other gateways as their customers do: a handshake, and a page that is fetched through the tunnel and says from
//! which address it was fetched. The control plane chooses where to look, and makes one verdict of what several have seen.
//!
//! Nothing of it touches the machine's network: the tunnel ends in this process, in sockets of its own.

mod fetch;
mod tunnel;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use api::gateway::{LookAt, Looks, MAX_SIGHTS, Sight, Start, ToLook};
use domain::monitor::verdict::Verdict;
use domain::vpn::key::{PrivateKey, PublicKey};
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use self::fetch::Page;
use self::tunnel::Tunnel;
use crate::control::Control;
use crate::enrol::{EnrolError, random};
use crate::talk::Shown;

/// How long a look may take: two tries of a handshake, which WireGuard repeats after five seconds.
const PATIENCE: Duration = Duration::from_secs(11);

/// Looks at others until it is dropped.
pub(crate) struct Vantage(JoinHandle<()>);

impl Drop for Vantage {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Vantage {
    /// Whether it has ended, which it never should.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.is_finished()
    }

    /// Begins: a round every `every`, the first at once.
    pub(crate) fn begin(
        control: Control,
        credential: Shown,
        start: Start,
        every: Duration,
    ) -> Result<Vantage, EnrolError> {
        let looker = Looker { control, credential, start, key: PrivateKey::from_random(random()?) };
        Ok(Vantage(tokio::spawn(looker.run(every))))
    }
}

struct Looker {
    control: Control,
    credential: Shown,
    start: Start,
    key: PrivateKey,
}

impl Looker {
    async fn run(self, every: Duration) {
        let mut rounds = tokio::time::interval(every);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next: Option<ToLook> = None;
        loop {
            rounds.tick().await;
            let sights = match &next {
                Some(wanted) => self.round(wanted).await,
                None => Vec::new(),
            };
            let looks = Looks { start: self.start.clone(), public_key: self.key.public().to_string(), sights };
            match self.control.look(&self.credential.get(), &looks).await {
                Ok(wanted) => next = Some(wanted),
                // What was seen is old by the time that the control plane is back. That it is away is noted elsewhere.
                Err(error) => tracing::debug!(%error, "what was seen of other gateways was not taken"),
            }
        }
    }

    /// Looks at all of them, and once more at those that fail while the page comes without a tunnel: it may have been the
    /// page that was away. Where it does not come, this machine is cut off, and what failed is unknown.
    async fn round(&self, wanted: &ToLook) -> Vec<Sight> {
        let Ok(page) = Page::parse(&wanted.page) else {
            tracing::warn!(page = wanted.page, "the control plane names a page that can't be fetched");
            return Vec::new();
        };
        let at = &wanted.at[..wanted.at.len().min(MAX_SIGHTS)];
        let mut seen = join_all(at.iter().map(|at| self.look(at, wanted.v4, &page))).await;
        let is_in_doubt = seen.iter().any(Result::is_err);
        let is_connected = !is_in_doubt || fetch::comes(&wanted.page).await;
        if is_in_doubt && is_connected {
            let again = at.iter().zip(&mut seen).filter(|(_, seen)| seen.is_err());
            join_all(again.map(async |(at, seen)| *seen = self.look(at, wanted.v4, &page).await)).await;
        }
        at.iter().zip(seen).map(|(at, seen)| sight(at, seen, is_connected)).collect()
    }

    async fn look(&self, at: &LookAt, own: Ipv4Addr, page: &Page) -> Result<Duration, Trouble> {
        let looking = async {
            let key = PublicKey::parse(&at.public_key).map_err(|_| Trouble::Answer)?;
            // Whoever can't resolve the site's own name says nothing of others' names.
            let host = first_v4(page.authority()).await.map_err(|_| Trouble::Here)?;
            let endpoint = first_v4(&at.endpoint).await?;
            let tunnel = Tunnel::open(&self.key, own, &key, endpoint).await?;
            // A handshake is part of it, since nothing goes before it.
            let began = Instant::now();
            let said = page.fetch(tunnel.connect(host)).await?;
            let seen: IpAddr = said.trim().parse().map_err(|_| Trouble::Answer)?;
            let is_its = seen == IpAddr::V4(*endpoint.ip()) || Some(seen) == at.egress;
            if is_its { Ok(began.elapsed()) } else { Err(Trouble::Egress) }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap_or(Err(Trouble::Timeout))
    }
}

/// What a look says of the other, from one who is connected or not.
fn sight(at: &LookAt, seen: Result<Duration, Trouble>, is_connected: bool) -> Sight {
    let verdict = match seen {
        Ok(_) => Verdict::Ok,
        Err(Trouble::Here) => Verdict::Unknown,
        // Nobody knows where its traffic should come from.
        Err(Trouble::Egress) if at.egress.is_none() => Verdict::Unknown,
        Err(_) if is_connected => Verdict::Fail,
        Err(_) => Verdict::Unknown,
    };
    Sight {
        server_id: at.server_id,
        verdict: verdict.as_str().to_owned(),
        latency_us: seen.as_ref().ok().and_then(|took| u64::try_from(took.as_micros()).ok()),
        trouble: seen.err().map(|trouble| trouble.as_str().to_owned()),
    }
}

async fn first_v4(endpoint: &str) -> Result<SocketAddrV4, Trouble> {
    let mut found = tokio::net::lookup_host(endpoint).await.map_err(|_| Trouble::Resolve)?;
    let v4 = |address| if let SocketAddr::V4(address) = address { Some(address) } else { None };
    found.find_map(v4).ok_or(Trouble::Resolve)
}

/// What was wrong, as a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The endpoint's name has no IPv4 address.
    Resolve,
    /// Nothing came back in time: no handshake, or nothing behind it.
    Timeout,
    /// The connection through the tunnel broke off.
    Broken,
    /// No secure connection came about through the tunnel.
    Tls,
    /// What came is no address.
    Answer,
    /// The page was fetched from another address than the server's.
    Egress,
    /// This machine has no socket for it, or no way to the site's name.
    Here,
}

impl Trouble {
    fn as_str(self) -> &'static str {
        match self {
            Trouble::Resolve => "resolve",
            Trouble::Timeout => "timeout",
            Trouble::Broken => "broken",
            Trouble::Tls => "tls",
            Trouble::Answer => "answer",
            Trouble::Egress => "egress",
            Trouble::Here => "here",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_way_of_their_own_accuses_nobody() {
        let at = |egress| LookAt {
            server_id: uuid::Uuid::nil(),
            endpoint: "192.0.2.1:51820".to_owned(),
            public_key: String::new(),
            egress,
        };
        let known = Some(IpAddr::from([198, 51, 100, 7]));
        let took = Duration::from_millis(20);
        for (egress, seen, is_connected, verdict) in [
            (known, Ok(took), true, "ok"),
            (None, Ok(took), true, "ok"),
            (known, Err(Trouble::Timeout), true, "fail"),
            (known, Err(Trouble::Timeout), false, "unknown"),
            (known, Err(Trouble::Resolve), true, "fail"),
            (known, Err(Trouble::Egress), true, "fail"),
            (None, Err(Trouble::Egress), true, "unknown"),
            (known, Err(Trouble::Here), true, "unknown"),
        ] {
            let sight = sight(&at(egress), seen, is_connected);
            assert_eq!(sight.verdict, verdict, "{egress:?} {seen:?} {is_connected}");
            assert_eq!(sight.latency_us.is_some(), seen.is_ok());
        }
    }
}
