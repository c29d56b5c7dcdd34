//! A forgotten password: ask for a link, choose a new one.

use app::{Error, password_reset};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::account::{Address, Token, mailable};
use super::form::{Asked, Filled};
use super::visit::{Fault, Visit};
use crate::error::status_of;
use crate::json::auth;

#[derive(Template)]
#[template(path = "forgot.html")]
struct ForgotPage<'a> {
    v: &'a Visit,
    email: &'a str,
    email_error: String,
    is_sent: bool,
}

pub(crate) async fn forgot_form(visit: Visit) -> Response {
    let page = ForgotPage { v: &visit, email: "", email_error: String::new(), is_sent: false };
    visit.page(StatusCode::OK, &page)
}

/// The answer is the same whether the address has an account or not.
pub(crate) async fn forgot(Filled { visit, form }: Filled<Address>) -> Result<Response, Fault> {
    let mut page = ForgotPage { v: &visit, email: &form.email, email_error: String::new(), is_sent: false };
    match mailable(&visit, &form).await? {
        Ok(email) => {
            password_reset::request(&visit.ctx.app, &email).await.map_err(|error| visit.fault(error))?;
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
#[template(path = "reset.html")]
struct ResetPage<'a> {
    v: &'a Visit,
    token: &'a str,
    token_error: String,
    password_error: String,
}

pub(crate) async fn reset_form(visit: Visit, Asked(query): Asked<Token>) -> Response {
    let page = ResetPage { v: &visit, token: &query.token, token_error: String::new(), password_error: String::new() };
    visit.page(StatusCode::OK, &page)
}

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    token: String,
    new_password: String,
}

pub(crate) async fn reset(Filled { visit, form }: Filled<NewPassword>) -> Result<Response, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    let done = match auth::password("new_password", &form.new_password) {
        Ok(password) => password_reset::reset(&visit.ctx.app, &form.token, &password).await,
        Err(field) => Err(Error::Invalid(vec![field])),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/login").into_response()),
        Err(error @ Error::Invalid(_)) => {
            let page = ResetPage {
                v: &visit,
                token: &form.token,
                token_error: visit.field_words(&error, "token"),
                password_error: visit.field_words(&error, "new_password"),
            };
            Ok(visit.page(status_of(&error), &page))
        }
        Err(error) => Err(visit.fault(error)),
    }
}
