//! The JSON API: handlers by noun, and the document that is made from them.

mod account;
pub(crate) mod auth;
mod billing;
pub(crate) mod devices;
mod docs;
pub(crate) mod export;
mod health;
mod notices;
mod security;
pub(crate) mod servers;
mod tickets;

use app::LimitClass;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use domain::api_scope::Scope;
use utoipa::OpenApi;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::context::Ctx;
use crate::error::ApiError;
use crate::limits::{self, Gate, Replies};
use crate::{cors, hooks};

/// Largest body of a request, in bytes.
pub(crate) const MAX_BODY: usize = 256 * 1024;
/// Largest body of a request of the support desk, in bytes: files of 10 MB in base64, and a message.
const MAX_TICKET: usize = 14_000_000;
/// What a caller is told of a larger one.
pub(crate) const TOO_LARGE: &str = "a body is at most 256 KiB; for a ticket with files, 14 MB";

/// Largest body of a request of a part of the API, in bytes.
pub(crate) fn most_body(scope: Scope) -> usize {
    match scope {
        Scope::Tickets => MAX_TICKET,
        Scope::Accounts | Scope::Payments | Scope::Servers | Scope::Devices => MAX_BODY,
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "MiraiVPN API",
        description = "Accounts, payments, servers and devices of MiraiVPN.\n\nEvery request carries X-API-KEY, except \
                       the webhook, the health checks and this document. Errors are application/problem+json; act on \
                       their code. Times are RFC 3339 UTC, money is integer minor units, sizes are bytes (1 GB = 10^9)."
    ),
    servers((url = "/backend/api"), (url = "/api/v1")),
    modifiers(&Security)
)]
struct Document;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-KEY")));
        components.add_security_scheme("key", key);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("session", SecurityScheme::Http(bearer));
    }
}

/// Routes that need no key.
fn open_routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::readyz))
        .routes(routes!(docs::document))
        .routes(routes!(docs::page))
        .routes(routes!(hooks::stripe))
}

/// Routes that take a credential or send a mail; all of them are [`Scope::Accounts`].
fn credential_routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(auth::register))
        .routes(routes!(auth::verify))
        .routes(routes!(auth::resend))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::reset_request))
        .routes(routes!(auth::reset))
        .routes(routes!(auth::confirm_email))
}

/// Writes to the account that neither create nor charge, and whose replies must not be kept: secrets that are shown once.
fn account_routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new()
        .routes(routes!(auth::logout))
        .routes(routes!(security::prove))
        .routes(routes!(security::password))
        .routes(routes!(security::email))
        .routes(routes!(security::standing, security::begin, security::turn_off))
        .routes(routes!(security::confirm))
        .routes(routes!(security::renew_codes))
}

/// A link that works for minutes: another one is asked for, not the same.
fn portal_routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(billing::portal))
}

/// A code that is worth credit: tries are counted as those of a password are.
fn gift_routes() -> OpenApiRouter<Ctx> {
    OpenApiRouter::new().routes(routes!(billing::redeem))
}

/// All others.
fn general_routes(scope: Scope) -> OpenApiRouter<Ctx> {
    let routes = OpenApiRouter::new();
    match scope {
        Scope::Accounts => routes
            .routes(routes!(account::me, account::change_me, security::delete_me))
            .routes(routes!(notices::notices, notices::change_notices))
            .routes(routes!(export::export))
            .routes(routes!(account::sessions))
            .routes(routes!(account::end_session)),
        Scope::Payments => routes
            .routes(routes!(billing::plans))
            .routes(routes!(billing::checkout))
            .routes(routes!(billing::subscriptions))
            .routes(routes!(billing::cancel))
            .routes(routes!(billing::resume))
            .routes(routes!(billing::change_plan))
            .routes(routes!(billing::money_back))
            .routes(routes!(billing::invoices))
            .routes(routes!(billing::credits))
            .routes(routes!(billing::pay_with_credit))
            .routes(routes!(billing::apply_credit))
            .routes(routes!(billing::referrals)),
        Scope::Servers => routes.routes(routes!(servers::status)).routes(routes!(servers::choose)),
        Scope::Devices => routes
            .routes(routes!(devices::confirm))
            .routes(routes!(devices::config))
            .routes(routes!(devices::list, devices::add))
            .routes(routes!(devices::get, devices::change, devices::delete))
            .routes(routes!(devices::rekey))
            .routes(routes!(devices::relocate)),
        Scope::Tickets => routes
            .routes(routes!(tickets::list, tickets::open))
            .routes(routes!(tickets::get))
            .routes(routes!(tickets::write))
            .routes(routes!(tickets::close))
            .routes(routes!(tickets::rate))
            .routes(routes!(tickets::file)),
    }
}

/// The API's document, from the same list as its routes.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let document = OpenApiRouter::with_openapi(Document::openapi());
    let kept = Scope::ALL.into_iter().fold(document, |all, scope| all.merge(general_routes(scope)));
    let kept = kept.merge(gift_routes());
    let mut kept = kept.split_for_parts().1;
    offer_idempotency(&mut kept);
    let routes = open_routes().merge(credential_routes()).merge(account_routes()).merge(portal_routes());
    let mut document = OpenApiRouter::with_openapi(kept).merge(routes).split_for_parts().1;
    name_problems(&mut document);
    document
}

/// Writes that create or charge take a key, under which they have one effect.
fn offer_idempotency(document: &mut utoipa::openapi::OpenApi) {
    for operation in document.paths.paths.values_mut().filter_map(|item| item.post.as_mut()) {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "1 to 255 characters of your own: the same request again within a day has no second effect",
            ))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255))));
        operation.parameters.get_or_insert_default().push(RefOr::T(key.build()));
    }
}

/// A refusal is `application/problem+json`; the routes say only that it is a [`api::Problem`].
fn name_problems(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten() {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && status.starts_with(['4', '5'])
                    && let Some(content) = response.content.shift_remove("application/json")
                {
                    response.content.insert("application/problem+json".to_owned(), content);
                }
            }
            // What any route may answer: a body that can't be read, too many requests, a service that is away.
            let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let any = ResponseBuilder::new()
                .description("A problem: act on its code")
                .content("application/problem+json", problem)
                .build();
            operation.responses.responses.insert("default".to_owned(), RefOr::T(any));
        }
    }
}

/// The API, to be mounted.
pub(crate) fn router(ctx: &Ctx) -> Router<Ctx> {
    let open: Router<Ctx> = open_routes().into();
    let routes = Scope::ALL
        .into_iter()
        .fold(open, |router, scope| router.merge(keyed(ctx, scope)))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(map_response(problem_only));
    // Each layer costs every request a copy of all that it covers: none that has nothing to say.
    match ctx.settings.allowed_origins.as_slice() {
        [] => routes,
        origins => routes.layer(cors::layer(origins)),
    }
}

/// The routes of a scope, for those whose key opens it.
fn keyed(ctx: &Ctx, scope: Scope) -> Router<Ctx> {
    let guarded = |routes: OpenApiRouter<Ctx>, class, replies| {
        let gate = Gate { ctx: ctx.clone(), scope, class, replies };
        Router::from(routes).route_layer(from_fn_with_state(gate, limits::gate))
    };
    let general = guarded(general_routes(scope), LimitClass::General, Replies::Kept);
    match scope {
        Scope::Accounts => general
            .merge(guarded(account_routes(), LimitClass::General, Replies::Forgotten))
            .merge(guarded(credential_routes(), LimitClass::Credential, Replies::Forgotten)),
        Scope::Payments => general
            .merge(guarded(portal_routes(), LimitClass::General, Replies::Forgotten))
            .merge(guarded(gift_routes(), LimitClass::Credential, Replies::Kept)),
        Scope::Servers | Scope::Devices => general,
        Scope::Tickets => general.layer(DefaultBodyLimit::max(most_body(scope))),
    }
}

async fn no_route() -> ApiError {
    ApiError::request(StatusCode::NOT_FOUND, "not_found", "there is no such route; see /docs")
}

async fn no_method() -> ApiError {
    ApiError::request(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this route has no such method; see /docs")
}

/// An extractor of the framework's refuses in plain text: callers of the API get a problem all the same.
async fn problem_only(response: Response) -> Response {
    let status = response.status();
    let content_type = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !(status.is_client_error() && content_type.starts_with("text/plain")) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", TOO_LARGE),
        _ => ("request_invalid", "the address or its parameters can't be read; see /docs"),
    };
    ApiError::request(status, code, detail).into_response()
}
