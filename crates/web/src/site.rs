//! The site: pages of HTML made here, and the files that they load. One struct is one page is one template.

mod account;
mod assets;
mod dashboard;
mod password;
mod public;
mod visit;

use axum::Router;
use axum::routing::{get, post};

use crate::context::Ctx;

/// The site's routes.
pub(crate) fn router() -> Router<Ctx> {
    Router::new()
        .route("/", get(public::home))
        .route("/pricing", get(public::pricing))
        .route("/register", get(account::register_form).post(account::register))
        .route("/verify", get(account::verify_form).post(account::verify))
        .route("/verify/resend", post(account::resend))
        .route("/login", get(account::login_form).post(account::login))
        .route("/forgot", get(password::forgot_form).post(password::forgot))
        .route("/reset", get(password::reset_form).post(password::reset))
        .route("/logout", post(account::logout))
        .route("/checkout", post(dashboard::buy))
        .route("/portal", post(dashboard::portal))
        .route("/thanks", get(dashboard::thanks))
        .route("/thanks/state", get(dashboard::thanks_state))
        .route("/dashboard", get(dashboard::dashboard))
        .route("/dashboard/devices", post(dashboard::add_device))
        .route("/dashboard/devices/new", get(dashboard::new_device))
        .route("/dashboard/devices/{id}", get(dashboard::device))
        .route("/dashboard/devices/{id}/delete", post(dashboard::delete_device))
        .route("/assets/{*path}", get(assets::file))
        .fallback(public::not_found)
}
