//! The use cases of MiraiVPN, a verb per file, noun first: `device_add`, `subscription_cancel`, `session_refresh`.
//!
//! Each is four beats, load → decide → save → announce: what it loads and saves is in `store`, what it decides in
//! `domain`, and what it announces is a row (a job, a mail in the outbox, a new revision of a server's peer list) in
//! the same transaction. The API, the site, the jobs and the command line all call these same functions.
//!
//! Invariant: no call to an outside service happens inside a transaction, and nothing here reads a clock, an
//! environment variable or the system's randomness but through [`App`]. (Backups have no [`App`]: they get clock and dice alone,
//! and age draws the keys of a file itself.)

mod clock;
mod config;
mod context;
mod dice;
mod error;
mod hasher;
mod pace;
mod seal;

pub mod account_delete;
pub mod account_export;
pub mod admin;
mod alarm;
pub mod api_key;
pub mod backup;
pub mod checkout;
pub mod coupon;
pub mod credit;
pub mod credit_apply;
pub mod credit_period;
pub mod device;
pub mod device_add;
mod device_adopt;
pub mod device_change;
mod device_slots;
pub mod discord;
pub mod email_change;
pub mod failpoint;
pub mod faq;
pub mod gateway;
pub mod gateway_peers;
pub mod gateway_report;
pub mod gauges;
pub mod gift;
pub mod health;
pub mod held;
mod help;
pub mod hints;
pub mod i18n;
pub mod idempotency;
pub mod import_php;
pub mod invoice;
pub mod jobs;
pub mod ledger;
pub mod letter;
pub mod limiter;
pub mod mail;
pub mod maintenance;
mod money_back;
pub mod monitor;
pub mod notice;
pub mod notice_due;
pub mod password_reset;
pub mod plan;
pub mod plan_change;
pub mod price_move;
pub mod reconcile;
pub mod referral;
pub mod refund;
pub mod reward;
pub mod scheduler;
pub mod second_factor;
pub mod seed;
pub mod server;
pub mod server_away;
pub mod session;
pub mod sign_in;
pub mod sign_up;
pub mod status;
mod status_news;
pub mod status_subscriber;
mod status_webhook;
pub mod step_up;
mod strength;
pub mod stripe_event;
pub mod subscription;
pub mod subscription_sync;
pub mod ticket;
pub mod tokens;
pub mod usage;
pub mod user;
pub mod vantage;

pub use clock::Clock;
pub use config::{Brand, Config, LimitClass, Limits, StripeKeys, Taxes};
pub use context::{App, Parts};
pub use dice::Dice;
pub use error::{Error, FieldError, Result};
pub use hasher::Hasher;
pub use seal::{Sealer, SealerError};
