//! The site: pages of HTML made here, and the files that they load.

mod assets;

use axum::Router;
use axum::routing::get;

use crate::context::Ctx;

/// The site's routes.
pub(crate) fn router(_ctx: &Ctx) -> Router<Ctx> {
    Router::new().route("/assets/{*path}", get(assets::file))
}
