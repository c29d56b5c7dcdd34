//! What can be seen to be wrong with a customer's service.

use domain::help::{self, Fact, Seen, SeenDevice, SeenSubscription};
use store::{peer_counters, wireguard_peers};

use crate::device::Device;
use crate::subscription::View;
use crate::{App, Result, server};

/// What is wrong, what is to be mended first before all else.
pub(crate) fn facts(subscriptions: &[View], devices: Vec<SeenDevice>) -> Result<Vec<Fact>> {
    let subscription = |view: &View| {
        let quota = view.row.quota();
        Ok(SeenSubscription {
            status: view.row.state()?.status,
            is_entitled: view.entitled,
            is_cut: quota.is_cut(),
            is_slowed: quota.is_used_up() && !quota.is_cut(),
        })
    };
    let subscriptions = subscriptions.iter().map(subscription).collect::<Result<_>>()?;
    Ok(help::facts(&Seen { subscriptions, devices }))
}

/// What can be seen of each device.
pub(crate) async fn devices(app: &App, devices: &[Device]) -> Result<Vec<SeenDevice>> {
    let mut seen = Vec::with_capacity(devices.len());
    for device in devices {
        seen.push(SeenDevice {
            server_is_away: server::is_to_be_left(&device.server),
            has_connected: has_connected(app, &device.row).await?,
        });
    }
    Ok(seen)
}

/// Whether anything has come from a device, where it is or where it was before.
async fn has_connected(app: &App, device: &wireguard_peers::Model) -> Result<bool> {
    for server in [Some(device.server_id), device.previous_server_id].into_iter().flatten() {
        let counted = peer_counters::of_keys(&app.store, server, &[&device.public_key]).await?;
        if counted.iter().any(|counter| counter.rx > 0) {
            return Ok(true);
        }
    }
    Ok(false)
}
