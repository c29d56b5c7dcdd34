//! The status page, and the same as JSON, feed and badges. None of them names a host or an error.

use app::i18n::Translator;
use app::status::{self, Component, Incident, Overview, Update, Window, Work, moment, stage_word};
use askama::Template;
use axum::extract::{Extension, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::account::Language;
use domain::monitor::component::Status;
use domain::time::{day, rfc3339};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::visit::{Fault, Visit};
use crate::status_files::AsFile;

/// The width of a day in the graph, with the gap after it.
const BAR: usize = 4;

/// A day in the graph.
struct Bar {
    x: usize,
    class: &'static str,
    words: String,
}

/// A server.
struct Line {
    name: String,
    place: String,
    class: &'static str,
    words: String,
    uptime: String,
    bars: Vec<Bar>,
    /// The graph in words.
    label: String,
    /// In how much of the time of each window it worked.
    windows: Vec<String>,
    p50: String,
    p95: String,
}

impl Step {
    fn text(self) -> String {
        [vec![self.line], self.words].concat().join("\n")
    }
}

/// Work that is announced.
struct Planned {
    title: String,
    is_running: bool,
    words: String,
}

/// An incident.
struct Entry {
    title: String,
    updates: Vec<Step>,
}

/// A step of it.
struct Step {
    line: String,
    /// What an operator says, line by line.
    words: Vec<String>,
}

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage<'a> {
    v: &'a Visit,
    class: &'static str,
    overall: String,
    lines: Vec<Line>,
    /// The heads of the windows.
    windows: Vec<String>,
    works: Vec<Planned>,
    entries: Vec<Entry>,
    at: String,
    /// Where mails are asked for, on a page that takes no forms.
    elsewhere: Option<String>,
    /// The form's, empty at first.
    email: &'a str,
    email_error: &'a str,
}

pub(crate) async fn page(visit: Visit, as_file: Option<Extension<AsFile>>) -> Result<Response, Fault> {
    let seen = status::overview(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let t = &visit.t;
    let page = StatusPage {
        v: &visit,
        class: class(seen.overall),
        overall: t.say(whole(seen.overall)),
        lines: seen.components.iter().map(|component| line(t, component)).collect(),
        windows: status::WINDOWS.into_iter().map(|days| t.with("status-window", "days", days)).collect(),
        works: seen.works.iter().map(|work| planned(t, work)).collect(),
        entries: seen.incidents.iter().map(|incident| entry(t, incident)).collect(),
        at: moment(*t, seen.at),
        elsewhere: as_file.map(|_| visit.ctx.app.config.link("/status/subscribe")),
        email: "",
        email_error: "",
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// For programs, wherever they run.
pub(crate) async fn as_json(visit: Visit) -> Result<Response, Fault> {
    let seen = status::overview(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=30"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    Ok((headers, told(&seen).to_string()).into_response())
}

/// An incident in the feed.
struct Item {
    title: String,
    guid: String,
    at: String,
    words: String,
}

#[derive(Template)]
#[template(path = "status_feed.xml")]
struct Feed<'a> {
    v: &'a Visit,
    link: String,
    items: Vec<Item>,
}

/// The incidents as RSS 2.0: an item for each, which readers see anew with each update.
pub(crate) async fn feed(visit: Visit) -> Result<Response, Fault> {
    let seen = status::overview(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let item = |one: &Incident| {
        let entry = entry(&visit.t, one);
        let at = one.updates.last().map_or(one.started_at, |update| update.at);
        let at = OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).ok().and_then(|at| at.format(&Rfc2822).ok());
        Item {
            title: entry.title,
            guid: format!("{}-{}", one.id, one.updates.len()),
            at: at.unwrap_or_default(),
            words: entry.updates.into_iter().map(Step::text).collect::<Vec<_>>().join("\n"),
        }
    };
    let link = visit.ctx.app.config.link("/status");
    let feed = Feed { v: &visit, link, items: seen.incidents.iter().map(item).collect() };
    Ok(picture(&visit, "application/rss+xml; charset=utf-8", &feed))
}

#[derive(Template)]
#[template(path = "status_badge.svg")]
struct Badge<'a> {
    name: &'a str,
    words: &'static str,
    colour: &'static str,
    split: usize,
    width: usize,
}

/// How wide a letter is at the most, and what is left free beside words.
const LETTER: usize = 8;
const MARGIN: usize = 12;

/// What a part's badge is called; a server's is called like the server.
pub(crate) fn badge_of(name: &str) -> String {
    name.replace(' ', "-")
}

/// A server's state as a picture, `/status/badge/osaka-1.svg`, in the words of status pages.
pub(crate) async fn badge(visit: Visit, Path(file): Path<String>) -> Result<Response, Fault> {
    let seen = status::overview(&visit.ctx.app).await.map_err(|error| visit.fault(error))?;
    let name = file.strip_suffix(".svg").unwrap_or_default();
    let Some(one) = seen.components.iter().find(|one| badge_of(&one.name) == name) else {
        return Err(visit.fault(app::Error::NotFound));
    };
    let colour = match one.status {
        Status::Operational => "#2f6b3a",
        Status::Degraded | Status::Partial | Status::Maintenance => "#8a5a00",
        Status::Major => "#9c2f22",
        Status::NoData => "#666",
    };
    let words = one.status.as_str();
    let split = name.chars().count() * LETTER + MARGIN;
    let name = one.name.as_str();
    let badge = Badge { name, words, colour, split, width: split + words.len() * LETTER + MARGIN };
    Ok(picture(&visit, "image/svg+xml", &badge))
}

/// What is no page of the site, but made like one.
fn picture(visit: &Visit, kind: &'static str, template: &impl Template) -> Response {
    let mut response = visit.page(StatusCode::OK, template);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=30"));
    // What may be kept for everybody carries nobody's choice of a language.
    headers.remove(header::SET_COOKIE);
    response
}

/// Parts in a million as a fraction.
fn fraction(uptime: Option<u32>) -> Option<f64> {
    uptime.map(|millionths| f64::from(millionths) / 1e6)
}

fn told(seen: &Overview) -> serde_json::Value {
    let window = |one: &Window| {
        json!({
            "days": one.days,
            "uptime": fraction(one.uptime),
            "coverage": fraction(one.coverage),
            "p50_us": one.p50_us,
            "p95_us": one.p95_us,
        })
    };
    let component = |one: &Component| {
        let days: Vec<_> =
            one.days.iter().map(|one| json!({ "day": day(one.at), "uptime": fraction(one.uptime) })).collect();
        json!({
            "name": one.name,
            "status": one.status.as_str(),
            "uptime": fraction(one.uptime()),
            "windows": one.windows.iter().map(window).collect::<Vec<_>>(),
            "days": days,
        })
    };
    let work = |one: &Work| {
        json!({
            "id": one.id,
            "title": one.title,
            "status": if one.is_running { "in_progress" } else { "scheduled" },
            "from": rfc3339(one.span.from),
            "to": rfc3339(one.span.to),
            "components": one.components,
        })
    };
    let incident = |one: &Incident| {
        let update = |one: &Update| json!({ "status": one.stage.as_str(), "at": rfc3339(one.at), "text": one.words });
        json!({
            "id": one.id,
            "title": one.title,
            "status": one.stage.as_str(),
            "impact": one.impact.as_str(),
            "started_at": rfc3339(one.started_at),
            "resolved_at": one.resolved_at.map(rfc3339),
            "components": one.components,
            "updates": one.updates.iter().map(update).collect::<Vec<_>>(),
        })
    };
    json!({
        "updated_at": rfc3339(seen.at),
        "status": seen.overall.as_str(),
        "components": seen.components.iter().map(component).collect::<Vec<_>>(),
        "maintenance": seen.works.iter().map(work).collect::<Vec<_>>(),
        "incidents": seen.incidents.iter().map(incident).collect::<Vec<_>>(),
    })
}

fn line(t: &Translator, one: &Component) -> Line {
    let bar = |(n, day): (usize, &status::Day)| Bar {
        x: n * BAR,
        class: match day.uptime {
            None => "",
            Some(1_000_000) => "status-up",
            Some(950_000..) => "status-warn",
            Some(_) => "status-down",
        },
        words: format!("{}: {}", t.date(day.at), percent(t, day.uptime)),
    };
    let count = |is: fn(u32) -> bool| {
        i64::try_from(one.days.iter().filter_map(|day| day.uptime).filter(|uptime| is(*uptime)).count()).unwrap_or(0)
    };
    let (known, good) = (count(|_| true), count(|uptime| uptime == 1_000_000));
    let name = app::status::part_name(*t, &one.name);
    let values = [("server", name.as_str().into()), ("good", good.into()), ("known", known.into())];
    let latest = one.windows.first();
    Line {
        windows: one.windows.iter().map(|window| percent(t, window.uptime)).collect(),
        p50: milliseconds(t, latest.and_then(|window| window.p50_us)),
        p95: milliseconds(t, latest.and_then(|window| window.p95_us)),
        place: one.place.clone().unwrap_or_default(),
        class: class(one.status),
        words: t.say(word(one.status)),
        uptime: percent(t, one.uptime()),
        bars: one.days.iter().enumerate().map(bar).collect(),
        label: t.with_all("status-graph", &values),
        name,
    }
}

fn planned(t: &Translator, one: &Work) -> Planned {
    let what =
        if one.components.is_empty() { t.say("status-work-all") } else { app::status::part_names(*t, &one.components) };
    let (from, to) = (moment(*t, one.span.from), moment(*t, one.span.to));
    let values = [("what", what.as_str().into()), ("from", from.as_str().into()), ("to", to.as_str().into())];
    Planned { title: one.title.clone(), is_running: one.is_running, words: t.with_all("status-work", &values) }
}

fn entry(t: &Translator, one: &Incident) -> Entry {
    let update = |one: &Update| Step {
        line: format!("{}: {}", moment(*t, one.at), t.say(stage_word(one.stage))),
        words: one.words.iter().flat_map(|words| words.lines()).map(str::to_owned).collect(),
    };
    let what = if one.everything { t.say("status-work-all") } else { app::status::part_names(*t, &one.components) };
    let title = one.title.iter().cloned().chain([what, moment(*t, one.started_at)]);
    Entry { title: title.collect::<Vec<_>>().join(" · "), updates: one.updates.iter().rev().map(update).collect() }
}

/// `12 ms`, and `0.7 ms` where that is little.
fn milliseconds(t: &Translator, us: Option<u64>) -> String {
    let Some(us) = us else { return t.say("status-no-data") };
    let number = if us < 10_000 { format!("{}.{}", us / 1000, us % 1000 / 100) } else { (us / 1000).to_string() };
    format!("{}\u{a0}ms", decimal(t, &number))
}

/// With a comma where people write one.
fn decimal(t: &Translator, number: &str) -> String {
    match t.language() {
        Language::De | Language::Es | Language::Fr => number.replace('.', ","),
        _ => number.to_owned(),
    }
}

/// `99.98 %`, rounded down: a hundred only where nothing failed.
fn percent(t: &Translator, uptime: Option<u32>) -> String {
    let Some(millionths) = uptime else { return t.say("status-no-data") };
    let number = format!("{}.{:02}", millionths / 10_000, millionths % 10_000 / 100);
    format!("{}\u{a0}%", decimal(t, &number))
}

fn class(status: Status) -> &'static str {
    match status {
        Status::Operational => "status-up",
        Status::Degraded | Status::Partial | Status::Maintenance => "status-warn",
        Status::Major => "status-down",
        Status::NoData => "",
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Operational => "status-operational",
        Status::Degraded => "status-degraded",
        Status::Partial => "status-partial",
        Status::Major => "status-major",
        Status::Maintenance => "status-maintenance",
        Status::NoData => "status-no-data",
    }
}

fn whole(status: Status) -> &'static str {
    match status {
        Status::Operational => "status-whole-operational",
        Status::Degraded => "status-whole-degraded",
        Status::Partial => "status-whole-partial",
        Status::Major => "status-whole-major",
        Status::Maintenance => "status-whole-maintenance",
        Status::NoData => "status-whole-no-data",
    }
}
