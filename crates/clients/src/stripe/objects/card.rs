//! What customers pay with, as far as we need to know it.

use serde::Deserialize;

use crate::stripe::lenient;

/// What a customer pays with.
#[derive(Debug, Clone, Deserialize)]
pub struct PaymentMethod {
    /// `pm_…`.
    pub id: String,
    /// The card, if it is one.
    #[serde(default)]
    pub card: Option<Card>,
}

/// A card: nothing of its number.
#[derive(Debug, Clone, Deserialize)]
pub struct Card {
    /// The last month in which it is good, 1 to 12.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub exp_month: i64,
    /// That month's year.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub exp_year: i64,
    /// The same for one card, whoever pays with it.
    #[serde(default)]
    pub fingerprint: Option<String>,
}
