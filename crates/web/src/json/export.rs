//! Everything that is held about an account.

use app::App;
use app::account_export::{
    self, AuditRow, CheckoutRow, CouponUseRow, Export, GiftRow, NoticeRow, SubscriberRow, UsageRow,
};
use app::admin::customers::MailRow;
use app::credit::LedgerRow;
use axum::Json as Reply;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::AppendHeaders;
use domain::time::{DAY_MS, UnixMs};

use crate::error::ApiError;
use crate::extract::Session;
use crate::json::{account, billing, devices, tickets};

/// Everything that is held about the account.
#[utoipa::path(get, path = "/user/export", tag = "security", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Export), (status = 401, body = api::Problem),
        (status = 403, description = "step_up_required", body = api::Problem)))]
pub(crate) async fn export(
    State(app): State<App>,
    Session(who): Session,
) -> Result<(AppendHeaders<[(HeaderName, &'static str); 1]>, Reply<api::Export>), ApiError> {
    let held = account_export::export(&app, &who).await?;
    let json = export_json(held, who.session.id, app.clock.now());
    Ok((AppendHeaders([(header::CACHE_CONTROL, "no-store")]), Reply(json)))
}

/// An export as JSON; `current` is the session that asks.
pub(crate) fn export_json(held: Export, current: uuid::Uuid, now: UnixMs) -> api::Export {
    let checkout = |row: CheckoutRow| api::ExportedCheckout {
        plan: row.plan,
        region: row.region,
        coupon: row.coupon,
        status: row.status,
        created_at: api::time(row.created_at),
    };
    let coupon_use = |row: CouponUseRow| api::ExportedCouponUse {
        coupon: row.coupon_id,
        state: row.state,
        created_at: api::time(row.created_at),
    };
    let gift = |row: GiftRow| api::ExportedGift { id: row.id, redeemed_at: row.redeemed_at.map(api::time) };
    let usage = |row: UsageRow| api::ExportedUsage {
        subscription: row.subscription_id,
        day: domain::time::day(row.day * DAY_MS),
        sent: row.rx,
        received: row.tx,
    };
    let entry = |row: AuditRow| api::AuditEntry {
        at: api::time(row.at),
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: row.detail,
    };
    let line = |row: LedgerRow| api::LedgerLine {
        at: api::time(row.created_at),
        account: row.account,
        kind: row.kind,
        amount: row.amount,
        currency: row.currency,
        about: row.about,
    };
    let notice =
        |row: NoticeRow| api::ExportedNotice { kind: row.kind, cause: row.cause, at: api::time(row.created_at) };
    let mail = |row: MailRow| api::ExportedMail {
        letter: row.letter,
        at: api::time(row.created_at),
        sent_at: row.sent_at.map(api::time),
    };
    let status_mails = |row: SubscriberRow| api::ExportedStatusMails {
        language: row.language,
        asked_at: api::time(row.asked_at),
        confirmed_at: row.confirmed_at.map(api::time),
    };
    api::Export {
        made_at: api::time(now),
        user: account::user(&held.user.clone().into()),
        stripe_customer_id: held.user.stripe_customer_id.clone(),
        referred_by: held.user.referred_by,
        referred: held.referred,
        second_factor_since: held.user.totp_since.map(api::time),
        recovery_codes_left: held.recovery_codes_left,
        cards: held.cards,
        paying_cards: held.paying_cards.iter().map(|row| api::time(row.expires_at)).collect(),
        notices: held.notices.into_iter().map(notice).collect(),
        mails: held.mails.into_iter().map(mail).collect(),
        notices_off: held.notices_off.into_iter().map(|row| row.kind).collect(),
        status_mails: held.status_mails.map(status_mails),
        known_devices: held.known_devices.iter().map(|row| api::time(row.expires_at)).collect(),
        email_changes: held.email_changes.into_iter().map(|row| row.email).collect(),
        sessions: held.sessions.iter().map(|row| account::session(row, current)).collect(),
        subscriptions: held.subscriptions.into_iter().map(billing::subscription_json).collect(),
        checkouts: held.checkouts.into_iter().map(checkout).collect(),
        coupon_uses: held.coupon_uses.into_iter().map(coupon_use).collect(),
        gift_codes: held.gift_codes.into_iter().map(gift).collect(),
        usage: held.usage.into_iter().map(usage).collect(),
        invoices: held.invoices.into_iter().map(billing::invoice_json).collect(),
        ledger: held.ledger.into_iter().map(line).collect(),
        devices: held.devices.iter().map(devices::device_json).collect(),
        discord: held
            .discord
            .map(|link| api::ExportedDiscord { id: link.discord_id.to_string(), linked_at: api::time(link.linked_at) }),
        tickets: held.tickets.into_iter().map(tickets::thread_json).collect(),
        audit_log: held.audit_log.into_iter().map(entry).collect(),
    }
}
