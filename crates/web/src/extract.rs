//! What handlers of the API take: strict JSON, who asks, and ids.

use app::Error;
use app::session::{self, Who};
use app::tokens::Access;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use domain::page::{Ask, AskError};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Ctx;
use crate::cookies::{self, Name};
use crate::csrf;
use crate::error::ApiError;
use crate::json::TOO_LARGE;

/// A JSON body. Unknown and missing fields, wrong types and duplicates are refused by name.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Ctx> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let detail = "send the body as Content-Type: application/json";
            return Err(ApiError::request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", detail));
        }
        let bytes = Bytes::from_request(request, ctx).await.map_err(unreadable)?;
        parse(&bytes).map(Json)
    }
}

/// A JSON body that may be left out; then every field has its default.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Ctx> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, ApiError> {
        let has_type = request.headers().contains_key(header::CONTENT_TYPE);
        if has_type {
            return Json::from_request(request, ctx).await.map(|Json(body)| OptionalJson(body));
        }
        let bytes = Bytes::from_request(request, ctx).await.map_err(unreadable)?;
        if bytes.is_empty() {
            return Ok(OptionalJson(T::default()));
        }
        let detail = "send the body as Content-Type: application/json";
        Err(ApiError::request(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", detail))
    }
}

/// A body that could not be read whole.
pub(crate) fn unreadable(rejection: BytesRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::request(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", TOO_LARGE),
        _ => ApiError::request(StatusCode::BAD_REQUEST, "body_unreadable", "the body broke off"),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader);
    let parsed = parsed.map_err(|error| {
        let path = error.path().to_string();
        refused(&path, error.inner())
    })?;
    reader.end().map_err(|error| refused("", &error))?;
    Ok(parsed)
}

/// Parameters after the `?`. Missing and wrong ones are refused by name; unknown ones are ignored, as links carry them.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Ctx> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, ctx).await {
            Ok(axum::extract::Query(query)) => Ok(Query(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                let text = text.rsplit("query string: ").next().unwrap_or_default();
                let (path, text) = text.split_once(": ").unwrap_or(("", text));
                Err(refused_field(path, text))
            }
        }
    }
}

/// Which page of a list is asked for.
pub(crate) struct Pages(pub(crate) Ask);

impl FromRequestParts<Ctx> for Pages {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, ApiError> {
        let Query(query) = Query::<api::PageQuery>::from_request_parts(parts, ctx).await?;
        let ask = Ask::parse(query.limit, query.cursor.as_deref());
        ask.map(Pages).map_err(|error| {
            let field = match error {
                AskError::Limit => "limit",
                AskError::Cursor => "cursor",
            };
            Error::invalid(field, error.code(), error.to_string()).into()
        })
    }
}

/// Which field it was is in serde's text for unknown and missing ones, and in the path for all others.
fn refused(path: &str, error: &serde_json::Error) -> ApiError {
    if !error.is_data() {
        let detail = format!("the body is not JSON: {error}");
        return ApiError::request(StatusCode::BAD_REQUEST, "json_invalid", detail);
    }
    let text = error.to_string();
    refused_field(path, text.split(" at line ").next().unwrap_or_default())
}

fn refused_field(path: &str, text: &str) -> ApiError {
    let quoted = text.split('`').nth(1).unwrap_or_default();
    let (field, code) = if text.starts_with("unknown field") {
        (quoted, "field_unknown")
    } else if text.starts_with("missing field") {
        (quoted, "field_missing")
    } else if text.starts_with("duplicate field") {
        (quoted, "field_duplicate")
    } else {
        (path, "field_type")
    };
    ApiError::App(Error::Invalid(vec![app::FieldError { field: our_name(field), code, detail: text.to_owned() }]))
}

/// Field names of ours are known at compile time; any other is named by its kind, so that nothing a caller sends is
/// kept.
fn our_name(field: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "device",
        "limit",
        "cursor",
        "cookies",
        "everywhere",
        "format",
        "email",
        "password",
        "language",
        "referral_code",
        "token",
        "otp",
        "refresh_token",
        "new_password",
        "plan",
        "region",
        "coupon",
        "code",
        "when",
        "name",
        "server_id",
        "public_key",
        "mtu",
        "routes",
        "dns",
        "subject",
        "category",
        "body",
        "files",
        "content",
        "rating",
        "note",
    ];
    KNOWN.iter().find(|known| **known == field).copied().unwrap_or("(unknown field)")
}

/// Who asks: the user of an access token, in the header or (for browsers that asked for it) in a cookie. A write with
/// a cookie must come from a page that may make it.
pub(crate) struct Session(pub(crate) Who);

impl FromRequestParts<Ctx> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, ApiError> {
        let now = ctx.app.clock.now();
        if let Some(access) = parts.extensions.get::<Access>() {
            return Ok(Session(session::by_access(&ctx.app, *access, now).await?));
        }
        let style = ctx.settings.cookies;
        let token = match bearer(parts) {
            Some(token) => token,
            None => {
                let cookie = cookies::read(&parts.headers, Name::Access, style).ok_or_else(unauthenticated)?;
                require_same_origin(parts, ctx)?;
                cookie
            }
        };
        Ok(Session(session::by_access_token(&ctx.app, &token, now).await?))
    }
}

/// Refuses a write that a strange page made with the user's cookies.
pub(crate) fn require_same_origin(parts: &Parts, ctx: &Ctx) -> Result<(), ApiError> {
    let allowed = csrf::is_safe(&parts.method)
        || csrf::same_origin(&parts.headers, &ctx.app.config.app_url, &ctx.settings.allowed_origins);
    if allowed { Ok(()) } else { Err(cross_site().into()) }
}

pub(crate) fn cross_site() -> Error {
    Error::Forbidden {
        code: "cross_site",
        detail: "this request came from another site's page; open ours and try again",
    }
}

fn unauthenticated() -> ApiError {
    Error::Unauthorized { code: "session_missing", detail: "sign in: send Authorization: Bearer with an access token" }
        .into()
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// An id in the path; what is no id is not found, like an id of nothing.
pub(crate) struct Id(pub(crate) Uuid);

impl FromRequestParts<Ctx> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, ApiError> {
        let id = Path::<Uuid>::from_request_parts(parts, ctx).await;
        id.map(|Path(id)| Id(id)).map_err(|_| Error::NotFound.into())
    }
}
