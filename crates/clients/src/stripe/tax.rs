//! Stripe Tax, as far as we need it: prices with taxes inside, and a billing portal in which companies see to their name,
//! address and tax id.

use serde::Deserialize;

use super::calls::page;
use super::{Call, List, Price, Stripe, StripeError, lenient};

/// What customers can do in the billing portal.
#[derive(Debug, Clone, Deserialize)]
pub struct PortalConfiguration {
    /// `bpc_…`.
    pub id: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    features: Features,
}

impl PortalConfiguration {
    /// What customers can change of themselves: `address`, `email`, `name`, `phone`, `shipping`, `tax_id`.
    pub fn updates(&self) -> &[String] {
        if self.features.customer_update.enabled { &self.features.customer_update.allowed_updates } else { &[] }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Features {
    #[serde(deserialize_with = "lenient::or_default")]
    customer_update: CustomerUpdate,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct CustomerUpdate {
    enabled: bool,
    #[serde(deserialize_with = "lenient::or_default")]
    allowed_updates: Vec<String>,
}

impl Stripe {
    /// How the billing portal is set up; none until somebody has saved its settings in Stripe's dashboard.
    pub async fn default_portal(&self) -> Result<Option<PortalConfiguration>, StripeError> {
        let call = Call::get(&["v1", "billing_portal", "configurations"]).param("is_default", "true");
        let found: List<PortalConfiguration> = self.call(call.param("limit", page(1))).await?;
        Ok(found.data.into_iter().next())
    }

    /// Lets customers change this of themselves in the billing portal, and nothing else.
    pub async fn set_portal_updates(&self, id: &str, updates: &[&str]) -> Result<PortalConfiguration, StripeError> {
        let path = ["v1", "billing_portal", "configurations", id];
        let mut call = Call::post(&path).param("features[customer_update][enabled]", "true");
        for (place, update) in updates.iter().enumerate() {
            call = call.param(&format!("features[customer_update][allowed_updates][{place}]"), *update);
        }
        self.call(call).await
    }

    /// Says that taxes are inside a price. It can be said of one that says nothing yet, and is never taken back.
    pub async fn say_tax_is_inside(&self, price: &str) -> Result<Price, StripeError> {
        self.call(Call::post(&["v1", "prices", price]).param("tax_behavior", "inclusive")).await
    }
}
