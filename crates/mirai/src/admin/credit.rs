//! `mirai admin credit`.

use app::admin::COMMAND_LINE;
use app::admin::{credits, users};
use app::{App, credit};
use domain::money::Money;
use serde_json::{Value, json};

use super::words;
use crate::cli::{CreditChange, CreditCommand};
use crate::out::{print_one, print_rows};

pub(super) async fn run(app: &App, command: CreditCommand) -> anyhow::Result<()> {
    match command {
        CreditCommand::Show { user, format } => {
            let found = users::find(app, &user).await.map_err(|error| words(error).context(format!("user {user}")))?;
            let balances = credit::balances(app, found.id).await.map_err(words)?;
            let line = |(currency, balance): (String, i64)| json!({ "currency": currency, "balance": balance });
            print_rows(&balances.into_iter().map(line).collect::<Vec<Value>>(), format)
        }
        CreditCommand::Grant(change) => run_change(app, change, credits::Wish::Grant).await,
        CreditCommand::Take(change) => run_change(app, change, credits::Wish::Take).await,
    }
}

async fn run_change(app: &App, change: CreditChange, wish: credits::Wish) -> anyhow::Result<()> {
    let amount = Money::new(change.amount, credit::currency(&change.currency).map_err(words)?);
    let done =
        credits::change(app, COMMAND_LINE, &change.user, wish, amount, &change.reason, change.once.as_deref()).await;
    let balance = done.map_err(|error| words(error).context(format!("credit of {}", change.user)))?;
    let currency = amount.currency.as_str();
    print_one(&json!({ "user": change.user, "currency": currency, "balance": balance }), change.format)
}
