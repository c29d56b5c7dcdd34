//! What becomes of a device: changed, re-keyed, moved, deleted.

use domain::names::DeviceName;
use domain::vpn::balancer::Wish;
use domain::vpn::dns::Dns;
use domain::vpn::key::PublicKey;
use store::{peer_counters, pool, subscriptions, wireguard_peers};
use uuid::Uuid;

use crate::device::{self, Device};
use crate::device_add::{Keys, Made, key_taken};
use crate::session::Who;
use crate::{App, Error, Result, device_slots, server, vantage};

/// What is to be different about a device; what is left out stays.
#[derive(Debug, Default)]
pub struct Change {
    /// Its name.
    pub name: Option<DeviceName>,
    /// Its resolvers: they stand in its file, so the owner puts the new file on the device.
    pub dns: Option<Dns>,
}

/// Changes what a device's owner may change of it without a new key or server.
pub async fn change(app: &App, who: &Who, id: Uuid, change: &Change) -> Result<Device> {
    let now = app.clock.now();
    if let Some(dns) = change.dns {
        device::offered(app, dns)?;
    }
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut row = wireguard_peers::lock(&tx, who.user.id, id).await?.ok_or(Error::NotFound)?;
        if let Some(name) = &change.name {
            row.name = name.as_str().to_owned();
        }
        if let Some(dns) = change.dns {
            row.dns = dns.as_str().to_owned();
        }
        row.updated_at = now;
        wireguard_peers::save(&tx, row).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    device::get(app, who, id).await
}

/// Gives a device another key, the client's or one made for this reply. Address, server and pre-shared key stay; the
/// old key is off the network with the server's next peer list.
pub async fn rekey(app: &App, who: &Who, id: Uuid, key: Option<PublicKey>) -> Result<Made> {
    let now = app.clock.now();
    let keys = Keys::of(app, key);
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut row = wireguard_peers::lock(&tx, who.user.id, id).await?.ok_or(Error::NotFound)?;
        let old = std::mem::replace(&mut row.public_key, keys.public.to_string());
        if keys.private.is_none() {
            pool::lock(&tx).await?;
            vantage::refuse_ours(&tx, &row.public_key).await?;
        }
        row.updated_at = now;
        wireguard_peers::save(&tx, row.clone()).await.map_err(key_taken)?;
        peer_counters::remember(&tx, &row, &old, now).await?;
        wireguard_peers::announce(&tx, [(&row, old.as_str()), (&row, row.public_key.as_str())], now).await?;
        tx.commit().await?;
        Ok(())
    })
    .await?;
    let device = device::get(app, who, id).await?;
    let config = device::config_text(app, &device, keys.private.as_ref())?;
    Ok(Made { device, config, holds_key: keys.private.is_some() })
}

/// Moves a device to another server. Address and keys stay, so the customer only changes the endpoint; the old server
/// keeps the peer for the time being.
pub async fn relocate(app: &App, who: &Who, id: Uuid, wish: Wish) -> Result<Made> {
    let now = app.clock.now();
    let offer = server::offer(app).await?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let row = wireguard_peers::lock(&tx, who.user.id, id).await?.ok_or(Error::NotFound)?;
        let plan = subscriptions::of_user(&tx, who.user.id, row.subscription_id).await?;
        let target = offer.choose(app, wish.clone(), plan.and_then(|plan| plan.regions).as_deref())?;
        if row.server_id != target.id {
            wireguard_peers::relocate(&tx, row, target.id, now).await?;
        }
        tx.commit().await?;
        Ok(())
    })
    .await?;
    let device = device::get(app, who, id).await?;
    let config = device::config_text(app, &device, None)?;
    Ok(Made { device, config, holds_key: false })
}

/// Removes a device; its slot is free at once, its address after an hour's rest.
pub async fn delete(app: &App, who: &Who, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let row = wireguard_peers::lock(&tx, who.user.id, id).await?.ok_or(Error::NotFound)?;
        pool::free(&tx, row.address, now).await?;
        wireguard_peers::delete(&tx, &row, now).await?;
        // One that had no room in a smaller plan takes its place.
        if let Some(subscription) = subscriptions::of_user(&tx, who.user.id, row.subscription_id).await? {
            device_slots::settle(&tx, &subscription, now).await?;
        }
        tx.commit().await?;
        Ok(())
    })
    .await
}
