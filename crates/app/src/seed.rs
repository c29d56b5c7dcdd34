//! The first rows of a new database.

use domain::vpn::balancer::ServerStatus;
use domain::vpn::key::PrivateKey;
use store::{plans, vps_servers};

use crate::{App, Result};

const GB: i64 = 1_000_000_000;

/// The plans at first start; an operator edits them afterwards, and they are never written again.
pub async fn plans(app: &App) -> Result<()> {
    let now = app.clock.now();
    let plan = |code: &str, name: &str, price_cents, devices, quota_gb: Option<i64>, position| plans::Model {
        code: code.to_owned(),
        name: name.to_owned(),
        price_cents,
        currency: "usd".to_owned(),
        period: "month".to_owned(),
        devices,
        quota_bytes: quota_gb.map(|gb| gb * GB),
        speed_mbit: None,
        slow_mbit: None,
        stripe_price_id: None,
        position,
        updated_at: now,
        trial_days: 0,
        is_listed: true,
        regions: None,
    };
    let rows = vec![
        plan("basic", "Basic", 599, Some(1), Some(200), 1),
        plan("premium", "Premium", 999, Some(5), Some(1000), 2),
        plan("vip", "VIP", 1999, None, None, 3),
    ];
    let tx = app.store.write_txn().await?;
    plans::insert_if_empty(&tx, rows).await?;
    tx.commit().await?;
    Ok(())
}

/// The names of [`demo_servers`].
pub const DEMO_SERVERS: [&str; 3] = ["osaka-1", "paris-1", "dallas-1"];

/// Three servers to look at, if there are none; for `mirai dev`. Their endpoints are documentation addresses.
pub async fn demo_servers(app: &App) -> Result<()> {
    if !vps_servers::all(&app.store).await?.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    let places = [
        ("jp", "JP", "Osaka", "203.0.113.10:51820", 0.21, 8),
        ("eu", "FR", "Paris", "203.0.113.20:51820", 0.34, 21),
        ("us", "US", "Dallas", "203.0.113.30:51820", 0.12, 95),
    ];
    let tx = app.store.write_txn().await?;
    for (name, (region, country, city, endpoint, load, ping_ms)) in DEMO_SERVERS.into_iter().zip(places) {
        let row = vps_servers::Model {
            id: app.dice.id(now),
            name: name.to_owned(),
            region: region.to_owned(),
            country: country.to_owned(),
            city: city.to_owned(),
            endpoint: endpoint.to_owned(),
            public_key: Some(PrivateKey::from_random(app.dice.bytes()).public().to_string()),
            status: ServerStatus::Up.as_str().to_owned(),
            capacity: 1000,
            load: Some(load),
            ping_ms: Some(ping_ms),
            enrol_token_hash: None,
            enrol_until: None,
            revision: 0,
            created_at: now,
            updated_at: now,
            peers: 0,
            bandwidth_mbit: 1000,
        };
        vps_servers::insert(&tx, &row).await?;
    }
    tx.commit().await?;
    Ok(())
}
