//! VPN servers as customers see them, and the choice of one.

use domain::vpn::balancer::{self, Candidate, ChooseError, ServerStatus, Wish};
use store::vps_servers;
use uuid::Uuid;

use crate::{App, Error, Result};

/// A server, as `store` keeps it; alone, and with the number of its devices.
pub use store::vps_servers::{Model as ServerRow, WithPeers};

/// The servers that customers are shown: all that have been in service and are not retired.
pub async fn list(app: &App) -> Result<Vec<WithPeers>> {
    let all = vps_servers::all_with_peers(&app.store).await?;
    let shown = |s: &WithPeers| !matches!(s.server.status(), ServerStatus::Pending | ServerStatus::Retired);
    Ok(all.into_iter().filter(shown).collect())
}

/// How full a server is, 0..1: what it measures, or its devices against its capacity, whichever is more.
pub fn load(row: &WithPeers) -> f64 {
    candidate(row).effective_load()
}

fn candidate(row: &WithPeers) -> Candidate {
    Candidate {
        id: row.server.id,
        region: row.server.region.clone(),
        status: row.server.status(),
        load: row.server.load.unwrap_or(0.0),
        peers: u32::try_from(row.peers).unwrap_or(u32::MAX),
        capacity: u32::try_from(row.server.capacity).unwrap_or(0),
    }
}

/// The server that the balancer picks for a wish.
pub async fn choose(app: &App, wish: Wish) -> Result<vps_servers::Model> {
    let rows = vps_servers::all_with_peers(&app.store).await?;
    let candidates: Vec<Candidate> = rows.iter().filter(|row| row.server.public_key.is_some()).map(candidate).collect();
    let id: Uuid = balancer::choose(&candidates, wish, (app.dice.number(), app.dice.number())).map_err(refused)?;
    rows.into_iter().map(|row| row.server).find(|server| server.id == id).ok_or(Error::NotFound)
}

fn refused(error: ChooseError) -> Error {
    match error {
        ChooseError::UnknownServer => Error::invalid("server_id", "server_unknown", "there is no such server"),
        ChooseError::NoServerInRegion => {
            Error::invalid("region", "region_unknown", "there is no server in this region; see /vps/status")
        }
        ChooseError::ServerNotFree => {
            Error::conflict("server_not_free", "this server takes no new devices right now; choose another")
        }
        ChooseError::NoServerFree => {
            Error::conflict("no_server_free", "no server has room right now; nothing was changed, try again later")
        }
    }
}
