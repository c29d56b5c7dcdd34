//! A customer's link for friends, what a friend is worth, and what has become of those who came.

use std::collections::BTreeSet;

use app::plan::{self, PlanRow};
use app::referral::{self, Referral, RewardRow};
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use domain::reward::{State, Terms};
use domain::time::DAY_MS;
use serde::Deserialize;

use super::billing;
use super::form::Asked;
use super::visit::{Fault, Visit};

/// Where the list of friends goes on.
#[derive(Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: String,
}

/// A friend as a line of the list.
struct Friend {
    day: String,
    is_confirmed: bool,
    reward: String,
}

#[derive(Template)]
#[template(path = "referrals.html")]
struct ReferralsPage<'a> {
    v: &'a Visit,
    link: String,
    /// What a friend is worth, sentence by sentence; empty if nothing is offered.
    terms: Vec<String>,
    friends: Vec<Friend>,
    /// Where the next part of the list begins.
    next: Option<String>,
    is_first: bool,
}

pub(crate) async fn page(visit: Visit, Asked(query): Asked<After>) -> Result<Response, Fault> {
    let who = visit.signed_in()?;
    let app = &visit.ctx.app;
    let ask = billing::after(&query.after);
    let plans = plan::list(app).await.map_err(|error| visit.fault(error))?;
    let friends = referral::list(app, who, &ask).await.map_err(|error| visit.fault(error))?;
    let page = ReferralsPage {
        v: &visit,
        link: referral::link(app, who),
        terms: terms(&visit, &app.config.referrals, &plans),
        friends: friends.rows.iter().map(|friend| line(&visit, friend)).collect(),
        next: friends.next,
        is_first: ask.after.is_none(),
    };
    Ok(visit.page(StatusCode::OK, &page))
}

/// The terms in words. Nothing is offered where no payment could earn anything.
fn terms(visit: &Visit, terms: &Terms, plans: &[PlanRow]) -> Vec<String> {
    let t = &visit.t;
    let counted: Vec<&PlanRow> = plans.iter().filter(|plan| terms.counts(&plan.code)).collect();
    if terms.percent == 0 || terms.cap <= 0 || counted.is_empty() {
        return Vec::new();
    }
    // The cap is a number in the currency of the payment, whichever that is.
    let currencies: BTreeSet<&str> = counted.iter().map(|plan| plan.currency.as_str()).collect();
    let cap = currencies.into_iter().map(|currency| t.money(terms.cap, currency)).collect::<Vec<_>>().join(" / ");
    let mut words = vec![
        t.with_all("referral-offer", &[("percent", i64::from(terms.percent).into()), ("cap", cap.as_str().into())]),
    ];
    if !terms.plans.is_empty() {
        let names: Vec<&str> = counted.iter().map(|plan| plan.name.as_str()).collect();
        words.push(t.with("referral-plans", "plans", names.join(", ").as_str()));
    }
    words.push(t.with("referral-wait", "days", terms.wait_ms / DAY_MS));
    words.push(t.say("referral-not"));
    words
}

fn line(visit: &Visit, friend: &Referral) -> Friend {
    Friend {
        day: visit.t.date(friend.joined_at),
        is_confirmed: friend.is_confirmed,
        reward: match &friend.reward {
            Some(reward) => standing(visit, reward),
            None => visit.t.say("reward-none"),
        },
    }
}

fn standing(visit: &Visit, reward: &RewardRow) -> String {
    let t = &visit.t;
    let amount = t.money(reward.amount, reward.currency.as_deref().unwrap_or_default());
    let Some(state) = State::of_word(&reward.state) else { return t.say("reward-none") };
    match state {
        State::Pending => {
            let day = t.date(reward.due_at.unwrap_or(reward.updated_at));
            t.with_all("reward-pending", &[("amount", (&amount).into()), ("date", (&day).into())])
        }
        State::Confirmed => t.with("reward-confirmed", "amount", &amount),
        State::Imported => t.say("reward-imported"),
        State::Refused => t.say("reward-refused"),
        State::Voided => t.say("reward-voided"),
        State::TakenBack => t.say("reward-taken-back"),
    }
}
