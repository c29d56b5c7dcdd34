//! The document, and a page that reads it.

use std::sync::LazyLock;

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

static JSON: LazyLock<String> = LazyLock::new(|| super::openapi().to_json().unwrap_or_default());
static PAGE: LazyLock<String> = LazyLock::new(|| DocsPage::from(&super::openapi()).render().unwrap_or_default());

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "service",
    responses((status = 200, content_type = "application/json", body = String)))]
pub(crate) async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str())
}

/// The document as a page.
#[utoipa::path(get, path = "/docs", tag = "service", responses((status = 200, content_type = "text/html", body = String)))]
pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE.as_str())
}

/// One route of the page.
struct Route {
    method: &'static str,
    path: String,
    summary: String,
    needs: &'static str,
    statuses: Vec<String>,
}

/// The page: one struct, one template.
#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    title: String,
    paragraphs: Vec<String>,
    routes: Vec<Route>,
}

impl DocsPage {
    fn from(document: &OpenApi) -> DocsPage {
        let routes = document.paths.paths.iter().flat_map(|(path, item)| routes_of(path, item)).collect();
        let description = document.info.description.clone().unwrap_or_default();
        DocsPage {
            title: document.info.title.clone(),
            paragraphs: description.split("\n\n").map(str::to_owned).collect(),
            routes,
        }
    }
}

fn routes_of(path: &str, item: &PathItem) -> Vec<Route> {
    let methods: [(&'static str, &Option<Operation>); 4] =
        [("GET", &item.get), ("POST", &item.post), ("PATCH", &item.patch), ("DELETE", &item.delete)];
    let route = |(method, operation): (&'static str, &Option<Operation>)| {
        let operation = operation.as_ref()?;
        let text = [&operation.summary, &operation.description].into_iter().flatten().cloned().collect::<Vec<_>>();
        Some(Route {
            method,
            path: path.to_owned(),
            summary: text.join(" "),
            needs: needs(operation),
            statuses: operation.responses.responses.iter().filter_map(status).collect(),
        })
    };
    methods.into_iter().filter_map(route).collect()
}

fn needs(operation: &Operation) -> &'static str {
    match operation.security.as_deref() {
        None | Some([]) => "",
        Some(list) if serde_json::to_string(list).is_ok_and(|json| json.contains("session")) => "key and session",
        Some(_) => "key",
    }
}

fn status((code, response): (&String, &RefOr<utoipa::openapi::Response>)) -> Option<String> {
    match response {
        RefOr::T(response) if response.description.is_empty() => Some(code.clone()),
        RefOr::T(response) => Some(format!("{code}: {}", response.description)),
        RefOr::Ref(_) => None,
    }
}
