//! Customers: found by what an operator has of them, seen with everything around, helped.

use app::admin::access;
use app::admin::credits::{self, Wish};
use app::admin::customers::{self, Customer};
use app::admin::{figures, lists, servers, users};
use app::invoice::InvoiceRow;
use app::{Error, credit, refund, ticket};
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::money::{Currency, Money};
use domain::operator::Act;
use uuid::Uuid;

use super::door::{Done, Fields, Operator, Team, TeamForm, back};
use super::sure::{Question, sure};
use super::table::{Cell, Table};
use super::trail;
use crate::site::billing;
use crate::site::form::Asked;
use crate::site::visit::{Fault, Visit};

/// What the addresses of these pages say was just done, and the words for it.
const DONE: [(&str, &str); 6] = [
    ("suspended", "admin-done-suspended"),
    ("reinstated", "admin-done-reinstated"),
    ("sessions", "admin-done-sessions"),
    ("granted", "admin-done-granted"),
    ("taken", "admin-done-taken"),
    ("refunded", "admin-done-refunded"),
];

#[derive(Template)]
#[template(path = "admin_home.html")]
struct HomePage<'a> {
    v: &'a Visit,
    typed: &'a str,
    is_unknown: bool,
    tables: Vec<Table>,
}

/// The search, and what waits.
pub(super) async fn home(Team(operator): Team) -> Result<Response, Fault> {
    home_page(&operator, "", StatusCode::OK).await
}

async fn home_page(operator: &Operator, typed: &str, status: StatusCode) -> Result<Response, Fault> {
    let tables = overview(operator).await.map_err(|error| operator.fault(error))?;
    let page = HomePage { v: &operator.visit, typed, is_unknown: status == StatusCode::NOT_FOUND, tables };
    Ok(operator.visit.page(status, &page))
}

async fn overview(operator: &Operator) -> app::Result<Vec<Table>> {
    let (app, t) = (operator.app(), &operator.visit.t);
    let line =
        |words: &str, href: &str, count: u64| vec![Cell::link(t.say(words), href), Cell::number(count.to_string())];
    let say = |key: &str| t.say(key);
    let waits =
        |rows| Table::new(say("admin-waiting"), vec![say("admin-what"), say("admin-count")], String::new(), rows);
    let tickets = line("admin-waiting-tickets", "/admin/tickets", ticket::count_open(app).await?);
    if !operator.visit.is_admin() {
        return Ok(vec![waits(vec![tickets])]);
    }
    let waiting = lists::waiting(app).await?;
    let ill = servers::list(app).await?.into_iter().filter(|one| {
        one.server.status == "up"
            && (one.seen.status != "up" || one.gateway.as_ref().is_some_and(|g| g.trouble.is_some()))
    });
    let work = vec![
        tickets,
        line("admin-waiting-dead", "/admin/jobs?state=dead", waiting.dead_jobs),
        line("admin-waiting-jobs", "/admin/jobs?state=queued", waiting.queued_jobs),
        line("admin-waiting-events", "/admin/events", waiting.events),
        line("admin-waiting-servers", "/admin/servers", ill.count() as u64),
    ];
    let standing = figures::standing(app).await?.into_iter();
    let standing = standing
        .map(|(plan, status, count)| vec![Cell::text(plan), Cell::text(status), Cell::number(count.to_string())]);
    Ok(vec![
        waits(work),
        Table::new(
            say("dashboard-subscription"),
            vec![say("admin-plan"), say("servers-status"), say("admin-count")],
            say("admin-none"),
            standing.collect(),
        ),
    ])
}

/// Finds a customer. By a form, so that no mail address stands in a log of addresses that were asked for.
pub(super) async fn search(TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    let typed = form.get("q");
    match customers::search(operator.app(), typed).await {
        Ok(id) => Ok(Redirect::to(&path(id)).into_response()),
        Err(Error::NotFound) => home_page(&operator, typed, StatusCode::NOT_FOUND).await,
        Err(error) => Err(operator.fault(error)),
    }
}

pub(super) fn path(id: Uuid) -> String {
    format!("/admin/customers/{id}")
}

#[derive(Template)]
#[template(path = "admin_customer.html")]
struct CustomerPage<'a> {
    v: &'a Visit,
    customer: &'a Customer,
    facts: Vec<(String, Cell)>,
    tables: Vec<Table>,
    /// Whether this operator may act on this account.
    is_touchable: bool,
    may_reinstate: bool,
    may_take: bool,
    /// Payments that can go back, by Stripe's ids of their invoices, where this operator may give them back.
    refundable: Vec<(String, String)>,
    form: &'a Fields,
    /// Names the next change of credit, so that a form that is sent twice is done once.
    once: String,
    done: Option<String>,
    problem: String,
}

pub(super) async fn page(
    Team(operator): Team,
    Path(id): Path<String>,
    Asked(query): Asked<Done>,
) -> Result<Response, Fault> {
    let done = DONE.iter().find(|(name, _)| *name == query.done).map(|(_, key)| operator.visit.t.say(key));
    customer_page(&operator, parse(&operator, &id)?, &Fields::default(), done, String::new()).await
}

fn parse(operator: &Operator, id: &str) -> Result<Uuid, Fault> {
    id.parse().map_err(|_| operator.fault(Error::NotFound))
}

pub(super) async fn customer_page(
    operator: &Operator,
    id: Uuid,
    form: &Fields,
    done: Option<String>,
    problem: String,
) -> Result<Response, Fault> {
    let (app, visit) = (operator.app(), &operator.visit);
    let customer = customers::get(app, id).await.map_err(|error| operator.fault(error))?;
    let role = customer.account.role();
    let is_open = customer.deleted_at.is_none();
    let page = CustomerPage {
        v: visit,
        facts: facts(visit, &customer),
        tables: tables(visit, &customer),
        is_touchable: is_open && access::allow_on(&operator.who, Act::Suspend, id, role).is_ok(),
        may_reinstate: visit.may(Act::Reinstate),
        may_take: visit.may(Act::TakeCredit),
        refundable: if visit.may(Act::Refund) { refundable(visit, &customer) } else { Vec::new() },
        form,
        once: app.dice.id(app.clock.now()).to_string(),
        done,
        customer: &customer,
        problem,
    };
    let status = if page.problem.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(visit.page(status, &page))
}

fn refundable(visit: &Visit, customer: &Customer) -> Vec<(String, String)> {
    let left = customer.invoices.iter().filter(|row| refund::left(row) > 0);
    let words = |row: &InvoiceRow| {
        format!("{} · {}", visit.t.date(row.issued_at), visit.t.money(refund::left(row), &row.currency))
    };
    left.map(|row| (row.stripe_invoice_id.clone(), words(row))).collect()
}

fn facts(visit: &Visit, customer: &Customer) -> Vec<(String, Cell)> {
    let (t, account) = (&visit.t, &customer.account);
    let day = |at: Option<i64>| Cell::text(at.map_or_else(|| t.say("admin-no"), |at| t.date(at)));
    let mut facts = vec![
        (t.say("field-email"), Cell::text(&account.email)),
        (t.say("admin-account"), Cell::text(account.id.to_string())),
        (t.say("admin-role"), Cell::text(&account.role)),
        (t.say("security-language"), Cell::text(account.language().own_name())),
        (t.say("admin-joined"), day(Some(account.created_at))),
        (t.say("admin-verified"), day(account.verified_at)),
        (t.say("security-code"), day(account.totp_since)),
        (t.say("admin-stripe-customer"), Cell::text(account.stripe_customer_id.clone().unwrap_or_default())),
        (t.say("admin-code"), Cell::text(&account.referral_code)),
        (t.say("admin-credit"), Cell::text(money_list(visit, &customer.balances))),
    ];
    if let Some(at) = account.suspended_at {
        facts.push((t.say("admin-suspended"), Cell::state(t.date(at), "status status-down")));
    }
    if let Some(at) = customer.deleted_at {
        facts.push((t.say("admin-deleted"), Cell::state(t.date(at), "status status-down")));
    }
    if let Some(reward) = &customer.sponsored {
        let sponsor = Cell::link(reward_words(visit, reward), path(reward.sponsor_id));
        facts.push((t.say("admin-sponsor"), sponsor));
    }
    facts
}

fn money_list(visit: &Visit, list: &[(String, i64)]) -> String {
    let texts: Vec<String> = list.iter().map(|(currency, amount)| visit.t.money(*amount, currency)).collect();
    if texts.is_empty() { "–".to_owned() } else { texts.join(", ") }
}

fn reward_words(visit: &Visit, reward: &app::referral::RewardRow) -> String {
    let amount = reward.currency.as_ref().map(|currency| visit.t.money(reward.amount, currency));
    let parts = [Some(reward.state.clone()), amount, reward.reason.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn tables(visit: &Visit, customer: &Customer) -> Vec<Table> {
    let t = &visit.t;
    let say = |key: &str| t.say(key);
    let none = || t.say("admin-none");
    let subscriptions = customer.subscriptions.iter().map(|view| {
        let (words, mark) =
            if view.entitled { ("dashboard-on", "status status-up") } else { ("dashboard-off", "status status-down") };
        let row = &view.row;
        let quota = row.quota_bytes.map(|quota| format!("{} / {}", t.size(row.used_bytes), t.size(quota)));
        vec![
            Cell::text(&view.plan_name),
            Cell::state(t.say(words), mark),
            Cell::text(&row.status),
            Cell::text(t.date(row.paid_until)),
            Cell::text(quota.unwrap_or_else(|| t.size(row.used_bytes))),
            Cell::text(&row.stripe_subscription_id),
        ]
    });
    let devices = customer.devices.iter().map(|device| {
        let (words, mark) = if device.is_served {
            ("dashboard-on", "status status-up")
        } else {
            ("dashboard-off", "status status-down")
        };
        vec![
            Cell::text(&device.row.name),
            Cell::state(t.say(words), mark),
            Cell::text(&device.server.name),
            Cell::text(format!("{} {}", device.address_v4, device.address_v6)),
            Cell::text(&device.row.public_key),
        ]
    });
    let invoices = customer.invoices.iter().map(|row| {
        vec![
            Cell::text(t.date(row.issued_at)),
            Cell::text(row.number.clone().unwrap_or_default()),
            Cell::text(billing::state(visit, row)),
            Cell::number(t.money(row.amount_paid, &row.currency)),
            Cell::number(t.money(row.amount_tax, &row.currency)),
            Cell::number(t.money(row.amount_refunded, &row.currency)),
            Cell::text(row.dispute.clone().unwrap_or_default()),
        ]
    });
    let movements = customer.movements.iter().map(|row| {
        vec![
            Cell::text(trail::moment(row.created_at)),
            Cell::text(&row.kind),
            Cell::number(t.money(row.amount, &row.currency)),
        ]
    });
    let rewards = customer.rewards.iter().map(|reward| {
        vec![
            Cell::link(reward.user_id.to_string(), path(reward.user_id)),
            Cell::text(reward_words(visit, reward)),
            Cell::text(t.date(reward.created_at)),
        ]
    });
    let sessions = customer.sessions.iter().map(|row| {
        vec![
            Cell::text(&row.client),
            Cell::text(&row.kind),
            Cell::text(t.date(row.created_at)),
            Cell::text(t.date(row.seen_day)),
        ]
    });
    let (since, state, plan) = (|| say("admin-when"), || say("servers-status"), || say("admin-plan"));
    vec![
        Table::new(
            say("dashboard-subscription"),
            vec![
                plan(),
                say("admin-network"),
                state(),
                say("admin-paid-until"),
                say("subscription-traffic"),
                "Stripe".into(),
            ],
            none(),
            subscriptions.collect(),
        ),
        Table::new(
            say("dashboard-devices"),
            vec![
                say("field-name"),
                say("admin-network"),
                say("device-server"),
                say("device-address"),
                say("admin-public-key"),
            ],
            none(),
            devices.collect(),
        ),
        Table::new(
            say("subscription-invoices"),
            vec![
                say("subscription-day"),
                say("subscription-number"),
                state(),
                say("admin-paid"),
                say("admin-tax"),
                say("admin-refunded"),
                say("admin-dispute"),
            ],
            none(),
            invoices.collect(),
        ),
        Table::new(
            say("admin-credit"),
            vec![say("admin-when"), say("admin-what"), say("subscription-amount")],
            none(),
            movements.collect(),
        ),
        Table::new(say("admin-rewards"), vec![say("admin-friend"), state(), since()], none(), rewards.collect()),
        Table::new(
            say("admin-sessions"),
            vec![say("security-client"), say("admin-what"), since(), say("security-seen")],
            none(),
            sessions.collect(),
        ),
        Table::new(
            say("admin-mails"),
            vec![say("admin-letter"), say("admin-when"), say("admin-sent")],
            none(),
            customer.mails.iter().map(|mail| trail::mail(visit, mail)).collect(),
        ),
        trail::table(visit, say("admin-audit"), &customer.audit),
    ]
}

/// The account that a form is about, if this operator may do that to it.
pub(super) async fn target(operator: &Operator, id: &str, act: Act) -> Result<Uuid, Fault> {
    let id = parse(operator, id)?;
    let role = customers::role(operator.app(), id).await.map_err(|error| operator.fault(error))?;
    access::allow_on(&operator.who, act, id, role).map_err(|error| operator.fault(error))?;
    Ok(id)
}

pub(super) async fn suspend(Path(id): Path<String>, TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    let id = target(&operator, &id, Act::Suspend).await?;
    ask(&operator, &form, id, "admin-suspend", "admin-suspend-ask").await?;
    users::suspend(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back(&path(id), "suspended"))
}

pub(super) async fn reinstate(Path(id): Path<String>, TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    let id = target(&operator, &id, Act::Reinstate).await?;
    ask(&operator, &form, id, "admin-reinstate", "admin-reinstate-ask").await?;
    users::reinstate(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back(&path(id), "reinstated"))
}

pub(super) async fn end_sessions(
    Path(id): Path<String>,
    TeamForm(operator, form): TeamForm,
) -> Result<Response, Fault> {
    let id = target(&operator, &id, Act::EndSessions).await?;
    ask(&operator, &form, id, "admin-end-sessions", "admin-end-sessions-ask").await?;
    users::end_sessions(operator.app(), &operator.actor(), id).await.map_err(|error| operator.fault(error))?;
    Ok(back(&path(id), "sessions"))
}

async fn ask(operator: &Operator, form: &Fields, id: Uuid, title: &str, body: &str) -> Result<(), Fault> {
    let t = &operator.visit.t;
    let account = customers::email(operator.app(), id).await.map_err(|error| operator.fault(error))?;
    let body = t.with(body, "account", account.as_str());
    let question = Question { title: t.say(title), body, yes: t.say(title), back: &path(id) };
    sure(operator, form, &question).await
}

pub(super) async fn grant(Path(id): Path<String>, TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    let id = target(&operator, &id, Act::GiveCredit).await?;
    change_credit(&operator, &form, id, Wish::Grant).await
}

pub(super) async fn take(Path(id): Path<String>, TeamForm(operator, form): TeamForm) -> Result<Response, Fault> {
    let id = target(&operator, &id, Act::TakeCredit).await?;
    change_credit(&operator, &form, id, Wish::Take).await
}

async fn change_credit(operator: &Operator, form: &Fields, id: Uuid, wish: Wish) -> Result<Response, Fault> {
    let app = operator.app();
    let amount = match amount(form) {
        Ok(amount) => amount,
        Err(error) => return customer_page(operator, id, form, None, operator.mendable(error)?).await,
    };
    let (title, body, done) = match wish {
        Wish::Grant => ("admin-grant", "admin-grant-ask", "granted"),
        Wish::Take => ("admin-take", "admin-take-ask", "taken"),
    };
    let t = &operator.visit.t;
    let account = customers::email(app, id).await.map_err(|error| operator.fault(error))?;
    let shown = t.money(amount.minor, amount.currency.as_str());
    let values = [("account", (&account).into()), ("amount", (&shown).into()), ("reason", form.get("reason").into())];
    let body = t.with_all(body, &values);
    let question = Question { title: t.say(title), body, yes: t.say(title), back: &path(id) };
    sure(operator, form, &question).await?;
    let (whom, once) = (id.to_string(), Some(form.get("once")));
    match credits::change(app, &operator.actor(), &whom, wish, amount, form.get("reason"), once).await {
        Ok(_) => Ok(back(&path(id), done)),
        Err(error) => customer_page(operator, id, form, None, operator.mendable(error)?).await,
    }
}

fn amount(form: &Fields) -> app::Result<Money> {
    let currency: Currency = credit::currency(form.get("currency"))?;
    let read = Money::of_decimal(form.get("amount"), currency);
    read.ok_or_else(|| Error::invalid("amount", "amount_invalid", "an amount such as 5.00"))
}
