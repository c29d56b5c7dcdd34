//! Servers that are away for long, or that an operator has people leave: the owners of their devices are told, once.

use domain::time::UnixMs;
use domain::vpn::balancer::ServerStatus;
use store::{Tx, gateways, users, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::letter::Letter;
use crate::server::{self, ServerRow};
use crate::{App, Result, mail};

/// How long a server is away before anybody is told: a restart is nobody's concern.
const PATIENCE_MS: i64 = 5 * 60_000;
/// Devices whose owners are told in one transaction; more than one owner can have.
const PAGE: u64 = 200;

/// Tells the owners of devices whose servers are away or to be left, those that were not told yet.
pub async fn tell(app: &App) -> Result<()> {
    let seen = server::offer(app).await?;
    for set in vps_servers::all(&app.store).await? {
        let Some(row) = seen.by_id(set.id) else { continue };
        if !server::is_to_be_left(row) {
            wireguard_peers::forget_told(&app.store, row.id).await?;
        } else if is_for_long(app, &set).await? {
            while app.retrying(|| tell_page(app, row)).await? {}
        }
    }
    app.wake_worker();
    Ok(())
}

/// `set` has the status that an operator has given.
async fn is_for_long(app: &App, set: &ServerRow) -> Result<bool> {
    let since = match set.status() {
        ServerStatus::Draining | ServerStatus::Retired => return Ok(true),
        ServerStatus::Pending => return Ok(false),
        ServerStatus::Down => set.updated_at,
        ServerStatus::Up | ServerStatus::Degraded => {
            let gateway = gateways::of_server(&app.store, set.id).await?;
            gateway.map_or(UnixMs::MAX, |gateway| gateway.reported_at.unwrap_or(gateway.enrolled_at))
        }
    };
    Ok(app.clock.now().saturating_sub(since) >= PATIENCE_MS)
}

/// Tells some owners; false if there were none.
async fn tell_page(app: &App, server: &ServerRow) -> Result<bool> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut devices = wireguard_peers::lock_untold(&tx, server.id, PAGE).await?;
    // The last owner of a full page may have more devices: they come with the next page.
    let last = devices.last().map(|device| device.user_id);
    if u64::try_from(devices.len()).is_ok_and(|count| count == PAGE) {
        devices.retain(|device| Some(device.user_id) != last);
    }
    for devices in devices.chunk_by(|one, next| one.user_id == next.user_id) {
        tell_owner(app, &tx, server, devices, now).await?;
    }
    let ids: Vec<Uuid> = devices.iter().map(|device| device.id).collect();
    wireguard_peers::told_away(&tx, &ids, now).await?;
    tx.commit().await?;
    Ok(!ids.is_empty())
}

async fn tell_owner(
    app: &App,
    tx: &Tx,
    server: &ServerRow,
    devices: &[wireguard_peers::Model],
    now: UnixMs,
) -> Result<()> {
    let Some(user) = users::by_id(tx, devices[0].user_id).await? else { return Ok(()) };
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    let letter = Letter::ServerAway {
        devices: names.join(", "),
        server: server.name.clone(),
        link: app.config.link("/dashboard"),
    };
    mail::write(app, tx, &user.email, user.language(), &letter, now).await
}
