//! What a subscription changes to by itself, in phases.

use serde::Deserialize;

use super::{Price, Subscription};
use crate::stripe::lenient;

/// A plan of phases that a subscription follows.
#[derive(Debug, Clone, Deserialize)]
pub struct Schedule {
    /// `sub_sched_…`.
    pub id: String,
    /// `not_started`, `active`, `completed`, `released`, `canceled`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// The phase that runs now.
    #[serde(default)]
    pub current_phase: Option<Span>,
    /// All phases, in their order.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub phases: Vec<Phase>,
    /// `sub_…`, while it follows.
    #[serde(default, deserialize_with = "lenient::id")]
    pub subscription: Option<String>,
    /// `sub_…`, once it follows no more.
    #[serde(default, deserialize_with = "lenient::id")]
    pub released_subscription: Option<String>,
}

/// From when until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Span {
    /// Its first second.
    pub start_date: i64,
    /// The first second after it.
    pub end_date: i64,
}

/// What holds for a time.
#[derive(Debug, Clone, Deserialize)]
pub struct Phase {
    /// Its first second.
    pub start_date: i64,
    /// `pm_…` that pays then; none where the schedule's own or the customer's does.
    #[serde(default, deserialize_with = "lenient::id")]
    pub default_payment_method: Option<String>,
    /// What the subscription is to then.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub items: Vec<PhaseItem>,
}

/// What a subscription is to in a phase.
#[derive(Debug, Clone, Deserialize)]
pub struct PhaseItem {
    /// At which price, where it was asked for as a whole.
    #[serde(default, deserialize_with = "lenient::whole")]
    pub price: Option<Price>,
    /// How many.
    #[serde(default)]
    pub quantity: Option<i64>,
}

impl Schedule {
    /// The card of the phase that runs now, if it names one.
    pub fn card(&self) -> Option<&str> {
        let present = self.current_phase?;
        let phase = self.phases.iter().find(|phase| phase.start_date == present.start_date)?;
        phase.default_payment_method.as_deref()
    }

    /// Whether its subscription follows it.
    pub fn is_followed(&self) -> bool {
        matches!(self.status.as_str(), "not_started" | "active")
    }
}

impl Subscription {
    /// The schedule that it follows now.
    pub fn followed(&self) -> Option<&Schedule> {
        self.schedule.as_ref().filter(|schedule| schedule.is_followed())
    }

    /// The phase of its schedule that begins once the period ends.
    pub fn next_phase(&self) -> Option<&Phase> {
        let schedule = self.followed()?;
        let (present, end) = (schedule.current_phase?, self.items.first()?.current_period_end?);
        let is_next = |phase: &&Phase| (present.end_date..=end).contains(&phase.start_date);
        schedule.phases.iter().find(is_next)
    }

    /// What that puts in the place of its item.
    pub fn next_item(&self) -> Option<&PhaseItem> {
        self.next_phase()?.items.first()
    }
}
