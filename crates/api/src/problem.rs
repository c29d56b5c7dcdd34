//! Errors, and the health of the service.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem: `{APP_URL}/backend/api/docs#code`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The status in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// Stable, snake_case.
    pub code: String,
    /// For 422: the fields that were refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// A refused field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// Its name in the request.
    pub field: String,
    /// Stable, snake_case.
    pub code: String,
    /// What would be accepted.
    pub detail: String,
}

/// Whether the service can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Everything that matters answers.
    pub ok: bool,
    /// Version of the program.
    pub version: String,
    /// The release that was deployed, such as `20261127T123501Z-0123456789ab`; absent where the program was installed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// `up` or `down`.
    pub database: String,
}
