//! The words of notices: what happens, when, and what to do.

use domain::money::Money;
use domain::notice::Kind;
use domain::time::UnixMs;

use super::Part;
use crate::i18n::Translator;

/// A notice with what is said in it. Links are whole URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// See [`Kind::PaymentFailing`].
    PaymentFailing {
        /// What could not be collected.
        amount: Money,
        /// Until when the devices are online; `None` if they are not.
        online_until: Option<UnixMs>,
        /// When Stripe tries again.
        next_try: Option<UnixMs>,
        /// To mend the payment method.
        link: String,
    },
    /// See [`Kind::QuotaUsed`].
    QuotaUsed {
        /// When the next period begins.
        until: UnixMs,
        /// How fast the devices are now, in Mbit/s; `None` if they are offline.
        slow_mbit: Option<i64>,
        /// To choose a larger plan.
        link: String,
    },
    /// See [`Kind::PriceChange`].
    PriceChange {
        /// Name of the plan.
        plan: String,
        /// The first renewal at or after this moment is at the new price.
        at: UnixMs,
        /// What a period costs up to then.
        old: Money,
        /// What it costs from then on.
        new: Money,
        /// To cancel before.
        link: String,
    },
    /// See [`Kind::QuotaMost`].
    QuotaMost {
        /// When the next period begins.
        until: UnixMs,
        /// To see the use and choose a larger plan.
        link: String,
    },
    /// See [`Kind::CardExpiring`].
    CardExpiring {
        /// The last moment at which it is good.
        until: UnixMs,
        /// To put in another.
        link: String,
    },
    /// See [`Kind::TrialEnding`].
    TrialEnding {
        /// Name of the plan.
        plan: String,
        /// When it is charged.
        at: UnixMs,
        /// Its price.
        price: Money,
        /// To cancel before.
        link: String,
    },
    /// See [`Kind::RenewalAhead`].
    RenewalAhead {
        /// Name of the plan.
        plan: String,
        /// When it is charged.
        at: UnixMs,
        /// Its price.
        price: Money,
        /// To cancel before.
        link: String,
    },
    /// See [`Kind::Ending`].
    Ending {
        /// Name of the plan.
        plan: String,
        /// When it ends.
        at: UnixMs,
        /// To go on.
        way: GoOn,
    },
    /// See [`Kind::ComeBack`].
    ComeBack {
        /// Name of the plan.
        plan: String,
        /// When it ended.
        at: UnixMs,
        /// To subscribe again.
        link: String,
    },
}

/// How one goes on with a subscription that does not renew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoOn {
    /// Takes the cancellation back, on this page.
    Resume(String),
    /// Pays another period with credit, on this page.
    PayLonger(String),
}

impl Notice {
    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Notice::PaymentFailing { .. } => Kind::PaymentFailing,
            Notice::QuotaUsed { .. } => Kind::QuotaUsed,
            Notice::PriceChange { .. } => Kind::PriceChange,
            Notice::QuotaMost { .. } => Kind::QuotaMost,
            Notice::CardExpiring { .. } => Kind::CardExpiring,
            Notice::TrialEnding { .. } => Kind::TrialEnding,
            Notice::RenewalAhead { .. } => Kind::RenewalAhead,
            Notice::Ending { .. } => Kind::Ending,
            Notice::ComeBack { .. } => Kind::ComeBack,
        }
    }

    /// Subject and parts.
    pub(super) fn parts(&self, t: Translator, brand: &str) -> (String, Vec<Part>) {
        let subject = |key: &str| t.with(key, "brand", brand);
        let dated = |key: &str, at: UnixMs| Part::Words(t.with(key, "date", &t.date(at)));
        let link = |key: &str, url: &String| Part::Link { label: t.say(key), url: url.clone() };
        let about = |key: &str, plan: &String, at: UnixMs| {
            let date = t.date(at);
            Part::Words(t.with_all(key, &[("plan", plan.into()), ("date", (&date).into())]))
        };
        let priced = |key: &str, plan: &String, at: UnixMs, price: Money| {
            let (date, price) = (t.date(at), t.money(price.minor, price.currency.as_str()));
            let values = [("plan", plan.into()), ("date", (&date).into()), ("price", (&price).into())];
            Part::Words(t.with_all(key, &values))
        };
        match self {
            Notice::PaymentFailing { amount, online_until, next_try, link: url } => {
                let amount = t.money(amount.minor, amount.currency.as_str());
                let body = [("brand", brand.into()), ("amount", (&amount).into())];
                let mut parts = vec![Part::Words(t.with_all("mail-failed-body", &body))];
                parts.push(match online_until {
                    Some(until) => dated("mail-failed-online", *until),
                    None => Part::Words(t.say("mail-failed-offline")),
                });
                parts.extend(next_try.map(|at| dated("mail-failed-next", at)));
                parts.push(Part::Words(t.say("mail-failed-do")));
                parts.push(link("mail-failed-action", url));
                (subject("mail-failed-subject"), parts)
            }
            Notice::QuotaUsed { until, slow_mbit, link: url } => {
                let date = t.date(*until);
                let body = match slow_mbit {
                    Some(mbit) => {
                        t.with_all("mail-quota-slowed-body", &[("date", (&date).into()), ("mbit", mbit.into())])
                    }
                    None => t.with("mail-quota-used-body", "date", &date),
                };
                (subject("mail-quota-used-subject"), vec![Part::Words(body), link("mail-quota-action", url)])
            }
            Notice::PriceChange { plan, at, old, new, link: url } => {
                let money = |money: &Money| t.money(money.minor, money.currency.as_str());
                let (date, old, new) = (t.date(*at), money(old), money(new));
                let values =
                    [("plan", plan.into()), ("date", (&date).into()), ("old", (&old).into()), ("new", (&new).into())];
                let body = Part::Words(t.with_all("mail-price-body", &values));
                (subject("mail-price-subject"), vec![body, link("mail-renewal-action", url)])
            }
            Notice::QuotaMost { until, link: url } => (
                subject("mail-quota-most-subject"),
                vec![dated("mail-quota-most-body", *until), link("mail-quota-action", url)],
            ),
            Notice::CardExpiring { until, link: url } => {
                (subject("mail-card-subject"), vec![dated("mail-card-body", *until), link("mail-card-action", url)])
            }
            Notice::TrialEnding { plan, at, price, link: url } => (
                subject("mail-trial-subject"),
                vec![priced("mail-trial-body", plan, *at, *price), link("mail-renewal-action", url)],
            ),
            Notice::RenewalAhead { plan, at, price, link: url } => (
                subject("mail-renewal-subject"),
                vec![priced("mail-renewal-body", plan, *at, *price), link("mail-renewal-action", url)],
            ),
            Notice::Ending { plan, at, way } => {
                let (words, action) = match way {
                    GoOn::Resume(url) => ("mail-soon-resume", link("mail-soon-resume-action", url)),
                    GoOn::PayLonger(url) => ("mail-soon-longer", link("mail-soon-longer-action", url)),
                };
                let parts = vec![about("mail-soon-body", plan, *at), Part::Words(t.say(words)), action];
                (subject("mail-soon-subject"), parts)
            }
            Notice::ComeBack { plan, at, link: url } => {
                (subject("mail-back-subject"), vec![about("mail-back-body", plan, *at), link("mail-ended-action", url)])
            }
        }
    }
}
