//! The mails that customers get: what each says, as text and as HTML, in their language.

use askama::Template;
use domain::account::Language;

use crate::i18n::Translator;
use crate::status_news;

mod notice;
mod status;
mod ticket;

pub use notice::{GoOn, Notice};
pub use ticket::{News, TicketLetter};

/// A mail to a customer. Links are whole URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Letter {
    /// After sign-up: the link proves the address.
    Verify {
        /// `{APP_URL}/verify?token=…`
        link: String,
    },
    /// Somebody signed up with an address that has an account: its owner is told, the stranger is not.
    AlreadyRegistered {
        /// To log in.
        login_link: String,
        /// To choose a new password.
        reset_link: String,
    },
    /// Asked for a new password.
    Reset {
        /// `{APP_URL}/reset?token=…`
        link: String,
    },
    /// The password was changed.
    PasswordChanged {
        /// Address of the support.
        support: String,
    },
    /// Signed in from a device that was not known.
    SignedIn {
        /// Browser family, `Firefox on Linux`.
        client: String,
        /// `2026-11-23`.
        day: String,
        /// To end the session.
        link: String,
    },
    /// The second factor was turned on or off, or has new recovery codes.
    SecondFactorChanged {
        /// Address of the support.
        support: String,
    },
    /// To a new address: the link makes it the account's.
    AddressConfirm {
        /// `{APP_URL}/email?token=…`
        link: String,
    },
    /// To the old address: another was asked for.
    AddressChanging {
        /// Address of the support.
        support: String,
    },
    /// To the old address: it is not the account's any more.
    AddressChanged {
        /// Address of the support.
        support: String,
    },
    /// The account is gone.
    AccountDeleted,
    /// The first payment of a subscription arrived.
    SubscriptionStarted {
        /// Name of the plan.
        plan: String,
        /// To add a device.
        link: String,
    },
    /// Canceled for the end of the period.
    SubscriptionEnding {
        /// Last day of access, `2026-11-23`.
        until: String,
    },
    /// The customer's bank asked a payment back, and the service rests.
    PaymentDisputed {
        /// Address of the support.
        support: String,
    },
    /// A friend's payment has stayed: the reward can be spent.
    RewardConfirmed {
        /// `0.59 USD`.
        amount: String,
        /// To see it.
        link: String,
    },
    /// A server is away for long, or to be left: these devices should move.
    ServerAway {
        /// The devices' names.
        devices: String,
        /// The server's name.
        server: String,
        /// To move them.
        link: String,
    },
    /// Something to know in time.
    Notice {
        /// What.
        notice: Notice,
        /// Address of the support.
        support: String,
        /// To get no more of its kind, if that can be.
        unsubscribe: Option<String>,
    },
    /// To an address that somebody wants mails of incidents for: the link begins them.
    StatusConfirm {
        /// `{APP_URL}/status/confirm?token=…`
        link: String,
    },
    /// To a subscriber of the status page.
    Status {
        /// What happened.
        news: status_news::News,
        /// To the status page.
        link: String,
        /// To get no more of them.
        unsubscribe: String,
    },
    /// About a support ticket.
    Ticket(TicketLetter),
    /// To admins: the program found what a person must look at.
    Alarm {
        /// What, a line each, in the words of the log.
        found: Vec<String>,
        /// To the operators' pages.
        link: String,
    },
    /// To admins: a server is down.
    Outage {
        /// Its name.
        server: String,
        /// Since when.
        since: String,
        /// To the page of what is down.
        link: String,
    },
    /// To admins: it works again.
    OutageOver {
        /// Its name.
        server: String,
        /// From when.
        since: String,
        /// Until when.
        until: String,
        /// To the page of what is down.
        link: String,
    },
    /// Access has ended.
    SubscriptionEnded {
        /// To subscribe again.
        link: String,
    },
}

/// A letter put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text; each link is on a line of its own.
    pub text: String,
    /// The same as HTML, without pictures or anything loaded from elsewhere.
    pub html: String,
}

enum Part {
    Words(String),
    Link { label: String, url: String },
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Page<'a> {
    lang: &'static str,
    brand: &'a str,
    subject: &'a str,
    parts: &'a [Part],
    footer: &'a str,
}

impl Letter {
    /// The kind, as logs and the outbox name it.
    pub fn name(&self) -> &'static str {
        match self {
            Letter::Verify { .. } => "verify",
            Letter::AlreadyRegistered { .. } => "already_registered",
            Letter::Reset { .. } => "reset",
            Letter::PasswordChanged { .. } => "password_changed",
            Letter::SignedIn { .. } => "signed_in",
            Letter::SecondFactorChanged { .. } => "second_factor_changed",
            Letter::AddressConfirm { .. } => "address_confirm",
            Letter::AddressChanging { .. } => "address_changing",
            Letter::AddressChanged { .. } => "address_changed",
            Letter::AccountDeleted => "account_deleted",
            Letter::SubscriptionStarted { .. } => "subscription_started",
            Letter::SubscriptionEnding { .. } => "subscription_ending",
            Letter::PaymentDisputed { .. } => "payment_disputed",
            Letter::RewardConfirmed { .. } => "reward_confirmed",
            Letter::ServerAway { .. } => "server_away",
            Letter::Notice { notice, .. } => notice.kind().as_str(),
            Letter::StatusConfirm { .. } => "status_confirm",
            Letter::Status { .. } => "status",
            Letter::Ticket(letter) => letter.name(),
            Letter::Alarm { .. } => "alarm",
            Letter::Outage { .. } => "outage",
            Letter::OutageOver { .. } => "outage_over",
            Letter::SubscriptionEnded { .. } => "subscription_ended",
        }
    }

    /// Where the recipient says that no more of its kind is wanted.
    pub(crate) fn unsubscribe(&self) -> Option<&str> {
        match self {
            Letter::Notice { unsubscribe, .. } => unsubscribe.as_deref(),
            Letter::Status { unsubscribe, .. } => Some(unsubscribe.as_str()),
            _ => None,
        }
    }

    /// The message that says why the recipient gets it.
    fn footer(&self) -> &'static str {
        match self {
            // Who subscribes need not have an account.
            Letter::StatusConfirm { .. } | Letter::Status { .. } => "mail-status-footer",
            _ => "mail-footer",
        }
    }

    fn parts(&self, t: Translator, brand: &str) -> (String, Vec<Part>) {
        let words = |key: &str| Part::Words(t.with(key, "brand", brand));
        let not_you = |support: &String| Part::Words(t.with("mail-not-you", "support", support));
        let link = |key: &str, url: &String| Part::Link { label: t.say(key), url: url.clone() };
        match self {
            Letter::Verify { link: url } => (
                t.with("mail-verify-subject", "brand", brand),
                vec![words("mail-verify-body"), link("mail-verify-action", url), words("mail-verify-after")],
            ),
            Letter::AlreadyRegistered { login_link, reset_link } => (
                t.with("mail-already-subject", "brand", brand),
                vec![
                    words("mail-already-body"),
                    link("mail-already-login", login_link),
                    words("mail-already-forgotten"),
                    link("mail-already-reset", reset_link),
                    words("mail-already-after"),
                ],
            ),
            Letter::Reset { link: url } => (
                t.with("mail-reset-subject", "brand", brand),
                vec![words("mail-reset-body"), link("mail-reset-action", url), words("mail-reset-after")],
            ),
            Letter::PasswordChanged { support } => (
                t.with("mail-password-changed-subject", "brand", brand),
                vec![words("mail-password-changed-body"), not_you(support)],
            ),
            Letter::SignedIn { client, day, link: url } => (
                t.with("mail-signed-in-subject", "brand", brand),
                vec![
                    Part::Words(t.with_all(
                        "mail-signed-in-body",
                        &[("brand", brand.into()), ("client", client.as_str().into()), ("day", day.as_str().into())],
                    )),
                    link("mail-signed-in-action", url),
                ],
            ),
            Letter::SecondFactorChanged { support } => (
                t.with("mail-second-factor-subject", "brand", brand),
                vec![words("mail-second-factor-body"), not_you(support)],
            ),
            Letter::AddressConfirm { link: url } => (
                t.with("mail-address-confirm-subject", "brand", brand),
                vec![
                    words("mail-address-confirm-body"),
                    link("mail-address-confirm-action", url),
                    words("mail-address-confirm-after"),
                ],
            ),
            Letter::AddressChanging { support } => (
                t.with("mail-address-changing-subject", "brand", brand),
                vec![words("mail-address-changing-body"), not_you(support)],
            ),
            Letter::AddressChanged { support } => (
                t.with("mail-address-changed-subject", "brand", brand),
                vec![words("mail-address-changed-body"), not_you(support)],
            ),
            Letter::AccountDeleted => {
                (t.with("mail-deleted-subject", "brand", brand), vec![words("mail-deleted-body")])
            }
            Letter::SubscriptionStarted { plan, link: url } => (
                t.with("mail-started-subject", "brand", brand),
                vec![Part::Words(t.with("mail-started-body", "plan", plan)), link("mail-started-action", url)],
            ),
            Letter::SubscriptionEnding { until } => (
                t.with("mail-ending-subject", "brand", brand),
                vec![Part::Words(t.with("mail-ending-body", "until", until))],
            ),
            Letter::PaymentDisputed { support } => (
                t.with("mail-disputed-subject", "brand", brand),
                vec![words("mail-disputed-body"), Part::Words(t.with("mail-disputed-after", "support", support))],
            ),
            Letter::RewardConfirmed { amount, link: url } => (
                t.with("mail-reward-subject", "amount", amount),
                vec![Part::Words(t.with("mail-reward-body", "amount", amount)), link("mail-reward-action", url)],
            ),
            Letter::ServerAway { devices, server, link: url } => (
                t.with("mail-server-away-subject", "brand", brand),
                vec![
                    Part::Words(t.with_all(
                        "mail-server-away-body",
                        &[("server", server.as_str().into()), ("devices", devices.as_str().into())],
                    )),
                    link("mail-server-away-action", url),
                ],
            ),
            Letter::StatusConfirm { link: url } => (
                t.with("mail-status-confirm-subject", "brand", brand),
                vec![
                    words("mail-status-confirm-body"),
                    link("mail-status-confirm-action", url),
                    words("mail-status-confirm-after"),
                ],
            ),
            Letter::Status { news, link: url, unsubscribe } => {
                let (subject, mut parts) = status::parts(news, t);
                parts.push(link("mail-status-action", url));
                parts.push(words("mail-status-optional"));
                parts.push(link("mail-status-stop", unsubscribe));
                (subject, parts)
            }
            Letter::Ticket(letter) => letter.parts(t),
            Letter::Alarm { found, link: url } => {
                let mut parts = vec![Part::Words(t.say("mail-alarm-body"))];
                parts.extend(found.iter().cloned().map(Part::Words));
                parts.push(link("mail-alarm-action", url));
                (t.with("mail-alarm-subject", "brand", brand), parts)
            }
            Letter::Outage { server, since, link: url } => (
                t.with("mail-outage-subject", "server", server),
                vec![
                    Part::Words(t.with_all(
                        "mail-outage-body",
                        &[("server", server.as_str().into()), ("since", since.as_str().into())],
                    )),
                    link("mail-outage-action", url),
                ],
            ),
            Letter::OutageOver { server, since, until, link: url } => (
                t.with("mail-outage-over-subject", "server", server),
                vec![
                    Part::Words(t.with_all(
                        "mail-outage-over-body",
                        &[
                            ("server", server.as_str().into()),
                            ("since", since.as_str().into()),
                            ("until", until.as_str().into()),
                        ],
                    )),
                    link("mail-outage-action", url),
                ],
            ),
            Letter::Notice { notice, support, unsubscribe } => {
                let (subject, mut parts) = notice.parts(t, brand);
                parts.push(Part::Words(t.with("mail-notice-support", "support", support)));
                if let Some(url) = unsubscribe {
                    parts.push(words("mail-notice-optional"));
                    parts.push(link("mail-notice-stop", url));
                }
                (subject, parts)
            }
            Letter::SubscriptionEnded { link: url } => (
                t.with("mail-ended-subject", "brand", brand),
                vec![words("mail-ended-body"), link("mail-ended-action", url)],
            ),
        }
    }
}

/// Puts a letter into words; `brand` is the company's name.
pub fn render(letter: &Letter, language: Language, brand: &str) -> Rendered {
    let t = Translator::new(language);
    let (subject, parts) = letter.parts(t, brand);
    let footer = t.with(letter.footer(), "brand", brand);
    let mut text = String::new();
    for part in &parts {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Link { url, .. } => text.push_str(url),
        }
        text.push_str("\n\n");
    }
    text.push_str("-- \n");
    text.push_str(&footer);
    text.push('\n');
    let page = Page { lang: t.language().as_str(), brand, subject: &subject, parts: &parts, footer: &footer };
    let html = page.to_string();
    Rendered { subject, text, html }
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Money};

    use super::*;
    use crate::status_news::{Event, News as StatusNews};

    #[test]
    fn a_link_stands_on_a_line_of_its_own_in_the_text_and_is_escaped_in_the_html() {
        let url = "https://vpn.example/verify?token=a&b".to_owned();
        let mail = render(&Letter::Verify { link: url.clone() }, Language::Fr, "Acme & Co");
        assert!(mail.text.lines().any(|line| line == url), "{}", mail.text);
        assert!(mail.html.contains("verify?token=a&#38;b"), "{}", mail.html);
        assert!(mail.html.contains("Acme &#38; Co") && !mail.html.contains("Acme & Co"));
        assert_eq!(mail.subject, "Confirmez votre adresse pour Acme & Co");
    }

    #[test]
    fn every_letter_is_written_in_every_language() {
        let link = || "https://vpn.example/x".to_owned();
        let letters = [
            Letter::Verify { link: link() },
            Letter::AlreadyRegistered { login_link: link(), reset_link: link() },
            Letter::Reset { link: link() },
            Letter::PasswordChanged { support: "help@vpn.example".into() },
            Letter::SignedIn { client: "Firefox on Linux".into(), day: "2026-11-23".into(), link: link() },
            Letter::SecondFactorChanged { support: "help@vpn.example".into() },
            Letter::AddressConfirm { link: link() },
            Letter::AddressChanging { support: "help@vpn.example".into() },
            Letter::AddressChanged { support: "help@vpn.example".into() },
            Letter::AccountDeleted,
            Letter::SubscriptionStarted { plan: "Basic".into(), link: link() },
            Letter::SubscriptionEnding { until: "2026-12-23".into() },
            Letter::PaymentDisputed { support: "help@vpn.example".into() },
            Letter::RewardConfirmed { amount: "0.59 USD".into(), link: link() },
            Letter::ServerAway { devices: "phone".into(), server: "osaka-1".into(), link: link() },
            Letter::Alarm { found: vec!["a wallet is below zero: 1".into()], link: link() },
            Letter::Outage { server: "osaka-1".into(), since: "2026-11-26 13:05 UTC".into(), link: link() },
            Letter::OutageOver {
                server: "osaka-1".into(),
                since: "2026-11-26 13:05 UTC".into(),
                until: "2026-11-26 13:25 UTC".into(),
                link: link(),
            },
            Letter::SubscriptionEnded { link: link() },
            Letter::StatusConfirm { link: link() },
        ];
        let (at, price, plan) = (1_795_392_000_000, Money::new(599, Currency::USD), || "Basic".to_owned());
        let notices = [
            Notice::PaymentFailing { amount: price, online_until: Some(at), next_try: Some(at), link: link() },
            Notice::PaymentFailing { amount: price, online_until: None, next_try: None, link: link() },
            Notice::QuotaUsed { until: at, slow_mbit: None, link: link() },
            Notice::QuotaUsed { until: at, slow_mbit: Some(2), link: link() },
            Notice::PriceChange { plan: plan(), at, old: price, new: Money::new(699, Currency::USD), link: link() },
            Notice::QuotaMost { until: at, link: link() },
            Notice::CardExpiring { until: at, link: link() },
            Notice::TrialEnding { plan: plan(), at, price, link: link() },
            Notice::RenewalAhead { plan: plan(), at, price, link: link() },
            Notice::Ending { plan: plan(), at, way: GoOn::Resume(link()) },
            Notice::Ending { plan: plan(), at, way: GoOn::PayLonger(link()) },
            Notice::ComeBack { plan: plan(), at, link: link() },
        ];
        let letter = |notice| Letter::Notice { notice, support: "help@vpn.example".into(), unsubscribe: Some(link()) };
        let incident = |what: &str, stage: &str| Event::Incident {
            what: what.to_owned(),
            stage: stage.to_owned(),
            impact: "major".to_owned(),
            started_at: at,
            resolved_at: None,
            words: None,
        };
        let events = [
            incident("opened", "investigating"),
            incident("updated", "identified"),
            incident("resolved", "resolved"),
            Event::Maintenance { from: at, to: at, repeat: "weekly".to_owned() },
            Event::MaintenanceCanceled { from: at, to: at },
        ];
        let news = |event| Letter::Status {
            news: StatusNews { id: uuid::Uuid::nil(), title: None, components: Vec::new(), at, event },
            link: link(),
            unsubscribe: link(),
        };
        for letter in letters.into_iter().chain(notices.map(letter)).chain(events.map(news)) {
            let texts: Vec<String> =
                crate::i18n::OFFERED.map(|language| render(&letter, language, "MiraiVPN").text).to_vec();
            assert_ne!(texts[0], texts[1], "{}", letter.name());
            assert!(texts.iter().all(|text| !text.contains("mail-") && !text.contains("{$")), "{texts:?}");
        }
    }
}
