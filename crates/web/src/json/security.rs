//! What only the owner may do: proof of presence, password, address, second factor, deletion.

use app::step_up::{self, Proof};
use app::{App, Error, account_delete, email_change, second_factor, user};
use axum::Json as Reply;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::AppendHeaders;

use crate::error::ApiError;
use crate::extract::{Json, Session};
use crate::json::auth;

type NoStore = AppendHeaders<[(HeaderName, &'static str); 1]>;

fn no_store() -> NoStore {
    AppendHeaders([(header::CACHE_CONTROL, "no-store")])
}

fn proof(body: &api::Proof) -> Proof<'_> {
    Proof { password: &body.password, otp: body.otp.as_deref() }
}

/// Show the password (and a code) again: what is marked `step_up_required` works for ten minutes.
#[utoipa::path(post, path = "/user/step-up", tag = "security", request_body = api::Proof,
    security(("key" = [], "session" = [])),
    responses((status = 204, description = "Shown"), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn prove(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::Proof>,
) -> Result<StatusCode, ApiError> {
    step_up::prove(&app, &who, proof(&body)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the password. All other sessions end.
#[utoipa::path(post, path = "/user/password", tag = "security", request_body = api::ChangePassword,
    security(("key" = [], "session" = [])),
    responses((status = 204, description = "Changed"), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn password(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::ChangePassword>,
) -> Result<StatusCode, ApiError> {
    let new = auth::password("new_password", &body.new_password).map_err(|field| Error::Invalid(vec![field]))?;
    let proof = Proof { password: &body.password, otp: body.otp.as_deref() };
    user::change_password(&app, &who, proof, &new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for another address. A mail goes to the new one, with the token for `/auth/email`, and word to the old one.
#[utoipa::path(post, path = "/user/email", tag = "security", request_body = api::ChangeEmail,
    security(("key" = [], "session" = [])),
    responses((status = 202, description = "A mail is on its way"), (status = 401, body = api::Problem),
        (status = 422, body = api::Problem)))]
pub(crate) async fn email(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::ChangeEmail>,
) -> Result<StatusCode, ApiError> {
    let new = auth::email(&body.email).map_err(|field| Error::Invalid(vec![field]))?;
    auth::count_account(&app, &new).await?;
    let proof = Proof { password: &body.password, otp: body.otp.as_deref() };
    email_change::request(&app, &who, &new, proof).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Delete the account: devices go offline and payments end at once, and what is personal is removed. Invoices are kept
/// without a name.
#[utoipa::path(delete, path = "/user/me", tag = "security", request_body = api::Proof,
    security(("key" = [], "session" = [])),
    responses((status = 204, description = "Deleted"), (status = 401, body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn delete_me(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::Proof>,
) -> Result<StatusCode, ApiError> {
    account_delete::by_owner(&app, &who, proof(&body)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the second factor stands.
#[utoipa::path(get, path = "/user/totp", tag = "security", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::SecondFactor), (status = 401, body = api::Problem)))]
pub(crate) async fn standing(
    State(app): State<App>,
    Session(who): Session,
) -> Result<Reply<api::SecondFactor>, ApiError> {
    let standing = second_factor::standing(&app, &who).await?;
    Ok(Reply(api::SecondFactor {
        on: standing.since.is_some(),
        since: standing.since.map(api::time),
        recovery_codes_left: standing.codes_left,
    }))
}

/// Get a secret for an authenticator app.
#[utoipa::path(post, path = "/user/totp", tag = "security", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::Enrolment), (status = 401, body = api::Problem),
        (status = 403, description = "step_up_required", body = api::Problem),
        (status = 409, description = "totp_on", body = api::Problem)))]
pub(crate) async fn begin(
    State(app): State<App>,
    Session(who): Session,
) -> Result<(NoStore, Reply<api::Enrolment>), ApiError> {
    let enrolment = second_factor::begin(&app, &who).await?;
    Ok((no_store(), Reply(api::Enrolment { secret: enrolment.secret, uri: enrolment.uri })))
}

/// Turn the second factor on with the app's first code.
#[utoipa::path(post, path = "/user/totp/confirm", tag = "security", request_body = api::Code,
    security(("key" = [], "session" = [])),
    responses((status = 200, body = api::RecoveryCodes), (status = 401, body = api::Problem),
        (status = 403, description = "step_up_required", body = api::Problem),
        (status = 409, description = "totp_on, totp_not_begun", body = api::Problem), (status = 422, body = api::Problem)))]
pub(crate) async fn confirm(
    State(app): State<App>,
    Session(who): Session,
    Json(body): Json<api::Code>,
) -> Result<(NoStore, Reply<api::RecoveryCodes>), ApiError> {
    let codes = second_factor::confirm(&app, &who, &body.otp).await?;
    Ok((no_store(), Reply(recovery_codes(&codes))))
}

fn recovery_codes(codes: &[domain::account::RecoveryCode]) -> api::RecoveryCodes {
    api::RecoveryCodes { recovery_codes: codes.iter().map(domain::account::RecoveryCode::text).collect() }
}

/// New recovery codes; the old ones die.
#[utoipa::path(post, path = "/user/totp/recovery-codes", tag = "security", security(("key" = [], "session" = [])),
    responses((status = 200, body = api::RecoveryCodes), (status = 401, body = api::Problem),
        (status = 403, description = "step_up_required", body = api::Problem),
        (status = 409, description = "totp_off", body = api::Problem)))]
pub(crate) async fn renew_codes(
    State(app): State<App>,
    Session(who): Session,
) -> Result<(NoStore, Reply<api::RecoveryCodes>), ApiError> {
    let codes = second_factor::renew_codes(&app, &who).await?;
    Ok((no_store(), Reply(recovery_codes(&codes))))
}

/// Turn the second factor off.
#[utoipa::path(delete, path = "/user/totp", tag = "security", security(("key" = [], "session" = [])),
    responses((status = 204, description = "Off"), (status = 401, body = api::Problem),
        (status = 403, description = "step_up_required", body = api::Problem),
        (status = 409, description = "totp_off", body = api::Problem)))]
pub(crate) async fn turn_off(State(app): State<App>, Session(who): Session) -> Result<StatusCode, ApiError> {
    second_factor::turn_off(&app, &who).await?;
    Ok(StatusCode::NO_CONTENT)
}
