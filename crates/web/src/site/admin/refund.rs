//! Money back, by an operator's hand.

use app::admin::customers;
use app::refund::{self, Part};
use app::{Error, credit};
use axum::extract::Path;
use axum::response::Response;
use domain::money::Money;
use domain::operator::Act;

use super::customers::{customer_page, path, target};
use super::door::{TeamForm, back};
use super::sure::{Question, sure};
use crate::site::visit::Fault;

/// Gives a payment of the customer's back: the amount that was typed, or all that is left.
pub(super) async fn refund(Path(id): Path<String>, TeamForm(operator, mut form): TeamForm) -> Result<Response, Fault> {
    let id = target(&operator, &id, Act::Refund).await?;
    let (app, t) = (operator.app(), &operator.visit.t);
    let customer = customers::get(app, id).await.map_err(|error| operator.fault(error))?;
    let paid = customer.invoices.iter().find(|row| row.stripe_invoice_id == form.get("invoice"));
    let paid = paid.ok_or_else(|| operator.fault(Error::NotFound))?;
    let currency = credit::currency(&paid.currency).map_err(|error| operator.fault(error))?;
    let typed = form.get("back");
    let amount = match Money::of_decimal(typed, currency) {
        _ if typed.is_empty() => None,
        Some(amount) => Some(amount.minor),
        None => {
            let error = Error::invalid("amount", "amount_invalid", "an amount such as 5.00");
            return customer_page(&operator, id, &form, None, operator.mendable(error)?).await;
        }
    };
    // What the operator sees goes along with the question: an answer that is sent twice gives nothing twice.
    form.note("gone_back", paid.amount_refunded);
    let part = amount.map(|amount| Part { amount, gone_back: form.get("gone_back").parse().unwrap_or(-1) });
    let shown = match amount {
        Some(amount) => t.money(amount, &paid.currency),
        None => t.money(refund::left(paid), &paid.currency),
    };
    let values = [
        ("account", (&customer.account.email).into()),
        ("amount", (&shown).into()),
        ("reason", form.get("reason").into()),
    ];
    let (title, body) = (t.say("admin-refund"), t.with_all("admin-refund-ask", &values));
    let question = Question { yes: title.clone(), title, body, back: &path(id) };
    sure(&operator, &form, &question).await?;
    let (invoice, reason) = (&paid.stripe_invoice_id, form.get("reason"));
    match refund::by_operator(app, &operator.actor(), invoice, part, reason).await {
        Ok(_) => Ok(back(&path(id), "refunded")),
        Err(error) => customer_page(&operator, id, &form, None, operator.mendable(error)?).await,
    }
}
