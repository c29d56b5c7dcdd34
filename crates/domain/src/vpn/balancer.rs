//! Which server a device connects to.

use std::str::FromStr;

use uuid::Uuid;

/// Where a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerStatus {
    /// Registered; its gateway has not enrolled yet.
    Pending,
    /// In service.
    Up,
    /// In service and nearly full: the last to be chosen. Seen, never set.
    Degraded,
    /// Serves those that it has, takes no new ones.
    Draining,
    /// Out of service for now.
    Down,
    /// Gone for good.
    Retired,
}

impl ServerStatus {
    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ServerStatus::Pending => "pending",
            ServerStatus::Up => "up",
            ServerStatus::Degraded => "degraded",
            ServerStatus::Draining => "draining",
            ServerStatus::Down => "down",
            ServerStatus::Retired => "retired",
        }
    }

    /// Whether customers are told of a server in this status.
    pub fn is_shown(self) -> bool {
        !matches!(self, ServerStatus::Pending | ServerStatus::Retired)
    }
}

/// Why a word is no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerStatusError {
    /// Another word.
    #[error("a server's status is one of: pending, up, draining, down, retired")]
    Unknown,
}

impl ServerStatusError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        "server_status_unknown"
    }
}

impl FromStr for ServerStatus {
    type Err = ServerStatusError;

    fn from_str(word: &str) -> Result<ServerStatus, ServerStatusError> {
        match word {
            "pending" => Ok(ServerStatus::Pending),
            "up" => Ok(ServerStatus::Up),
            "degraded" => Ok(ServerStatus::Degraded),
            "draining" => Ok(ServerStatus::Draining),
            "down" => Ok(ServerStatus::Down),
            "retired" => Ok(ServerStatus::Retired),
            _ => Err(ServerStatusError::Unknown),
        }
    }
}

/// A server as the balancer sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: Uuid,
    /// Its region, `jp`.
    pub region: String,
    /// Where it stands.
    pub status: ServerStatus,
    /// How busy it measures itself to be, 0..1; 0 if not measured.
    pub load: f64,
    /// Devices on it.
    pub peers: u32,
    /// Devices that it is meant for.
    pub capacity: u32,
}

impl Candidate {
    /// How full it is, 0..1: what it measures, or its devices against its capacity, whichever is more.
    pub fn effective_load(&self) -> f64 {
        let share = if self.capacity == 0 { 1.0 } else { f64::from(self.peers) / f64::from(self.capacity) };
        // `max` passes over a load that is not a number.
        self.load.max(share).min(1.0)
    }

    fn is_free(&self) -> bool {
        matches!(self.status, ServerStatus::Up | ServerStatus::Degraded) && self.effective_load() < 1.0
    }
}

/// A gateway that is silent this long is down: three of its reports are missing.
pub const SILENCE_MS: i64 = 15_000;
/// From this load on a server is nearly full.
pub const SOFT_CAP: f64 = 0.8;

/// The most that a gateway measures of itself: a moment's rush makes it the last choice, not a closed door.
const MOST_MEASURED: f64 = 0.99;

/// How busy a gateway is, 0..1: its traffic (bytes a second, the busier way) against what it is meant for, or its
/// processors (0..1), whichever is more; never quite full, since that is what devices make it.
pub fn measured_load(rate: i64, bandwidth_mbit: i64, cpu: f64) -> f64 {
    // Exact far beyond any traffic there is.
    #[expect(clippy::cast_precision_loss, reason = "a share to compare")]
    let traffic = rate as f64 * 8.0 / (bandwidth_mbit.max(1) as f64 * 1e6);
    traffic.max(cpu).clamp(0.0, MOST_MEASURED)
}

/// What is seen of a server that was set to a status, whose gateway has been silent for so long, and that is so full.
pub fn seen_status(set: ServerStatus, silent_ms: i64, load: f64) -> ServerStatus {
    match set {
        ServerStatus::Up | ServerStatus::Draining if silent_ms >= SILENCE_MS => ServerStatus::Down,
        ServerStatus::Up if load >= SOFT_CAP => ServerStatus::Degraded,
        _ => set,
    }
}

/// What a customer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Whatever is best.
    Any,
    /// A server in this region.
    Region(String),
    /// This very server.
    Server(Uuid),
}

/// Why there is no server for a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// The region has none at all.
    #[error("there is no server in this region")]
    NoServerInRegion,
    /// There are some, and none is up with room.
    #[error("no server has room right now")]
    NoServerFree,
    /// The named one is not up, or full.
    #[error("this server takes no new devices right now")]
    ServerNotFree,
    /// The named one does not exist (or not yet, or no longer).
    #[error("there is no such server")]
    UnknownServer,
}

impl ChooseError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            ChooseError::NoServerInRegion => "region_unknown",
            ChooseError::NoServerFree => "no_server_free",
            ChooseError::ServerNotFree => "server_not_free",
            ChooseError::UnknownServer => "server_unknown",
        }
    }
}

/// Chooses a server that is up and has room.
///
/// Among several, two are drawn with the dice and the less loaded one is taken: nearly as even as always taking the least
/// loaded one, without the rush of everybody to one server between two reports of load. The same candidates in the same
/// order and the same dice give the same answer.
pub fn choose(candidates: &[Candidate], wish: Wish, dice: (u64, u64)) -> Result<Uuid, ChooseError> {
    let region = match &wish {
        Wish::Server(id) => {
            let known = candidates.iter().find(|server| server.id == *id && server.status.is_shown());
            let server = known.ok_or(ChooseError::UnknownServer)?;
            return if server.is_free() { Ok(server.id) } else { Err(ChooseError::ServerNotFree) };
        }
        Wish::Region(region) => Some(region.as_str()),
        Wish::Any => None,
    };
    let fits = |server: &&Candidate| region.is_none_or(|region| server.region == region);
    if region.is_some() && !candidates.iter().any(|server| server.status.is_shown() && fits(&server)) {
        return Err(ChooseError::NoServerInRegion);
    }
    let free: Vec<&Candidate> = candidates.iter().filter(fits).filter(|server| server.is_free()).collect();
    draw(&free, dice).map(|server| server.id).ok_or(ChooseError::NoServerFree)
}

/// The less loaded of two different ones; the first at a tie.
fn draw<'a>(free: &[&'a Candidate], dice: (u64, u64)) -> Option<&'a Candidate> {
    let count = free.len() as u64;
    let at = |index: u64| free.get(usize::try_from(index).unwrap_or(0)).copied();
    let first = dice.0.checked_rem(count)?;
    let Some(second) = dice.1.checked_rem(count - 1) else { return at(first) };
    let second = if second >= first { second + 1 } else { second };
    let (first, second) = (at(first)?, at(second)?);
    Some(if second.effective_load() < first.effective_load() { second } else { first })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn server(id: u128, region: &str, status: ServerStatus, load: f64, peers: u32) -> Candidate {
        Candidate { id: Uuid::from_u128(id), region: region.to_owned(), status, load, peers, capacity: 100 }
    }

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn wishes() {
        use ServerStatus::{Down, Draining, Pending, Retired, Up};
        let servers = [
            server(1, "jp", Up, 0.5, 0),
            server(2, "jp", Up, 0.1, 0),
            server(3, "jp", Draining, 0.0, 0),
            server(4, "fr", Up, 0.0, 100),
            server(5, "fr", Down, 0.0, 0),
            server(6, "us", Retired, 0.0, 0),
            server(7, "de", Pending, 0.0, 0),
            server(8, "es", Up, 1.0, 0),
        ];
        let region = |name: &str| Wish::Region(name.to_owned());
        let table = [
            (Wish::Any, Ok(id(2))),
            (region("jp"), Ok(id(2))),
            (region("fr"), Err(ChooseError::NoServerFree)),
            (region("es"), Err(ChooseError::NoServerFree)),
            (region("us"), Err(ChooseError::NoServerInRegion)),
            (region("de"), Err(ChooseError::NoServerInRegion)),
            (region("JP"), Err(ChooseError::NoServerInRegion)),
            (Wish::Server(id(1)), Ok(id(1))),
            (Wish::Server(id(3)), Err(ChooseError::ServerNotFree)),
            (Wish::Server(id(4)), Err(ChooseError::ServerNotFree)),
            (Wish::Server(id(5)), Err(ChooseError::ServerNotFree)),
            (Wish::Server(id(6)), Err(ChooseError::UnknownServer)),
            (Wish::Server(id(7)), Err(ChooseError::UnknownServer)),
            (Wish::Server(id(9)), Err(ChooseError::UnknownServer)),
        ];
        for (wish, expected) in table {
            assert_eq!(choose(&servers, wish.clone(), (0, 0)), expected, "{wish:?}");
        }
        assert_eq!(choose(&[], Wish::Any, (0, 0)), Err(ChooseError::NoServerFree));
    }

    #[test]
    fn a_silent_gateway_is_down_and_a_busy_one_degraded() {
        use ServerStatus::{Degraded, Down, Draining, Retired, Up};
        for (set, silent, load, seen) in [
            (Up, 0, 0.1, Up),
            (Up, 14_999, 0.79, Up),
            (Up, 0, 0.8, Degraded),
            (Up, 15_000, 0.9, Down),
            (Draining, 0, 0.9, Draining),
            (Draining, 15_000, 0.0, Down),
            (Down, 0, 0.0, Down),
            (Retired, 99_999, 0.0, Retired),
        ] {
            assert_eq!(seen_status(set, silent, load), seen, "{set:?} {silent} {load}");
        }
        let load = measured_load(62_500_000, 1_000, 0.2);
        assert!((load - 0.5).abs() < 1e-9, "{load}");
        assert!((measured_load(1, 0, f64::NAN) - 8e-6).abs() < 1e-9);
        assert!((measured_load(i64::MAX, 1, 1.0) - 0.99).abs() < 1e-9);
    }

    #[test]
    fn the_status_word_is_read_back() {
        use ServerStatus::{Degraded, Down, Draining, Pending, Retired, Up};
        for status in [Pending, Up, Degraded, Draining, Down, Retired] {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("UP".parse::<ServerStatus>(), Err(ServerStatusError::Unknown));
    }

    #[test]
    fn load_is_the_worse_of_measured_and_counted() {
        let table =
            [(0.2, 10, 0.2), (0.2, 50, 0.5), (f64::NAN, 50, 0.5), (-1.0, 0, 0.0), (7.0, 0, 1.0), (0.0, 300, 1.0)];
        for (load, peers, expected) in table {
            let found = server(1, "jp", ServerStatus::Up, load, peers).effective_load();
            assert!((found - expected).abs() < 1e-9, "{load} {peers}: {found}");
        }
        let none = Candidate { capacity: 0, ..server(1, "jp", ServerStatus::Up, 0.0, 0) };
        assert_eq!(choose(&[none], Wish::Any, (3, 4)), Err(ChooseError::NoServerFree));
    }

    #[test]
    fn the_least_loaded_gets_most_and_the_most_loaded_none() {
        let servers: Vec<Candidate> =
            (0_u32..5).map(|n| server(n.into(), "jp", ServerStatus::Up, f64::from(n) / 10.0, 0)).collect();
        let mut count = [0; 5];
        for first in 0..100_u64 {
            for second in 0..100_u64 {
                let chosen = choose(&servers, Wish::Any, (first, second)).unwrap();
                count[usize::try_from(chosen.as_u128()).unwrap()] += 1;
            }
        }
        assert_eq!(count, [4000, 3000, 2000, 1000, 0]);
    }

    fn any_server() -> impl Strategy<Value = Candidate> {
        use ServerStatus::{Down, Draining, Pending, Retired, Up};
        let status = prop::sample::select(vec![Up, Up, Up, Pending, Draining, Down, Retired]);
        (any::<u128>(), "(jp|fr)", status, -0.1_f64..1.2, 0_u32..120, prop::sample::select(vec![0_u32, 50, 100]))
            .prop_map(|(id, region, status, load, peers, capacity)| Candidate {
                id: Uuid::from_u128(id),
                region,
                status,
                load,
                peers,
                capacity,
            })
    }

    proptest! {
        #[test]
        fn never_a_full_or_absent_server(
            servers in proptest::collection::vec(any_server(), 0..12),
            dice: (u64, u64),
            in_jp: bool,
        ) {
            let wish = if in_jp { Wish::Region("jp".to_owned()) } else { Wish::Any };
            let free = |s: &&Candidate| s.status == ServerStatus::Up && s.peers < s.capacity && s.load < 1.0;
            let here = |s: &&Candidate| !in_jp || s.region == "jp";
            match choose(&servers, wish.clone(), dice) {
                Ok(chosen) => {
                    prop_assert!(servers.iter().filter(free).filter(here).any(|s| s.id == chosen));
                    prop_assert_eq!(choose(&servers, wish, dice), Ok(chosen));
                }
                Err(_) => prop_assert_eq!(servers.iter().filter(free).filter(here).count(), 0),
            }
        }
    }
}
