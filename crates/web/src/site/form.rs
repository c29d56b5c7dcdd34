//! What visitors send: forms, and parameters in a link.

use askama::Template;
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::visit::{Fault, Visit};
use crate::context::Ctx;

/// A form, and who sent it. One that can't be read gets a page in the visitor's language.
pub(crate) struct Filled<T> {
    pub(crate) visit: Visit,
    pub(crate) form: T,
}

impl<T: DeserializeOwned> FromRequest<Ctx> for Filled<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, ctx).await?;
        match Form::<T>::from_request(Request::from_parts(parts, body), ctx).await {
            Ok(Form(form)) => Ok(Filled { visit, form }),
            Err(rejection) => Err(visit.unreadable(rejection.status())),
        }
    }
}

/// Parameters of a link. Those of a link that was damaged on its way count as left out.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequestParts<Ctx> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Fault> {
        let query = Query::<T>::from_request_parts(parts, ctx).await;
        Ok(Asked(query.map(|Query(query)| query).unwrap_or_default()))
    }
}

/// The question before what can't be taken back, for a form that was sent without its answer. It is sent again, to
/// where it came to, with `sure`.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage<'a> {
    pub(super) v: &'a Visit,
    pub(super) question: String,
    pub(super) yes: String,
    pub(super) no: String,
    /// Where a no leads.
    pub(super) back: &'a str,
    /// The form's field `wish`, if it has one.
    pub(super) wish: &'a str,
}

/// A form that is a button: nothing but the token of the session.
#[derive(Deserialize)]
pub(crate) struct Button {
    pub(crate) csrf: String,
}
