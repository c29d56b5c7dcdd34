//! `mirai admin`: parse, call one use case, print.

mod api_key;
mod audit;
mod check;
mod checks;
mod coupon;
mod credit;
mod gift;
mod job;
mod ledger;
mod maintenance;
mod plan;
mod refund;
mod server;
mod status;
mod stripe;
mod user;

use anyhow::Context as _;
use app::refund::Part;
use app::{App, Error};
use serde_json::json;

use crate::cli::{Admin, CouponCommand, KeysCommand, StatusCommand, UserCommand, WebhookCommand};
use crate::out::print_one;
use crate::{serve, settings, wiring};

pub(crate) async fn run(command: Admin) -> anyhow::Result<()> {
    let mut values = serve::load()?;
    if command.sends_mail() {
        for name in ["APP_URL", "MAIL_FROM", "DATA_KEYS"] {
            values.text(name).with_context(|| format!("{name} is missing: the mail needs it (or use --verified)"))?;
        }
    }
    if command.seals() {
        values
            .text("DATA_KEYS")
            .context("DATA_KEYS is missing: the secret is sealed with it, for the program to open")?;
    }
    if command.asks_stripe() {
        values.text("STRIPE_SECRET_KEY").context("STRIPE_SECRET_KEY is missing: sk_live_… or sk_test_…")?;
    }
    values.stand_in();
    let (app, _) = wiring::app(settings::parse(&values)?, store::Patience::Command).await?;
    let done = match command {
        Admin::User(command) => user::run(&app, command).await,
        Admin::Server(command) => server::run(&app, command).await,
        Admin::Plan(command) => plan::run(&app, command).await,
        Admin::Stripe(command) => stripe::run(&app, command).await,
        Admin::Credit(command) => credit::run(&app, command).await,
        Admin::Coupon(command) => coupon::run(&app, command).await,
        Admin::Gift(command) => gift::run(&app, command).await,
        Admin::Refund { invoice, amount, gone_back, reason, format } => {
            let part = amount.map(|amount| Part { amount, gone_back });
            refund::run(&app, &invoice, part, &reason, format).await
        }
        Admin::Ledger(command) => ledger::run(&app, command).await,
        Admin::ApiKey(command) => api_key::run(&app, command).await,
        Admin::Job(command) => job::run(&app, command).await,
        Admin::Keys(KeysCommand::Rotate { format }) => {
            let done = app::admin::keys::rotate(&app).await.map_err(words)?;
            print_one(&json!({ "resealed": done.resealed, "current": done.current }), format)
        }
        Admin::Audit { about, limit, format } => audit::run(&app, about, limit, format).await,
        Admin::Maintenance(command) => maintenance::run(&app, command).await,
        Admin::Status(command) => status::run(&app, command).await,
        Admin::Check { command: None, format } => check::run(&app, format).await,
        Admin::Check { command: Some(command), format } => checks::run(&app, command, format).await,
    };
    close(app).await;
    done
}

impl Admin {
    /// Whether Stripe is asked for something.
    fn asks_stripe(&self) -> bool {
        match self {
            Admin::Coupon(command) => !matches!(command, CouponCommand::List { .. }),
            other => matches!(other, Admin::Stripe(_) | Admin::Refund { .. }),
        }
    }

    /// Whether a secret is kept.
    fn seals(&self) -> bool {
        matches!(self, Admin::Status(StatusCommand::Webhook(WebhookCommand::Add { .. })))
    }

    /// Whether a mail is written that must have the site's address in it.
    fn sends_mail(&self) -> bool {
        matches!(self, Admin::User(UserCommand::Create { verified: false, .. }))
    }
}

async fn close(app: App) {
    if let Err(error) = app.store.close().await {
        tracing::debug!(%error, "the database was not closed cleanly");
    }
}

/// A use case's error as one line.
pub(crate) fn words(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(fields) => {
            let list: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect();
            anyhow::anyhow!(list.join("; "))
        }
        Error::NotFound => anyhow::anyhow!("there is no such thing"),
        other => anyhow::anyhow!(other.chain()),
    }
}

/// A moment for people and programs.
fn time(at: i64) -> String {
    domain::time::rfc3339(at)
}
