//! What only the owner may do: each act has a page of its own, which asks for the password, and for a code where the
//! second factor is on.

use app::step_up::{self, Proof};
use app::{Error, account_delete, account_export, credit, email_change, second_factor, user};
use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use domain::account::RecoveryCode;
use serde::Deserialize;

use super::form::Filled;
use super::visit::{Fault, Visit};
use crate::cookies::{self, Name};
use crate::error::status_of;
use crate::json::{auth, devices, export};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Email,
    Password,
    CodeOn,
    CodeOff,
    RecoveryCodes,
    Export,
    Delete,
}

impl Act {
    const ALL: [Act; 7] =
        [Act::Email, Act::Password, Act::CodeOn, Act::CodeOff, Act::RecoveryCodes, Act::Export, Act::Delete];

    /// In the page's path, and in the names of its messages.
    fn name(self) -> &'static str {
        match self {
            Act::Email => "email",
            Act::Password => "password",
            Act::CodeOn => "code-on",
            Act::CodeOff => "code-off",
            Act::RecoveryCodes => "recovery-codes",
            Act::Export => "export",
            Act::Delete => "delete",
        }
    }
}

#[derive(Template)]
#[template(path = "owner.html")]
struct OwnerPage<'a> {
    v: &'a Visit,
    act: Act,
    /// What was typed into the page's own field.
    email: &'a str,
    needs_code: bool,
    /// What credit goes with the account; empty for none, and for other acts.
    lost_credit: String,
    /// What is wrong with each field.
    email_error: String,
    new_password_error: String,
    password_error: String,
    otp_error: String,
}

impl OwnerPage<'_> {
    /// The words of this act: `title`, `body`, `submit`.
    fn say(&self, part: &str) -> String {
        self.v.t.say(&format!("owner-{}-{part}", self.act.name()))
    }
}

#[derive(Default, Deserialize)]
pub(crate) struct Filling {
    csrf: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    new_password: String,
    password: String,
    #[serde(default)]
    otp: String,
}

fn act_of(visit: &Visit, name: &str) -> Result<Act, Fault> {
    let found = Act::ALL.into_iter().find(|act| act.name() == name);
    found.ok_or_else(|| visit.fault(Error::NotFound))
}

async fn owner_page(visit: &Visit, act: Act, form: &Filling, error: &Error) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let lost_credit = match act {
        Act::Delete => credit_in_words(visit, who.user.id).await.map_err(|error| visit.fault(error))?,
        _ => String::new(),
    };
    let page = OwnerPage {
        v: visit,
        act,
        email: &form.email,
        needs_code: who.user.totp_since.is_some(),
        lost_credit,
        email_error: visit.field_words(error, "email"),
        new_password_error: visit.field_words(error, "new_password"),
        password_error: visit.field_words(error, "password"),
        otp_error: visit.field_words(error, "otp"),
    };
    let status =
        if matches!(error, Error::Invalid(fields) if fields.is_empty()) { StatusCode::OK } else { status_of(error) };
    Ok(visit.page(status, &page))
}

async fn credit_in_words(visit: &Visit, user: uuid::Uuid) -> app::Result<String> {
    let balances = credit::balances(&visit.ctx.app, user).await?;
    let above_zero = balances.iter().filter(|(_, balance)| *balance > 0);
    let amounts: Vec<String> = above_zero.map(|(currency, balance)| visit.t.money(*balance, currency)).collect();
    Ok(match amounts.is_empty() {
        true => String::new(),
        false => visit.t.with("owner-delete-credit", "amount", amounts.join(", ").as_str()),
    })
}

pub(crate) async fn ask(Path(name): Path<String>, visit: Visit) -> Result<Response, Fault> {
    visit.signed_in()?;
    let act = act_of(&visit, &name)?;
    owner_page(&visit, act, &Filling::default(), &Error::Invalid(Vec::new())).await
}

pub(crate) async fn act(Path(name): Path<String>, Filled { visit, form }: Filled<Filling>) -> Result<Response, Fault> {
    visit.sent_by(&form.csrf)?;
    let act = act_of(&visit, &name)?;
    match done(&visit, act, &form).await? {
        Ok(response) => Ok(response),
        Err(error @ Error::Invalid(_)) => owner_page(&visit, act, &form, &error).await,
        Err(error) => Err(visit.fault(error)),
    }
}

async fn done(visit: &Visit, act: Act, form: &Filling) -> Result<app::Result<Response>, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let proof = Proof { password: &form.password, otp: Some(form.otp.as_str()).filter(|otp| !otp.is_empty()) };
    let back = || Redirect::to(&format!("/dashboard/security?done={}", act.name())).into_response();
    let result = match act {
        Act::Email => change_email(visit, form, proof).await.map(|()| back()),
        Act::Password => match auth::password("new_password", &form.new_password) {
            Ok(new) => user::change_password(app, who, proof, &new).await.map(|()| back()),
            Err(field) => Err(Error::Invalid(vec![field])),
        },
        Act::CodeOn => match step_up::prove(app, who, proof).await {
            Ok(who) => second_factor::begin(app, &who).await.map(|_| Redirect::to("/dashboard/setup").into_response()),
            Err(error) => Err(error),
        },
        Act::CodeOff => match step_up::prove(app, who, proof).await {
            Ok(who) => second_factor::turn_off(app, &who).await.map(|()| back()),
            Err(error) => Err(error),
        },
        Act::RecoveryCodes => match step_up::prove(app, who, proof).await {
            Ok(who) => second_factor::renew_codes(app, &who).await.map(|codes| codes_page(visit, &codes)),
            Err(error) => Err(error),
        },
        Act::Export => file(visit, proof).await,
        Act::Delete => account_delete::by_owner(app, who, proof).await.map(|()| farewell(visit)),
    };
    Ok(result)
}

async fn change_email(visit: &Visit, form: &Filling, proof: Proof<'_>) -> app::Result<()> {
    let app = &visit.ctx.app;
    let who = visit.who.as_ref().ok_or(Error::NotFound)?;
    let new = auth::email(&form.email).map_err(|field| Error::Invalid(vec![field]))?;
    auth::count_account(app, &new).await?;
    email_change::request(app, who, &new, proof).await
}

/// Everything that is held, as a file.
async fn file(visit: &Visit, proof: Proof<'_>) -> app::Result<Response> {
    let app = &visit.ctx.app;
    let who = visit.who.as_ref().ok_or(Error::NotFound)?;
    let who = step_up::prove(app, who, proof).await?;
    let held = account_export::export(app, &who).await?;
    let json = export::export_json(held, who.session.id, app.clock.now());
    let text = serde_json::to_string_pretty(&json).map_err(|error| Error::Internal(Box::new(error)))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"account.json\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((AppendHeaders(headers), text).into_response())
}

#[derive(Template)]
#[template(path = "farewell.html")]
struct FarewellPage<'a> {
    v: &'a Visit,
}

fn farewell(visit: &Visit) -> Response {
    let gone = visit.signed_out();
    let style = visit.ctx.settings.cookies;
    let clear = |name| (header::SET_COOKIE, cookies::clear(name, style));
    let page = gone.page(StatusCode::OK, &FarewellPage { v: &gone });
    (AppendHeaders([clear(Name::Session), clear(Name::Device)]), page).into_response()
}

#[derive(Template)]
#[template(path = "setup_code.html")]
struct SetupPage<'a> {
    v: &'a Visit,
    secret: String,
    qr: String,
    otp_error: String,
}

async fn setup_page(visit: &Visit, error: &Error) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    step_up::require(who, app.clock.now()).map_err(|_| visit.redirect("/dashboard/security/code-on"))?;
    let enrolment = second_factor::pending(app, who).await.map_err(|error| visit.fault(error))?;
    let groups: Vec<&str> =
        enrolment.secret.as_bytes().chunks(4).map(|four| str::from_utf8(four).unwrap_or_default()).collect();
    let page = SetupPage {
        v: visit,
        secret: groups.join(" "),
        qr: devices::qr_svg(&enrolment.uri).unwrap_or_default(),
        otp_error: visit.field_words(error, "otp"),
    };
    let status = if page.otp_error.is_empty() { StatusCode::OK } else { status_of(error) };
    let mut response = visit.page(status, &page);
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The secret for the authenticator app, and a field for its first code.
pub(crate) async fn setup(visit: Visit) -> Result<Response, Fault> {
    setup_page(&visit, &Error::Invalid(Vec::new())).await
}

#[derive(Deserialize)]
pub(crate) struct FirstCode {
    csrf: String,
    otp: String,
}

pub(crate) async fn set_up(Filled { visit, form }: Filled<FirstCode>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    match second_factor::confirm(&visit.ctx.app, who, &form.otp).await {
        Ok(codes) => Ok(codes_page(&visit, &codes)),
        Err(error @ Error::Invalid(_)) => setup_page(&visit, &error).await,
        Err(error) => Err(visit.fault(error)),
    }
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage<'a> {
    v: &'a Visit,
    codes: String,
}

/// The recovery codes, this once.
fn codes_page(visit: &Visit, codes: &[RecoveryCode]) -> Response {
    let codes: Vec<String> = codes.iter().map(RecoveryCode::text).collect();
    let mut response = visit.page(StatusCode::OK, &CodesPage { v: visit, codes: codes.join("\n") });
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
