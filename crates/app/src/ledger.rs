//! The books, kept in the transaction in which money moves; see `domain::ledger` and docs/money.md.

use clients::stripe::Invoice;
use domain::ledger::{Account, Movement};
use domain::money::{Currency, Money, MoneyError};
use domain::time::UnixMs;
use store::integrity::Finding;
use store::{Tx, credit_ledger, invoices};
use uuid::Uuid;

use crate::{App, Error, Result, alarm, reward};

/// Books a movement once. One that was booked before, and one that leaves a wallet below zero which must not be, is
/// refused, and the transaction can't be committed.
pub(crate) async fn post(
    app: &App,
    tx: &Tx,
    user: Uuid,
    movement: &Movement,
    about: Option<&str>,
    now: UnixMs,
) -> Result<()> {
    let done = credit_ledger::post(tx, || app.dice.id(now), user, movement, about, now).await.map_err(|error| {
        if error.is_duplicate_of("movement") {
            Error::conflict("movement_known", "this was done before; nothing was changed")
        } else {
            error.into()
        }
    })?;
    if done { Ok(()) } else { Err(Error::conflict("credit_too_small", "the balance is smaller than this amount")) }
}

/// Books the payment of an invoice, if it has been paid since `before`, and what follows from it.
pub(crate) async fn payment(
    app: &App,
    tx: &Tx,
    before: Option<&invoices::Model>,
    row: &invoices::Model,
    object: &Invoice,
    now: UnixMs,
) -> Result<()> {
    let is_paid = |row: &invoices::Model| row.status == "paid";
    if !is_paid(row) || before.is_some_and(is_paid) {
        return Ok(());
    }
    let currency = currency(&row.currency)?;
    let used = object.credit_used();
    let known = match used {
        0 => 0,
        _ => credit_ledger::balance(tx, row.user_id, Account::StripeCredit, &row.currency).await?.clamp(0, used),
    };
    // Credit that somebody gave at Stripe itself is a gift that the books hear of only now.
    let cash = Money::new(row.amount_paid, currency);
    let movement = Movement::payment(&row.stripe_invoice_id, cash, known, row.taxed().tax())
        .and_then(|paid| paid.with(Account::Promotions, Account::Revenue, used - known))
        .map_err(beyond)?;
    post(app, tx, row.user_id, &movement, Some(&row.stripe_invoice_id), now).await?;
    reward::announce(app, tx, row, object.billing_reason.as_deref(), now).await
}

/// Books what went back of an invoice's payment between two readings of it: refunds, and what a bank took; a reward for it
/// follows.
pub(crate) async fn money_back(
    app: &App,
    tx: &Tx,
    before: &invoices::Model,
    row: &invoices::Model,
    now: UnixMs,
) -> Result<()> {
    let (currency, invoice) = (currency(&row.currency)?, row.stripe_invoice_id.as_str());
    let refunded = Money::new(row.amount_refunded - before.amount_refunded, currency);
    let tax = row.taxed().tax_in(row.amount_refunded) - row.taxed().tax_in(before.amount_refunded);
    let name = numbered(tx, &format!("refund:{invoice}:"), Account::StripeCash).await?;
    let movement = Movement::refund(name, refunded, tax).map_err(beyond)?;
    post(app, tx, row.user_id, &movement, Some(invoice), now).await?;
    let taken = Money::new(taken_by_bank(row) - taken_by_bank(before), currency);
    let name = numbered(tx, &format!("dispute:{invoice}:"), Account::StripeCash).await?;
    let movement = Movement::dispute(name, taken).map_err(beyond)?;
    post(app, tx, row.user_id, &movement, Some(invoice), now).await?;
    // A word about a payment whose money is where it was changes no reward, whatever the terms have become since.
    if kept(before) == kept(row) { Ok(()) } else { reward::follow(app, tx, row, now).await }
}

/// The next of the names that begin so. Under the lock of the row that the movements are about.
pub(crate) async fn numbered(tx: &Tx, beginning: &str, account: Account) -> Result<String> {
    Ok(format!("{beginning}{}", credit_ledger::count_named(tx, beginning, account).await?))
}

/// What is left with us of an invoice's payment, in minor units.
pub(crate) fn kept(row: &invoices::Model) -> i64 {
    let paid = if row.status == "paid" { row.amount_paid } else { 0 };
    (paid - row.amount_refunded - taken_by_bank(row)).max(0)
}

/// The same without the tax in it: what can be shared.
pub(crate) fn kept_net(row: &invoices::Model) -> i64 {
    row.taxed().net_of(kept(row))
}

/// What the customer's bank has of an invoice's payment, in minor units.
fn taken_by_bank(row: &invoices::Model) -> i64 {
    if matches!(row.dispute.as_deref(), Some("open" | "lost")) { row.amount_disputed } else { 0 }
}

pub(crate) fn currency(text: &str) -> Result<Currency> {
    Currency::parse(text).map_err(beyond)
}

pub(crate) fn beyond(error: MoneyError) -> Error {
    Error::Internal(Box::new(error))
}

/// The rules of the books, each with how many rows break it.
pub async fn prove(app: &App) -> Result<Vec<Finding>> {
    Ok(store::integrity::books(&app.store).await?)
}

/// What is in each account, by account and currency, in minor units.
pub async fn totals(app: &App) -> Result<Vec<(String, String, i64)>> {
    Ok(credit_ledger::totals(&app.store).await?)
}

/// Proves the books and raises the alarm where they are wrong: an error in the log for each rule,
/// `mirai_ledger_broken_rules`, and a mail to the admins.
pub async fn watch(app: &App) -> Result<()> {
    let broken: Vec<Finding> = prove(app).await?.into_iter().filter(|finding| finding.broken != 0).collect();
    for Finding { rule, broken } in &broken {
        tracing::error!(rule, broken, "the books are wrong; see `mirai admin ledger verify`");
    }
    if !broken.is_empty() {
        let lines: Vec<String> = broken.iter().map(|Finding { rule, broken }| format!("{rule}: {broken}")).collect();
        alarm::raise(app, "ledger", &lines).await?;
    }
    metrics::gauge!("mirai_ledger_broken_rules").set(u32::try_from(broken.len()).unwrap_or(u32::MAX));
    #[expect(clippy::cast_precision_loss, reason = "seconds stay exact for millions of years")]
    metrics::gauge!("mirai_ledger_proved_at_seconds").set((app.clock.now() / 1000) as f64);
    Ok(())
}
