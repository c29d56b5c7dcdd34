//! What is sold.

use store::plans;

use crate::{App, Error, Result};

/// A plan, as `store` keeps it.
pub use store::plans::Model as PlanRow;

/// All plans, in the order of the price list.
pub async fn list(app: &App) -> Result<Vec<plans::Model>> {
    Ok(plans::all(&app.store).await?)
}

/// A plan that can be bought.
pub(crate) async fn for_sale(app: &App, code: &str) -> Result<(plans::Model, String)> {
    let Some(plan) = plans::by_code(&app.store, code).await? else {
        let known: Vec<String> = list(app).await?.into_iter().map(|plan| plan.code).collect();
        return Err(Error::invalid("plan", "plan_unknown", format!("choose one of: {}", known.join(", "))));
    };
    match plan.stripe_price_id.clone() {
        Some(price) => Ok((plan, price)),
        None => Err(Error::conflict("plan_not_for_sale", "this plan can't be bought at the moment")),
    }
}
