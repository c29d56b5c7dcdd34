//! What the customer's devices have carried, day by day.

use app::usage::{self, Day};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::time::DAY_MS;

use super::visit::{Fault, Visit};

/// Height of the graph, in units of its own.
const HEIGHT: i64 = 120;

/// A day as a bar of the graph and a line of the table.
struct Bar {
    x: usize,
    y: i64,
    height: i64,
    day: String,
    received: String,
    sent: String,
}

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage<'a> {
    v: &'a Visit,
    bars: Vec<Bar>,
    /// Of the whole time.
    received: String,
    sent: String,
    /// Of the day with the most, which is as high as the graph.
    most: String,
    is_empty: bool,
}

pub(crate) async fn page(visit: Visit) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let days = usage::days(&visit.ctx.app, who).await.map_err(|error| visit.fault(error))?;
    let (received, sent) = days.iter().fold((0, 0), |(received, sent), day| (received + day.received, sent + day.sent));
    let most = days.iter().map(total).max().unwrap_or(0);
    let page = UsagePage {
        bars: days.iter().enumerate().map(|(x, day)| bar(&visit, x, day, most)).collect(),
        received: visit.t.size(received),
        sent: visit.t.size(sent),
        most: visit.t.size(most),
        is_empty: most == 0,
        v: &visit,
    };
    Ok(visit.page(StatusCode::OK, &page))
}

fn total(day: &Day) -> i64 {
    day.received + day.sent
}

fn bar(visit: &Visit, x: usize, day: &Day, most: i64) -> Bar {
    // A day with any use is seen.
    let least = i64::from(total(day) > 0);
    let height = (total(day) / (most / HEIGHT).max(1)).clamp(least, HEIGHT);
    Bar {
        x: x * 10,
        y: HEIGHT - height,
        height,
        day: visit.t.date(day.day * DAY_MS),
        received: visit.t.size(day.received),
        sent: visit.t.size(day.sent),
    }
}
