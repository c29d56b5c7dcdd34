//! What the bot on Discord asks of the product: whose account is whose, where tickets are, what is to be posted, whom it
//! answers. The bot alone speaks to Discord.

pub mod board;
pub mod duty;
pub mod gate;
pub mod link;
pub mod role;
pub mod session;
pub mod thread;

/// An id of Discord, a snowflake; it fits 63 bits.
pub type Snowflake = i64;
