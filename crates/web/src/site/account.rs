//! Register, prove the address, log in and out.

use app::session::{self, Extent};
use app::sign_in::{self, Answer, Credentials, Origin, SignedIn};
use app::{Error, email_change, sign_up};
use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use domain::account::Email;
use serde::Deserialize;

use super::form::{Asked, Button, Filled};
use super::visit::{Fault, Visit};
use crate::client;
use crate::cookies::{self, Name};
use crate::error::status_of;
use crate::json::auth;

/// Thirty days, as the session in the database.
const SESSION_SECONDS: i64 = 30 * 86_400;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage<'a> {
    v: &'a Visit,
    code: &'a str,
    email: &'a str,
    email_error: String,
    password_error: String,
}

/// What a friend's link brings along.
#[derive(Default, Deserialize)]
pub(crate) struct Invitation {
    #[serde(default)]
    code: String,
}

pub(crate) async fn register_form(visit: Visit, Asked(Invitation { code }): Asked<Invitation>) -> Response {
    let (email_error, password_error) = Default::default();
    visit.page(StatusCode::OK, &RegisterPage { v: &visit, code: &code, email: "", email_error, password_error })
}

#[derive(Deserialize)]
pub(crate) struct Registration {
    email: String,
    password: String,
    #[serde(default)]
    code: String,
}

#[derive(Template)]
#[template(path = "check_mail.html")]
struct CheckMailPage<'a> {
    v: &'a Visit,
    email: &'a str,
}

pub(crate) async fn register(Filled { visit, form }: Filled<Registration>) -> Result<Response, Fault> {
    let app = &visit.ctx.app;
    visit.count().await.map_err(|error| visit.fault(error))?;
    let body = api::Register {
        email: form.email.clone(),
        password: form.password,
        language: Some(visit.t.language().as_str().to_owned()),
        referral_code: Some(form.code.clone()).filter(|code| !code.is_empty()),
    };
    let new = match auth::registration(&body) {
        Ok(new) => new,
        Err(error) => {
            let page = RegisterPage {
                v: &visit,
                code: &form.code,
                email: &form.email,
                email_error: visit.field_words(&error, "email"),
                password_error: visit.field_words(&error, "password"),
            };
            return Ok(visit.page(status_of(&error), &page));
        }
    };
    auth::count_account(app, &new.email).await.map_err(|error| visit.fault(error))?;
    sign_up::register(app, &new).await.map_err(|error| visit.fault(error))?;
    Ok(visit.page(StatusCode::OK, &CheckMailPage { v: &visit, email: &form.email }))
}

#[derive(Deserialize)]
pub(crate) struct Address {
    pub(crate) email: String,
}

/// The address of a form to which something is mailed for anybody who asks, counted as every such question is; or what is
/// wrong with it, with its status.
pub(super) async fn mailable(visit: &Visit, form: &Address) -> Result<Result<Email, (StatusCode, String)>, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    match auth::email(&form.email) {
        Ok(email) => {
            auth::count_account(&visit.ctx.app, &email).await.map_err(|error| visit.fault(error))?;
            Ok(Ok(email))
        }
        Err(field) => {
            let error = Error::Invalid(vec![field]);
            Ok(Err((status_of(&error), visit.field_words(&error, "email"))))
        }
    }
}

/// Sends the link once more; the answer is the same for every address.
pub(crate) async fn resend(Filled { visit, form }: Filled<Address>) -> Result<Response, Fault> {
    let app = &visit.ctx.app;
    visit.count().await.map_err(|error| visit.fault(error))?;
    let email = auth::email(&form.email).map_err(|field| visit.fault(Error::Invalid(vec![field])))?;
    auth::count_account(app, &email).await.map_err(|error| visit.fault(error))?;
    sign_up::resend(app, &email).await.map_err(|error| visit.fault(error))?;
    Ok(visit.page(StatusCode::OK, &CheckMailPage { v: &visit, email: &form.email }))
}

#[derive(Default, Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    pub(crate) token: String,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct VerifyPage<'a> {
    v: &'a Visit,
    token: &'a str,
}

/// A page with a button: a scanner that opens the link in a mail must not use it up.
pub(crate) async fn verify_form(visit: Visit, Asked(query): Asked<Token>) -> Response {
    visit.page(StatusCode::OK, &VerifyPage { v: &visit, token: &query.token })
}

pub(crate) async fn verify(Filled { visit, form }: Filled<Token>) -> Result<Redirect, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    sign_up::verify(&visit.ctx.app, &form.token).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/login?verified"))
}

#[derive(Default, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
    verified: Option<String>,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    v: &'a Visit,
    email: &'a str,
    next: &'a str,
    is_verified: bool,
    is_unverified: bool,
    error: String,
}

pub(crate) async fn login_form(visit: Visit, Asked(query): Asked<Next>) -> Response {
    let page = LoginPage {
        v: &visit,
        email: "",
        next: &query.next,
        is_verified: query.verified.is_some(),
        is_unverified: false,
        error: String::new(),
    };
    visit.page(StatusCode::OK, &page)
}

#[derive(Deserialize)]
pub(crate) struct Login {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// What the browser tells of itself at a login.
struct Told {
    client: String,
    device: Option<String>,
}

impl Told {
    fn by(headers: &HeaderMap, visit: &Visit) -> Told {
        let device = cookies::read(headers, Name::Device, visit.ctx.settings.cookies);
        Told { client: client::family(headers), device }
    }

    fn origin(&self) -> Origin<'_> {
        Origin { client: &self.client, device: self.device.as_deref(), keeps_cookies: true }
    }
}

pub(crate) async fn login(headers: HeaderMap, Filled { visit, form }: Filled<Login>) -> Result<Response, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    let told = Told::by(&headers, &visit);
    let typed = Credentials { email: &form.email, password: &form.password, otp: None };
    match sign_in::site(&visit.ctx.app, &typed, told.origin()).await {
        Ok(Answer::In(signed_in)) => welcome(&visit, *signed_in, &form.next).await,
        Ok(Answer::CodeNeeded { ticket }) => {
            let page = LoginCodePage { v: &visit, ticket: &ticket, next: &form.next, error: String::new() };
            Ok(visit.page(StatusCode::OK, &page))
        }
        Err(error @ (Error::Unauthorized { .. } | Error::Forbidden { .. })) => {
            let page = LoginPage {
                v: &visit,
                email: &form.email,
                next: &form.next,
                is_verified: false,
                is_unverified: error.code() == "email_unverified",
                error: visit.words(error.code(), &error.to_string()),
            };
            Ok(visit.page(status_of(&error), &page))
        }
        Err(error) => Err(visit.fault(error)),
    }
}

/// Signed in: the cookies, and on to where the visitor wanted to go. The session that the browser had before ends, since
/// nobody could sign out of it any more.
async fn welcome(visit: &Visit, signed_in: SignedIn<String>, next: &str) -> Result<Response, Fault> {
    if let Some(before) = &visit.who {
        session::sign_out(&visit.ctx.app, before, Extent::Here).await.map_err(|error| visit.fault(error))?;
    }
    let style = visit.ctx.settings.cookies;
    let session = (header::SET_COOKIE, cookies::set(Name::Session, signed_in.granted, SESSION_SECONDS, style));
    let device = signed_in.device.map(|device| cookies::known_device(device, style));
    let set: Vec<_> = std::iter::once(session).chain(device).collect();
    Ok((AppendHeaders(set), Redirect::to(if is_ours(next) { next } else { "/dashboard" })).into_response())
}

#[derive(Template)]
#[template(path = "login_code.html")]
struct LoginCodePage<'a> {
    v: &'a Visit,
    ticket: &'a str,
    next: &'a str,
    error: String,
}

#[derive(Deserialize)]
pub(crate) struct SecondHalf {
    ticket: String,
    otp: String,
    #[serde(default)]
    next: String,
}

/// The code, after the password.
pub(crate) async fn login_code(
    headers: HeaderMap,
    Filled { visit, form }: Filled<SecondHalf>,
) -> Result<Response, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    let told = Told::by(&headers, &visit);
    match sign_in::site_with_code(&visit.ctx.app, &form.ticket, &form.otp, told.origin()).await {
        Ok(signed_in) => welcome(&visit, signed_in, &form.next).await,
        Err(error @ Error::Unauthorized { code: "credentials_invalid", .. }) => {
            let error_words = visit.words("otp_wrong", "this code is wrong");
            let page = LoginCodePage { v: &visit, ticket: &form.ticket, next: &form.next, error: error_words };
            Ok(visit.page(status_of(&error), &page))
        }
        Err(error) => Err(visit.fault(error)),
    }
}

#[derive(Template)]
#[template(path = "email.html")]
struct EmailPage<'a> {
    v: &'a Visit,
    token: &'a str,
}

/// A page with a button, as for [`verify_form`].
pub(crate) async fn email_form(visit: Visit, Asked(query): Asked<Token>) -> Response {
    visit.page(StatusCode::OK, &EmailPage { v: &visit, token: &query.token })
}

/// Makes the address that the link was mailed to the account's.
pub(crate) async fn email(Filled { visit, form }: Filled<Token>) -> Result<Redirect, Fault> {
    visit.count().await.map_err(|error| visit.fault(error))?;
    email_change::confirm(&visit.ctx.app, &form.token).await.map_err(|error| visit.fault(error))?;
    Ok(Redirect::to("/login?verified"))
}

/// Only a path of this site: a browser reads `//host` and `/\host` as another one.
fn is_ours(next: &str) -> bool {
    next.starts_with('/') && !next[1..].starts_with(['/', '\\']) && next.bytes().all(|byte| byte.is_ascii_graphic())
}

pub(crate) async fn logout(Filled { visit, form }: Filled<Button>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    session::sign_out(&visit.ctx.app, who, Extent::Here).await.map_err(|error| visit.fault(error))?;
    let cookie = cookies::clear(Name::Session, visit.ctx.settings.cookies);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to("/")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_back_into_this_site_only() {
        for (next, ours) in [
            ("/dashboard", true),
            ("/thanks?session_id=cs_1", true),
            ("", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("/a\r\nb", false),
        ] {
            assert_eq!(is_ours(next), ours, "{next:?}");
        }
    }
}
