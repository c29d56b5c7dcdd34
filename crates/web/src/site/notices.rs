//! Which mails a customer gets, and the page that a link in a mail opens to get no more of its kind.

use std::collections::BTreeSet;

use app::Error;
use app::notice::{self, Choice, Mails};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::notice::Kind;
use serde::Deserialize;

use super::account::Token;
use super::form::{Asked, Filled};
use super::visit::{Fault, Stranger, Visit};
use crate::context::Ctx;

/// The message that says what a kind is about.
fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::PaymentFailing => "notice-payment-failing",
        Kind::QuotaUsed => "notice-quota-used",
        Kind::PriceChange => "notice-price-change",
        Kind::QuotaMost => "notice-quota-most",
        Kind::CardExpiring => "notice-card-expiring",
        Kind::TrialEnding => "notice-trial-ending",
        Kind::RenewalAhead => "notice-renewal-ahead",
        Kind::Ending => "notice-ending",
        Kind::ComeBack => "notice-come-back",
    }
}

/// A kind as a line of the form.
struct Line {
    name: &'static str,
    label: String,
    is_on: bool,
    is_necessary: bool,
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage<'a> {
    v: &'a Visit,
    lines: Vec<Line>,
    is_saved: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct Saved {
    saved: Option<String>,
}

pub(crate) async fn page(visit: Visit, Asked(query): Asked<Saved>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let choices = notice::choices(&visit.ctx.app, who).await.map_err(|error| visit.fault(error))?;
    let line = |Choice { kind, is_on }| Line {
        name: kind.as_str(),
        label: visit.t.say(label(kind)),
        is_on,
        is_necessary: kind.is_necessary(),
    };
    let lines = choices.into_iter().map(line).collect();
    Ok(visit.page(StatusCode::OK, &NoticesPage { v: &visit, lines, is_saved: query.saved.is_some() }))
}

/// A browser sends the boxes that are checked, and nothing of the others.
pub(crate) async fn save(Filled { visit, form }: Filled<Vec<(String, String)>>) -> Result<Redirect, Fault> {
    let token = form.iter().find(|(name, _)| name == "csrf").map_or("", |(_, token)| token);
    let who = visit.sent_by(token)?;
    let checked: BTreeSet<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
    let optional = Kind::ALL.into_iter().filter(|kind| !kind.is_necessary());
    let wanted: Vec<Choice> = optional.map(|kind| Choice { kind, is_on: checked.contains(kind.as_str()) }).collect();
    notice::choose(&visit.ctx.app, who, &wanted).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard/notices?saved"))
}

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct UnsubscribePage<'a> {
    v: &'a Visit,
    token: &'a str,
    label: String,
    is_done: bool,
    /// Where they are asked for again, and what the link says.
    again: (&'static str, String),
}

/// A page with a button: a scanner that opens the link in a mail must not turn anything off.
pub(crate) async fn unsubscribe_form(visit: Visit, Asked(query): Asked<Token>) -> Result<Response, Fault> {
    let mails = notice::mails_of(&visit.ctx.app, &query.token);
    answer(&visit, &query.token, mails, false)
}

/// The button, or a mail program's own (RFC 8058): that comes from anywhere, with no cookie, and its body says nothing
/// that the link does not.
pub(crate) async fn unsubscribe(
    State(ctx): State<Ctx>,
    Stranger(visit): Stranger,
    Asked(query): Asked<Token>,
) -> Result<Response, Fault> {
    let mails = notice::unsubscribe(&ctx.app, &query.token).await;
    answer(&visit, &query.token, mails, true)
}

fn answer(visit: &Visit, token: &str, mails: Result<Mails, Error>, is_done: bool) -> Result<Response, Fault> {
    let (label, page, again) = match mails.map_err(|error| visit.fault(error))? {
        Mails::Notices(kind) => (label(kind), "/dashboard/notices", "unsubscribe-again"),
        Mails::Status => ("status-mails", "/status", "unsubscribe-again-status"),
    };
    let again = (page, visit.t.say(again));
    let page = UnsubscribePage { v: visit, token, label: visit.t.say(label), is_done, again };
    Ok(visit.page(StatusCode::OK, &page).into_response())
}
