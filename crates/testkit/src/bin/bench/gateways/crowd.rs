//! A server with many customers' devices.

use anyhow::Context as _;
use app::device_add::{NewDevice, device_add};
use app::session::{self, Who};
use app::{App, Clock};
use domain::plan::FAIR_USE_DEVICES;
use domain::vpn::balancer::Wish;
use domain::vpn::config::{Mtu, Routes};
use domain::vpn::dns::Dns;
use domain::vpn::key::PrivateKey;
use testkit::app::server_to_enrol;
use testkit::caller::TestUser;
use testkit::netns::GATEWAY;
use uuid::Uuid;

use super::PORT;

/// Adds a server to enrol a gateway for: its id, and the token.
pub(super) async fn server(app: &App) -> anyhow::Result<(Uuid, String)> {
    let token = server_to_enrol(app, &format!("{GATEWAY}:{PORT}"), 100_000).await?;
    let all = store::vps_servers::all(&app.store).await?;
    let server = all.into_iter().find(|server| server.name == "here-1").context("no server")?;
    Ok((server.id, token))
}

/// Gives the server so many devices, of customers like this one.
pub(super) async fn fill(app: &App, like: &TestUser, server: Uuid, count: u32) -> anyhow::Result<()> {
    let who = session::by_access_token(app, &like.token, Clock::System.now()).await?;
    let account = store::users::by_id(&app.store, like.id).await?.context("no account")?;
    let paying = store::subscriptions::all_of_user(&app.store, like.id).await?.pop().context("no subscription")?;
    let mut left = count;
    while left > 0 {
        let now = Clock::System.now();
        let (user, subscription) = (app.dice.id(now), app.dice.id(now));
        let row = store::users::Model {
            id: user,
            email: format!("{user}@example.net"),
            email_canonical: format!("{user}@example.net"),
            referral_code: user.simple().to_string(),
            stripe_customer_id: None,
            ..account.clone()
        };
        let pays = store::subscriptions::Model {
            id: subscription,
            user_id: user,
            stripe_subscription_id: format!("sub_{}", subscription.simple()),
            ..paying.clone()
        };
        let tx = app.store.write_txn().await?;
        store::users::insert(&tx, &row).await?;
        store::subscriptions::insert(&tx, &pays).await?;
        tx.commit().await?;
        let who = Who { session: who.session, user: row.into() };
        for _ in 0..left.min(FAIR_USE_DEVICES) {
            let new = NewDevice {
                name: None,
                wish: Wish::Server(server),
                public_key: Some(PrivateKey::from_random(app.dice.bytes()).public()),
                mtu: Mtu::default(),
                routes: Routes::default(),
                dns: Dns::default(),
                request: None,
            };
            device_add(app, &who, &new).await?;
        }
        left = left.saturating_sub(FAIR_USE_DEVICES);
    }
    Ok(())
}
