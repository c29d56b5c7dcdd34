//! The status page as files, for a plain server that stands when this program does not. They are the answers of the routes
//! themselves, asked for in the process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use app::i18n::OFFERED;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::site::badge_of;

/// How often the files are written: what they say is never much older while the program runs.
const EVERY: Duration = Duration::from_secs(20);
/// Largest file, in bytes.
const MOST: usize = 4 << 20;
/// What the page loads.
const ASSETS: [&str; 5] = ["app.css", "img/logo.svg", "img/favicon.svg", "js/copy.js", "js/confirm.js"];

/// What a request is marked with whose answer becomes a file: a plain server takes no forms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsFile;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum StatusFilesError {
    /// The folder does not take it.
    #[error("{0} can't be written")]
    Write(PathBuf, #[source] std::io::Error),
    /// The route has no such answer now.
    #[error("{0} answers {1}")]
    Answer(String, StatusCode),
    /// The route's answer broke off.
    #[error("{0} answers nothing whole")]
    Broken(String),
}

/// Writes the files again and again, until `stop` turns true.
pub async fn keep(router: Router, folder: PathBuf, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = write(&router, &folder).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::warn!(%error, cause, "the files of the status page are not fresh");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Writes all files once: `status.LANGUAGE.html`, `status.json`, `status/rss`, `status/badge/SERVER.svg`, and what the page
/// loads. Each takes the place of the old one as a whole.
///
/// # Errors
/// With the first file that could not be made; those before it are written.
pub async fn write(router: &Router, folder: &Path) -> Result<(), StatusFilesError> {
    for language in OFFERED.map(|language| language.as_str()) {
        let page = ask(router, &format!("/status?lang={language}")).await?;
        put(folder, &format!("status.{language}.html"), &page).await?;
    }
    let json = ask(router, "/status.json").await?;
    put(folder, "status.json", &json).await?;
    put(folder, "status/rss", &ask(router, "/status/rss").await?).await?;
    let told: serde_json::Value = serde_json::from_slice(&json).unwrap_or_default();
    for name in told["components"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()) {
        let place = format!("status/badge/{}.svg", badge_of(name));
        put(folder, &place, &ask(router, &format!("/{place}")).await?).await?;
    }
    for name in ASSETS {
        let place = format!("assets/{name}");
        put(folder, &place, &ask(router, &format!("/{place}")).await?).await?;
    }
    Ok(())
}

async fn ask(router: &Router, path: &str) -> Result<Vec<u8>, StatusFilesError> {
    let broken = || StatusFilesError::Broken(path.to_owned());
    let request = Request::get(path).extension(AsFile).body(Body::empty()).map_err(|_| broken())?;
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.status() != StatusCode::OK {
        return Err(StatusFilesError::Answer(path.to_owned(), response.status()));
    }
    Ok(to_bytes(response.into_body(), MOST).await.map_err(|_| broken())?.to_vec())
}

/// A badge's name is letters, digits and `-`: no place is outside the folder.
async fn put(folder: &Path, place: &str, content: &[u8]) -> Result<(), StatusFilesError> {
    let path = folder.join(place);
    let half = path.with_extension("half");
    let written = async {
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await?;
        }
        tokio::fs::write(&half, content).await?;
        tokio::fs::rename(&half, &path).await
    };
    written.await.map_err(|error| StatusFilesError::Write(path.clone(), error))
}
