//! Coupons and promotion codes: what is taken off a price, and what customers type for it.

use serde::Deserialize;

use super::calls::page;
use super::{Call, List, Stripe, StripeError, lenient};

/// What a coupon takes off.
#[derive(Debug, Clone, Copy)]
pub enum Discount<'a> {
    /// A share, 1 to 100.
    Percent(i64),
    /// So many minor units of this currency.
    Amount(i64, &'a str),
}

/// A coupon to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCoupon<'a> {
    /// An id of our own: making it twice makes one.
    pub id: &'a str,
    /// What customers read on their invoices.
    pub name: &'a str,
    /// What it takes off.
    pub discount: Discount<'a>,
    /// `once`, `repeating` or `forever`.
    pub duration: &'a str,
    /// For `repeating`.
    pub months: Option<i64>,
}

/// A promotion code to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewPromotionCode<'a> {
    /// What customers type: letters, digits and hyphens.
    pub code: &'a str,
    /// Id of the coupon.
    pub coupon: &'a str,
    /// Redemptions in all.
    pub most: Option<i64>,
    /// Until when, in Unix seconds.
    pub expires_at: Option<i64>,
    /// Whether only a customer's first payment may use it.
    pub first_only: bool,
}

#[derive(Deserialize)]
struct Coupon {}

#[derive(Deserialize)]
struct PromotionCode {
    id: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    promotion: Promotion,
}

#[derive(Default, Deserialize)]
struct Promotion {
    #[serde(default, deserialize_with = "lenient::id")]
    coupon: Option<String>,
}

impl Stripe {
    /// Makes a coupon under an id of our own; one that is there already is success.
    pub async fn ensure_coupon(&self, new: &NewCoupon<'_>, idempotency_key: &str) -> Result<(), StripeError> {
        match self.call::<Coupon>(Call::get(&["v1", "coupons", new.id])).await {
            Err(error) if error.is_not_found() => {}
            found => return found.map(drop),
        }
        let mut call = Call::post(&["v1", "coupons"]).param("id", new.id).param("name", new.name);
        call = match new.discount {
            Discount::Percent(percent) => call.param("percent_off", percent.to_string()),
            Discount::Amount(amount, currency) => {
                call.param("amount_off", amount.to_string()).param("currency", currency)
            }
        };
        call = call.param("duration", new.duration).key(idempotency_key);
        if let Some(months) = new.months {
            call = call.param("duration_in_months", months.to_string());
        }
        self.call::<Coupon>(call).await.map(drop)
    }

    /// Makes a promotion code; one that is there already for the same coupon is success. Returns its id.
    pub async fn ensure_promotion_code(
        &self,
        new: &NewPromotionCode<'_>,
        idempotency_key: &str,
    ) -> Result<String, StripeError> {
        let path = ["v1", "promotion_codes"];
        let call = Call::get(&path).param("code", new.code).param("coupon", new.coupon).param("limit", page(1));
        let found: List<PromotionCode> = self.call(call).await?;
        if let Some(known) = found.data.into_iter().find(|one| one.promotion.coupon.as_deref() == Some(new.coupon)) {
            return Ok(known.id);
        }
        let mut call = Call::post(&path)
            .param("promotion[type]", "coupon")
            .param("promotion[coupon]", new.coupon)
            .param("code", new.code)
            .key(idempotency_key);
        if let Some(most) = new.most {
            call = call.param("max_redemptions", most.to_string());
        }
        if let Some(at) = new.expires_at {
            call = call.param("expires_at", at.to_string());
        }
        if new.first_only {
            call = call.param("restrictions[first_time_transaction]", "true");
        }
        self.call::<PromotionCode>(call).await.map(|made| made.id)
    }

    /// Withdraws a promotion code; doing it again changes nothing.
    pub async fn end_promotion_code(&self, id: &str, idempotency_key: &str) -> Result<(), StripeError> {
        let path = ["v1", "promotion_codes", id];
        let call = Call::post(&path).param("active", "false").key(idempotency_key);
        self.call::<PromotionCode>(call).await.map(drop)
    }
}
