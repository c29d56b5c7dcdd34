//! The bot, against the pretend Discord: whatever it does wrong there fails the test.

mod channels;
mod chaos;
mod desk;
mod flows;
mod killed;
mod races;
mod slow;
mod spam;
mod standing;

/// The text of the customer's ticket.
const TROUBLE: &str = "It does not connect since noon.";
