//! VPN servers as customers see them, and the choice of one. How a server is comes from its gateway's reports, if it has
//! one: what it says of its load, and that it says anything at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::plan::has_region;
use domain::time::UnixMs;
use domain::vpn::balancer::{self, Candidate, ChooseError, ServerStatus, Wish};
use store::{gateways, subscriptions, vps_servers};
use uuid::Uuid;

use crate::gateway::Gateway;
use crate::session::Who;
use crate::{App, Error, Result};

/// A server, as `store` keeps it.
pub use store::vps_servers::Model as ServerRow;

/// How long what another process changed may be unseen here, and everybody's devices and reports. What this process changes of
/// a server it sees at once.
const FRESH_MS: i64 = 1_000;

/// The servers as last read: a list for all requests of a second.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Option<Seen>>);

#[derive(Debug, Clone)]
struct Seen {
    at: UnixMs,
    changes: u64,
    all: Arc<[ServerRow]>,
    shown: Arc<[ServerRow]>,
}

async fn seen(app: &App) -> Result<Seen> {
    let (now, changes) = (app.clock.now(), app.store.server_changes());
    let known = app.servers.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(known) = known
        && known.changes == changes
        && (0..FRESH_MS).contains(&(now - known.at))
    {
        return Ok(known);
    }
    let mut all = vps_servers::all(&app.store).await?;
    let gateways: HashMap<Uuid, Gateway> =
        gateways::all(&app.store).await?.into_iter().map(|gateway| (gateway.server_id, gateway)).collect();
    for row in &mut all {
        if let Some(gateway) = gateways.get(&row.id) {
            see(row, gateway, now);
        }
    }
    let shown = all.iter().filter(|row| row.status().is_shown()).cloned().collect();
    let seen = Seen { at: now, changes, all: all.into(), shown };
    *app.servers.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen.clone());
    Ok(seen)
}

/// Sets the status and the load of a row to what its gateway lets us see.
pub(crate) fn see(row: &mut ServerRow, gateway: &Gateway, now: UnixMs) {
    let rate = gateway.rx_rate.max(gateway.tx_rate);
    row.load = Some(balancer::measured_load(rate, row.bandwidth_mbit, gateway.cpu));
    let silent = now - gateway.reported_at.unwrap_or(gateway.enrolled_at);
    let load = candidate(row).effective_load();
    balancer::seen_status(row.status(), silent, load).as_str().clone_into(&mut row.status);
}

/// The servers that customers are shown, by region and name: all that have been in service and are not retired. All
/// requests of a second share one list.
pub async fn list(app: &App) -> Result<Arc<[ServerRow]>> {
    Ok(seen(app).await?.shown)
}

/// All servers, as they are seen, those too that are gone for good.
pub(crate) async fn all(app: &App) -> Result<Arc<[ServerRow]>> {
    Ok(seen(app).await?.all)
}

/// How full a server is, 0..1: what it measures, or its devices against its capacity, whichever is more.
pub fn load(row: &ServerRow) -> f64 {
    candidate(row).effective_load()
}

fn candidate(row: &ServerRow) -> Candidate {
    Candidate {
        id: row.id,
        region: row.region.clone(),
        status: row.status(),
        load: row.load.unwrap_or(0.0),
        peers: u32::try_from(row.peers).unwrap_or(u32::MAX),
        capacity: u32::try_from(row.capacity).unwrap_or(0),
    }
}

/// The servers to choose among, as last read.
pub(crate) struct Offer(Arc<[ServerRow]>);

/// Reads the servers to choose among, or has read them within the second. Not under a transaction: those who hold a
/// connection must not wait for another.
pub(crate) async fn offer(app: &App) -> Result<Offer> {
    Ok(Offer(seen(app).await?.all))
}

impl Offer {
    /// The server that the balancer picks for a wish, in the regions that a plan has.
    pub(crate) fn choose(&self, app: &App, wish: Wish, regions: Option<&str>) -> Result<&ServerRow> {
        let wished = match &wish {
            Wish::Any => None,
            Wish::Region(region) => Some(region.as_str()),
            Wish::Server(id) => self.by_id(*id).map(|row| row.region.as_str()),
        };
        if let Some(all) = regions.filter(|_| wished.is_some_and(|wished| !has_region(regions, wished))) {
            let words = format!("your plan has servers in: {}", all.replace(',', ", "));
            return Err(Error::conflict("region_not_in_plan", words));
        }
        let usable = self.0.iter().filter(|row| row.public_key.is_some() && has_region(regions, &row.region));
        let candidates: Vec<Candidate> = usable.map(candidate).collect();
        let id = balancer::choose(&candidates, wish, (app.dice.number(), app.dice.number())).map_err(refused)?;
        self.by_id(id).ok_or(Error::NotFound)
    }

    /// A server of the list.
    pub(crate) fn by_id(&self, id: Uuid) -> Option<&ServerRow> {
        self.0.iter().find(|row| row.id == id)
    }
}

/// Whether a server, as it is seen, serves nobody or is to be left: its devices should move.
pub fn is_to_be_left(row: &ServerRow) -> bool {
    !matches!(row.status(), ServerStatus::Up | ServerStatus::Degraded)
}

/// The server that the balancer picks for a customer's wish, in the regions that the customer's subscription has.
pub async fn choose(app: &App, who: &Who, wish: Wish) -> Result<ServerRow> {
    let now = app.clock.now();
    let mut regions = None;
    for row in subscriptions::all_of_user(&app.store, who.user.id).await? {
        if row.state()?.is_entitled(now) {
            regions = row.regions;
        }
    }
    offer(app).await?.choose(app, wish, regions.as_deref()).cloned()
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
