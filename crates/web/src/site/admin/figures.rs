//! What is earned, who stays, and what the network carries: as pictures, tables and files.

use app::Error;
use app::admin::figures::{self, Day, Earned, Revenue, Span};
use app::admin::servers;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use domain::money::Money;

use super::chart::{Chart, HEIGHT};
use super::csv;
use super::door::{Admin, Operator};
use super::table::{Cell, Table};
use crate::site::visit::{Fault, Visit};

/// A part of the page: a picture, the same as a table, and as a file.
struct Part {
    chart: Chart,
    table: Table,
    file: &'static str,
}

#[derive(Template)]
#[template(path = "admin_figures.html")]
struct FiguresPage<'a> {
    v: &'a Visit,
    parts: Vec<Part>,
    load: Table,
    height: i64,
}

/// The year and month of a moment, `2026-11`.
fn month(at: i64) -> String {
    domain::time::day(at).chars().take(7).collect()
}

pub(super) async fn page(Admin(operator): Admin) -> Result<Response, Fault> {
    let visit = &operator.visit;
    let (parts, load) = gather(&operator).await.map_err(|error| operator.fault(error))?;
    Ok(visit.page(StatusCode::OK, &FiguresPage { v: visit, parts, load, height: HEIGHT }))
}

async fn gather(operator: &Operator) -> app::Result<(Vec<Part>, Table)> {
    let (app, visit) = (operator.app(), &operator.visit);
    let months: Vec<String> = figures::months(app).into_iter().map(month).collect();
    let mut parts: Vec<Part> =
        figures::revenue(app).await?.iter().map(|revenue| earned(visit, &months, revenue)).collect();
    if parts.is_empty() {
        // A company that has sold nothing yet sees that it has sold nothing.
        let none = vec![Earned::default(); months.len()];
        parts.push(earned(visit, &months, &Revenue { currency: "usd".to_owned(), months: none }));
    }
    parts.push(stayed(visit, &months, &figures::subscriptions(app).await?));
    parts.push(carried(visit, &figures::traffic(app).await?));
    Ok((parts, load(visit, &servers::list(app).await?)))
}

fn earned(visit: &Visit, months: &[String], revenue: &Revenue) -> Part {
    let t = &visit.t;
    let money = |amount: i64| t.money(amount, &revenue.currency);
    let title = t.with("admin-revenue", "currency", revenue.currency.to_ascii_uppercase().as_str());
    let most = revenue.months.iter().map(|month| month.kept()).max().unwrap_or(0);
    let bars = months.iter().zip(&revenue.months);
    let bars = bars.map(|(name, month)| (month.kept(), name.clone(), money(month.kept())));
    let line = |(name, month): (&String, &Earned)| {
        let cells = [month.sold, month.refunded, month.disputed, month.kept(), month.taxes];
        let mut line = vec![Cell::text(name)];
        line.extend(cells.map(|amount| Cell::number(money(amount))));
        line
    };
    let say = |key: &str| t.say(key);
    let heads = ["admin-month", "admin-sold", "admin-refunded", "admin-disputed", "admin-kept", "admin-tax"];
    let heads = heads.map(say).to_vec();
    let rows = months.iter().zip(&revenue.months).rev().map(line).collect();
    let caption = t.with("admin-revenue-body", "most", money(most).as_str());
    Part {
        chart: Chart::new(title, caption, bars.collect()),
        table: Table::new(String::new(), heads, String::new(), rows),
        file: "revenue.csv",
    }
}

/// How many of a hundred that were there when a month began had left when it ended.
fn churn(span: &Span) -> String {
    if span.before == 0 {
        return String::new();
    }
    let tenths = span.ended * 1000 / span.before;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn stayed(visit: &Visit, months: &[String], spans: &[Span]) -> Part {
    let t = &visit.t;
    let active = |span: &Span| span.before + span.began - span.ended;
    let most = spans.iter().map(active).max().unwrap_or(0).to_string();
    let bars = months.iter().zip(spans).map(|(name, span)| (active(span), name.clone(), active(span).to_string()));
    let line = |(name, span): (&String, &Span)| {
        let churned = churn(span);
        let churned = if churned.is_empty() { churned } else { format!("{churned}\u{a0}%") };
        let cells = [span.before, span.began, span.ended, active(span)].map(|count| Cell::number(count.to_string()));
        let mut line = vec![Cell::text(name)];
        line.extend(cells);
        line.push(Cell::number(churned));
        line
    };
    let say = |key: &str| t.say(key);
    let heads = vec![
        say("admin-month"),
        say("admin-before"),
        say("admin-began"),
        say("admin-ended"),
        say("admin-after"),
        say("admin-churn"),
    ];
    let rows = months.iter().zip(spans).rev().map(line).collect();
    Part {
        chart: Chart::new(
            say("admin-subscriptions"),
            t.with("admin-subscriptions-body", "most", &most),
            bars.collect(),
        ),
        table: Table::new(String::new(), heads, String::new(), rows),
        file: "subscriptions.csv",
    }
}

fn carried(visit: &Visit, days: &[Day]) -> Part {
    let t = &visit.t;
    let total = |day: &Day| day.received.saturating_add(day.sent);
    let most = t.size(days.iter().map(total).max().unwrap_or(0));
    let bars = days.iter().map(|day| (total(day), domain::time::day(day.at), t.size(total(day))));
    let line = |day: &Day| {
        vec![Cell::text(domain::time::day(day.at)), Cell::number(t.size(day.received)), Cell::number(t.size(day.sent))]
    };
    let heads = vec![t.say("subscription-day"), t.say("admin-from-devices"), t.say("admin-to-devices")];
    Part {
        chart: Chart::new(t.say("admin-traffic"), t.with("admin-traffic-body", "most", &most), bars.collect()),
        table: Table::new(String::new(), heads, String::new(), days.iter().rev().map(line).collect()),
        file: "traffic.csv",
    }
}

/// How full each server is now.
fn load(visit: &Visit, rows: &[servers::Listed]) -> Table {
    let say = |key: &str| visit.t.say(key);
    let line = |one: &servers::Listed| {
        let load = (app::server::load(&one.seen) * 100.0).round();
        vec![
            Cell::link(&one.server.name, format!("/admin/servers/{}", one.server.name)),
            Cell::number(one.server.peers.to_string()),
            Cell::number(format!("{load}\u{a0}%")),
        ]
    };
    let heads = vec![say("device-server"), say("dashboard-devices"), say("servers-load")];
    Table::new(say("admin-load"), heads, say("admin-none"), rows.iter().map(line).collect())
}

/// One of the files.
pub(super) async fn file(Admin(operator): Admin, Path(name): Path<String>) -> Result<Response, Fault> {
    let rows = match name.as_str() {
        "revenue.csv" => revenue_rows(&operator).await,
        "subscriptions.csv" => subscription_rows(&operator).await,
        "traffic.csv" => traffic_rows(&operator).await,
        "servers.csv" => server_rows(&operator).await,
        _ => Err(Error::NotFound),
    };
    Ok(csv::file(&name, &rows.map_err(|error| operator.fault(error))?))
}

fn words(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

async fn revenue_rows(operator: &Operator) -> app::Result<Vec<Vec<String>>> {
    let app = operator.app();
    let months = figures::months(app);
    let mut rows = vec![words(&["month", "currency", "sold", "refunds", "disputes", "kept", "taxes"])];
    for revenue in figures::revenue(app).await? {
        let currency = app::credit::currency(&revenue.currency)?;
        for (at, earned) in months.iter().zip(&revenue.months) {
            let mut row = vec![month(*at), revenue.currency.clone()];
            let amounts = [earned.sold, earned.refunded, earned.disputed, earned.kept(), earned.taxes];
            row.extend(amounts.map(|amount| Money::new(amount, currency).decimal()));
            rows.push(row);
        }
    }
    Ok(rows)
}

async fn subscription_rows(operator: &Operator) -> app::Result<Vec<Vec<String>>> {
    let app = operator.app();
    let mut rows = vec![words(&["month", "before", "began", "ended", "churn_percent"])];
    for (at, span) in figures::months(app).iter().zip(figures::subscriptions(app).await?) {
        let mut row = vec![month(*at)];
        row.extend([span.before, span.began, span.ended].map(|count| count.to_string()));
        row.push(churn(&span));
        rows.push(row);
    }
    Ok(rows)
}

async fn traffic_rows(operator: &Operator) -> app::Result<Vec<Vec<String>>> {
    let mut rows = vec![words(&["day", "bytes_from_devices", "bytes_to_devices"])];
    let days = figures::traffic(operator.app()).await?;
    rows.extend(days.iter().map(|day| vec![domain::time::day(day.at), day.received.to_string(), day.sent.to_string()]));
    Ok(rows)
}

async fn server_rows(operator: &Operator) -> app::Result<Vec<Vec<String>>> {
    let mut rows = vec![words(&["server", "region", "country", "city", "status", "devices", "capacity", "load"])];
    rows.extend(servers::list(operator.app()).await?.into_iter().map(|one| {
        let load = format!("{:.2}", app::server::load(&one.seen));
        let row = one.server;
        let (peers, capacity) = (row.peers.to_string(), row.capacity.to_string());
        vec![row.name, row.region, row.country, row.city, one.seen.status, peers, capacity, load]
    }));
    Ok(rows)
}
