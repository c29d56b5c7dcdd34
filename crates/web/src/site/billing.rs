//! A customer's money: their credit and what it can pay for, and their invoices.

use app::credit::{self, LedgerRow};
use app::credit_period::{self, Offer};
use app::invoice::{self, InvoiceRow};
use app::{Error, Taxes, credit_apply, gift, subscription};
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use domain::ledger::Kind;
use domain::page::Ask;
use serde::Deserialize;

use super::form::{Asked, Filled, PriceWord};
use super::visit::{Fault, Visit};
use crate::error::status_of;

/// Lines of each list on the page.
const LINES: u32 = 12;

/// Where the page's two lists go on.
#[derive(Default, Deserialize)]
pub(crate) struct Places {
    #[serde(default)]
    credit: String,
    #[serde(default)]
    invoices: String,
    /// Whether a gift code was just redeemed.
    redeemed: Option<String>,
}

/// The lines after a place. One that was damaged on its way counts as left out.
pub(super) fn after(place: &str) -> Ask {
    Ask::parse(Some(LINES), Some(place)).unwrap_or(Ask::first(LINES))
}

/// What the credit can pay for, as a line of the form.
struct Choice {
    plan: String,
    words: String,
    is_chosen: bool,
}

/// A movement of credit as a line of the list.
struct Move {
    day: String,
    words: String,
    amount: String,
}

/// An invoice as a line of the list.
struct Bill {
    day: String,
    number: String,
    amount: String,
    /// The tax in it, in words.
    tax: Option<String>,
    status: String,
    url: Option<String>,
    pdf: Option<String>,
}

/// A part of a list.
struct Lines<T> {
    rows: Vec<T>,
    /// Where the next part begins.
    next: Option<String>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "billing.html")]
struct BillingPage<'a> {
    v: &'a Visit,
    /// Why nothing was paid.
    error: String,
    gift: GiftForm,
    /// In each currency.
    balances: Vec<String>,
    has_debt: bool,
    /// What can be put towards the next invoice.
    applicable: Option<String>,
    /// What was.
    waiting: Vec<String>,
    /// What the credit is enough for.
    choices: Vec<Choice>,
    /// The plan that the customer has, where a new period would run beside it.
    owned: Option<String>,
    /// The name under which a payment of this page happens once.
    once: String,
    moves: Lines<Move>,
    bills: Lines<Bill>,
    has_portal: bool,
    /// Whether companies give their name and tax id at Stripe.
    has_taxes: bool,
}

pub(crate) async fn page(visit: Visit, Asked(places): Asked<Places>) -> Result<Response, Fault> {
    let gift = GiftForm { is_done: places.redeemed.is_some(), ..GiftForm::default() };
    show(&visit, StatusCode::OK, String::new(), gift, &places).await
}

/// The form for a gift code.
#[derive(Default)]
struct GiftForm {
    is_done: bool,
    typed: String,
    /// Why the code gave nothing.
    problem: String,
}

async fn show(
    visit: &Visit,
    status: StatusCode,
    error: String,
    gift: GiftForm,
    places: &Places,
) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let fault = |error| visit.fault(error);
    let (moves, bills) = (after(&places.credit), after(&places.invoices));
    let balances = credit::balances(app, who.user.id).await.map_err(fault)?;
    let offers = credit_period::offers(app, who).await.map_err(fault)?;
    let subscriptions = subscription::list(app, who).await.map_err(fault)?;
    let begins_anew = offers.iter().any(|offer| !offer.is_longer);
    let owned = subscriptions.into_iter().find(|one| begins_anew && one.entitled);
    let credit = credit::list(app, who, &moves).await.map_err(fault)?;
    let invoices = invoice::list(app, who, &bills).await.map_err(fault)?;
    let applicable = credit_apply::possible(app, who).await.map_err(fault)?;
    let waiting = credit_apply::waiting(app, who).await.map_err(fault)?;
    let in_words = |(currency, amount): &(String, i64)| visit.t.money(*amount, currency);
    let page = BillingPage {
        v: visit,
        error,
        gift,
        has_debt: balances.iter().any(|(_, balance)| *balance < 0),
        balances: balances.iter().map(in_words).collect(),
        applicable: applicable.map(|amount| visit.t.money(amount.minor, amount.currency.as_str())),
        waiting: waiting.iter().map(in_words).collect(),
        choices: choices(visit, &offers),
        owned: owned.map(|one| one.plan_name),
        once: hex::encode(app.dice.bytes::<16>()),
        moves: Lines {
            rows: credit.rows.iter().map(|row| movement(visit, row)).collect(),
            next: credit.next,
            is_first: moves.after.is_none(),
        },
        bills: Lines {
            rows: invoices.rows.into_iter().map(|row| bill(visit, row)).collect(),
            next: invoices.next,
            is_first: bills.after.is_none(),
        },
        has_portal: who.user.stripe_customer_id.is_some(),
        has_taxes: app.config.taxes == Taxes::Stripe,
    };
    let mut response = visit.page(status, &page);
    // The way back to this page makes a new name, so that one more period is paid as one more.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// One of them is chosen already: what runs gets longer, if anything does.
fn choices(visit: &Visit, offers: &[Offer]) -> Vec<Choice> {
    let chosen = offers.iter().position(|offer| offer.is_longer).unwrap_or(0);
    let choice = |(n, Offer { plan, price, until, is_longer }): (usize, &Offer)| {
        let (amount, until) = (visit.t.money(price.amount, &price.currency), visit.t.date(*until));
        let values = [("plan", (&plan.name).into()), ("price", (&amount).into()), ("date", (&until).into())];
        let words = if *is_longer { "billing-choice-longer" } else { "billing-choice" };
        Choice {
            plan: PriceWord::of(&plan.code, price),
            words: visit.t.with_all(words, &values),
            is_chosen: n == chosen,
        }
    };
    offers.iter().enumerate().map(choice).collect()
}

fn movement(visit: &Visit, row: &LedgerRow) -> Move {
    let words = match Kind::of_word(&row.kind) {
        Some(Kind::Opening) => "credit-opening",
        Some(Kind::Granted) => "credit-granted",
        Some(Kind::Taken) => "credit-taken",
        Some(Kind::Gift) => "credit-gift",
        Some(Kind::Period) => "credit-period",
        Some(Kind::PeriodReturned) => "credit-period-returned",
        Some(Kind::Applied) => "credit-applied",
        Some(Kind::RewardConfirmed) => "credit-reward-confirmed",
        Some(Kind::RewardTakenBack) => "credit-reward-taken-back",
        Some(Kind::RewardReturned) => "credit-reward-returned",
        // These move nothing of a customer's credit.
        Some(Kind::Payment | Kind::Refund | Kind::Dispute | Kind::RewardPending | Kind::RewardVoided) | None => {
            "credit-other"
        }
    };
    let amount = visit.t.money(row.amount, &row.currency);
    Move {
        day: visit.t.date(row.created_at),
        words: visit.t.say(words),
        amount: if row.amount > 0 { format!("+{amount}") } else { amount },
    }
}

fn bill(visit: &Visit, row: InvoiceRow) -> Bill {
    let amount = if row.status == "paid" { row.amount_paid } else { row.amount_due };
    Bill {
        day: visit.t.date(row.issued_at),
        status: state(visit, &row),
        amount: visit.t.money(amount, &row.currency),
        tax: tax(visit, &row),
        number: row.number.unwrap_or_else(|| "–".to_owned()),
        url: row.hosted_url.filter(|url| leads_out(url)),
        pdf: row.pdf_url.filter(|url| leads_out(url)),
    }
}

/// Only Stripe's own pages are linked to, whatever the row says.
fn leads_out(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://localhost")
}

/// The tax in an invoice, if there is any.
fn tax(visit: &Visit, row: &InvoiceRow) -> Option<String> {
    let amount = visit.t.money(row.amount_tax, &row.currency);
    (row.amount_tax > 0).then(|| visit.t.with("billing-tax", "amount", &amount))
}

/// What became of an invoice, and of its payment.
pub(super) fn state(visit: &Visit, row: &InvoiceRow) -> String {
    let dispute = row.dispute.as_deref();
    visit.t.say(match row.status.as_str() {
        "paid" if dispute == Some("open") => "invoice-disputed",
        "paid" if dispute == Some("lost") => "invoice-taken-back",
        "paid" if row.amount_refunded > 0 && row.amount_refunded < row.amount_paid => {
            let amount = visit.t.money(row.amount_refunded, &row.currency);
            return visit.t.with("invoice-refunded-part", "amount", &amount);
        }
        "paid" if row.amount_refunded > 0 => "invoice-refunded",
        "paid" => "invoice-paid",
        "draft" => "invoice-draft",
        "void" => "invoice-void",
        "uncollectible" => "invoice-uncollectible",
        _ => "invoice-open",
    })
}

/// The name of one payment, as the page has made it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Once(String);

impl TryFrom<String> for Once {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Once, &'static str> {
        let is_ours = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_ours { Ok(Once(text)) } else { Err("not a name that the page has made") }
    }
}

#[derive(Deserialize)]
pub(crate) struct Payment {
    csrf: String,
    plan: PriceWord,
    once: Once,
}

/// Pays a period with credit. The same form again, by a second click or a reload, is the same payment.
pub(crate) async fn pay(Filled { visit, form }: Filled<Payment>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    let (plan, choice) = (&form.plan.plan, form.plan.choice());
    let error = match credit_period::buy(&visit.ctx.app, who, plan, choice, None, &form.once.0).await {
        Ok(_) => return Ok(Redirect::to("/dashboard?paid").into_response()),
        Err(error @ (Error::Conflict { .. } | Error::Invalid(_))) => error,
        Err(error) => return Err(visit.fault(error)),
    };
    let words = match &error {
        Error::Invalid(_) => visit.field_words(&error, "plan"),
        other => visit.words(other.code(), &other.to_string()),
    };
    show(&visit, status_of(&error), words, GiftForm::default(), &Places::default()).await
}

#[derive(Deserialize)]
pub(crate) struct Application {
    csrf: String,
    once: Once,
}

/// Puts credit towards the next invoice. The same form again is the same wish.
pub(crate) async fn apply(Filled { visit, form }: Filled<Application>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    match credit_apply::apply(&visit.ctx.app, who, &form.once.0).await {
        Ok(()) => Ok(Redirect::to("/dashboard/billing#credit").into_response()),
        Err(error @ Error::Conflict { .. }) => {
            let words = visit.words(error.code(), &error.to_string());
            show(&visit, status_of(&error), words, GiftForm::default(), &Places::default()).await
        }
        Err(error) => Err(visit.fault(error)),
    }
}

#[derive(Deserialize)]
pub(crate) struct Redemption {
    csrf: String,
    code: String,
}

/// Redeems a gift code.
pub(crate) async fn redeem(Filled { visit, form }: Filled<Redemption>) -> Result<Response, Fault> {
    let who = visit.sent_by(&form.csrf)?;
    visit.count().await.map_err(|error| visit.fault(error))?;
    let error = match gift::redeem(&visit.ctx.app, who, &form.code).await {
        Ok(_) => return Ok(Redirect::to("/dashboard/billing?redeemed#gift").into_response()),
        Err(error @ (Error::Conflict { .. } | Error::Invalid(_))) => error,
        Err(error) => return Err(visit.fault(error)),
    };
    let problem = match &error {
        Error::Invalid(_) => visit.field_words(&error, "code"),
        other => visit.words(other.code(), &other.to_string()),
    };
    let gift = GiftForm { is_done: false, typed: form.code, problem };
    show(&visit, status_of(&error), String::new(), gift, &Places::default()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_has_a_name_of_the_pages() {
        let ours = "0123456789abcdef0123456789abcdef";
        assert_eq!(Once::try_from(ours.to_owned()), Ok(Once(ours.to_owned())));
        let long = "a".repeat(4096);
        for other in ["", "0", &ours[1..], "0123456789abcdef0123456789abcde:", long.as_str()] {
            assert!(Once::try_from(other.to_owned()).is_err(), "{other}");
        }
    }
}
