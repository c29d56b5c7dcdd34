//! What the team sees beside a ticket: what helps to answer it, and nothing more of the customer.

use domain::help::{Fact, SeenDevice};
use store::{tickets, users};

use super::TicketRow;
use crate::device::{self, Device};
use crate::subscription::{self, View};
use crate::{App, Error, Result, help};

/// A device, and whether anything has ever come from it.
#[derive(Debug, Clone)]
pub struct BesideDevice {
    /// The device with its server.
    pub device: Device,
    /// Whether it has ever connected.
    pub has_connected: bool,
}

/// What stands beside a ticket.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The customer's address.
    pub email: String,
    /// The language that the customer reads.
    pub language: String,
    /// What is seen to be wrong.
    pub facts: Vec<Fact>,
    /// The subscriptions, the newest first.
    pub subscriptions: Vec<View>,
    /// The devices.
    pub devices: Vec<BesideDevice>,
    /// Who of the team has the ticket.
    pub owner: Option<String>,
    /// The customer's other tickets, the newest first.
    pub others: Vec<TicketRow>,
}

/// Other tickets that are shown.
const OTHERS: u64 = 10;

/// What stands beside a ticket.
pub async fn beside(app: &App, ticket: &TicketRow) -> Result<Beside> {
    let user = users::by_id(&app.store, ticket.user_id).await?.ok_or(Error::NotFound)?;
    let subscriptions = subscription::of_user(app, user.id).await?;
    let rows = device::of_user(app, user.id).await?;
    let seen = help::devices(app, &rows).await?;
    let beside = |(device, seen): (Device, &SeenDevice)| BesideDevice { device, has_connected: seen.has_connected };
    let devices = rows.into_iter().zip(&seen).map(beside).collect();
    let facts = help::facts(&subscriptions, seen)?;
    let owner = match ticket.claimed_by {
        Some(id) => users::by_id(&app.store, id).await?.map(|owner| owner.email),
        None => None,
    };
    let mut others = tickets::of_user(&app.store, user.id, None, OTHERS + 1).await?;
    others.retain(|other| other.id != ticket.id);
    Ok(Beside { language: user.language, email: user.email, facts, subscriptions, devices, owner, others })
}
