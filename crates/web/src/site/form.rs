//! What visitors send: forms, and parameters in a link.

use app::plan::{Choice, Price};
use askama::Template;
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use domain::period::{Every, UnknownPeriod};
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

/// A price of a plan as a form names it: `basic/year/usd`, or `basic` alone for the plan's own.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct PriceWord {
    pub(super) plan: String,
    every: Option<Every>,
    currency: Option<String>,
}

impl PriceWord {
    pub(super) fn of(plan: &str, price: &Price) -> String {
        format!("{plan}/{}/{}", price.every.as_str(), price.currency)
    }

    pub(super) fn choice(&self) -> Choice<'_> {
        Choice { every: self.every, currency: self.currency.as_deref() }
    }
}

impl TryFrom<String> for PriceWord {
    type Error = UnknownPeriod;

    fn try_from(word: String) -> Result<PriceWord, UnknownPeriod> {
        let mut parts = word.splitn(3, '/').map(str::to_owned);
        let plan = parts.next().unwrap_or_default();
        let every = parts.next().map(|word| word.parse()).transpose()?;
        Ok(PriceWord { plan, every, currency: parts.next() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_named_by_plan_period_and_currency() {
        let price = Price { every: Every::Year, currency: "eur".to_owned(), amount: 5_990, at_stripe: None };
        let word = PriceWord::of("basic", &price);
        let read = PriceWord::try_from(word).unwrap();
        assert_eq!((read.plan.as_str(), read.choice().every), ("basic", Some(Every::Year)));
        assert_eq!(read.choice().currency, Some("eur"));
        let alone = PriceWord::try_from("basic".to_owned()).unwrap();
        assert_eq!((alone.plan.as_str(), alone.every, alone.currency), ("basic", None, None));
        assert!(PriceWord::try_from("basic/week/usd".to_owned()).is_err());
    }
}
