//! Rotation of `DATA_KEYS`: what an older key has sealed is sealed anew with the first.

use store::{outbox, status_webhooks, ticket_files, ticket_messages, users, wireguard_peers};
use uuid::Uuid;

use super::{COMMAND_LINE, audit};
use crate::{App, Error, Result, device, mail, second_factor, status_webhook, ticket};

/// Rows at a time.
const PAGE: u64 = 500;
/// Files at a time: one has megabytes.
const FILES: u64 = 5;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Values sealed anew.
    pub resealed: u64,
    /// Values that the first key had sealed already.
    pub current: u64,
}

/// What has sealed values.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Device,
    Account,
    Mail,
    TicketMessage,
    TicketFile,
    Webhook,
}

impl Kind {
    const ALL: [Kind; 6] =
        [Kind::Device, Kind::Account, Kind::Mail, Kind::TicketMessage, Kind::TicketFile, Kind::Webhook];

    async fn page(self, app: &App, after: Uuid) -> Result<Vec<(Uuid, Vec<u8>)>> {
        Ok(match self {
            Kind::Device => wireguard_peers::sealed_after(&app.store, after, PAGE).await?,
            Kind::Account => users::sealed_after(&app.store, after, PAGE).await?,
            Kind::Mail => outbox::sealed_after(&app.store, after, PAGE).await?,
            Kind::TicketMessage => ticket_messages::sealed_after(&app.store, after, PAGE).await?,
            Kind::TicketFile => ticket_files::sealed_after(&app.store, after, FILES).await?,
            Kind::Webhook => status_webhooks::sealed_after(&app.store, after, PAGE).await?,
        })
    }

    fn place(self, id: Uuid) -> String {
        match self {
            Kind::Device => device::psk_place(id),
            Kind::Account => second_factor::place(id),
            Kind::Mail => mail::place(id),
            Kind::TicketMessage => ticket::place(id),
            Kind::TicketFile => ticket::file_place(id),
            Kind::Webhook => status_webhook::place(id),
        }
    }

    async fn reseal(self, app: &App, id: Uuid, old: &[u8], new: Vec<u8>) -> Result<bool> {
        Ok(match self {
            Kind::Device => wireguard_peers::reseal(&app.store, id, old, new).await?,
            Kind::Account => users::reseal(&app.store, id, old, new).await?,
            Kind::Mail => outbox::reseal(&app.store, id, old, new).await?,
            Kind::TicketMessage => ticket_messages::reseal(&app.store, id, old, new).await?,
            Kind::TicketFile => ticket_files::reseal(&app.store, id, new).await?,
            Kind::Webhook => status_webhooks::reseal(&app.store, id, old, new).await?,
        })
    }
}

/// Seals everything anew that the first key of `DATA_KEYS` has not sealed. It may be stopped and run again; what is
/// changed meanwhile is sealed with the first key by itself. Replies kept under idempotency keys are not touched: they
/// are gone after a day.
pub async fn rotate(app: &App) -> Result<Rotated> {
    let mut done = Rotated::default();
    for kind in Kind::ALL {
        let mut after = Uuid::nil();
        loop {
            let rows = kind.page(app, after).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            for (id, old) in rows {
                if app.sealer.is_current(&old) {
                    done.current += 1;
                    continue;
                }
                let place = kind.place(id);
                let plain = app.sealer.open(&old, &place).map_err(|error| Error::Internal(Box::new(error)))?;
                let new = app.sealer.seal(&plain, &place, &app.dice);
                done.resealed += u64::from(kind.reseal(app, id, &old, new).await?);
            }
        }
    }
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    audit(app, &tx, COMMAND_LINE, "keys.rotate", "", &format!("{} sealed anew", done.resealed), now).await?;
    tx.commit().await?;
    Ok(done)
}
