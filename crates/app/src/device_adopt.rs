//! Devices of a subscription that serves them no more come back with the next one.

use domain::plan::device_limit;
use domain::time::UnixMs;
use store::{Tx, subscriptions, wireguard_peers};
use uuid::Uuid;

use crate::Result;

/// Gives the devices of a customer's subscriptions that are over, or rest, to a new one, the oldest first, as far as its
/// plan has room. They keep name, address and keys, so that the files on the devices work again. Whoever calls this
/// tells the servers.
pub(crate) async fn device_adopt(tx: &Tx, user: Uuid, into: &subscriptions::Model, now: UnixMs) -> Result<()> {
    let mut resting: Vec<Uuid> = Vec::new();
    for row in subscriptions::all_of_user(tx, user).await? {
        if row.id != into.id && !row.state()?.is_entitled(now) {
            resting.push(row.id);
        }
    }
    let limit = device_limit(into.devices.map(|devices| u32::try_from(devices).unwrap_or(0)));
    let used = wireguard_peers::slots(tx, into.id).await?;
    let mut free = (0..i64::from(limit)).filter(|slot| used.binary_search(slot).is_err());
    for device in wireguard_peers::all_of_user(tx, user).await? {
        if !resting.contains(&device.subscription_id) {
            continue;
        }
        let Some(slot) = free.next() else { return Ok(()) };
        // Its owner may be deleting it at this moment.
        if let Some(mut device) = wireguard_peers::lock(tx, user, device.id).await? {
            device.subscription_id = into.id;
            device.slot = slot;
            device.updated_at = now;
            wireguard_peers::save(tx, device).await?;
        }
    }
    Ok(())
}
