//! `mirai admin ledger`.

use app::{App, ledger};
use serde_json::{Value, json};

use super::{check, words};
use crate::cli::LedgerCommand;
use crate::out::print_rows;

pub(super) async fn run(app: &App, command: LedgerCommand) -> anyhow::Result<()> {
    match command {
        LedgerCommand::Verify { format } => check::show(&ledger::prove(app).await.map_err(words)?, format),
        LedgerCommand::Totals { format } => {
            let totals = ledger::totals(app).await.map_err(words)?;
            let line = |(account, currency, total): (String, String, i64)| json!({ "account": account, "currency": currency, "total": total });
            print_rows(&totals.into_iter().map(line).collect::<Vec<Value>>(), format)
        }
    }
}
