//! What a customer's devices have carried, day by day.

use domain::time::DAY_MS;
use store::{subscriptions, usage_days};
use uuid::Uuid;

use crate::session::Who;
use crate::{App, Result};

/// Days that are shown.
pub const DAYS: i64 = 30;

/// What was carried on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Bytes from the devices.
    pub sent: i64,
    /// Bytes to the devices.
    pub received: i64,
}

/// The last [`DAYS`] days up to today, each of them, oldest first, over all of the user's subscriptions.
pub async fn days(app: &App, who: &Who) -> Result<Vec<Day>> {
    let today = app.clock.now().div_euclid(DAY_MS);
    let paying: Vec<Uuid> =
        subscriptions::all_of_user(&app.store, who.user.id).await?.into_iter().map(|row| row.id).collect();
    let first = today - DAYS + 1;
    let rows = usage_days::since(&app.store, &paying, first).await?;
    let of = |day: i64| {
        let rows = rows.iter().filter(|row| row.day == day);
        rows.fold(Day { day, sent: 0, received: 0 }, |sum, row| Day {
            sent: sum.sent + row.rx,
            received: sum.received + row.tx,
            ..sum
        })
    };
    Ok((first..=today).map(of).collect())
}
