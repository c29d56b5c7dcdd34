//! The hosted pages: checkout, portal, invoice. Plain forms, no script.

use super::state::{State, Table};
use super::tax::{self, Buyer};
use super::{Inner, billing, checkout, payments, portal, schedules, subscriptions};
use crate::html::{escape, page, when};
use crate::pdf;
use axum::Form;
use axum::extract::{Path, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

const NOTE: &str = "Pretend Stripe: no real money. Nothing that you type here leaves this machine.";
/// Stripe's test card that pays: <https://docs.stripe.com/testing>.
pub(crate) const GOOD_CARD: &str = "4242 4242 4242 4242";
/// Stripe's test card that is declined.
pub(crate) const BAD_CARD: &str = "4000 0000 0000 0002";

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

fn nothing_here() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "Not found",
        NOTE,
        "<h1>There is nothing here</h1>\n<p>The address may be cut short.</p>",
    )
}

/// `GET /`: what this is, and what happened last.
pub(crate) async fn home(Shared(inner): Shared<Arc<Inner>>) -> Response {
    let rows: String = inner.read(|state| {
        state
            .all(Table::Events)
            .iter()
            .rev()
            .take(50)
            .map(|event| {
                let pending = if event["pending_webhooks"] == 0 { "delivered" } else { "pending" };
                let at = when(event["created"].as_i64().unwrap_or_default());
                format!("<tr><td>{at}</td><td>{}</td><td>{pending}</td></tr>\n", escape(text(event, "type")))
            })
            .collect()
    });
    let body = format!(
        "<h1>Pretend Stripe</h1>\n<p>It answers the API, shows the checkout and the portal, and posts webhooks. The last events:</p>\n\
         <table>\n<thead><tr><th>Time</th><th>Event</th><th>Webhook</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"
    );
    page(StatusCode::OK, "Pretend Stripe", NOTE, &body)
}

fn session(inner: &Inner, id: &str) -> Option<Value> {
    inner.change(|cx| {
        checkout::expire_due(cx);
        cx.state.find(Table::Sessions, id).cloned()
    })
}

/// `GET /pay/{session}`.
pub(crate) async fn pay_page(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    match session(&inner, &id) {
        Some(session) => checkout_page(StatusCode::OK, &session, None, &Payment::of_a_new_page()),
        None => nothing_here(),
    }
}

fn checkout_page(status: StatusCode, session: &Value, problem: Option<&str>, typed: &Payment) -> Response {
    let back = match text(session, "cancel_url") {
        "" => String::new(),
        url => format!("<p><a id=\"back\" href=\"{}\">Back without paying</a></p>", escape(url)),
    };
    match text(session, "status") {
        "complete" => {
            let on = escape(&checkout::success_url(session));
            let body = format!(
                "<h1>You're all done here</h1>\n<p>This was paid already, once. <a id=\"continue\" href=\"{on}\">Continue</a></p>"
            );
            return page(status, "Paid", NOTE, &body);
        }
        "expired" => {
            let body =
                format!("<h1>This page has expired</h1>\n<p>Nothing was charged. Go back and begin again.</p>\n{back}");
            return page(StatusCode::GONE, "Expired", NOTE, &body);
        }
        _ => {}
    }
    let currency = text(session, "currency");
    let lines: String = session["_line_items"]["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| {
            let every = text(&line["price"]["recurring"], "interval");
            let sum = billing::money(line["amount_subtotal"].as_i64().unwrap_or_default(), currency);
            format!("<dt>{}</dt><dd>{sum} each {}</dd>\n", escape(text(line, "description")), escape(every))
        })
        .collect();
    let off = session["total_details"]["amount_discount"].as_i64().unwrap_or_default();
    let discount =
        if off > 0 { format!("<dt>Discount</dt><dd>{}</dd>\n", billing::money(-off, currency)) } else { String::new() };
    let total = billing::money(session["amount_total"].as_i64().unwrap_or_default(), currency);
    let known = session["customer_details"]["email"].as_str();
    let email = known.unwrap_or(&typed.email);
    let company =
        if session["automatic_tax"]["enabled"] == true { company_fields(typed.buyer()) } else { String::new() };
    let locked = if known.is_some() { " readonly" } else { " required" };
    let problem = problem.map_or_else(String::new, |problem| {
        format!("<p class=\"bad\" id=\"problem\" role=\"alert\">{} Nothing was charged.</p>", escape(problem))
    });
    let body = format!(
        "<h1>Subscribe</h1>\n<p class=\"sum\" id=\"total\">{total}</p>\n<dl>\n{lines}{discount}</dl>\n{problem}\n\
         <form method=\"post\">\n\
         <label for=\"email\">E-mail</label>\n<input id=\"email\" name=\"email\" type=\"email\" value=\"{}\"{locked}>\n{company}\
         <label for=\"card\">Card number</label>\n\
         <input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"off\" value=\"{}\">\n\
         <p class=\"quiet\">{GOOD_CARD} pays, {BAD_CARD} is declined.</p>\n\
         <div class=\"acts\">\n<button class=\"main\" id=\"pay\" name=\"action\" value=\"pay\">Pay</button>\n\
         <button id=\"decline\" name=\"action\" value=\"decline\" formnovalidate>Decline this card</button>\n</div>\n</form>\n{back}",
        escape(email),
        escape(&typed.card),
    );
    page(status, "Checkout", NOTE, &body)
}

/// What taxes take: the country, and of a company its name and tax id.
fn company_fields(buyer: Buyer<'_>) -> String {
    let option = |country: &tax::Country| {
        let chosen = if country.code == buyer.country { " selected" } else { "" };
        format!("<option value=\"{}\"{chosen}>{}</option>\n", country.code, country.name)
    };
    format!(
        "<label for=\"country\">Country</label>\n<select id=\"country\" name=\"country\">\n{}</select>\n\
         <label for=\"company\">Company (if one pays)</label>\n<input id=\"company\" name=\"company\" value=\"{}\">\n\
         <label for=\"tax-id\">Its VAT ID, such as DE123456789</label>\n<input id=\"tax-id\" name=\"tax_id\" value=\"{}\">\n",
        tax::COUNTRIES.iter().map(option).collect::<String>(),
        escape(buyer.company),
        escape(buyer.tax_id),
    )
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Payment {
    action: String,
    card: String,
    email: String,
    country: String,
    company: String,
    tax_id: String,
}

impl Payment {
    fn of_a_new_page() -> Payment {
        Payment { card: GOOD_CARD.to_owned(), ..Payment::default() }
    }

    fn buyer(&self) -> Buyer<'_> {
        Buyer { country: &self.country, company: &self.company, tax_id: &self.tax_id }
    }
}

/// `POST /pay/{session}`.
pub(crate) async fn pay(
    Shared(inner): Shared<Arc<Inner>>,
    Path(id): Path<String>,
    Form(form): Form<Payment>,
) -> Response {
    let Some(session) = session(&inner, &id) else { return nothing_here() };
    let card = match form.action.as_str() {
        "decline" => BAD_CARD,
        _ => form.card.as_str(),
    };
    match inner.change(|cx| checkout::pay(cx, &id, card, Some(&form.email), form.buyer())) {
        Ok(session) => Redirect::to(&checkout::success_url(&session)).into_response(),
        Err(refused) => checkout_page(StatusCode::PAYMENT_REQUIRED, &session, Some(refused.message()), &form),
    }
}

/// `GET /portal/{session}`.
pub(crate) async fn portal_page(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let body = inner.read(|state| {
        let session = state.find(Table::PortalSessions, &id)?;
        Some(portal_body(state, session))
    });
    match body {
        Some(body) => page(StatusCode::OK, "Billing", NOTE, &body),
        None => nothing_here(),
    }
}

fn portal_body(state: &State, session: &Value) -> String {
    let customer = text(session, "customer");
    let mine =
        |table| state.all(table).iter().rev().filter(|object| object["customer"] == customer).collect::<Vec<_>>();
    let mut plain_ids = true;
    let subscriptions: String = mine(Table::Subscriptions)
        .into_iter()
        .map(|subscription| {
            let live = subscription["status"] != "canceled";
            // The first one that can be changed has the short ids; another adds its own id, as ids must not repeat.
            let plain = live && plain_ids;
            plain_ids = plain_ids && !live;
            subscription_part(state, subscription, live, plain)
        })
        .collect();
    let invoices: String = mine(Table::Invoices)
        .into_iter()
        .map(|invoice| {
            format!(
                "<tr><td><a href=\"/invoice/{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escape(text(invoice, "id")),
                escape(text(invoice, "number")),
                when(invoice["created"].as_i64().unwrap_or_default()),
                billing::money(invoice["total"].as_i64().unwrap_or_default(), text(invoice, "currency")),
                escape(text(invoice, "status")),
            )
        })
        .collect();
    let card = mine(Table::PaymentMethods).first().map_or("", |method| text(&method["card"], "last4")).to_owned();
    let back = match text(session, "return_url") {
        "" => String::new(),
        url => {
            let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            format!("<p><a id=\"back\" href=\"{}\">Back to {}</a></p>", escape(url), escape(&host))
        }
    };
    let nothing = "<p class=\"quiet\">There is no subscription.</p>";
    let configuration = state.find(Table::PortalConfigurations, text(session, "configuration"));
    let company = match state.find(Table::Customers, customer) {
        Some(customer) if configuration.is_some_and(portal::takes_tax_ids) => company_part(customer),
        _ => String::new(),
    };
    format!(
        "<h1>Billing</h1>\n{back}\n<h2>Subscriptions</h2>\n{}\n<h2>Payment method</h2>\n<p id=\"paid-with\">Card ending {card}</p>\n{CARD_FORM}\n{company}<h2>Invoices</h2>\n\
         <table>\n<thead><tr><th>Number</th><th>Date</th><th>Total</th><th>Status</th></tr></thead>\n<tbody>\n{invoices}</tbody>\n</table>",
        if subscriptions.is_empty() { nothing } else { &subscriptions },
    )
}

const CARD_FORM: &str = "<form method=\"post\" class=\"acts\">\n<label for=\"card\">Card</label>\n\
    <input id=\"card\" name=\"card\" inputmode=\"numeric\" autocomplete=\"cc-number\" value=\"5555 5555 5555 4444\">\n\
    <button id=\"change-card\" name=\"action\" value=\"card\">Use this card</button>\n</form>";

/// Who the customer is on invoices.
fn company_part(customer: &Value) -> String {
    let buyer = Buyer {
        country: text(&customer["address"], "country"),
        company: text(customer, "name"),
        tax_id: text(&customer["_tax_ids"][0], "value"),
    };
    format!(
        "<h2>Billing information</h2>\n<form method=\"post\">\n{}\
         <p class=\"acts\"><button id=\"change-company\" name=\"action\" value=\"company\">Save</button></p>\n</form>\n",
        company_fields(buyer)
    )
}

fn subscription_part(state: &State, subscription: &Value, live: bool, plain: bool) -> String {
    let id = text(subscription, "id");
    let item = &subscription["items"]["data"][0];
    let name = state
        .find(Table::Products, text(&item["price"], "product"))
        .map_or("Subscription", |product| text(product, "name"));
    let price =
        billing::money(item["price"]["unit_amount"].as_i64().unwrap_or_default(), text(subscription, "currency"));
    let every = text(&item["price"]["recurring"], "interval");
    let end = when(billing::period(subscription).1);
    let ends = subscription["cancel_at_period_end"] == true;
    let state_of = match (text(subscription, "status"), ends) {
        ("canceled", _) => "Cancelled".to_owned(),
        ("past_due", _) => "The last payment failed; the card will be tried again".to_owned(),
        (_, true) => format!("Ends on {end}"),
        (_, false) => format!("Renews on {end}"),
    };
    let button = |action: &str, label: &str| {
        let id = if plain { action.to_owned() } else { format!("{action}-{id}") };
        format!("<button id=\"{}\" name=\"action\" value=\"{action}\">{label}</button>\n", escape(&id))
    };
    // Stripe's portal leaves a subscription alone that follows a schedule.
    let acts = match (live && schedules::of(state, subscription).is_none(), ends) {
        (false, _) => String::new(),
        (true, true) => button("resume", "Resume") + &button("cancel-now", "Cancel now"),
        (true, false) => button("cancel-at-period-end", "Cancel at period end") + &button("cancel-now", "Cancel now"),
    };
    let form = if acts.is_empty() {
        acts
    } else {
        format!(
            "<form method=\"post\" class=\"acts\">\n<input type=\"hidden\" name=\"subscription\" value=\"{}\">\n{acts}</form>\n",
            escape(id)
        )
    };
    format!(
        "<p><strong>{}</strong> {price} each {}<br><span class=\"quiet\">{state_of}</span></p>\n{form}",
        escape(name),
        escape(every)
    )
}

#[derive(Deserialize)]
pub(crate) struct PortalAct {
    #[serde(default)]
    action: String,
    #[serde(default)]
    subscription: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    company: String,
    #[serde(default)]
    tax_id: String,
}

/// `POST /portal/{session}`.
pub(crate) async fn portal_act(
    Shared(inner): Shared<Arc<Inner>>,
    Path(id): Path<String>,
    Form(act): Form<PortalAct>,
) -> Response {
    let done = inner.change(|cx| {
        let session = cx.get(Table::PortalSessions, &id).ok()?;
        if act.action == "card" {
            return payments::change_card(cx, text(&session, "customer"), &act.card).ok();
        }
        if act.action == "company" {
            let configuration = cx.get(Table::PortalConfigurations, text(&session, "configuration")).ok();
            configuration.filter(portal::takes_tax_ids)?;
            let buyer = Buyer { country: &act.country, company: &act.company, tax_id: &act.tax_id };
            return tax::keep(cx, text(&session, "customer"), buyer).ok().map(drop);
        }
        let subscription = cx.get(Table::Subscriptions, &act.subscription).ok()?;
        if subscription["customer"] != session["customer"] {
            return None;
        }
        let ends = match act.action.as_str() {
            "cancel-now" => {
                // Pressed twice, the second finds it cancelled already: the page shows that.
                let _ = billing::end(cx, &act.subscription, "cancellation_requested");
                return Some(());
            }
            "cancel-at-period-end" => true,
            "resume" => false,
            _ => return None,
        };
        if subscription["status"] != "canceled" {
            schedules::leave_its_end(cx, &subscription).ok()?;
            let now = cx.now;
            let change = |subscription: &mut Value| subscriptions::set_cancel_at_period_end(subscription, ends, now);
            let (subscription, previous) = cx.change(Table::Subscriptions, &act.subscription, change).ok()?;
            cx.emit_change("customer.subscription.updated", &subscription, &previous);
        }
        Some(())
    });
    match done {
        Some(()) => Redirect::to(&format!("/portal/{id}")).into_response(),
        None => nothing_here(),
    }
}

/// Who an invoice is for, and what is on it: a text and an amount on each line.
fn bill(invoice: &Value) -> (Vec<String>, Vec<(String, String)>) {
    let currency = text(invoice, "currency");
    let list = |field: &str| invoice[field].as_array().cloned().unwrap_or_default();
    let money = |amount: &Value| billing::money(amount.as_i64().unwrap_or_default(), currency);
    let ids = list("customer_tax_ids");
    let who = [
        text(invoice, "customer_name"),
        text(invoice, "customer_email"),
        text(&invoice["customer_address"], "country"),
    ];
    let who = who.into_iter().chain(ids.iter().map(|id| text(id, "value")));
    let lines = invoice["lines"]["data"].as_array().cloned().unwrap_or_default();
    let mut rows: Vec<(String, String)> =
        lines.iter().map(|line| (text(line, "description").to_owned(), money(&line["amount"]))).collect();
    for tax in list("total_taxes") {
        let words = match text(&tax, "taxability_reason") {
            "reverse_charge" => "Tax to be paid on reverse charge basis",
            _ if tax["tax_behavior"] == "inclusive" => "Tax, included",
            _ => "Tax",
        };
        rows.push((words.to_owned(), money(&tax["amount"])));
    }
    (who.filter(|words| !words.is_empty()).map(str::to_owned).collect(), rows)
}

/// `GET /invoice/{id}`: what `hosted_invoice_url` shows.
pub(crate) async fn invoice_page(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let Some(invoice) = inner.read(|state| state.find(Table::Invoices, &id).cloned()) else { return nothing_here() };
    let (who, rows) = bill(&invoice);
    let lines: String =
        rows.iter().map(|(words, amount)| format!("<tr><td>{}</td><td>{amount}</td></tr>\n", escape(words))).collect();
    let body = format!(
        "<h1>Invoice {}</h1>\n<p class=\"sum\">{}</p>\n<p>{}, {}</p>\n<p id=\"billed-to\">{}</p>\n\
         <table>\n<tbody>\n{lines}</tbody>\n</table>\n<p><a id=\"pdf\" href=\"/invoice/{}/pdf\">PDF</a></p>",
        escape(text(&invoice, "number")),
        billing::money(invoice["total"].as_i64().unwrap_or_default(), text(&invoice, "currency")),
        escape(text(&invoice, "status")),
        when(invoice["created"].as_i64().unwrap_or_default()),
        who.iter().map(|words| escape(words)).collect::<Vec<_>>().join("<br>"),
        escape(&id),
    );
    page(StatusCode::OK, "Invoice", NOTE, &body)
}

/// `GET /invoice/{id}/pdf`: what `invoice_pdf` leads to.
pub(crate) async fn invoice_pdf(Shared(inner): Shared<Arc<Inner>>, Path(id): Path<String>) -> Response {
    let Some(invoice) = inner.read(|state| state.find(Table::Invoices, &id).cloned()) else { return nothing_here() };
    let (who, rows) = bill(&invoice);
    let total = billing::money(invoice["total"].as_i64().unwrap_or_default(), text(&invoice, "currency"));
    let mut lines = vec![format!("Invoice {}", text(&invoice, "number")), NOTE.to_owned(), String::new()];
    lines.extend(who);
    lines.push(String::new());
    lines.extend(rows.into_iter().map(|(words, amount)| format!("{words}: {amount}")));
    lines.push(format!("Total: {total}"));
    ([(header::CONTENT_TYPE, "application/pdf")], pdf::page(&lines)).into_response()
}
