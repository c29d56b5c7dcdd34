//! A customer's sessions and language.

use app::i18n::OFFERED;
use app::session::{self, Extent};
use app::{Error, second_factor, user};
use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use domain::account::Language;
use serde::Deserialize;
use uuid::Uuid;

use super::form::{Asked, Button, Filled};
use super::visit::{Fault, Visit};
use crate::cookies::{self, Name};

/// A session as a line of the list.
struct Line {
    id: Uuid,
    client: String,
    begun: String,
    seen: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "security.html")]
struct SecurityPage<'a> {
    v: &'a Visit,
    email: &'a str,
    language: Language,
    offered: [Language; OFFERED.len()],
    sessions: Vec<Line>,
    /// The day since which a login needs a code.
    code_since: Option<String>,
    codes_left: i64,
    /// What was just done.
    done: Option<String>,
    /// Whether the page that was asked for opens only with a code at login.
    is_code_needed: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct Done {
    /// Name of the act of `owner` that was just done.
    #[serde(default)]
    done: String,
    /// Page that needs the code at login.
    #[serde(default)]
    needed: String,
}

pub(crate) async fn page(visit: Visit, Asked(query): Asked<Done>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let second_factor = second_factor::standing(&visit.ctx.app, who).await.map_err(|error| visit.fault(error))?;
    let rows = session::list(&visit.ctx.app, who).await.map_err(|error| visit.fault(error))?;
    let line = |row: session::SessionRow| Line {
        id: row.id,
        client: browser(&visit, &row.client),
        begun: visit.t.date(row.created_at),
        seen: visit.t.date(row.seen_day),
        is_this: row.id == who.session.id,
    };
    let page = SecurityPage {
        v: &visit,
        email: &who.user.email,
        language: who.user.language(),
        offered: OFFERED,
        sessions: rows.into_iter().map(line).collect(),
        code_since: second_factor.since.map(|at| visit.t.date(at)),
        codes_left: i64::try_from(second_factor.codes_left).unwrap_or(i64::MAX),
        is_code_needed: query.needed == "admin" && second_factor.since.is_none(),
        done: visit.t.find(&format!("owner-{}-done", query.done)),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// `Firefox on Linux`, in the visitor's language.
fn browser(visit: &Visit, client: &str) -> String {
    match client.split_once(" on ") {
        Some((browser, system)) => {
            visit.t.with_all("security-browser", &[("browser", browser.into()), ("system", system.into())])
        }
        None => client.to_owned(),
    }
}

/// Ends one session.
pub(crate) async fn end(Path(id): Path<String>, Filled { visit, form }: Filled<Button>) -> Result<Redirect, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let id: Uuid = id.parse().map_err(|_| visit.fault(Error::NotFound))?;
    session::end(&visit.ctx.app, who, id).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/dashboard/security"))
}

/// Ends every session, this one too.
pub(crate) async fn end_all(Filled { visit, form }: Filled<Button>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    session::sign_out(&visit.ctx.app, who, Extent::Everywhere).await.map_err(|error| visit.fault(error))?;
    let cookie = cookies::clear(Name::Session, visit.ctx.settings.cookies);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/login")).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Spoken {
    csrf: String,
    language: String,
}

/// Sets the language of mails and pages. A language that this browser had chosen for itself gives way.
pub(crate) async fn speak(headers: HeaderMap, Filled { visit, form }: Filled<Spoken>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let language = form.language.parse().ok().filter(|language| OFFERED.contains(language));
    let unknown = || Error::invalid("language", "language_unknown", "choose a language of the list");
    let language = language.ok_or_else(|| visit.fault(unknown()))?;
    user::set_language(&visit.ctx.app, who, language).await.map_err(|error| visit.fault(error))?;
    let style = visit.ctx.settings.cookies;
    let mut response = Redirect::to("/dashboard/security").into_response();
    if cookies::read(&headers, Name::Language, style).is_some()
        && let Ok(cookie) = cookies::clear(Name::Language, style).parse()
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
