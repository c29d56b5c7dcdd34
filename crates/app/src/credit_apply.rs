//! Credit for the next invoice: it goes to the customer's balance at Stripe, which takes it off by itself.
//!
//! Our books move first, under the customer's lock; a job then tells Stripe. What can't get there comes back.

use clients::stripe::StripeError;
use domain::ledger::{Account, Kind, Movement};
use domain::money::Money;
use domain::time::UnixMs;
use store::{Tx, credit_ledger, subscriptions, users};
use uuid::Uuid;

use crate::jobs::{self, Job};
use crate::session::Who;
use crate::{App, Error, Result, failpoint, ledger};

/// What of the customer's credit can go to the next invoice: all that is in the currency of a subscription which a card
/// pays and which renews. None if there is no such subscription, or nothing to give.
pub async fn possible(app: &App, who: &Who) -> Result<Option<Money>> {
    let rows = subscriptions::all_of_user(&app.store, who.user.id).await?;
    let Some(currency) = renewed_in(&rows, who.user.stripe_customer_id.as_deref()) else { return Ok(None) };
    let balance = credit_ledger::balance(&app.store, who.user.id, Account::CustomerCredit, currency).await?;
    Ok((balance > 0).then_some(Money::new(balance, ledger::currency(currency)?)))
}

/// What lies at Stripe for the next invoice, by currency.
pub async fn waiting(app: &App, who: &Who) -> Result<Vec<(String, i64)>> {
    let mut balances = credit_ledger::balances(&app.store, who.user.id, Account::StripeCredit).await?;
    balances.retain(|(_, balance)| *balance != 0);
    Ok(balances)
}

/// A balance at Stripe is one customer's: it pays for what is billed to the account's own customer, and not for what an
/// earlier one of a second purchase has.
fn renewed_in<'r>(rows: &'r [subscriptions::Model], customer: Option<&str>) -> Option<&'r str> {
    let renews = |row: &&subscriptions::Model| {
        let is_billed = !row.is_paid_with_credit() && customer == Some(&row.stripe_customer_id);
        is_billed && !row.has_ended() && !row.cancel_at_period_end
    };
    rows.iter().find(renews).and_then(|row| row.currency.as_deref())
}

/// Puts the customer's credit towards the next invoice. Under one name (`once`) it happens once; done again it is what it
/// was.
pub async fn apply(app: &App, who: &Who, once: &str) -> Result<()> {
    let name = format!("applied:{}:{once}", who.user.id.simple());
    app.retrying(|| apply_once(app, who, &name)).await?;
    app.wake_worker();
    Ok(())
}

async fn apply_once(app: &App, who: &Who, name: &str) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, who.user.id).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    if credit_ledger::line(&tx, name, Account::StripeCredit).await?.is_some() {
        return Ok(());
    }
    let open = subscriptions::lock_open_of_user(&tx, user.id).await?;
    let Some(currency) = renewed_in(&open, user.stripe_customer_id.as_deref()) else {
        let words = "no subscription of yours renews by card: pay for a period with your credit instead";
        return Err(Error::conflict("nothing_renews", words));
    };
    let amount = credit_ledger::balance(&tx, user.id, Account::CustomerCredit, currency).await?;
    if amount <= 0 {
        return Err(Error::conflict("credit_too_small", "there is no credit in the currency of your subscription"));
    }
    let movement = Movement::new(Kind::Applied, name, ledger::currency(currency)?)
        .with(Account::CustomerCredit, Account::StripeCredit, amount)
        .map_err(ledger::beyond)?;
    ledger::post(app, &tx, user.id, &movement, user.stripe_customer_id.as_deref(), now).await?;
    jobs::enqueue(app, &tx, &Job::CreditApply { user: user.id, movement: name.to_owned() }, now).await?;
    failpoint::pass("credit.moved");
    Ok(tx.commit().await?)
}

/// Tells Stripe. A movement that is there already is not told twice, however long ago it was: it carries its name.
pub(crate) async fn tell_stripe(app: &App, user: Uuid, movement: &str) -> Result<()> {
    let Some(line) = credit_ledger::line(&app.store, movement, Account::StripeCredit).await? else { return Ok(()) };
    let user = users::by_id(&app.store, user).await?.ok_or(Error::NotFound)?;
    let Some(customer) = user.stripe_customer_id.filter(|customer| line.about.as_ref() == Some(customer)) else {
        return come_back(app, &line).await;
    };
    match app.stripe.has_balance_transaction(&customer, movement).await {
        Ok(true) => return Ok(()),
        Ok(false) => {}
        Err(error) if error.is_not_found() => return come_back(app, &line).await,
        Err(error) => return Err(error.into()),
    }
    let told = app.stripe.add_to_balance(&customer, -line.amount, &line.currency, movement).await;
    failpoint::pass("credit.told");
    match told {
        Ok(()) => Ok(()),
        // There is no such customer any more, or Stripe bills it in another currency. A refusal of our key (401, 403) is none
        // of the credit: it is told once the key is mended.
        Err(StripeError::Refused { status: 400 | 404, .. }) => come_back(app, &line).await,
        Err(error) => Err(error.into()),
    }
}

async fn come_back(app: &App, line: &credit_ledger::Model) -> Result<()> {
    app.retrying(|| async {
        let now = app.clock.now();
        let tx = app.store.write_txn().await?;
        users::lock(&tx, line.user_id).await?.ok_or(Error::NotFound)?;
        let name = format!("{}:back", line.movement);
        if credit_ledger::line(&tx, &name, Account::StripeCredit).await?.is_none() {
            give_back(app, &tx, line.user_id, &name, (&line.currency, line.amount), now).await?;
        }
        Ok(tx.commit().await?)
    })
    .await
}

/// The customer is gone at Stripe, or will be, and the balance there with it: in the books it is credit with us again.
pub(crate) async fn customer_gone(app: &App, tx: &Tx, user: Uuid, customer: &str, now: UnixMs) -> Result<()> {
    for (currency, left) in credit_ledger::balances(tx, user, Account::StripeCredit).await? {
        let name = ledger::numbered(tx, &format!("applied:{customer}:back:"), Account::StripeCredit).await?;
        give_back(app, tx, user, &name, (&currency, left), now).await?;
    }
    Ok(())
}

/// As much as is still counted as lying at Stripe.
async fn give_back(
    app: &App,
    tx: &Tx,
    user: Uuid,
    name: &str,
    (currency, amount): (&str, i64),
    now: UnixMs,
) -> Result<()> {
    let there = credit_ledger::balance(tx, user, Account::StripeCredit, currency).await?;
    let movement = Movement::new(Kind::Applied, name, ledger::currency(currency)?)
        .with(Account::StripeCredit, Account::CustomerCredit, amount.min(there).max(0))
        .map_err(ledger::beyond)?;
    ledger::post(app, tx, user, &movement, None, now).await
}
