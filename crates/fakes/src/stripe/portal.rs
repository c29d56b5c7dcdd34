//! The billing portal: how it is set up, and sessions of it.

use super::errors::ApiError;
use super::form::{Kind, Known, PAGING, Params};
use super::lists;
use super::state::{Cx, Table};
use serde_json::{Value, json};

const CREATE: &[Known] = &[("customer", Kind::Text), ("return_url", Kind::Url), ("locale", Kind::Text)];
const LIST: &[Known] = &[("active", Kind::Bool), ("is_default", Kind::Bool)];
const UPDATE: &[Known] = &[
    ("features[customer_update][enabled]", Kind::Bool),
    (
        "features[customer_update][allowed_updates][#]",
        Kind::OneOf(&["address", "email", "name", "phone", "shipping", "tax_id"]),
    ),
];

/// The configuration that holds unless another is named. Its settings count as saved in the dashboard, where the real Stripe
/// has none before somebody has done so.
fn default(cx: &mut Cx<'_>) -> Value {
    if let Some(known) = cx.state.all(Table::PortalConfigurations).first() {
        return known.clone();
    }
    let id = cx.id("bpc_1", 23);
    let configuration = json!({
        "id": id, "object": "billing_portal.configuration", "active": true, "application": null,
        "business_profile": { "headline": null, "privacy_policy_url": null, "terms_of_service_url": null },
        "created": cx.now, "default_return_url": null,
        "features": {
            "customer_update": { "allowed_updates": ["email"], "enabled": true },
            "invoice_history": { "enabled": true },
            "payment_method_update": { "enabled": true, "payment_method_configuration": null },
            "subscription_cancel": {
                "cancellation_reason": { "enabled": false, "feedback_options": null, "options": [] }, "enabled": true,
                "mode": "at_period_end", "proration_behavior": "none",
            },
            "subscription_pause": { "duration": { "interval_options": [], "type": "indefinite" }, "enabled": false },
            "subscription_update": {
                "billing_cycle_anchor": null, "default_allowed_updates": [], "enabled": false,
                "proration_behavior": "none", "schedule_at_period_end": { "conditions": [] },
                "trial_update_behavior": "end_trial",
            },
        },
        "is_default": true, "livemode": false, "login_page": { "enabled": false, "url": null }, "metadata": {},
        "name": null, "updated": cx.now,
    });
    cx.add(Table::PortalConfigurations, configuration)
}

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    let customer = cx.get_param(Table::Customers, p.need("customer")?, "customer")?;
    let id = cx.id("bps_1", 23);
    let configuration = default(cx);
    let session = json!({
        "id": id, "object": "billing_portal.session", "configuration": configuration["id"], "created": cx.now,
        "customer": customer["id"], "customer_account": null, "flow": null, "livemode": false, "locale": p.get("locale"),
        "on_behalf_of": null, "return_url": p.get("return_url"), "url": format!("{}/portal/{id}", cx.public_url),
    });
    cx.add(Table::PortalSessions, session.clone());
    cx.emit("billing_portal.session.created", &session);
    Ok(session)
}

pub(crate) fn configurations(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[LIST, PAGING])?;
    default(cx);
    lists::page(cx, Table::PortalConfigurations, "/v1/billing_portal/configurations", p, |one| {
        ["active", "is_default"].iter().all(|field| p.bool(field).is_none_or(|want| one[*field] == want))
    })
}

pub(crate) fn configure(cx: &mut Cx<'_>, id: &str, p: &Params) -> Result<Value, ApiError> {
    p.check(&[UPDATE])?;
    let allowed = p.list("features[customer_update][allowed_updates]");
    let now = cx.now;
    let (configuration, previous) = cx.change(Table::PortalConfigurations, id, |one| {
        let update = &mut one["features"]["customer_update"];
        if let Some(enabled) = p.bool("features[customer_update][enabled]") {
            update["enabled"] = json!(enabled);
        }
        if !allowed.is_empty() {
            update["allowed_updates"] = json!(allowed);
        }
        one["updated"] = json!(now);
    })?;
    cx.emit_change("billing_portal.configuration.updated", &configuration, &previous);
    Ok(configuration)
}

/// Whether customers see to their company's name and tax id in a session.
pub(crate) fn takes_tax_ids(configuration: &Value) -> bool {
    let update = &configuration["features"]["customer_update"];
    update["enabled"] == true && update["allowed_updates"].as_array().is_some_and(|all| all.contains(&json!("tax_id")))
}
