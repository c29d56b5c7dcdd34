//! Schedules: a change that begins when a subscription's period ends.

use super::{Call, Schedule, Stripe, StripeError};

/// Another price once the present period is over. A schedule's phases are always sent as a whole: what is left out of
/// them, such as a discount or a card, is taken away.
#[derive(Debug, Clone, Copy)]
pub struct NextPhase<'a> {
    /// When the phase that runs began, as the schedule has it: Stripe lets nobody move that.
    pub begun: i64,
    /// When the present period ends, and the next phase begins.
    pub ends: i64,
    /// `price_…` that holds now.
    pub present: &'a str,
    /// How many are paid now.
    pub quantity: i64,
    /// `di_…`, which the subscription has and keeps for the present period.
    pub present_discounts: &'a [String],
    /// `pm_…`, which the present phase names and the next one keeps; see [`Schedule::card`].
    pub card: Option<&'a str>,
    /// `price_…` that holds then.
    pub price: &'a str,
    /// Those of the discounts that go along.
    pub discounts: &'a [String],
    /// `month` or `year`; the next phase is one period of the new price.
    pub interval: &'a str,
    /// Every so many of them.
    pub interval_count: i64,
}

impl Stripe {
    /// Makes a schedule that a subscription follows from now on, and that changes nothing yet. Refused where there is one.
    pub async fn create_schedule(&self, subscription: &str, idempotency_key: &str) -> Result<Schedule, StripeError> {
        let call = Call::post(&["v1", "subscription_schedules"]).param("from_subscription", subscription);
        self.call(call.key(idempotency_key)).await
    }

    /// A schedule as it is now.
    pub async fn retrieve_schedule(&self, id: &str) -> Result<Schedule, StripeError> {
        self.call(Call::get(&["v1", "subscription_schedules", id])).await
    }

    /// Sets what comes after the present period. Nothing is charged now, and after its one period of the new price the
    /// subscription goes on at it by itself.
    pub async fn set_next_phase(
        &self,
        id: &str,
        next: &NextPhase<'_>,
        idempotency_key: &str,
    ) -> Result<Schedule, StripeError> {
        let path = ["v1", "subscription_schedules", id];
        let mut call = Call::post(&path)
            .param("end_behavior", "release")
            .param("proration_behavior", "none")
            .param("phases[0][start_date]", next.begun.to_string())
            .param("phases[0][end_date]", next.ends.to_string())
            .param("phases[0][items][0][price]", next.present)
            .param("phases[0][items][0][quantity]", next.quantity.to_string())
            .param("phases[0][proration_behavior]", "none")
            .param("phases[1][items][0][price]", next.price)
            .param("phases[1][items][0][quantity]", next.quantity.to_string())
            .param("phases[1][duration][interval]", next.interval)
            .param("phases[1][duration][interval_count]", next.interval_count.to_string())
            .param("phases[1][proration_behavior]", "none")
            .key(idempotency_key);
        for (phase, discounts) in [next.present_discounts, next.discounts].into_iter().enumerate() {
            if let Some(card) = next.card {
                call = call.param(&format!("phases[{phase}][default_payment_method]"), card);
            }
            for (place, discount) in discounts.iter().enumerate() {
                call = call.param(&format!("phases[{phase}][discounts][{place}][discount]"), discount);
            }
        }
        self.call(call).await
    }

    /// A subscription follows its schedule no more, and stays as it is. One that is not followed already is success.
    pub async fn release_schedule(&self, id: &str, idempotency_key: &str) -> Result<(), StripeError> {
        let path = ["v1", "subscription_schedules", id, "release"];
        match self.call::<Schedule>(Call::post(&path).key(idempotency_key)).await {
            Err(refused @ StripeError::Refused { .. }) => {
                let schedule = self.retrieve_schedule(id).await?;
                if schedule.is_followed() { Err(refused) } else { Ok(()) }
            }
            done => done.map(drop),
        }
    }
}
