//! The site: pages of HTML made here, and the files that they load. One struct is one page is one template.

mod account;
mod admin;
mod assets;
mod billing;
mod coupon;
mod dashboard;
mod devices;
mod discord;
mod form;
mod help;
mod notices;
mod owner;
mod password;
mod pricing;
mod public;
mod referrals;
mod security;
mod status;
mod subscribe;
mod subscription;
mod tickets;
mod upload;
mod usage;
mod visit;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
pub(crate) use status::badge_of;
use upload::MAX_UPLOAD;

use crate::context::Ctx;

/// The site's routes.
pub(crate) fn router() -> Router<Ctx> {
    Router::new()
        .route("/", get(public::home))
        .route("/pricing", get(pricing::pricing))
        .route("/servers", get(public::servers))
        .route("/status", get(status::page))
        .route("/status.json", get(status::as_json))
        .route("/status/rss", get(status::feed))
        .route("/status/badge/{file}", get(status::badge))
        .route("/status/subscribe", get(subscribe::form).post(subscribe::ask))
        .route("/status/confirm", get(subscribe::confirm_form).post(subscribe::confirm))
        .route("/faq", get(public::faq))
        .route("/help", get(help::page))
        .route("/help/solved", post(help::solved))
        .route("/help/human", post(help::human))
        .route("/privacy", get(public::privacy))
        .route("/register", get(account::register_form).post(account::register))
        .route("/verify", get(account::verify_form).post(account::verify))
        .route("/verify/resend", post(account::resend))
        .route("/login", get(account::login_form).post(account::login))
        .route("/login/code", post(account::login_code))
        .route("/email", get(account::email_form).post(account::email))
        .route("/forgot", get(password::forgot_form).post(password::forgot))
        .route("/reset", get(password::reset_form).post(password::reset))
        .route("/logout", post(account::logout))
        .route("/checkout", post(dashboard::buy))
        .route("/portal", post(dashboard::portal))
        .route("/thanks", get(dashboard::thanks))
        .route("/thanks/state", get(dashboard::thanks_state))
        .route("/dashboard", get(dashboard::dashboard))
        .route("/dashboard/devices", post(devices::add))
        .route("/dashboard/devices/new", get(devices::new_device))
        .route("/dashboard/devices/{id}", get(devices::device))
        .route("/dashboard/devices/{id}/rename", post(devices::rename))
        .route("/dashboard/devices/{id}/dns", post(devices::change_dns))
        .route("/dashboard/devices/{id}/rekey", post(devices::rekey))
        .route("/dashboard/devices/{id}/move", post(devices::relocate))
        .route("/dashboard/devices/{id}/delete", post(devices::delete))
        .route("/dashboard/subscription", get(subscription::page))
        .route("/dashboard/subscription/{id}", post(subscription::change))
        .route("/dashboard/billing/redeem", post(billing::redeem))
        .route("/dashboard/billing/apply", post(billing::apply))
        .route("/dashboard/billing", get(billing::page).post(billing::pay))
        .route("/dashboard/usage", get(usage::page))
        .route("/dashboard/referrals", get(referrals::page))
        .route("/dashboard/tickets", get(tickets::list).post(tickets::open).layer(DefaultBodyLimit::max(MAX_UPLOAD)))
        .route("/dashboard/tickets/new", get(tickets::new_ticket))
        .route("/dashboard/tickets/{id}", get(tickets::page))
        .route("/dashboard/tickets/{id}/messages", post(tickets::write).layer(DefaultBodyLimit::max(MAX_UPLOAD)))
        .route("/dashboard/tickets/{id}/close", post(tickets::close))
        .route("/dashboard/tickets/{id}/rate", post(tickets::rate))
        .route("/dashboard/tickets/{id}/files/{file}", get(tickets::file))
        .route("/dashboard/notices", get(notices::page).post(notices::save))
        .route("/unsubscribe", get(notices::unsubscribe_form).post(notices::unsubscribe))
        .route("/dashboard/discord", get(discord::page))
        .route("/dashboard/discord/code", post(discord::code))
        .route("/dashboard/discord/unlink", post(discord::unlink))
        .route("/dashboard/security", get(security::page))
        .route("/dashboard/security/sessions/{id}/end", post(security::end))
        .route("/dashboard/security/everywhere", post(security::end_all))
        .route("/dashboard/security/language", post(security::speak))
        .route("/dashboard/security/{act}", get(owner::ask).post(owner::act))
        .route("/dashboard/setup", get(owner::setup).post(owner::set_up))
        .route("/assets/{*path}", get(assets::file))
        .merge(admin::router())
        .fallback(public::not_found)
        .method_not_allowed_fallback(public::no_method)
}
