//! All SQL of MiraiVPN, one code base for SQLite, MariaDB and MySQL.
//!
//! A file per noun holds the table's row type and every query on it; `migration` makes the tables. [`Store`] reads,
//! [`Tx`] reads with locks and writes. Functions that must see and keep a lock take a `&Tx`, all others any [`Db`].
//! Times are Unix milliseconds in BIGINT columns and are always arguments: SQL never asks for the time.
//!
//! Invariant: no rule is decided here. A query loads or saves; races are decided by unique indexes, and their
//! violations come back as [`StoreError::Duplicate`].

mod connect;
mod error;
mod migrate;
mod migration;
mod patience;
mod seek;
mod server_news;

pub mod api_keys;
pub mod audit_log;
pub mod backup;
pub mod card_marks;
pub mod checkouts;
pub mod checks;
pub mod coupon_uses;
pub mod coupons;
pub mod credit_ledger;
pub mod discord;
pub mod email_changes;
pub mod faq_ends;
pub mod figures;
pub mod foreign;
pub mod gateways;
pub mod gift_batches;
pub mod gift_codes;
pub mod held;
pub mod idempotency_keys;
pub mod imported;
pub mod incidents;
pub mod integrity;
pub mod invoices;
pub mod jobs;
pub mod known_devices;
pub mod leases;
pub mod maintenances;
pub mod marks;
pub mod notice_refusals;
pub mod notices;
pub mod outbox;
pub mod password_resets;
pub mod pasts;
pub mod peer_changes;
pub mod peer_counters;
pub mod plan_offers;
pub mod plan_prices;
pub mod plans;
pub mod pool;
pub mod price_moves;
pub mod probe_results;
pub mod recovery_codes;
pub mod rollups;
pub mod sessions;
pub mod sponsorships;
pub mod staff;
pub mod status_news;
pub mod status_subscribers;
pub mod status_webhooks;
pub mod stripe_events;
pub mod subscription_cards;
pub mod subscriptions;
pub mod ticket_files;
pub mod ticket_messages;
pub mod ticket_replies;
pub mod tickets;
pub mod usage_days;
pub mod users;
pub mod vantages;
pub mod verification_tokens;
pub mod vps_servers;
pub mod wireguard_peers;

pub use connect::{Backend, Db, Settings, Store, Tls, Tx};
pub use error::{Result, StoreError};
pub use migrate::{MigrationReport, QUIET_MIGRATOR};
pub use patience::Patience;
