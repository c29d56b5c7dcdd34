//! The document, and a page that reads it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use serde_json::{Map, Value};

static JSON: LazyLock<String> = LazyLock::new(|| super::openapi().to_json().unwrap_or_default());
static PAGE: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::from_str(&JSON).unwrap_or_default();
    DocsPage::of(&document).render().unwrap_or_default()
});

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

/// A field of an object, or a parameter.
struct Field {
    name: String,
    kind: Kind,
    is_required: bool,
    text: String,
}

/// What a value is: words, and the object of this page that they name.
struct Kind {
    words: String,
    object: Option<String>,
}

struct Answer {
    status: String,
    text: String,
    kind: Option<Kind>,
}

struct Route {
    method: String,
    path: String,
    summary: String,
    needs: &'static str,
    parameters: Vec<Field>,
    body: Option<Kind>,
    answers: Vec<Answer>,
}

/// A named object of requests or replies.
struct Object {
    name: String,
    text: String,
    fields: Vec<Field>,
}

/// The page: one struct, one template.
#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    title: String,
    paragraphs: Vec<String>,
    /// Routes by tag.
    sections: BTreeMap<String, Vec<Route>>,
    objects: Vec<Object>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

impl DocsPage {
    fn of(document: &Value) -> DocsPage {
        let mut sections: BTreeMap<String, Vec<Route>> = BTreeMap::new();
        for (path, item) in entries(&document["paths"]) {
            for (method, operation) in entries(item) {
                let tag = text(&operation["tags"][0]);
                sections.entry(tag).or_default().push(route(method, path, operation));
            }
        }
        let objects = entries(&document["components"]["schemas"]).map(|(name, schema)| object(name, schema)).collect();
        DocsPage {
            title: text(&document["info"]["title"]),
            paragraphs: text(&document["info"]["description"]).split("\n\n").map(str::to_owned).collect(),
            sections,
            objects,
        }
    }
}

fn route(method: &str, path: &str, operation: &Value) -> Route {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = entries(&operation["responses"]).map(|(status, answer)| Answer {
        status: status.clone(),
        text: text(&answer["description"]),
        kind: entries(&answer["content"]).next().map(|(_, content)| kind(&content["schema"])),
    });
    Route {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: [text(&operation["summary"]), text(&operation["description"])].join(" ").trim().to_owned(),
        needs: match &operation["security"][0] {
            Value::Object(needs) if needs.contains_key("session") => "API key and session",
            Value::Object(_) => "API key",
            _ => "",
        },
        parameters: parameters.map(parameter).collect(),
        body: entries(&operation["requestBody"]["content"]).next().map(|(_, content)| kind(&content["schema"])),
        answers: answers.collect(),
    }
}

fn parameter(parameter: &Value) -> Field {
    Field {
        name: text(&parameter["name"]),
        kind: kind(&parameter["schema"]),
        is_required: parameter["required"] == true,
        text: text(&parameter["description"]),
    }
}

fn object(name: &str, schema: &Value) -> Object {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let field = |(name, schema): (&String, &Value)| Field {
        name: name.clone(),
        kind: kind(schema),
        is_required: required.iter().any(|one| one == name),
        text: text(&schema["description"]),
    };
    let mut words = text(&schema["description"]);
    if let Some(choices) = schema["enum"].as_array() {
        let list: Vec<String> = choices.iter().map(text).collect();
        words = format!("{words} One of: {}.", list.join(", ")).trim().to_owned();
    }
    Object { name: name.to_owned(), text: words, fields: entries(&schema["properties"]).map(field).collect() }
}

fn kind(schema: &Value) -> Kind {
    let plain = |words: String| Kind { words, object: None };
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        return Kind { words: name.clone(), object: Some(name) };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let real = choices.iter().find(|choice| choice["type"] != "null");
        let inner = real.map_or_else(|| plain(String::new()), kind);
        return Kind { words: format!("{}, or none", inner.words), object: inner.object };
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![text(one)],
    };
    if types.iter().any(|one| one == "array") {
        let inner = kind(&schema["items"]);
        return Kind { words: format!("list of {}", inner.words), object: inner.object };
    }
    let format = schema["format"].as_str().filter(|format| *format == "uuid").map(|format| format!(" ({format})"));
    plain(format!("{}{}", types.join(" or "), format.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_a_route_takes_and_what_it_answers() {
        for part in [
            "<code>/devices</code>",
            "<a href=\"#NewDevice\">NewDevice</a>",
            "id=\"NewDevice\"",
            "<code>public_key</code>",
            "device_limit, no_server_free, pool_exhausted",
            "API key and session",
        ] {
            assert!(PAGE.contains(part), "{part}");
        }
    }

    /// Every link on the page leads to an object on it.
    #[test]
    fn no_link_leads_nowhere() {
        for link in PAGE.split("href=\"#").skip(1) {
            let name = link.split('"').next().unwrap_or_default();
            assert!(PAGE.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn a_refusal_is_a_problem_by_its_media_type() {
        let document: Value = serde_json::from_str(&JSON).expect("JSON");
        for (path, item) in entries(&document["paths"]) {
            for (method, operation) in entries(item) {
                for (status, answer) in entries(&operation["responses"]) {
                    let types: Vec<&String> = entries(&answer["content"]).map(|(media, _)| media).collect();
                    let is_refusal = status.starts_with('4') || status.starts_with('5');
                    assert!(
                        !is_refusal || types == ["application/problem+json"],
                        "{method} {path} {status}: {types:?}"
                    );
                }
            }
        }
    }
}
