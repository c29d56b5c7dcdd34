//! The coupon on the price list: typed or in a link, seen before a plan is chosen, and sent along with the choice.

use app::coupon as coupons;
use app::{Error, Result};
use domain::coupon::{CouponCode, CouponError, Lasts, Off, Terms};

use super::visit::Visit;

/// A coupon as the price list shows it.
#[derive(Default)]
pub(super) struct Coupon {
    /// As typed; empty for none.
    pub(super) typed: String,
    /// What goes along with the choice of a plan: only what may hold for one.
    pub(super) sent: String,
    /// What it takes off, in words.
    pub(super) offer: String,
    /// Why it does not hold.
    pub(super) problem: String,
}

impl Coupon {
    /// One that does not hold, if that is what is wrong. For another plan it may.
    pub(super) fn refused(visit: &Visit, typed: String, error: &Error) -> Option<Coupon> {
        let Error::Invalid(fields) = error else { return None };
        let code = fields.iter().find(|refused| refused.field == "coupon")?.code;
        let may_hold = [CouponError::Plan, CouponError::Period].iter().any(|error| error.code() == code);
        let sent = if may_hold { typed.clone() } else { String::new() };
        Some(Coupon { typed, sent, problem: visit.field_words(error, "coupon"), ..Coupon::default() })
    }

    /// What there is to say of a coupon before a plan is chosen.
    pub(super) async fn find(visit: &Visit, coupon: String) -> Result<Coupon> {
        let found = match typed(&coupon) {
            Ok(None) => return Ok(Coupon::default()),
            Ok(Some(code)) => coupons::usable(&visit.ctx.app, &code).await,
            Err(error) => Err(error),
        };
        match found {
            Ok((row, terms)) => {
                let (offer, problem) = (offer(visit, &terms), String::new());
                Ok(Coupon { typed: row.code.clone(), sent: row.code, offer, problem })
            }
            Err(error) => Coupon::refused(visit, coupon, &error).ok_or(error),
        }
    }
}

/// Reads what was typed, if anything was.
pub(super) fn typed(text: &str) -> Result<Option<CouponCode>> {
    if text.trim().is_empty() { Ok(None) } else { coupons::parse(text).map(Some) }
}

fn offer(visit: &Visit, terms: &Terms) -> String {
    let off = match terms.off {
        Off::Percent(percent) => visit.t.with("coupon-percent", "percent", percent),
        Off::Amount(amount) => visit.t.money(amount.minor, amount.currency.as_str()),
    };
    let off = off.as_str();
    match terms.lasts {
        Lasts::Once => visit.t.with("coupon-once", "off", off),
        Lasts::Forever => visit.t.with("coupon-forever", "off", off),
        Lasts::Months(months) => visit.t.with_all("coupon-months", &[("off", off.into()), ("count", months.into())]),
    }
}
