//! Whom a customer has brought in.

use domain::page::{Ask, Page, Place};
use store::{sponsorships, users};

use crate::session::Who;
use crate::{App, Result};

/// What a friend is worth, as `store` keeps it.
pub use store::sponsorships::Model as RewardRow;

/// A friend as the one who brought them in may see them: that they came, and not who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// When they signed up.
    pub joined_at: i64,
    /// Whether they have confirmed their address.
    pub is_confirmed: bool,
    /// What they are worth, once they have paid.
    pub reward: Option<RewardRow>,
}

/// Those who signed up with the customer's code, newest first.
pub async fn list(app: &App, who: &Who, ask: &Ask) -> Result<Page<Referral>> {
    let after = ask.after.map(|place| place.id);
    let rows = users::referred_page(&app.store, who.user.id, after, u64::from(ask.limit) + 1).await?;
    let page = ask.page(rows, |row| Place::of_id(row.id));
    let friends: Vec<_> = page.rows.iter().map(|row| row.id).collect();
    let mut rewards = sponsorships::of_friends(&app.store, &friends).await?;
    let mut reward_of = |friend| {
        let found = rewards.iter().position(|reward| reward.user_id == friend)?;
        Some(rewards.swap_remove(found))
    };
    let seen = |row: users::Model| Referral {
        joined_at: row.created_at,
        is_confirmed: row.verified_at.is_some(),
        reward: reward_of(row.id),
    };
    Ok(Page { rows: page.rows.into_iter().map(seen).collect(), next: page.next })
}

/// The link that a customer gives to friends.
pub fn link(app: &App, who: &Who) -> String {
    app.config.link(&format!("/register?code={}", who.user.referral_code))
}
