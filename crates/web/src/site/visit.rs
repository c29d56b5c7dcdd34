//! What every page knows: who visits, in which language, and how to answer.

use app::admin::access;
use app::i18n::{OFFERED, Translator};
use app::limiter::Subject;
use app::session::{self, Who};
use app::{Error, LimitClass};
use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use domain::account::{Language, language};
use domain::operator::Act;
use url::form_urlencoded;

use crate::client::ClientAddr;
use crate::context::Ctx;
use crate::cookies::{self, Name};
use crate::csrf;
use crate::error::{self, status_of};
use crate::extract::cross_site;

/// How long a chosen language is remembered: a year, in seconds.
const LANGUAGE_SECONDS: i64 = 365 * 86_400;

/// A visitor's request.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) ctx: Ctx,
    /// Speaks the visitor's language.
    pub(crate) t: Translator,
    /// Who is signed in.
    pub(crate) who: Option<Who>,
    /// The token for forms; empty without a session.
    pub(crate) form_token: String,
    path: String,
    query: String,
    /// Where a login leads back to.
    way_back: String,
    /// A language chosen by this very request.
    chosen: Option<Language>,
    /// The language that this browser has chosen, now or before: it comes before the account's.
    own_language: Option<Language>,
    client: Option<std::net::IpAddr>,
    /// Whether a page's own script asks: it reads JSON, and follows no redirect to a page.
    by_script: bool,
}

impl From<Response> for Fault {
    /// A page that a handler ends with before its work.
    fn from(page: Response) -> Fault {
        Fault(Box::new(page))
    }
}

/// A link to this page in another language.
pub(crate) struct LanguageLink {
    pub(crate) language: Language,
    pub(crate) href: String,
}

/// An answer that is no page of the handler's own: a redirect, or what went wrong.
pub(crate) struct Fault(Box<Response>);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        *self.0
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    v: &'a Visit,
    status: u16,
    title: String,
    detail: String,
}

impl FromRequestParts<Ctx> for Visit {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Fault> {
        let mut visit = Visit::by_anybody(parts, ctx);
        if !csrf::is_safe(&parts.method) && !csrf::same_origin(&parts.headers, &ctx.app.config.app_url, &[]) {
            return Err(visit.fault(cross_site()));
        }
        let style = ctx.settings.cookies;
        if let Some(cookie) = cookies::read(&parts.headers, Name::Session, style) {
            match session::by_cookie(&ctx.app, &cookie, ctx.app.clock.now()).await {
                Ok(who) => {
                    let language = visit.own_language.unwrap_or_else(|| who.user.language());
                    visit.t = Translator::new(language);
                    visit.form_token = csrf::form_token(&cookie);
                    visit.count_session(&who).await.map_err(|error| visit.fault(error))?;
                    visit.who = Some(who);
                }
                Err(Error::Unauthorized { .. }) => {}
                Err(error) => return Err(visit.fault(error)),
            }
        }
        Ok(visit)
    }
}

/// A visit that proves itself by something in its link, wherever it comes from. Whose session it has is not looked at.
pub(crate) struct Stranger(pub(crate) Visit);

impl FromRequestParts<Ctx> for Stranger {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Fault> {
        Ok(Stranger(Visit::by_anybody(parts, ctx)))
    }
}

fn offered(code: &str) -> Option<Language> {
    code.parse().ok().filter(|language| OFFERED.contains(language))
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned()
}

impl Visit {
    /// What a request says of itself, before it is known who sent it.
    fn by_anybody(parts: &Parts, ctx: &Ctx) -> Visit {
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let chosen = pairs(&query).find(|(name, _)| name == "lang").and_then(|(_, code)| offered(&code));
        let remembered =
            cookies::read(&parts.headers, Name::Language, ctx.settings.cookies).and_then(|code| offered(&code));
        let wanted = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let asked = wanted.and_then(|wanted| language::negotiate(wanted, &OFFERED));
        // What was sent with a form is not there after a login.
        let is_read = csrf::is_safe(&parts.method);
        let way_back = parts.uri.path_and_query().filter(|_| is_read).map_or("/dashboard", |asked| asked.as_str());
        let own_language = chosen.or(remembered);
        Visit {
            way_back: way_back.to_owned(),
            ctx: ctx.clone(),
            t: Translator::new(own_language.or(asked).unwrap_or(Language::En)),
            who: None,
            form_token: String::new(),
            path: parts.uri.path().to_owned(),
            query,
            chosen,
            own_language,
            client: parts.extensions.get::<ClientAddr>().map(|ClientAddr(address)| *address),
            by_script: parts.headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json"),
        }
    }

    /// The same visit after its account is gone.
    pub(crate) fn signed_out(&self) -> Visit {
        Visit { who: None, form_token: String::new(), ..self.clone() }
    }

    /// The company's name.
    pub(crate) fn brand(&self) -> &str {
        &self.ctx.app.config.brand.name
    }

    /// The same for the pages below one.
    pub(crate) fn current_area(&self, path: &str) -> &'static str {
        if self.path.starts_with(path) { "page" } else { "false" }
    }

    /// Whether the visitor's role comes with an act of an operator's.
    pub(crate) fn may(&self, act: Act) -> bool {
        self.who.as_ref().is_some_and(|who| access::allow(who, act).is_ok())
    }

    /// Whether the visitor helps customers.
    pub(crate) fn is_team(&self) -> bool {
        self.may(Act::SeeCustomers)
    }

    /// Whether the visitor runs the service.
    pub(crate) fn is_admin(&self) -> bool {
        self.may(Act::Run)
    }

    /// Where customers write to.
    pub(crate) fn support(&self) -> &str {
        &self.ctx.app.config.brand.support
    }

    /// `page` where the link leads to this very page, for `aria-current`.
    pub(crate) fn current(&self, path: &str) -> &'static str {
        if self.path == path { "page" } else { "false" }
    }

    /// This page in each language.
    pub(crate) fn languages(&self) -> Vec<LanguageLink> {
        let link = |language: Language| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(pairs(&self.query).filter(|(name, _)| name != "lang"));
            let href = format!("?{}", query.append_pair("lang", language.as_str()).finish());
            LanguageLink { language, href }
        };
        OFFERED.map(link).into()
    }

    /// The signed-in user; a visitor is led to the login and back.
    pub(crate) fn signed_in(&self) -> Result<&Who, Fault> {
        self.who.as_ref().ok_or_else(|| {
            if self.by_script {
                return self.fault(Error::Unauthorized { code: "session_missing", detail: "log in again" });
            }
            let next: String = form_urlencoded::byte_serialize(self.way_back.as_bytes()).collect();
            self.redirect(&format!("/login?next={next}"))
        })
    }

    /// The signed-in user who sent a form with the token of their session.
    pub(crate) fn sent_by(&self, form_token: &str) -> Result<&Who, Fault> {
        let who = self.signed_in()?;
        if form_token == self.form_token { Ok(who) } else { Err(self.fault(cross_site())) }
    }

    /// Counts a form that takes a credential or sends a mail against the client.
    pub(crate) async fn count(&self) -> Result<(), Error> {
        match self.client {
            Some(client) => self.count_as(LimitClass::Credential, Subject::Client(client)).await,
            None => Ok(()),
        }
    }

    /// Counts something that anybody may do, against the client.
    pub(crate) async fn count_stranger(&self) -> Result<(), Error> {
        match self.client {
            Some(client) => self.count_as(LimitClass::General, Subject::Client(client)).await,
            None => Ok(()),
        }
    }

    /// Counts a visit against the session.
    async fn count_session(&self, who: &Who) -> Result<(), Error> {
        self.count_as(LimitClass::General, Subject::Session(who.session.id)).await
    }

    async fn count_as(&self, class: LimitClass, subject: Subject<'_>) -> Result<(), Error> {
        self.ctx.app.limiter.check(class, subject, self.ctx.app.clock.now()).await
    }

    /// A page.
    pub(crate) fn page(&self, status: StatusCode, page: &impl Template) -> Response {
        let mut response = match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page could not be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        };
        if let Some(language) = self.chosen {
            let style = self.ctx.settings.cookies;
            let cookie = cookies::set(Name::Language, language.as_str().to_owned(), LANGUAGE_SECONDS, style);
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        response
    }

    /// On to another page (303).
    pub(crate) fn redirect(&self, to: &str) -> Fault {
        Fault(Box::new(Redirect::to(to).into_response()))
    }

    /// Whether a page's own script asks for JSON.
    pub(crate) fn is_by_script(&self) -> bool {
        self.by_script
    }

    /// The page that says what went wrong; for a page's own script the same as JSON.
    pub(crate) fn fault(&self, error: Error) -> Fault {
        error::log(&error);
        if self.by_script {
            return Fault(Box::new(error::for_script(&error, |code, english| self.words(code, english))));
        }
        let status = status_of(&error);
        let page = ErrorPage {
            v: self,
            status: status.as_u16(),
            title: self.title_of(status),
            detail: self.words(error.code(), &error::detail_of(&error)),
        };
        let mut response = self.page(status, &page);
        if let Some(seconds) = error::retry_after(&error) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        Fault(Box::new(response))
    }

    /// The page for a request that could not be read.
    pub(crate) fn unreadable(&self, status: StatusCode) -> Fault {
        let detail = self.t.say(match status {
            StatusCode::PAYLOAD_TOO_LARGE => "error-form-too-large",
            StatusCode::METHOD_NOT_ALLOWED => "error-form-method",
            _ => "error-form-unreadable",
        });
        let page = ErrorPage { v: self, status: status.as_u16(), title: self.title_of(status), detail };
        Fault(Box::new(self.page(status, &page)))
    }

    fn title_of(&self, status: StatusCode) -> String {
        self.t.say(match status {
            StatusCode::NOT_FOUND => "error-title-not-found",
            StatusCode::TOO_MANY_REQUESTS => "error-title-too-many",
            StatusCode::SERVICE_UNAVAILABLE => "error-title-busy",
            StatusCode::INTERNAL_SERVER_ERROR => "error-title-internal",
            _ => "error-title-refused",
        })
    }

    /// An error's words in the visitor's language; in English where there are none yet.
    pub(crate) fn words(&self, code: &str, english: &str) -> String {
        self.t.find(&format!("error-{}", code.replace('_', "-"))).unwrap_or_else(|| english.to_owned())
    }

    /// What is wrong with a field of a form that was refused.
    pub(crate) fn field_words(&self, error: &Error, field: &str) -> String {
        match error {
            Error::Invalid(fields) => fields
                .iter()
                .find(|refused| refused.field == field)
                .map(|refused| self.words(refused.code, &refused.detail))
                .unwrap_or_default(),
            _ => String::new(),
        }
    }
}
