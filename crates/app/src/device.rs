//! Devices as their owner sees them, and their configuration files.

use domain::time::UnixMs;
use domain::vpn::config::{ConfigFile, Mtu, Routes};
use domain::vpn::dns::Dns;
use domain::vpn::key::{PresharedKey, PrivateKey, PublicKey};
use store::{subscriptions, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::session::Who;
use crate::{App, Error, Result, device_slots, server};

/// A device, with the server that it connects to.
#[derive(Debug, Clone)]
pub struct Device {
    /// The device.
    pub row: wireguard_peers::Model,
    /// Its server, as it is seen.
    pub server: vps_servers::Model,
    /// Its address in the tunnel.
    pub address_v4: std::net::Ipv4Addr,
    /// Its address in the tunnel.
    pub address_v6: std::net::Ipv6Addr,
    /// Whether it is on the network: its subscription is paid, and its plan has room for it.
    pub is_served: bool,
}

/// The user's devices, oldest first.
pub async fn list(app: &App, who: &Who) -> Result<Vec<Device>> {
    of_user(app, who.user.id).await
}

/// An account's devices, oldest first.
pub(crate) async fn of_user(app: &App, user: Uuid) -> Result<Vec<Device>> {
    let now = app.clock.now();
    let rows = wireguard_peers::all_of_user(&app.store, user).await?;
    let servers = server::offer(app).await?;
    let subscriptions = subscriptions::all_of_user(&app.store, user).await?;
    let with_server = |row: wireguard_peers::Model| {
        let server = servers.by_id(row.server_id).cloned();
        let paying = subscriptions.iter().find(|one| one.id == row.subscription_id);
        let is_served = paying.map(|paying| is_served(paying, row.slot, now)).transpose()?.unwrap_or(false);
        let server = server.ok_or_else(|| Error::internal("a device is on a server that is not there"))?;
        assemble(app, row, server, is_served)
    };
    rows.into_iter().map(with_server).collect()
}

/// One of the user's devices; another's is not found.
pub async fn get(app: &App, who: &Who, id: Uuid) -> Result<Device> {
    let row = wireguard_peers::of_user(&app.store, who.user.id, id).await?.ok_or(Error::NotFound)?;
    let server = server::offer(app).await?.by_id(row.server_id).cloned();
    let server = server.ok_or_else(|| Error::internal("a device is on a server that is not there"))?;
    let paying = subscriptions::of_user(&app.store, who.user.id, row.subscription_id).await?;
    let now = app.clock.now();
    let is_served = paying.map(|paying| is_served(&paying, row.slot, now)).transpose()?.unwrap_or(false);
    assemble(app, row, server, is_served)
}

/// Whether a device in this slot is on the network.
pub(crate) fn is_served(paying: &subscriptions::Model, slot: i64, now: UnixMs) -> Result<bool> {
    Ok(paying.state()?.is_entitled(now) && device_slots::has_room(paying, slot) && !paying.quota().is_cut())
}

pub(crate) fn assemble(
    app: &App,
    row: wireguard_peers::Model,
    server: vps_servers::Model,
    is_served: bool,
) -> Result<Device> {
    let (address_v4, address_v6) = addresses(app, &row)?;
    Ok(Device { row, server, address_v4, address_v6, is_served })
}

/// Where a device's pre-shared key is sealed.
pub(crate) fn psk_place(device: Uuid) -> String {
    format!("psk:{device}")
}

/// A device's addresses in the tunnel.
pub(crate) fn addresses(app: &App, row: &wireguard_peers::Model) -> Result<(std::net::Ipv4Addr, std::net::Ipv6Addr)> {
    let found = app.config.pool.addresses(row.address);
    found.ok_or_else(|| Error::internal("a device's address is outside POOL_V4: the pool was made smaller"))
}

/// The key that a device shares with its server.
pub(crate) fn preshared_key(app: &App, row: &wireguard_peers::Model) -> Result<[u8; 32]> {
    let psk = app.sealer.open(&row.preshared_key_sealed, &psk_place(row.id));
    let psk = psk.map_err(|e| Error::Internal(Box::new(e)))?;
    psk.try_into().map_err(|_| Error::internal("a pre-shared key has the wrong length"))
}

/// The device's wg-quick file. The private key is in it only when it is at hand: in the reply that made it.
pub fn config_text(app: &App, device: &Device, private_key: Option<&PrivateKey>) -> Result<String> {
    let server_key = device.server.public_key.as_deref().and_then(|text| PublicKey::parse(text).ok());
    let file = ConfigFile {
        private_key,
        address_v4: device.address_v4,
        address_v6: device.address_v6,
        dns: app.config.resolvers.of(dns_of(&device.row), app.config.pool.gateway()),
        mtu: mtu_of(device.row.mtu),
        server_key: server_key.ok_or_else(|| Error::conflict("server_not_ready", "this server has no key yet"))?,
        preshared_key: &PresharedKey::from_bytes(preshared_key(app, &device.row)?),
        endpoint: device.server.endpoint.clone(),
        routes: routes_of(&device.row.routes),
        title: format!("{} - {} ({})", app.config.brand.name, device.row.name, device.server.name),
    };
    Ok(file.render())
}

/// The choice of resolvers of a device; an unknown word counts as the usual one.
pub fn dns_of(row: &wireguard_peers::Model) -> Dns {
    row.dns.parse().unwrap_or_default()
}

/// Whether a device may choose these resolvers here.
pub(crate) fn offered(app: &App, dns: Dns) -> Result<()> {
    app.config.resolvers.offers(dns).map_err(|error| Error::invalid("dns", error.code(), error.to_string()))
}

fn mtu_of(stored: i64) -> Mtu {
    match stored {
        1380 => Mtu::M1380,
        1280 => Mtu::M1280,
        _ => Mtu::M1420,
    }
}

fn routes_of(stored: &str) -> Routes {
    if stored == "all_but_local" { Routes::AllButLocal } else { Routes::All }
}

pub(crate) fn stored_mtu(mtu: Mtu) -> i64 {
    match mtu {
        Mtu::M1420 => 1420,
        Mtu::M1380 => 1380,
        Mtu::M1280 => 1280,
    }
}

pub(crate) fn stored_routes(routes: Routes) -> &'static str {
    match routes {
        Routes::All => "all",
        Routes::AllButLocal => "all_but_local",
    }
}
