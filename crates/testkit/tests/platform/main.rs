//! The product as its users meet it: through HTTP, on both databases, with the pretend Stripe and mailbox.

mod access;
mod account;
mod database_away;
mod faults;
mod held;
mod hostile;
mod idempotency;
mod import;
mod keys;
mod killed;
mod main_job;
mod migrations;
mod money;
mod money_back;
mod orders;
mod processes;
mod query_plans;
mod races;
mod refusals;
mod schema;
mod secrets;
mod sessions;
mod shared_limits;
mod site;
mod stripe_trouble;
mod work;
