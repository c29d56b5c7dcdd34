//! Which page of a list.

use serde::Deserialize;
use utoipa::IntoParams;

/// Which page of a list. Each reply says in `next_cursor` how to ask for the next one; null is the end.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many, 50 if left out.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 64)]
    pub cursor: Option<String>,
}
