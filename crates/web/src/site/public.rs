//! Pages for everybody.

use app::server::{self, ServerRow};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::vpn::balancer::ServerStatus;

use super::visit::{Fault, Visit};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    v: &'a Visit,
}

pub(crate) async fn home(visit: Visit) -> Response {
    visit.page(StatusCode::OK, &HomePage { v: &visit })
}

/// A server as a line of the list.
struct ServerLine {
    name: String,
    place: String,
    region: String,
    status: ServerStatus,
    /// How full it is, in percent.
    load: String,
}

#[derive(Template)]
#[template(path = "servers.html")]
struct ServersPage<'a> {
    v: &'a Visit,
    servers: Vec<ServerLine>,
}

pub(crate) async fn servers(visit: Visit) -> Result<Response, Fault> {
    let rows = server::list(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let servers = rows.iter().map(server_line).collect();
    Ok(visit.page(StatusCode::OK, &ServersPage { v: &visit, servers }))
}

fn server_line(row: &ServerRow) -> ServerLine {
    ServerLine {
        name: row.name.clone(),
        place: format!("{}, {}", row.city, row.country),
        region: row.region.clone(),
        status: row.status(),
        load: format!("{:.0}", server::load(row) * 100.0),
    }
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage<'a> {
    v: &'a Visit,
    /// What is held, a sentence for each table of the database.
    held: Vec<String>,
}

/// What we could hand over: made from the list of tables, so that it can't leave one out.
pub(crate) async fn privacy(visit: Visit) -> Response {
    let words = |table: &'static str| visit.t.say(&format!("privacy-held-{}", table.replace('_', "-")));
    let page = PrivacyPage { v: &visit, held: app::held::tables().map(words).collect() };
    visit.page(StatusCode::OK, &page)
}

/// The questions, in the order of the page: `faq-NAME` and `faq-NAME-answer` are their words.
const QUESTIONS: [&str; 14] = [
    "need",
    "import",
    "linux",
    "key",
    "lost-file",
    "devices",
    "move",
    "lost-device",
    "pages-hang",
    "local",
    "pay",
    "failed",
    "cancel",
    "logs",
];

/// A question and its answer.
struct Question {
    name: &'static str,
    question: String,
    answer: String,
}

#[derive(Template)]
#[template(path = "faq.html")]
struct FaqPage<'a> {
    v: &'a Visit,
    questions: Vec<Question>,
}

pub(crate) async fn faq(visit: Visit) -> Response {
    let (brand, support) = (visit.brand(), &visit.ctx.app.config.brand.support);
    let words = |name: &'static str| Question {
        name,
        question: visit.t.with(&format!("faq-{name}"), "brand", brand),
        answer: visit
            .t
            .with_all(&format!("faq-{name}-answer"), &[("brand", brand.into()), ("support", support.into())]),
    };
    let questions = QUESTIONS.into_iter().map(words).collect();
    visit.page(StatusCode::OK, &FaqPage { v: &visit, questions })
}

pub(crate) async fn no_method(visit: Visit) -> Fault {
    visit.unreadable(StatusCode::METHOD_NOT_ALLOWED)
}

pub(crate) async fn not_found(visit: Visit) -> Fault {
    visit.fault(app::Error::NotFound)
}
