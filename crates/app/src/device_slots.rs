//! Which devices of a subscription its plan has room for: those in the lowest slots.

use domain::plan::device_limit;
use domain::time::UnixMs;
use store::{Tx, subscriptions, wireguard_peers};

use crate::Result;

/// Moves devices that are beyond the plan into slots that are free within it, the oldest first. What is left beyond stays
/// offline until there is room again. The servers of those that are moved are told.
pub(crate) async fn settle(tx: &Tx, row: &subscriptions::Model, now: UnixMs) -> Result<()> {
    let limit = i64::from(device_limit(row.devices.map(|devices| u32::try_from(devices).unwrap_or(0))));
    let mut devices = wireguard_peers::lock_of_subscription(tx, row.id).await?;
    devices.sort_by_key(|device| device.id);
    let used: Vec<i64> = devices.iter().map(|device| device.slot).collect();
    let free = (0..limit).filter(|slot| !used.contains(slot));
    let mut moved = Vec::new();
    for (mut device, slot) in devices.into_iter().filter(|device| device.slot >= limit).zip(free) {
        device.slot = slot;
        device.updated_at = now;
        wireguard_peers::save(tx, device.clone()).await?;
        moved.push(device);
    }
    Ok(wireguard_peers::announce(tx, moved.iter().map(|row| (row, row.public_key.as_str())), now).await?)
}

/// Whether the plan has room for a device in this slot.
pub(crate) fn has_room(row: &subscriptions::Model, slot: i64) -> bool {
    slot < i64::from(device_limit(row.devices.map(|devices| u32::try_from(devices).unwrap_or(0))))
}
