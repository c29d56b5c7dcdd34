//! The operators' pages. Each act is one use case of `app::admin`, the same that the command line calls; whoever is not of
//! the team finds nothing here.

mod chart;
mod checks;
mod coupons;
mod csv;
mod customers;
mod desk;
mod door;
mod figures;
mod gifts;
mod incidents;
mod keys;
mod maintenance;
mod plans;
mod refund;
mod servers;
mod subscribers;
mod sure;
mod table;
mod tickets;
mod trail;
mod work;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use super::upload::MAX_UPLOAD;
use crate::context::Ctx;

/// The operators' routes.
pub(super) fn router() -> Router<Ctx> {
    Router::new()
        .route("/admin", get(customers::home))
        .route("/admin/customers", post(customers::search))
        .route("/admin/customers/{id}", get(customers::page))
        .route("/admin/customers/{id}/suspend", post(customers::suspend))
        .route("/admin/customers/{id}/reinstate", post(customers::reinstate))
        .route("/admin/customers/{id}/end-sessions", post(customers::end_sessions))
        .route("/admin/customers/{id}/grant", post(customers::grant))
        .route("/admin/customers/{id}/take", post(customers::take))
        .route("/admin/customers/{id}/refund", post(refund::refund))
        .route("/admin/tickets", get(tickets::queue))
        .route("/admin/tickets/help", get(desk::help_ends))
        .route("/admin/tickets/replies", get(desk::replies).post(desk::add_reply))
        .route("/admin/tickets/replies/delete", post(desk::delete_reply))
        .route("/admin/tickets/{id}", get(tickets::page))
        .route("/admin/tickets/{id}/reply", post(tickets::reply).layer(DefaultBodyLimit::max(MAX_UPLOAD)))
        .route("/admin/tickets/{id}/{act}", post(tickets::act))
        .route("/admin/tickets/{id}/files/{file}", get(tickets::file))
        .route("/admin/servers", get(servers::list).post(servers::add))
        .route("/admin/servers/{name}", get(servers::page))
        .route("/admin/servers/{name}/status", post(servers::set_status))
        .route("/admin/servers/{name}/token", post(servers::token))
        .route("/admin/servers/{name}/revoke", post(servers::revoke))
        .route("/admin/jobs", get(work::jobs))
        .route("/admin/jobs/retry", post(work::retry))
        .route("/admin/mails", get(work::mails))
        .route("/admin/events", get(work::events))
        .route("/admin/keys", get(keys::list).post(keys::add))
        .route("/admin/keys/revoke", post(keys::revoke))
        .route("/admin/plans", get(plans::list))
        .route("/admin/plans/{code}", get(plans::page).post(plans::set))
        .route("/admin/plans/{code}/price", post(plans::set_price))
        .route("/admin/plans/{code}/sync", post(plans::sync))
        .route("/admin/plans/{code}/move", post(plans::move_customers))
        .route("/admin/coupons", get(coupons::list).post(coupons::add))
        .route("/admin/coupons/disable", post(coupons::disable))
        .route("/admin/gifts", get(gifts::list).post(gifts::make))
        .route("/admin/gifts/void", post(gifts::void))
        .route("/admin/checks", get(checks::list).post(checks::add))
        .route("/admin/checks/remove", post(checks::remove))
        .route("/admin/incidents", get(incidents::list).post(incidents::open))
        .route("/admin/incidents/update", post(incidents::update))
        .route("/admin/maintenance", get(maintenance::list).post(maintenance::add))
        .route("/admin/maintenance/end", post(maintenance::end))
        .route("/admin/subscribers", get(subscribers::list))
        .route("/admin/subscribers/remove", post(subscribers::remove))
        .route("/admin/subscribers/webhooks", post(subscribers::add_webhook))
        .route("/admin/subscribers/webhooks/resume", post(subscribers::resume_webhook))
        .route("/admin/subscribers/webhooks/remove", post(subscribers::remove_webhook))
        .route("/admin/audit", get(trail::page))
        .route("/admin/figures", get(figures::page))
        .route("/admin/figures/{file}", get(figures::file))
        .method_not_allowed_fallback(door::no_method)
}
