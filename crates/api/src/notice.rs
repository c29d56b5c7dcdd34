//! Notices: what customers are told ahead of time, and what they do without.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A kind of notice, and whether it is sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NoticeChoice {
    /// `payment_failing`, `quota_used`, `price_change`, `quota_most`, `card_expiring`, `trial_ending`, `renewal_ahead`,
    /// `ending` or `come_back`.
    pub kind: String,
    /// Whether it can't be turned off.
    pub necessary: bool,
    /// Whether it is sent.
    pub enabled: bool,
}

/// Every kind of notice.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct NoticeChoices {
    /// The necessary ones first.
    pub notices: Vec<NoticeChoice>,
}

/// A kind of notice to be turned on or off.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeNotice {
    /// See [`NoticeChoice`].
    #[schema(example = "renewal_ahead", max_length = 24)]
    pub kind: String,
    /// Whether it is to be sent.
    pub enabled: bool,
}

/// Kinds of notices to be turned on or off; all others stay as they are.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeNotices {
    /// All of them are changed, or none.
    pub notices: Vec<ChangeNotice>,
}

/// A mail of the last month.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedMail {
    /// Which letter it was.
    pub letter: String,
    /// When it was written.
    pub at: String,
    /// When it was sent; null while it waits.
    pub sent_at: Option<String>,
}

/// A notice that was sent.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportedNotice {
    /// See [`NoticeChoice`].
    pub kind: String,
    /// Why: what it was about, by its ids.
    pub cause: String,
    /// When.
    pub at: String,
}
