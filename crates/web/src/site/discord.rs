//! A customer's account on Discord: a code that links it, and the end of the link.

use app::Error;
use app::discord::link;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use serde::Deserialize;

use super::form::{Asked, Button, Filled};
use super::visit::{Fault, Visit};

#[derive(Template)]
#[template(path = "discord.html")]
struct DiscordPage<'a> {
    v: &'a Visit,
    /// The day since which an account is linked.
    since: Option<String>,
    /// A code that was just made; it is shown this once.
    code: Option<String>,
    /// The link was just ended.
    is_unlinked: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    done: String,
}

pub(crate) async fn page(visit: Visit, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    shown(&visit, None, query.done == "unlinked").await
}

async fn shown(visit: &Visit, code: Option<String>, is_unlinked: bool) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    if !app.config.has_bot {
        return Err(visit.fault(Error::NotFound));
    }
    let since = link::since(app, who).await.map_err(|error| visit.fault(error))?;
    let page = DiscordPage { since: since.map(|at| visit.t.date(at)), is_unlinked, code, v: visit };
    Ok(visit.page(StatusCode::OK, &page))
}

/// Makes a code.
pub(crate) async fn code(Filled { visit, form }: Filled<Button>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let code = link::code(&visit.ctx.app, who.user.id).await.map_err(|error| visit.fault(error))?;
    shown(&visit, Some(code), false).await
}

/// Ends the link.
pub(crate) async fn unlink(Filled { visit, form }: Filled<Button>) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    link::unlink(&visit.ctx.app, who).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard/discord?done=unlinked"))
}
