//! S4, later in a customer's life: a refresh, a forgotten password, another address, a period paid with credit, another
//! plan, the end of the subscription and of the account.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::credits;
use app::admin::gifts;
use app::admin::plans;
use app::admin::users::{self, Verified};

use app::sign_up::Registration;
use app::{Clock, failpoint};
use domain::account::{Email, Language, Password, Role};
use domain::money::{Currency, Money};
use domain::period::Every;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::Database;
use testkit::caller::{Caller, PASSWORD, TestUser, answer, token_in};
use testkit::fleet::Fleet;
use testkit::traces::traces;

use super::life::Life;

/// For so long the same client may show a refresh token again.
const GRACE: Duration = Duration::from_secs(5);
const NEW_PASSWORD: &str = "four other unrelated words";

testkit::on_both_databases!(s4_an_owner_whose_process_is_killed_at_any_place_repeats_the_wish_and_it_is_done_once);

async fn s4_an_owner_whose_process_is_killed_at_any_place_repeats_the_wish_and_it_is_done_once(
    database: Database,
) -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(()) };
    let app = fleet.look(Clock::System).await?;
    for (n, place) in failpoint::LATER.iter().enumerate() {
        let mut life = Life::with_death_at(fleet, app.clone(), place).await?;
        let email = format!("mika{n}@example.net");
        go_on(&mut life, place, &email).await.map_err(|error| error.context((*place).to_owned()))?;
        assert_eq!(life.deaths, 1, "nobody comes to {place}, or more than once");
        fleet = life.fleet;
    }
    Ok(())
}

async fn go_on(life: &mut Life, place: &str, email: &str) -> anyhow::Result<()> {
    let user = member(life, email).await?;
    match place.split('.').next().unwrap_or_default() {
        "refresh" => refresh(life, &user).await?,
        "forgot" | "reset" => forget_password(life, &user, place).await?,
        "address" => change_address(life, &user, place).await?,
        "period" => pay_with_credit(life, &user).await?,
        "gift" => redeem_gift(life, &user).await?,
        "ticket" => ask_for_help(life, &user).await?,
        "credit" => apply_credit(life, &user).await?,
        "refund" => have_the_money_back(life, &user).await?,
        "plan" if matches!(place, "plan.scheduled" | "plan.released") => shorten_and_stay(life, &user).await?,
        "plan" => change_plan(life, &user).await?,
        "cancel" => cancel(life, &user).await?,
        "delete" | "close" => delete(life, &user).await?,
        other => anyhow::bail!("nobody has told what an owner does at {other}"),
    }
    Ok(())
}

/// An owner with a running subscription to the smallest plan and its one device.
async fn member(life: &mut Life, email: &str) -> anyhow::Result<TestUser> {
    let new = Registration {
        email: Email::parse(email)?,
        password: Password::parse(PASSWORD)?,
        language: Language::En,
        referral_code: None,
    };
    users::create(&life.app, &new, Role::User, Verified::Already).await?;
    let user = life.node.caller.log_in(email).await?;
    let session = life.node.caller.checkout(&user, "basic").await?;
    life.fleet.stripe.pay(&session)?;
    life.deliver_all().await?;
    life.wait_for_service(&user).await?;
    let (status, made) = life.node.caller.post("/devices", Some(&user), &json!({ "name": phone_of(&user) })).await?;
    anyhow::ensure!(status == StatusCode::CREATED, "{made}");
    life.rest().await?;
    Ok(user)
}

/// A name that nothing else has.
fn phone_of(user: &TestUser) -> String {
    format!("phone {}", user.id.simple())
}

async fn log_in_with(caller: &Caller, email: &str, password: &str) -> anyhow::Result<StatusCode> {
    Ok(caller.post("/auth/login", None, &json!({ "email": email, "password": password })).await?.0)
}

/// How many letters to an address have this in their subject.
fn letters(life: &Life, to: &str, subject: &str) -> usize {
    life.fleet.mail.messages_to(to).iter().filter(|mail| mail.subject.contains(subject)).count()
}

/// The tokens of all links to a page that were mailed to an address.
fn links(life: &Life, to: &str, page: &str) -> Vec<String> {
    life.fleet.mail.messages_to(to).iter().filter_map(|mail| token_in(mail, page).ok()).collect()
}

async fn the_subscription(caller: &Caller, user: &TestUser) -> anyhow::Result<Value> {
    let body = caller.get("/subscriptions", Some(user)).await?;
    let list = body["subscriptions"].as_array().context("a list")?;
    anyhow::ensure!(list.len() == 1, "{body}");
    Ok(list[0].clone())
}

async fn customer_of(life: &Life, user: &TestUser) -> anyhow::Result<String> {
    let row = users::find(&life.app, &user.id.to_string()).await?;
    row.stripe_customer_id.context("a customer")
}

async fn refresh(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let ask = async |caller: &Caller, token: &str| {
        let (status, pair) = caller.post("/auth/refresh", None, &json!({ "refresh_token": token })).await?;
        anyhow::ensure!(status == StatusCode::OK, "{status} {pair}");
        let text = |field: &str| pair[field].as_str().unwrap_or_default().to_owned();
        Ok(TestUser { token: text("token"), refresh: text("refresh_token"), ..user.clone() })
    };
    let asked = Instant::now();
    let pair = life.insist(async |_, caller: &Caller| ask(caller, &user.refresh).await).await;
    if pair.is_err() && asked.elapsed() > GRACE {
        // On a machine as slow as this the token counts as stolen, and its owner logs in again.
        life.node.caller.log_in(&user.email).await?;
        return Ok(());
    }
    let user = pair?;
    let sessions = life.node.caller.get("/user/sessions", Some(&user)).await?;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
    let user = ask(&life.node.caller, &user.refresh).await.context("the successor works")?;
    life.node.caller.get("/user/me", Some(&user)).await?;
    Ok(())
}

/// The credit of one period pays for one, however often it is asked for.
async fn pay_with_credit(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let one = Money::new(599, Currency::USD);
    credits::change(&life.app, COMMAND_LINE, &user.email, credits::Wish::Grant, one, "a gift", None).await?;
    life.insist(async |_, caller: &Caller| {
        let request = caller.request(Method::POST, "/credits/pay", Some(user)).header("Idempotency-Key", "once");
        let (status, body) = answer(request.json(&json!({ "plan": "basic" })).send().await?).await?;
        anyhow::ensure!(status == StatusCode::OK && body["paid_with"] == "credit", "{status} {body}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let credits = life.node.caller.get("/credits", Some(user)).await?;
    assert_eq!(credits["balances"][0]["amount"], 0, "{credits}");
    let body = life.node.caller.get("/subscriptions", Some(user)).await?;
    assert_eq!(body["subscriptions"].as_array().map(Vec::len), Some(2), "{body}");
    Ok(())
}

/// A ticket that was asked for under a key is opened once, and the team is told once.
async fn ask_for_help(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let body = json!({ "subject": "No connection", "category": "connection", "body": "Help" });
    life.insist(async |_, caller: &Caller| {
        let request = caller.request(Method::POST, "/tickets", Some(user)).header("Idempotency-Key", "help");
        let (status, reply) = answer(request.json(&body).send().await?).await?;
        anyhow::ensure!(status == StatusCode::CREATED, "{status} {reply}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let tickets = life.node.caller.get("/tickets", Some(user)).await?;
    assert_eq!(tickets["tickets"].as_array().map(Vec::len), Some(1), "{tickets}");
    let subject = format!("[#{}] No connection", tickets["tickets"][0]["number"]);
    let told = life.fleet.mail.messages().into_iter().filter(|mail| mail.subject == subject);
    assert_eq!(told.count(), 1, "the team is told once");
    Ok(())
}

/// A gift code is credit once, however often it is typed.
async fn redeem_gift(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let new = gifts::New { id: None, count: 1, worth: Money::new(599, Currency::USD), days: None, note: "" };
    let (_, codes) = gifts::make(&life.app, COMMAND_LINE, &new).await?;
    life.insist(async |_, caller: &Caller| {
        let (status, body) = caller.post("/credits/redeem", Some(user), &json!({ "code": codes[0] })).await?;
        // What was done when the process died is done.
        anyhow::ensure!(status == StatusCode::OK || body["code"] == "gift_redeemed", "{status} {body}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let credits = life.node.caller.get("/credits", Some(user)).await?;
    assert_eq!(credits["balances"][0]["amount"], 599, "{credits}");
    Ok(())
}

/// Credit goes to the next invoice once, however often that is asked for.
async fn apply_credit(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let gift = Money::new(250, Currency::USD);
    credits::change(&life.app, COMMAND_LINE, &user.email, credits::Wish::Grant, gift, "a gift", None).await?;
    life.insist(async |_, caller: &Caller| {
        let request = caller.request(Method::POST, "/credits/apply", Some(user)).header("Idempotency-Key", "once");
        let (status, body) = answer(request.send().await?).await?;
        anyhow::ensure!(status == StatusCode::OK && body["next_invoice"][0]["amount"] == 250, "{status} {body}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let account = store::users::by_id(&life.app.store, user.id).await?.and_then(|user| user.stripe_customer_id);
    let customer = life.fleet.stripe.object(&account.unwrap_or_default()).unwrap_or_default();
    assert_eq!(customer["balance"], -250, "{customer}");
    Ok(())
}

/// The purchase goes back once, however often that is asked for.
async fn have_the_money_back(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let subscription = the_subscription(&life.node.caller, user).await?;
    let path = format!("/subscriptions/{}/refund", subscription["id"].as_str().unwrap_or_default());
    life.insist(async |_, caller: &Caller| {
        let (status, body) = caller.post(&path, Some(user), &json!({})).await?;
        // What was done when the process died is done: there is nothing to have back any more.
        let is_done = status == StatusCode::OK || body["code"] == "no_money_back";
        anyhow::ensure!(is_done, "{status} {body}");
        Ok(())
    })
    .await?;
    life.deliver_all().await?;
    life.rest().await?;
    let invoices = life.node.caller.get("/invoices", Some(user)).await?;
    assert_eq!(invoices["invoices"][0]["amount_refunded"], 599, "{invoices}");
    assert_eq!(the_subscription(&life.node.caller, user).await?["status"], "ended");
    Ok(())
}

async fn forget_password(life: &mut Life, user: &TestUser, place: &str) -> anyhow::Result<()> {
    let email = user.email.as_str();
    life.insist(async |_, caller: &Caller| {
        let (status, body) = caller.post("/auth/reset-request", None, &json!({ "email": email })).await?;
        anyhow::ensure!(status == StatusCode::ACCEPTED, "{status} {body}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let tokens = links(life, email, "/reset");
    assert_eq!(tokens.len(), if place == "forgot.committed" { 2 } else { 1 }, "a mail for each wish that was taken");
    let reset = async |caller: &Caller, token: &str| {
        anyhow::Ok(caller.post("/auth/reset", None, &json!({ "token": token, "new_password": NEW_PASSWORD })).await?.0)
    };
    life.insist(async |_, caller: &Caller| {
        let status = reset(caller, &tokens[0]).await?;
        // A second try is told that the link was used: whoever then logs in sees that all is well.
        let is_done =
            status == StatusCode::NO_CONTENT || log_in_with(caller, email, NEW_PASSWORD).await? == StatusCode::OK;
        anyhow::ensure!(is_done, "{status}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let caller = &life.node.caller;
    for token in &tokens {
        assert_eq!(reset(caller, token).await?, StatusCode::UNPROCESSABLE_ENTITY, "no link works twice");
    }
    assert_eq!(log_in_with(caller, email, PASSWORD).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in_with(caller, email, NEW_PASSWORD).await?, StatusCode::OK);
    let old_session = caller.request(Method::GET, "/user/me", Some(user)).send().await?;
    assert_eq!(old_session.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(letters(life, email, "password was changed"), 1);
    Ok(())
}

async fn change_address(life: &mut Life, user: &TestUser, place: &str) -> anyhow::Result<()> {
    let (old, new) = (user.email.as_str(), user.email.replace("example.net", "example.org"));
    let customer = customer_of(life, user).await?;
    let asked = if place == "address.announced" { 2 } else { 1 };
    life.insist(async |_, caller: &Caller| {
        let body = json!({ "email": new, "password": PASSWORD });
        let (status, body) = caller.post("/user/email", Some(user), &body).await?;
        anyhow::ensure!(status == StatusCode::ACCEPTED, "{status} {body}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    let tokens = links(life, &new, "/email");
    assert_eq!(tokens.len(), asked, "a mail for each wish that was taken");
    let mut worked = 0;
    for token in &tokens {
        worked += life
            .insist(async |_, caller: &Caller| {
                let (status, _) = caller.post("/auth/email", None, &json!({ "token": token })).await?;
                // Before, between and after: the account has one of the two addresses.
                let known = &caller.get("/user/me", Some(user)).await?["email"];
                anyhow::ensure!(known == old || known == new.as_str(), "{known}");
                Ok(u32::from(status == StatusCode::NO_CONTENT || known == new.as_str()))
            })
            .await?;
        if worked > 0 {
            break;
        }
    }
    assert_eq!(worked, 1, "the newest wish counts");
    life.rest().await?;
    let caller = &life.node.caller;
    for token in &tokens {
        let (status, _) = caller.post("/auth/email", None, &json!({ "token": token })).await?;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "no link works twice");
    }
    assert_eq!(log_in_with(caller, old, PASSWORD).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(log_in_with(caller, &new, PASSWORD).await?, StatusCode::OK);
    assert_eq!(letters(life, old, "was asked for"), asked);
    assert_eq!(letters(life, old, "has another address"), 1);
    let at_stripe = life.app.stripe.retrieve_customer(&customer).await?;
    assert_eq!(at_stripe.email, Some(new), "invoices go there too");
    Ok(())
}

async fn change_plan(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let customer = customer_of(life, user).await?;
    let id = the_subscription(&life.node.caller, user).await?["id"].clone();
    let path = format!("/subscriptions/{}/change", id.as_str().context("an id")?);
    life.insist(async |_, caller: &Caller| {
        let (status, body) = caller.post(&path, Some(user), &json!({ "plan": "premium" })).await?;
        anyhow::ensure!(status == StatusCode::OK || body["code"] == "plan_same", "{status} {body}");
        Ok(())
    })
    .await?;
    life.deliver_all().await?;
    life.rest().await?;
    let row = the_subscription(&life.node.caller, user).await?;
    assert_eq!((&row["id"], &row["plan"], &row["devices"]), (&id, &json!("premium"), &json!(5)), "{row}");
    let invoices = life.app.stripe.list_invoices(&customer, 100).await?.data;
    assert_eq!(invoices.len(), 2, "the difference is paid once: {invoices:?}");
    assert_eq!(life.app.stripe.list_subscriptions(&customer).await?.data.len(), 1);
    assert_eq!(letters(life, &user.email, "is active"), 1);
    Ok(())
}

/// A shorter period is chosen for the end of the present one, and taken back.
async fn shorten_and_stay(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    plans::set_price(&life.app, COMMAND_LINE, "basic", Every::Quarter, Currency::USD, Some(1_599)).await?;
    catalogue::sync(&life.app, COMMAND_LINE, Mode::Apply).await?;
    let customer = customer_of(life, user).await?;
    let id = the_subscription(&life.node.caller, user).await?["id"].clone();
    let path = format!("/subscriptions/{}/change", id.as_str().context("an id")?);
    for (every, next) in [("quarter", Value::Null), ("month", json!("month")), ("quarter", Value::Null)] {
        life.insist(async |_, caller: &Caller| {
            let (status, body) = caller.post(&path, Some(user), &json!({ "plan": "basic", "interval": every })).await?;
            anyhow::ensure!(status == StatusCode::OK || body["code"] == "plan_same", "{status} {body}");
            Ok(())
        })
        .await?;
        life.deliver_all().await?;
        life.rest().await?;
        let row = the_subscription(&life.node.caller, user).await?;
        assert_eq!((&row["price"]["interval"], &row["next_price"]["interval"]), (&json!("quarter"), &next), "{row}");
    }
    let invoices = life.app.stripe.list_invoices(&customer, 100).await?.data;
    assert_eq!(invoices.len(), 2, "the month, and the quarter: {invoices:?}");
    let subscription = &life.app.stripe.list_subscriptions(&customer).await?.data[0].id;
    let object = life.app.stripe.retrieve_subscription(subscription).await?;
    assert!(object.followed().is_none(), "{object:?}");
    Ok(())
}

async fn cancel(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let customer = customer_of(life, user).await?;
    let id = the_subscription(&life.node.caller, user).await?["id"].clone();
    let path = format!("/subscriptions/{}/cancel", id.as_str().context("an id")?);
    life.insist(async |_, caller: &Caller| {
        let (status, body) = caller.post(&path, Some(user), &json!({})).await?;
        anyhow::ensure!(status == StatusCode::OK || body["code"] == "subscription_ends_already", "{status} {body}");
        Ok(())
    })
    .await?;
    life.deliver_all().await?;
    life.rest().await?;
    let row = the_subscription(&life.node.caller, user).await?;
    assert_eq!((&row["cancel_at_period_end"], &row["entitled"]), (&json!(true), &json!(true)), "{row}");
    let at_stripe = life.app.stripe.list_subscriptions(&customer).await?.data;
    assert!(at_stripe.len() == 1 && at_stripe[0].cancel_at_period_end, "{at_stripe:?}");
    assert_eq!(letters(life, &user.email, "will end"), 1);
    Ok(())
}

async fn delete(life: &mut Life, user: &TestUser) -> anyhow::Result<()> {
    let customer = customer_of(life, user).await?;
    let session = life.node.caller.checkout(user, "vip").await?;
    life.insist(async |_, caller: &Caller| {
        let request = caller.request(Method::DELETE, "/user/me", Some(user)).json(&json!({ "password": PASSWORD }));
        let (status, body) = answer(request.send().await?).await?;
        // A second try finds nobody who could ask.
        let is_gone = [StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED].contains(&status);
        anyhow::ensure!(is_gone, "{status} {body}");
        Ok(())
    })
    .await?;
    life.rest().await?;
    life.deliver_all().await?;
    life.rest().await?;
    assert_eq!(log_in_with(&life.node.caller, &user.email, PASSWORD).await?, StatusCode::UNAUTHORIZED);
    for trace in [user.email.as_str(), &phone_of(user)] {
        assert_eq!(traces(&life.fleet.database_url, trace).await?, Vec::<String>::new(), "{trace}");
    }
    let stripe = &life.app.stripe;
    assert!(stripe.retrieve_customer(&customer).await?.deleted);
    let at_stripe = stripe.list_subscriptions(&customer).await?.data;
    assert!(at_stripe.len() == 1 && at_stripe[0].status == "canceled", "{at_stripe:?}");
    let checkout = stripe.retrieve_checkout_session(&session).await?;
    assert_eq!(checkout.status.as_deref(), Some("expired"), "nobody can pay for nothing");
    assert_eq!(letters(life, &user.email, "is deleted"), 1);
    assert_eq!(letters(life, &user.email, "has ended"), 0, "whoever has left is not written to");
    Ok(())
}
