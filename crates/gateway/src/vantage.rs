//! Looking at other gateways as their customers do: a handshake, and a page that is fetched through the tunnel and says from
//! which address it was fetched. The control plane chooses where to look, and makes one verdict of what several have seen.
//!
//! Nothing of it touches the machine's network: the tunnel ends in this process, in sockets of its own.

mod fetch;
mod tunnel;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use api::gateway::{LookAt, Looks, MAX_SIGHTS, Sight, Start, ToLook};
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

    /// Looks at all of them. One that fails counts only if the page comes without a tunnel: or it is this machine that is
    /// cut off.
    async fn round(&self, wanted: &ToLook) -> Vec<Sight> {
        let Ok(page) = Page::parse(&wanted.page) else {
            tracing::warn!(page = wanted.page, "the control plane names a page that can't be fetched");
            return Vec::new();
        };
        let at = &wanted.at[..wanted.at.len().min(MAX_SIGHTS)];
        let seen = join_all(at.iter().map(|at| self.look(at, wanted.v4, &page))).await;
        let is_in_doubt = seen.iter().any(Result::is_err);
        let is_connected = !is_in_doubt || self.control.fetches(&wanted.page).await;
        let sight = |(at, seen): (&LookAt, Result<Duration, Trouble>)| Sight {
            server_id: at.server_id,
            verdict: match seen {
                Ok(_) => "ok",
                Err(_) if is_connected => "fail",
                Err(_) => "unknown",
            }
            .to_owned(),
            latency_us: seen.as_ref().ok().and_then(|took| u64::try_from(took.as_micros()).ok()),
            trouble: seen.err().map(|trouble| trouble.as_str().to_owned()),
        };
        at.iter().zip(seen).map(sight).collect()
    }

    async fn look(&self, at: &LookAt, own: Ipv4Addr, page: &Page) -> Result<Duration, Trouble> {
        let looking = async {
            let key = PublicKey::parse(&at.public_key).map_err(|_| Trouble::Answer)?;
            let endpoint = first_v4(&at.endpoint).await?;
            let host = first_v4(page.authority()).await?;
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

async fn first_v4(endpoint: &str) -> Result<SocketAddrV4, Trouble> {
    let mut found = tokio::net::lookup_host(endpoint).await.map_err(|_| Trouble::Resolve)?;
    let v4 = |address| if let SocketAddr::V4(address) = address { Some(address) } else { None };
    found.find_map(v4).ok_or(Trouble::Resolve)
}

/// What was wrong, as a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// A name has no IPv4 address.
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
    /// This machine has no socket for it.
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
