//! Connect: a device gets a slot, an address and a server.
//!
//! The subscription's row is locked while its slots are counted, and the pool's row while an address is taken, always
//! in this order; the unique indexes on slot, address and key have the last word.

use domain::names::DeviceName;
use domain::plan::device_limit;
use domain::time::UnixMs;
use domain::vpn::balancer::Wish;
use domain::vpn::config::{Mtu, Routes};
use domain::vpn::dns::Dns;
use domain::vpn::key::{PrivateKey, PublicKey};
use domain::vpn::pool::{self as rules, Next};
use store::{Tx, pool, subscriptions, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::device::{self, Device, psk_place, stored_mtu, stored_routes};
use crate::idempotency::Scope;
use crate::server::{self, Offer};
use crate::session::Who;
use crate::{App, Error, Result, failpoint};

/// A device to be added, parsed at the door.
#[derive(Debug)]
pub struct NewDevice {
    /// What its owner calls it; numbered if left out.
    pub name: Option<DeviceName>,
    /// Region or server.
    pub wish: Wish,
    /// The client's own key; without one the server makes a pair for this one reply.
    pub public_key: Option<PublicKey>,
    /// MTU.
    pub mtu: Mtu,
    /// What goes through the tunnel.
    pub routes: Routes,
    /// Which resolvers.
    pub dns: Dns,
    /// The request that asks for it, if it has an idempotency key: should it come again after a crash, the device that it
    /// made is found.
    pub request: Option<Scope>,
}

/// A device, its file, and whether the private key in it was made here and exists nowhere else.
#[derive(Debug)]
pub struct Made {
    /// The device.
    pub device: Device,
    /// wg-quick file.
    pub config: String,
    /// Whether the file holds a private key.
    pub holds_key: bool,
}

/// A key pair for a device: the client's public half, or a pair of our own.
pub(crate) struct Keys {
    pub(crate) public: PublicKey,
    pub(crate) private: Option<PrivateKey>,
}

impl Keys {
    pub(crate) fn of(app: &App, given: Option<PublicKey>) -> Keys {
        match given {
            Some(public) => Keys { public, private: None },
            None => {
                let private = PrivateKey::from_random(app.dice.bytes());
                Keys { public: private.public(), private: Some(private) }
            }
        }
    }
}

/// Adds a device to a paid subscription of the user that has a free slot.
pub async fn device_add(app: &App, who: &Who, new: &NewDevice) -> Result<Made> {
    let now = app.clock.now();
    device::offered(app, new.dns)?;
    let keys = Keys::of(app, new.public_key);
    let offer = server::offer(app).await?;
    let row = app.retrying(|| add_once(app, who, new, &offer, keys.public, now)).await?;
    let is_of_now = row.public_key == keys.public.to_string();
    let device = match offer.by_id(row.server_id) {
        Some(server) if is_of_now => device::assemble(app, row, server.clone(), true)?,
        // Made by the same request, before it died without an answer: its key was in that answer and is gone.
        _ => device::get(app, who, row.id).await?,
    };
    let private = keys.private.filter(|_| is_of_now);
    let config = device::config_text(app, &device, private.as_ref())?;
    Ok(Made { device, config, holds_key: private.is_some() })
}

/// The server for a device of a subscription.
fn choose<'a>(
    app: &App,
    offer: &'a Offer,
    wish: &Wish,
    paying: &subscriptions::Model,
) -> Result<&'a vps_servers::Model> {
    let regions = paying.regions.as_deref();
    if let (Wish::Any, Some(region)) = (wish, &paying.region)
        && let Ok(server) = offer.choose(app, Wish::Region(region.clone()), regions)
    {
        return Ok(server);
    }
    // The region chosen at purchase is a preference only: a server elsewhere is better than none.
    offer.choose(app, wish.clone(), regions)
}

async fn add_once(
    app: &App,
    who: &Who,
    new: &NewDevice,
    offer: &Offer,
    key: PublicKey,
    now: UnixMs,
) -> Result<wireguard_peers::Model> {
    let tx = app.store.write_txn().await?;
    if let Some(request) = &new.request
        && let Some(made) = wireguard_peers::by_request(&tx, who.user.id, request).await?
    {
        return Ok(made);
    }
    let (subscription, slot) = free_slot(&tx, who.user.id, now).await?;
    let server = choose(app, offer, &new.wish, &subscription)?;
    let address = take_address(app, &tx, now).await?;
    let id = app.dice.id(now);
    let psk: [u8; 32] = app.dice.bytes();
    let row = wireguard_peers::Model {
        id,
        user_id: who.user.id,
        subscription_id: subscription.id,
        slot,
        server_id: server.id,
        previous_server_id: None,
        moved_at: None,
        name: new.name.as_ref().map_or_else(|| format!("device {}", slot + 1), |name| name.as_str().to_owned()),
        address,
        public_key: key.to_string(),
        preshared_key_sealed: app.sealer.seal(&psk, &psk_place(id), &app.dice),
        mtu: stored_mtu(new.mtu),
        routes: stored_routes(new.routes).to_owned(),
        created_at: now,
        updated_at: now,
        request_hash: new.request.map(|request| request.to_vec()),
        dns: new.dns.as_str().to_owned(),
        told_away_at: None,
    };
    if !wireguard_peers::insert(&tx, &row).await.map_err(key_taken)? {
        return Err(key_in_use());
    }
    failpoint::pass("device.saved");
    tx.commit().await?;
    failpoint::pass("device.committed");
    Ok(row)
}

pub(crate) fn key_taken(error: store::StoreError) -> Error {
    if error.is_duplicate_of("public_key") { key_in_use() } else { error.into() }
}

pub(crate) fn key_in_use() -> Error {
    Error::invalid("public_key", "key_in_use", "this key belongs to a device already; make a new one")
}

/// The first paid subscription with a free slot, and the lowest free slot of it.
async fn free_slot(tx: &Tx, user: Uuid, now: UnixMs) -> Result<(subscriptions::Model, i64)> {
    let mut full = None;
    for (row, used) in subscriptions::lock_open_with_slots(tx, user).await? {
        if !row.state()?.is_entitled(now) {
            continue;
        }
        let limit = limit_of(&row);
        match (0..i64::from(limit)).find(|slot| used.binary_search(slot).is_err()) {
            Some(slot) => return Ok((row, slot)),
            None => full = Some(limit),
        }
    }
    Err(no_slot(full))
}

/// Whether another device fits; if not, the refusal that adding one would get.
pub async fn room(app: &App, who: &Who) -> Result<()> {
    let now = app.clock.now();
    let devices = wireguard_peers::all_of_user(&app.store, who.user.id).await?;
    let mut full = None;
    for row in subscriptions::all_of_user(&app.store, who.user.id).await? {
        if !row.state()?.is_entitled(now) {
            continue;
        }
        let limit = limit_of(&row);
        let used = devices.iter().filter(|device| device.subscription_id == row.id).count();
        if u32::try_from(used).unwrap_or(u32::MAX) < limit {
            return Ok(());
        }
        full = Some(limit);
    }
    Err(no_slot(full))
}

fn limit_of(row: &subscriptions::Model) -> u32 {
    device_limit(row.devices.map(|devices| u32::try_from(devices).unwrap_or(0)))
}

fn no_slot(full: Option<u32>) -> Error {
    match full {
        Some(limit) => Error::conflict(
            "device_limit",
            format!("your plan has room for {limit} device(s), and all are in use; delete one or choose a larger plan"),
        ),
        None => Error::PaymentRequired { code: "no_subscription", detail: "choose a plan first; then add your device" },
    }
}

/// The next address of the pool.
pub(crate) async fn take_address(app: &App, tx: &Tx, now: UnixMs) -> Result<i64> {
    let capacity = app.config.pool.capacity();
    if let Some(index) = pool::raise(tx, rules::marks_with_room(capacity), now - rules::REST_MS).await? {
        return Ok(index);
    }
    let state = pool::lock(tx).await?;
    let exhausted =
        |_| Error::conflict("pool_exhausted", "no address is free right now; nothing was changed, try again later");
    match rules::next(state.oldest_freed, state.high_water, capacity, now).map_err(exhausted)? {
        Next::Reuse(index) => {
            pool::take_freed(tx, index).await?;
            Ok(index)
        }
        Next::Fresh(index) => {
            pool::set_high_water(tx, index).await?;
            Ok(index)
        }
    }
}
