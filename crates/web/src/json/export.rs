//! Everything that is held about an account.

use app::account_export::{self, AuditRow, CheckoutRow, Export};
use app::{App, subscription};
use axum::Json as Reply;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::AppendHeaders;
use domain::time::UnixMs;

use crate::error::ApiError;
use crate::extract::Session;
use crate::json::{account, billing, devices};

/// Everything that is held about the account.
#[utoipa::path(get, path = "/user/export", tag = "security", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Export), (status = 401, body = api::Problem),
        (status = 403, description = "step_up_required", body = api::Problem)))]
pub(crate) async fn export(
    State(app): State<App>,
    Session(who): Session,
) -> Result<(AppendHeaders<[(HeaderName, &'static str); 1]>, Reply<api::Export>), ApiError> {
    let held = account_export::export(&app, &who).await?;
    let json = export_json(held, who.session.id, app.clock.now())?;
    Ok((AppendHeaders([(header::CACHE_CONTROL, "no-store")]), Reply(json)))
}

/// An export as JSON; `current` is the session that asks.
pub(crate) fn export_json(held: Export, current: uuid::Uuid, now: UnixMs) -> app::Result<api::Export> {
    let subscriptions = held.subscriptions.into_iter().map(|row| {
        let entitled = row.state()?.is_entitled(now);
        Ok(billing::subscription_json(subscription::View { plan_name: row.plan.clone(), entitled, row }))
    });
    let checkout = |row: CheckoutRow| api::ExportedCheckout {
        plan: row.plan,
        region: row.region,
        coupon: row.coupon,
        status: row.status,
        created_at: api::time(row.created_at),
    };
    let entry = |row: AuditRow| api::AuditEntry {
        at: api::time(row.at),
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: row.detail,
    };
    Ok(api::Export {
        made_at: api::time(now),
        user: account::user(&held.user),
        stripe_customer_id: held.user.stripe_customer_id.clone(),
        referred_by: held.user.referred_by,
        referred: held.referred,
        second_factor_since: held.user.totp_since.map(api::time),
        recovery_codes_left: held.recovery_codes_left,
        known_devices: held.known_devices.iter().map(|row| api::time(row.expires_at)).collect(),
        email_changes: held.email_changes.into_iter().map(|row| row.email).collect(),
        sessions: held.sessions.iter().map(|row| account::session(row, current)).collect(),
        subscriptions: subscriptions.collect::<app::Result<_>>()?,
        checkouts: held.checkouts.into_iter().map(checkout).collect(),
        invoices: held.invoices.into_iter().map(billing::invoice_json).collect(),
        credits: held.credits.into_iter().map(billing::credit_json).collect(),
        devices: held.devices.iter().map(devices::device_json).collect(),
        audit_log: held.audit_log.into_iter().map(entry).collect(),
    })
}
