//! What a plan allows, and its price at the payment service.

use crate::period::Every;

/// Devices at most on a plan without a device limit: fair use for one person and their family.
pub const FAIR_USE_DEVICES: u32 = 50;

/// How many devices a plan allows at the same time; `None` is a plan without a limit of its own.
pub fn device_limit(devices: Option<u32>) -> u32 {
    devices.unwrap_or(FAIR_USE_DEVICES)
}

/// Whether a plan with these regions, separated by commas, has this one; `None` is all of them.
pub fn has_region(regions: Option<&str>, region: &str) -> bool {
    regions.is_none_or(|all| all.split(',').any(|one| one == region))
}

/// What a price at the payment service must be like for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// In minor units.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// How often.
    pub every: Every,
}

/// A price as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPrice {
    /// Its id.
    pub id: String,
    /// Whether it can be bought at.
    pub is_active: bool,
    /// What it costs and how often; none for a price that is paid once, or in steps.
    pub terms: Option<Terms>,
    /// Where its taxes are.
    pub tax: TaxPlace,
}

/// Where the taxes of a price are. Said once, it stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxPlace {
    /// Inside: what is shown is what is charged. So it is too where no taxes are reckoned.
    Inside,
    /// It says nothing yet.
    Unsaid,
    /// They are added to what is shown.
    OnTop,
}

/// What has to be done so that a plan is sold at its price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceStep {
    /// Nothing: the plan's price is right.
    Keep,
    /// The plan takes a price that is there and right.
    Adopt(String),
    /// The same, or the plan's own price, which only has to say that taxes are inside.
    Say(String),
    /// A price is made: an amount is never changed there.
    Make,
}

/// `current` is the price that the plan names, `named` the one that carries the plan's own key.
pub fn price_step(wanted: &Terms, current: Option<&FoundPrice>, named: Option<&FoundPrice>) -> PriceStep {
    let is_right =
        |price: &&FoundPrice| price.is_active && price.terms.as_ref() == Some(wanted) && price.tax != TaxPlace::OnTop;
    match (current.filter(is_right), named.filter(is_right)) {
        (Some(price), _) | (None, Some(price)) if price.tax == TaxPlace::Unsaid => PriceStep::Say(price.id.clone()),
        (Some(_), _) => PriceStep::Keep,
        (None, Some(named)) => PriceStep::Adopt(named.id.clone()),
        (None, None) => PriceStep::Make,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_a_limit_has_the_fair_use_cap() {
        assert_eq!(device_limit(None), 50);
        assert_eq!(device_limit(Some(1)), 1);
        assert_eq!(device_limit(Some(0)), 0);
    }

    #[test]
    fn a_plan_has_its_own_regions_or_all() {
        for (regions, region, has) in
            [(None, "jp", true), (Some("eu,jp"), "jp", true), (Some("eu,jp"), "j", false), (Some("eu"), "us", false)]
        {
            assert_eq!(has_region(regions, region), has, "{regions:?} {region}");
        }
    }

    #[test]
    fn a_plan_keeps_a_right_price_takes_one_that_is_there_or_gets_a_new_one() {
        let terms = |amount| Terms { amount, currency: "usd".to_owned(), every: Every::Month };
        let price = |id: &str, amount| FoundPrice {
            id: id.to_owned(),
            is_active: true,
            terms: Some(terms(amount)),
            tax: TaxPlace::Inside,
        };
        let unsaid = |id: &str| FoundPrice { tax: TaxPlace::Unsaid, ..price(id, 599) };
        let on_top = FoundPrice { tax: TaxPlace::OnTop, ..price("top", 599) };
        let say = |id: &str| PriceStep::Say(id.to_owned());
        let resting = FoundPrice { is_active: false, ..price("old", 599) };
        let once = FoundPrice { terms: None, ..price("once", 599) };
        let adopt = |id: &str| PriceStep::Adopt(id.to_owned());
        for (current, named, step) in [
            (Some(price("a", 599)), None, PriceStep::Keep),
            (Some(price("a", 599)), Some(price("b", 599)), PriceStep::Keep),
            (Some(price("a", 499)), Some(price("b", 599)), adopt("b")),
            (None, Some(price("b", 599)), adopt("b")),
            (Some(resting.clone()), Some(once), PriceStep::Make),
            (None, Some(resting), PriceStep::Make),
            (None, None, PriceStep::Make),
            (Some(unsaid("a")), Some(price("b", 599)), say("a")),
            (None, Some(unsaid("b")), say("b")),
            (Some(on_top.clone()), Some(unsaid("b")), say("b")),
            (Some(on_top.clone()), None, PriceStep::Make),
            (None, Some(on_top), PriceStep::Make),
        ] {
            assert_eq!(price_step(&terms(599), current.as_ref(), named.as_ref()), step, "{current:?} {named:?}");
        }
    }
}
