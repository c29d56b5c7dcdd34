//! Pages for everybody.

use app::plan::{self, PlanRow};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::visit::{Fault, Visit};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    v: &'a Visit,
}

pub(crate) async fn home(visit: Visit) -> Response {
    visit.page(StatusCode::OK, &HomePage { v: &visit })
}

struct PlanCard {
    code: String,
    name: String,
    price: String,
    is_yearly: bool,
    devices: Option<i64>,
    quota: Option<String>,
    is_for_sale: bool,
}

#[derive(Template)]
#[template(path = "pricing.html")]
struct PricingPage<'a> {
    v: &'a Visit,
    plans: Vec<PlanCard>,
}

pub(crate) async fn pricing(visit: Visit) -> Result<Response, Fault> {
    let rows = plan::list(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let card = |row: PlanRow| PlanCard {
        price: visit.t.money(row.price_cents, &row.currency),
        is_yearly: row.period == "year",
        devices: row.devices,
        quota: row.quota_bytes.map(|bytes| visit.t.size(bytes)),
        is_for_sale: row.stripe_price_id.is_some(),
        code: row.code,
        name: row.name,
    };
    let page = PricingPage { v: &visit, plans: rows.into_iter().map(card).collect() };
    Ok(visit.page(StatusCode::OK, &page))
}

pub(crate) async fn not_found(visit: Visit) -> Fault {
    visit.fault(app::Error::NotFound)
}
