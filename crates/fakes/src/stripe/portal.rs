//! Sessions of the billing portal.

use super::errors::ApiError;
use super::form::{Kind, Known, Params};
use super::state::{Cx, Table};
use serde_json::{Value, json};

const CREATE: &[Known] = &[("customer", Kind::Text), ("return_url", Kind::Url), ("locale", Kind::Text)];

pub(crate) fn create(cx: &mut Cx<'_>, p: &Params) -> Result<Value, ApiError> {
    p.check(&[CREATE])?;
    let customer = cx.get_param(Table::Customers, p.need("customer")?, "customer")?;
    let id = cx.id("bps_1", 23);
    let configuration = cx.id("bpc_1", 23);
    let session = json!({
        "id": id, "object": "billing_portal.session", "configuration": configuration, "created": cx.now,
        "customer": customer["id"], "customer_account": null, "flow": null, "livemode": false, "locale": p.get("locale"),
        "on_behalf_of": null, "return_url": p.get("return_url"), "url": format!("{}/portal/{id}", cx.public_url),
    });
    cx.add(Table::PortalSessions, session.clone());
    cx.emit("billing_portal.session.created", &session);
    Ok(session)
}
