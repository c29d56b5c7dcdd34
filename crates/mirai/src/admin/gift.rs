//! `mirai admin gift`.

use app::admin::COMMAND_LINE;
use app::admin::gifts::{self, Counted, New};
use app::{App, credit};
use domain::money::Money;
use serde_json::{Value, json};

use super::{time, words};
use crate::cli::GiftCommand;
use crate::out::{line, print_one, print_rows};

pub(super) async fn run(app: &App, command: GiftCommand) -> anyhow::Result<()> {
    match command {
        GiftCommand::Make { count, amount, currency, expires, note, format } => {
            let worth = Money::new(amount, credit::currency(&currency).map_err(words)?);
            let new = New { id: None, count, worth, days: expires, note: &note };
            let (batch, codes) = gifts::make(app, COMMAND_LINE, &new).await.map_err(words)?;
            if format.json {
                return print_one(&json!({ "batch": batch.id, "codes": codes }), format);
            }
            // Nothing but codes, so that the output is a file of them.
            codes.iter().for_each(|code| line(code));
            Ok(())
        }
        GiftCommand::List { format } => {
            let rows = gifts::list(app).await.map_err(words)?;
            print_rows(&rows.iter().map(batch_json).collect::<Vec<_>>(), format)
        }
        GiftCommand::Void { batch, format } => {
            let done = gifts::void(app, COMMAND_LINE, batch).await;
            let row = done.map_err(|error| words(error).context(format!("batch {batch}")))?;
            print_one(&json!({ "batch": row.id, "voided_at": row.voided_at.map(time) }), format)
        }
    }
}

fn batch_json(one: &Counted) -> Value {
    let row = &one.row;
    json!({
        "batch": row.id,
        "codes": row.codes,
        "redeemed": one.redeemed,
        "amount": row.amount,
        "currency": row.currency,
        "note": row.note,
        "created_at": time(row.created_at),
        "expires_at": row.expires_at.map(time),
        "voided_at": row.voided_at.map(time),
    })
}
