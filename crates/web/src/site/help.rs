//! Help without waiting: questions and answers that a visitor walks, with what is seen of a customer before them.

use app::Error;
use app::faq::{self, End};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use domain::faq::{Node, Way};
use domain::ticket::Category;
use serde::Deserialize;

use super::form::{Asked, Filled};
use super::visit::{Fault, Visit};

/// A way to go on.
struct Step {
    href: String,
    label: String,
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage<'a> {
    v: &'a Visit,
    title: String,
    text: String,
    link: Option<&'a str>,
    /// What is seen of the customer.
    seen: Vec<Step>,
    steps: Vec<Step>,
    back: Option<String>,
    is_answer: bool,
    way: &'a str,
    /// The customer said that the answer helped.
    is_solved: bool,
}

#[derive(Default, Deserialize)]
pub(crate) struct Asking {
    #[serde(default)]
    way: String,
    solved: Option<String>,
}

fn words(visit: &Visit, words: &domain::faq::Words) -> String {
    words.get(&visit.t.language()).cloned().unwrap_or_default()
}

/// The label of a node; nothing for one that is not there any more.
pub(super) fn label(visit: &Visit, name: &str) -> Option<String> {
    let node = faq::flow(&visit.ctx.app).ok()?.node(name)?;
    Some(words(visit, &node.label))
}

/// The labels of a way, without that of the start.
pub(super) fn labels(visit: &Visit, way: &str) -> Vec<String> {
    way.split('.').skip(1).filter_map(|name| label(visit, name)).collect()
}

fn href(way: &str) -> String {
    format!("/help?way={way}")
}

pub(crate) async fn page(visit: Visit, Asked(query): Asked<Asking>) -> Result<Response, Fault> {
    let app = &visit.ctx.app;
    let asked = faq::way(app, &query.way).map_err(|error| visit.fault(error))?;
    // A way that was damaged begins anew.
    let way = match asked {
        Some(way) => way,
        None => faq::start(app).map_err(|error| visit.fault(error))?,
    };
    let flow = faq::flow(app).map_err(|error| visit.fault(error))?;
    let node = flow.node(way.end()).ok_or_else(|| visit.fault(Error::NotFound))?;
    let facts = match &visit.who {
        Some(who) => faq::facts(app, who).await.map_err(|error| visit.fault(error))?,
        None => Vec::new(),
    };
    let step = |name: &str| {
        let label = flow.node(name).map(|node| words(&visit, &node.label)).unwrap_or_default();
        Step { href: href(&format!("{}.{name}", way.as_str())), label }
    };
    let back = way.as_str().rsplit_once('.').map(|(before, _)| href(before));
    let page = HelpPage {
        v: &visit,
        title: words(&visit, &node.label),
        text: words(&visit, &node.text),
        link: node.link.as_deref(),
        seen: flow.by_facts(node, &facts).into_iter().map(step).collect(),
        steps: node.choices.iter().map(|name| step(name)).collect(),
        back,
        is_answer: is_answer(node),
        way: way.as_str(),
        is_solved: query.solved.is_some(),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// Whether there is something that may have helped.
fn is_answer(node: &Node) -> bool {
    node.choices.is_empty()
}

#[derive(Deserialize)]
pub(crate) struct Ended {
    #[serde(default)]
    way: String,
}

async fn count(visit: &Visit, form: &Ended, end: End) -> Result<Way, Fault> {
    // The count is nobody's, so that nobody is to fill it.
    if visit.who.is_none() {
        visit.count_stranger().await.map_err(|error| visit.fault(error))?;
    }
    let app = &visit.ctx.app;
    let way = faq::way(app, &form.way).map_err(|error| visit.fault(error))?;
    let way = way.ok_or_else(|| visit.fault(Error::NotFound))?;
    faq::count(app, &way, end).await.map_err(|error| visit.fault(error))?;
    Ok(way)
}

pub(crate) async fn solved(Filled { visit, form }: Filled<Ended>) -> Result<Redirect, Fault> {
    let way = count(&visit, &form, End::Solved).await?;
    Ok(Redirect::to(&format!("{}&solved", href(way.as_str()))))
}

/// On to a ticket, which knows how its customer came there.
pub(crate) async fn human(Filled { visit, form }: Filled<Ended>) -> Result<Redirect, Fault> {
    let way = count(&visit, &form, End::Human).await?;
    let category: Category = way.category();
    let to = format!("/dashboard/tickets/new?category={}&way={}", category.as_str(), way.as_str());
    Ok(Redirect::to(&to))
}
