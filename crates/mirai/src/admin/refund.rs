//! `mirai admin refund`.

use app::refund::{self, Part};
use app::{App, admin};
use serde_json::json;

use super::words;
use crate::cli::Format;
use crate::out::print_one;

/// Gives a payment back, all that is left of it or a part.
pub(super) async fn run(
    app: &App,
    invoice: &str,
    part: Option<Part>,
    reason: &str,
    format: Format,
) -> anyhow::Result<()> {
    let done = refund::by_operator(app, admin::COMMAND_LINE, invoice, part, reason).await;
    let row = done.map_err(|error| words(error).context(format!("invoice {invoice}")))?;
    let (paid, back) = (row.amount_paid, row.amount_refunded);
    print_one(&json!({ "invoice": invoice, "paid": paid, "refunded": back, "currency": row.currency }), format)
}
