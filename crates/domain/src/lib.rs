//! The rules of MiraiVPN: what is a valid address, which server a device gets, what a subscription is worth.
//! Pure functions and small types. Whatever a rule needs (the time, random bytes, rows) is an argument, so every rule
//! can be tested with a table, and the same input gives the same answer in the site, the API, the bot and the gateway.
//! Input from outside is parsed here once, into types that can't hold a wrong value.
//!
//! Invariant: nothing in this crate does IO, reads a clock, throws dice, or knows of SQL, JSON or HTTP; no secret type
//! shows its content through `Debug`.

pub mod account;
pub mod api_scope;
pub mod change;
pub mod coupon;
pub mod credit;
pub mod faq;
pub mod gift;
pub mod help;
pub mod id;
pub mod ledger;
pub mod limit;
pub mod money;
pub mod monitor;
pub mod names;
pub mod networks;
pub mod notice;
pub mod operator;
pub mod page;
pub mod period;
pub mod plan;
pub mod quota;
pub mod reward;
pub mod subscription;
pub mod tax;
mod text;
pub mod ticket;
pub mod time;
pub mod token;
pub mod vpn;
pub mod webhook;
