//! Who comes in: the team, by role. For everybody else a page here is one that does not exist.

use app::session::Who;
use app::{App, Error};
use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::operator::Act;
use serde::Deserialize;

use crate::context::{Ctx, TeamCode};
use crate::site::upload::Upload;
use crate::site::visit::{Fault, Visit};

/// An operator's visit.
pub(super) struct Operator {
    pub(super) visit: Visit,
    pub(super) who: Who,
}

impl Operator {
    /// Lets in whose role comes with an act.
    fn enter(visit: Visit, act: Act) -> Result<Operator, Fault> {
        let Some(who) = visit.who.clone().filter(|_| visit.may(act)) else {
            return Err(visit.fault(Error::NotFound));
        };
        if visit.ctx.settings.team_code == TeamCode::Demanded && who.user.totp_since.is_none() {
            return Err(visit.redirect("/dashboard/security?needed=admin"));
        }
        Ok(Operator { visit, who })
    }

    pub(super) fn app(&self) -> &App {
        &self.visit.ctx.app
    }

    /// The name under which the audit log has what this operator does.
    pub(super) fn actor(&self) -> String {
        self.who.user.id.to_string()
    }

    /// The page that says what went wrong.
    pub(super) fn fault(&self, error: Error) -> Fault {
        self.visit.fault(error)
    }

    /// What is wrong with a form, in words, if that is for the operator to mend; a page of its own otherwise.
    pub(super) fn mendable(&self, error: Error) -> Result<String, Fault> {
        match &error {
            Error::Invalid(fields) => {
                let words = fields.iter().map(|field| {
                    let words = self.visit.words(field.code, &field.detail);
                    format!("{}: {words}", self.field(field.field))
                });
                Ok(words.collect::<Vec<_>>().join(" "))
            }
            Error::Conflict { code, detail } => Ok(self.visit.words(code, detail)),
            _ => Err(self.fault(error)),
        }
    }

    /// A field by the label that its page has.
    fn field(&self, field: &str) -> String {
        let key = match field {
            "amount" => "admin-amount",
            "currency" => "admin-currency",
            "reason" => "admin-reason",
            "name" => "field-name",
            "region" => "device-region",
            "country" => "admin-country",
            "city" => "admin-city",
            "endpoint" => "admin-endpoint",
            "public_key" => "admin-public-key",
            "capacity" => "admin-capacity",
            "bandwidth_mbit" => "admin-bandwidth",
            "days" => "admin-days",
            "price" => "admin-price",
            "devices" => "dashboard-devices",
            "quota_bytes" => "admin-quota",
            "speed_mbit" => "admin-speed",
            "slow_mbit" => "admin-slow",
            "trial_days" => "admin-trial",
            "regions" => "admin-plan-regions",
            "interval" => "admin-period",
            "code" => "admin-coupon-code",
            "percent" => "admin-coupon-percent",
            "months" => "admin-coupon-months",
            "plans" | "periods" => "admin-coupon-holds",
            "limit" | "uses" => "admin-coupon-uses",
            "per_customer" => "admin-coupon-per-customer",
            "count" => "admin-gift-count",
            "note" => "admin-gift-note",
            "body" => "ticket-body",
            "files" => "ticket-files",
            "category" => "ticket-category",
            "priority" => "admin-ticket-priority",
            "to" => "admin-ticket-to",
            "words" => "admin-incident-words",
            "stage" => "admin-incident-stage",
            "impact" => "admin-impact",
            "title" => "admin-maintenance-title",
            "start" => "admin-maintenance-start",
            "zone" => "admin-maintenance-zone",
            "minutes" => "admin-maintenance-minutes",
            "repeat" => "admin-repeat",
            "until" => "admin-maintenance-until",
            "email" => "field-email",
            "url" => "admin-webhook-url",
            "component" => "admin-check-component",
            "kind" => "admin-check-kind",
            "target" => "admin-check-target",
            "wants" => "admin-check-wants",
            "status" => "admin-check-status",
            "certificate_days" => "admin-check-days",
            "every" => "admin-check-every",
            "timeout" => "admin-check-timeout",
            "down_after" => "admin-check-down-after",
            "up_after" => "admin-check-up-after",
            _ => return field.to_owned(),
        };
        self.visit.t.say(key)
    }
}

/// An operator who helps customers opens a page.
pub(super) struct Team(pub(super) Operator);

/// An operator who runs the service opens a page.
pub(super) struct Admin(pub(super) Operator);

impl FromRequestParts<Ctx> for Team {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Fault> {
        Operator::enter(Visit::from_request_parts(parts, ctx).await?, Act::SeeCustomers).map(Team)
    }
}

impl FromRequestParts<Ctx> for Admin {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Fault> {
        Operator::enter(Visit::from_request_parts(parts, ctx).await?, Act::Run).map(Admin)
    }
}

/// The fields of a form, as typed.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field's text without the space around it; nothing if it is not there.
    pub(super) fn get(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// All texts of a field that may be there several times.
    pub(super) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, text)| text.trim())
    }

    /// A field as it was typed, which a password is.
    pub(super) fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, text)| text)
    }

    /// What a question sends along: all but what it asks for itself.
    pub(super) fn carried(&self) -> Vec<(&str, &str)> {
        let own = ["csrf", "sure", "password", "otp"];
        let fields = self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        fields.filter(|(name, _)| !own.contains(name)).collect()
    }

    /// Adds what the form does not say.
    pub(super) fn note(&mut self, name: &str, value: impl ToString) {
        if !self.0.iter().any(|(known, _)| known == name) {
            self.0.push((name.to_owned(), value.to_string()));
        }
    }

    /// The same form with what is there already.
    pub(super) fn of(fields: impl IntoIterator<Item = (&'static str, String)>) -> Fields {
        Fields(fields.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
    }
}

/// A form of one who helps customers, sent with the token of the session.
pub(super) struct TeamForm(pub(super) Operator, pub(super) Fields);

/// A form of one who runs the service, sent with the token of the session.
pub(super) struct AdminForm(pub(super) Operator, pub(super) Fields);

impl FromRequest<Ctx> for TeamForm {
    type Rejection = Fault;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Fault> {
        let (operator, fields) = read(request, ctx, Act::SeeCustomers).await?;
        Ok(TeamForm(operator, fields))
    }
}

impl FromRequest<Ctx> for AdminForm {
    type Rejection = Fault;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Fault> {
        let (operator, fields) = read(request, ctx, Act::Run).await?;
        Ok(AdminForm(operator, fields))
    }
}

/// A form with files of one who helps customers, sent with the token of the session.
pub(super) struct TeamUpload(pub(super) Operator, pub(super) Upload);

impl FromRequest<Ctx> for TeamUpload {
    type Rejection = Fault;

    async fn from_request(request: Request, ctx: &Ctx) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, ctx).await?;
        let operator = Operator::enter(visit.clone(), Act::SeeCustomers)?;
        let upload = Upload::of(visit, Request::from_parts(parts, body), ctx).await?;
        upload.who()?;
        Ok(TeamUpload(operator, upload))
    }
}

async fn read(request: Request, ctx: &Ctx, act: Act) -> Result<(Operator, Fields), Fault> {
    let (mut parts, body) = request.into_parts();
    let visit = Visit::from_request_parts(&mut parts, ctx).await?;
    let operator = Operator::enter(visit, act)?;
    let form = Form::<Vec<(String, String)>>::from_request(Request::from_parts(parts, body), ctx).await;
    let Form(fields) = form.map_err(|rejection| operator.visit.unreadable(rejection.status()))?;
    let fields = Fields(fields);
    operator.visit.sent_by(fields.exact("csrf"))?;
    Ok((operator, fields))
}

/// What was done before a page was come back to, in a word of that page's own; none without it.
#[derive(Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    pub(super) done: String,
}

/// Back to a page, which says what was done.
pub(super) fn back(page: &str, done: &str) -> Response {
    Redirect::to(&format!("{page}?done={done}")).into_response()
}

/// A page with something that is shown once: nobody keeps it.
pub(super) fn once(mut page: Response) -> Response {
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page
}

/// A way of asking that a page here does not know. To strangers no page is here.
pub(super) async fn no_method(Team(operator): Team) -> Fault {
    operator.visit.unreadable(StatusCode::METHOD_NOT_ALLOWED)
}
