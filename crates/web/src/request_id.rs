//! A name for each request, in its answer and in every log line that it leads to.

use std::time::Instant;

use app::App;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tracing::Instrument;

/// Names the request, and logs and counts its answer. The log line has the route's pattern, never the path or the
/// query, which may hold a token.
pub(crate) async fn named<F: Future<Output = Response>>(
    app: &App,
    request: Request,
    serve: impl FnOnce(Request) -> F,
) -> Response {
    let started = Instant::now();
    let id = app.dice.id(app.clock.now());
    let route = request.extensions().get::<MatchedPath>().map_or("(none)".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().clone();
    let is_read = matches!(method, Method::GET | Method::HEAD);
    let span = tracing::info_span!("request", %id, %method, route);
    let mut response = serve(request).instrument(span.clone()).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    // Reads that went well are in the metrics; a line for each would be a log of who looks at what, and dear.
    let is_quiet = is_read && status < 400;
    span.in_scope(|| match is_quiet {
        true => tracing::debug!(status, ms = elapsed.as_millis(), "answered"),
        false => tracing::info!(status, ms = elapsed.as_millis(), "answered"),
    });
    metrics::counter!("mirai_http_requests_total", "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    metrics::histogram!("mirai_http_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    response
}
