//! Sign up, sign in, tokens.

use app::limiter::Subject;
use app::session::{self, Extent, TokenPair};
use app::sign_in::{self, Credentials, Origin};
use app::sign_up::{self, Registration};
use app::{App, Error, FieldError, LimitClass, email_change, password_reset};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::account::{Email, Language, Password};
use serde::Deserialize;

use crate::client;
use crate::context::Ctx;
use crate::cookies::{self, Name};
use crate::error::ApiError;
use crate::extract::{Json, OptionalJson, Query, Session, cross_site};
use crate::{csrf, json::account};

/// Parses an address from a request.
pub(crate) fn email(text: &str) -> Result<Email, FieldError> {
    Email::parse(text).map_err(|e| FieldError { field: "email", code: e.code(), detail: e.to_string() })
}

/// Parses a password from a request.
pub(crate) fn password(field: &'static str, text: &str) -> Result<Password, FieldError> {
    Password::parse(text).map_err(|e| FieldError { field, code: e.code(), detail: e.to_string() })
}

/// Parses a language from a request.
pub(crate) fn language(text: &str) -> Result<Language, FieldError> {
    let detail = || "choose one of: en, fr, ja, de, es".to_owned();
    text.parse().map_err(|_| FieldError { field: "language", code: "language_unknown", detail: detail() })
}

/// A sign-up with all refused fields named at once.
pub(crate) fn registration(body: &api::Register) -> Result<Registration, Error> {
    let parsed = (
        email(&body.email),
        password("password", &body.password),
        body.language.as_deref().map_or(Ok(Language::En), language),
    );
    match parsed {
        (Ok(email), Ok(password), Ok(language)) => {
            Ok(Registration { email, password, language, referral_code: body.referral_code.clone() })
        }
        (email, password, language) => {
            Err(Error::Invalid([email.err(), password.err(), language.err()].into_iter().flatten().collect()))
        }
    }
}

/// Counts a request that sends a mail against the address that it goes to.
pub(crate) async fn count_account(app: &App, email: &Email) -> Result<(), Error> {
    app.limiter.check(LimitClass::Credential, Subject::Account(email.canonical()), app.clock.now()).await
}

/// Sign up. The answer is the same for a known address.
#[utoipa::path(post, path = "/auth/register", tag = "accounts", request_body = api::Register, security(("key" = [])),
    responses((status = 202, description = "A mail is on its way"), (status = 422, body = api::Problem)))]
pub(crate) async fn register(State(app): State<App>, Json(body): Json<api::Register>) -> Result<StatusCode, ApiError> {
    let new = registration(&body)?;
    count_account(&app, &new.email).await?;
    sign_up::register(&app, &new).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove the address with the token from the mail.
#[utoipa::path(post, path = "/auth/verify", tag = "accounts", request_body = api::Token, security(("key" = [])),
    responses((status = 204, description = "Verified"), (status = 422, body = api::Problem)))]
pub(crate) async fn verify(State(app): State<App>, Json(body): Json<api::Token>) -> Result<StatusCode, ApiError> {
    sign_up::verify(&app, &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mail a new link. The answer is the same for an unknown address.
#[utoipa::path(post, path = "/auth/verify/resend", tag = "accounts", request_body = api::EmailOnly,
    security(("key" = [])), responses((status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 422, body = api::Problem)))]
pub(crate) async fn resend(State(app): State<App>, Json(body): Json<api::EmailOnly>) -> Result<StatusCode, ApiError> {
    let email = email(&body.email).map_err(|field| Error::Invalid(vec![field]))?;
    count_account(&app, &email).await?;
    sign_up::resend(&app, &email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Whether a browser wants its tokens as cookies.
#[derive(Deserialize)]
pub(crate) struct CookieWish {
    #[serde(default)]
    cookies: bool,
}

/// Log in.
#[utoipa::path(post, path = "/auth/login", tag = "accounts", request_body = api::Login, security(("key" = [])),
    params(("cookies" = Option<bool>, Query, description = "Set the tokens as HttpOnly cookies instead")),
    responses((status = 200, body = api::LoginReply),
        (status = 401, description = "credentials_invalid, or otp_required", body = api::Problem),
        (status = 403, description = "email_unverified", body = api::Problem)))]
pub(crate) async fn login(
    State(ctx): State<Ctx>,
    Query(wish): Query<CookieWish>,
    headers: HeaderMap,
    Json(body): Json<api::Login>,
) -> Result<Response, ApiError> {
    let (client, device) = (client::family(&headers), cookies::read(&headers, Name::Device, ctx.settings.cookies));
    let typed = Credentials { email: &body.email, password: &body.password, otp: body.otp.as_deref() };
    let from = Origin { client: &client, device: device.as_deref(), keeps_cookies: wish.cookies };
    let signed_in = sign_in::api(&ctx.app, &typed, from).await?;
    let (tokens, mut set) = hand_out(&ctx, signed_in.granted, wish.cookies);
    set.0.extend(signed_in.device.map(|device| cookies::known_device(device, ctx.settings.cookies)));
    let user = account::user(&signed_in.user.into());
    Ok((no_store(), set, axum::Json(api::LoginReply { tokens, user })).into_response())
}

/// Exchange a refresh token for a new pair. Using one twice ends its session.
#[utoipa::path(post, path = "/auth/refresh", tag = "accounts", request_body = Option<api::Refresh>,
    security(("key" = [])), responses((status = 200, body = api::TokenReply), (status = 401, body = api::Problem)))]
pub(crate) async fn refresh(
    State(ctx): State<Ctx>,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<api::Refresh>,
) -> Result<Response, ApiError> {
    let client = client::family(&headers);
    let (token, by_cookie) = match body.refresh_token {
        Some(token) => (token, false),
        None => {
            if !csrf::same_origin(&headers, &ctx.app.config.app_url, &ctx.settings.allowed_origins) {
                return Err(cross_site().into());
            }
            let cookie = cookies::read(&headers, Name::Refresh, ctx.settings.cookies);
            (cookie.unwrap_or_default(), true)
        }
    };
    let pair = session::refresh(&ctx.app, &token, &client).await?;
    let (tokens, set) = hand_out(&ctx, pair, by_cookie);
    Ok((no_store(), set, axum::Json(tokens)).into_response())
}

type SetCookies = AppendHeaders<Vec<(HeaderName, String)>>;

fn no_store() -> AppendHeaders<[(HeaderName, &'static str); 1]> {
    AppendHeaders([(header::CACHE_CONTROL, "no-store")])
}

/// Tokens in the body, or in cookies, never in both.
fn hand_out(ctx: &Ctx, pair: TokenPair, as_cookies: bool) -> (api::TokenReply, SetCookies) {
    if !as_cookies {
        let reply = api::TokenReply {
            token: Some(pair.access),
            expires_in: pair.expires_in,
            refresh_token: Some(pair.refresh),
        };
        return (reply, AppendHeaders(Vec::new()));
    }
    let style = ctx.settings.cookies;
    let set = vec![
        (header::SET_COOKIE, cookies::set(Name::Access, pair.access, pair.expires_in, style)),
        (header::SET_COOKIE, cookies::set(Name::Refresh, pair.refresh, pair.refresh_expires_in, style)),
    ];
    (api::TokenReply { token: None, expires_in: pair.expires_in, refresh_token: None }, AppendHeaders(set))
}

/// Which sessions to end.
#[derive(Deserialize)]
pub(crate) struct LogoutWish {
    #[serde(default)]
    everywhere: bool,
}

/// Log out, here or everywhere.
#[utoipa::path(post, path = "/auth/logout", tag = "accounts", security(("key" = [], "session" = [])),
    params(("everywhere" = Option<bool>, Query, description = "End all sessions of the account")),
    responses((status = 204, description = "Ended"), (status = 401, body = api::Problem)))]
pub(crate) async fn logout(
    State(ctx): State<Ctx>,
    Query(wish): Query<LogoutWish>,
    Session(who): Session,
) -> Result<(StatusCode, SetCookies), ApiError> {
    let extent = if wish.everywhere { Extent::Everywhere } else { Extent::Here };
    session::sign_out(&ctx.app, &who, extent).await?;
    let style = ctx.settings.cookies;
    let clear = |name| (header::SET_COOKIE, cookies::clear(name, style));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(vec![clear(Name::Access), clear(Name::Refresh)])))
}

/// Ask for a link to set a new password. The answer is the same for an unknown address.
#[utoipa::path(post, path = "/auth/reset-request", tag = "accounts", request_body = api::EmailOnly,
    security(("key" = [])), responses((status = 202, description = "If there is such an account, a mail is on its way"),
        (status = 422, body = api::Problem)))]
pub(crate) async fn reset_request(
    State(app): State<App>,
    Json(body): Json<api::EmailOnly>,
) -> Result<StatusCode, ApiError> {
    let email = email(&body.email).map_err(|field| Error::Invalid(vec![field]))?;
    count_account(&app, &email).await?;
    password_reset::request(&app, &email).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Set a new password with the token from the mail. All sessions end.
#[utoipa::path(post, path = "/auth/reset", tag = "accounts", request_body = api::Reset, security(("key" = [])),
    responses((status = 204, description = "Set"), (status = 422, body = api::Problem)))]
pub(crate) async fn reset(State(app): State<App>, Json(body): Json<api::Reset>) -> Result<StatusCode, ApiError> {
    let password = password("new_password", &body.new_password).map_err(|field| Error::Invalid(vec![field]))?;
    password_reset::reset(&app, &body.token, &password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make the address that a mail went to the account's, with the token from that mail.
#[utoipa::path(post, path = "/auth/email", tag = "accounts", request_body = api::Token, security(("key" = [])),
    responses((status = 204, description = "Changed"), (status = 422, body = api::Problem)))]
pub(crate) async fn confirm_email(
    State(app): State<App>,
    Json(body): Json<api::Token>,
) -> Result<StatusCode, ApiError> {
    email_change::confirm(&app, &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
