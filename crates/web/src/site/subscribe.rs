//! Mails of incidents: asked for on the status page, and begun with the button behind the link in the first mail.

use app::{Error, status_subscriber};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::account::{Address, Token, mailable};
use super::form::{Asked, Filled};
use super::visit::{Fault, Visit};
use crate::error::status_of;

#[derive(Template)]
#[template(path = "subscribe.html")]
struct SubscribePage<'a> {
    v: &'a Visit,
    email: &'a str,
    email_error: String,
    is_sent: bool,
}

pub(crate) async fn form(visit: Visit) -> Response {
    let page = SubscribePage { v: &visit, email: "", email_error: String::new(), is_sent: false };
    visit.page(StatusCode::OK, &page)
}

/// The answer is the same whatever is known of the address.
pub(crate) async fn ask(Filled { visit, form }: Filled<Address>) -> Result<Response, Fault> {
    let mut page = SubscribePage { v: &visit, email: &form.email, email_error: String::new(), is_sent: false };
    match mailable(&visit, &form).await? {
        Ok(email) => {
            status_subscriber::ask(&visit.ctx.app, &email, visit.t.language())
                .await
                .map_err(|error| visit.fault(error))?;
            page.is_sent = true;
            Ok(visit.page(StatusCode::OK, &page))
        }
        Err((status, words)) => {
            page.email_error = words;
            Ok(visit.page(status, &page))
        }
    }
}

#[derive(Template)]
#[template(path = "subscribe_confirm.html")]
struct ConfirmPage<'a> {
    v: &'a Visit,
    token: &'a str,
    error: String,
    is_done: bool,
}

/// A page with a button: a scanner that opens the link in a mail must not begin anything.
pub(crate) async fn confirm_form(visit: Visit, Asked(query): Asked<Token>) -> Response {
    visit.page(StatusCode::OK, &ConfirmPage { v: &visit, token: &query.token, error: String::new(), is_done: false })
}

pub(crate) async fn confirm(Filled { visit, form }: Filled<Token>) -> Result<Response, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    let page = ConfirmPage { v: &visit, token: "", error: String::new(), is_done: true };
    match status_subscriber::confirm(&visit.ctx.app, &form.token).await {
        Ok(()) => Ok(visit.page(StatusCode::OK, &page)),
        Err(error @ Error::Invalid(_)) => {
            let words = visit.field_words(&error, "token");
            Ok(visit.page(status_of(&error), &ConfirmPage { error: words, is_done: false, ..page }))
        }
        Err(error) => Err(visit.fault(error)),
    }
}
