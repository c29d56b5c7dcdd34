//! What the bot does about what it is asked: a pure function of the interaction and of what is known.

use app::discord::Snowflake;
use app::discord::gate::{Costly, Gate};
use app::discord::thread::{Place, ThreadRow};
use app::session::Who;
use app::ticket::TicketRow;
use domain::operator::{self, Act};
use domain::ticket::Helper;
use domain::time::UnixMs;
use twilight_model::channel::Message;

use crate::ask::{Ask, What};
use crate::ids::{Press, made_at, snowflake};
use crate::settings::Settings;

/// What is known when the bot is asked.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) now: UnixMs,
    pub(crate) gate: Gate,
    /// The account with us of who asks.
    pub(crate) account: Option<Who>,
    /// The ticket of the thread in which it is asked.
    pub(crate) place: Option<(ThreadRow, TicketRow)>,
}

/// Something that is read or done.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Status(Option<String>),
    Servers,
    Usage(Who),
    /// Help from its start, or at a place of it, with what is seen of the customer.
    Walk(Option<String>, Option<Who>),
    Solved(String),
    Link(String),
    Unlink(Who),
    StaffCount,
    StaffList,
    StaffToggle(Who),
    Open {
        who: Who,
        place: Box<Place>,
        trail: Option<String>,
        subject: String,
        text: String,
    },
    Claim(Helper, TicketRow),
    Unclaim(Helper, TicketRow),
    Transfer(Helper, TicketRow, Snowflake),
    Add(Snowflake, Snowflake),
    Remove(Snowflake, Snowflake),
    Close(By, TicketRow, String),
    Write(By, TicketRow, String),
    Send(Box<Sent>),
    Beside(TicketRow),
    Rate {
        who: Who,
        ticket: i64,
        stars: i64,
    },
}

/// A message that is to be in a ticket.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) by: By,
    pub(crate) ticket: TicketRow,
    pub(crate) message: Message,
}

/// On which side of a ticket somebody is.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// It is theirs.
    Customer(Box<Who>),
    /// They are the team.
    Staff(Helper),
}

/// Why nothing is done: a key of `bot-no-…`, and a time to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// This is another guild, or none.
    Guild,
    Blocked,
    Wait(i64),
    /// The account on Discord is not linked.
    Unlinked,
    /// Not the team.
    Staff,
    /// This is no thread of a ticket.
    Thread,
    /// The account on Discord is too new for a ticket.
    Young,
    /// A team closes for a reason.
    Reason,
    /// The customer of a ticket stays in it.
    Customer,
    /// The message is somebody else's.
    Other,
    /// Nothing that this version knows.
    Unknown,
}

impl Refused {
    /// The key of the words.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Refused::Guild => "bot-no-guild",
            Refused::Blocked => "bot-no-blocked",
            Refused::Wait(_) => "bot-no-wait",
            Refused::Unlinked => "bot-no-unlinked",
            Refused::Staff => "bot-no-staff",
            Refused::Thread => "bot-no-thread",
            Refused::Young => "bot-no-young",
            Refused::Reason => "bot-no-reason",
            Refused::Customer => "bot-no-customer",
            Refused::Other => "bot-no-other",
            Refused::Unknown => "bot-no-unknown",
        }
    }
}

/// What is counted beside the person and the guild.
pub(crate) fn costly(what: &What) -> Option<Costly> {
    match what {
        What::Link(_) => Some(Costly::Link),
        What::Opened { .. } => Some(Costly::Open),
        What::Write(_) | What::Send(_) => Some(Costly::Write),
        _ => None,
    }
}

/// Whether it is done only once Discord has taken our word for it: what can't be done twice. Discord takes one answer to
/// an interaction, so that of two processes, or of two deliveries, one does it.
pub(crate) fn is_acknowledged_first(what: &What) -> bool {
    matches!(what, What::StaffToggle)
}

/// One of the team: the role on Discord and the account with us both say so.
pub(crate) fn helper(account: &Who, has_staff_role: bool, has_lead_role: bool) -> Option<Helper> {
    let role = account.user.role();
    let is_staff = has_staff_role && operator::may(role, Act::SeeCustomers);
    is_staff.then(|| Helper { id: account.user.id, is_lead: has_lead_role || operator::may(role, Act::Run) })
}

/// On which side of a ticket somebody is; on none of another's.
pub(crate) fn side(ask: &crate::ask::Person, account: &Who, (thread, ticket): (&ThreadRow, &TicketRow)) -> Option<By> {
    if ticket.user_id == account.user.id && thread.discord_id == ask.id {
        return Some(By::Customer(Box::new(account.clone())));
    }
    helper(account, ask.has_staff_role, ask.has_lead_role).map(By::Staff)
}

/// Decides.
pub(crate) fn decide(ask: &Ask, facts: &Facts, settings: &Settings) -> Result<Deed, Refused> {
    // A verdict is asked for by direct message, which is in no guild.
    let is_verdict = matches!(ask.what, What::Press(Press::Rate(..))) && ask.guild.is_none();
    if ask.guild != Some(settings.guild) && !is_verdict {
        return Err(Refused::Guild);
    }
    may_pass(facts.gate)?;
    let account = || facts.account.clone().ok_or(Refused::Unlinked);
    let staff = || {
        if !ask.who.has_staff_role {
            return Err(Refused::Staff);
        }
        let account = account()?;
        helper(&account, ask.who.has_staff_role, ask.who.has_lead_role).ok_or(Refused::Staff)
    };
    let place = || facts.place.clone().ok_or(Refused::Thread);
    let inside = || {
        let (thread, ticket) = place()?;
        let by = side(&ask.who, &account()?, (&thread, &ticket)).ok_or(Refused::Thread)?;
        Ok((by, ticket))
    };
    Ok(match &ask.what {
        What::Status(server) => Deed::Status(server.clone()),
        What::Servers => Deed::Servers,
        What::Usage => Deed::Usage(account()?),
        What::Link(code) => Deed::Link(code.clone()),
        What::Unlink => Deed::Unlink(account()?),
        What::StaffCount => staff().map(|_| Deed::StaffCount)?,
        What::StaffList => staff().map(|_| Deed::StaffList)?,
        What::StaffToggle => {
            staff()?;
            Deed::StaffToggle(account()?)
        }
        What::Press(Press::Help) => Deed::Walk(None, facts.account.clone()),
        What::Press(Press::Walk(trail)) => Deed::Walk(Some(trail.clone()), facts.account.clone()),
        What::Press(Press::Solved(trail)) => Deed::Solved(trail.clone()),
        What::Press(Press::Rate(ticket, stars)) => Deed::Rate { who: account()?, ticket: *ticket, stars: *stars },
        What::Press(Press::Beside) => {
            staff()?;
            Deed::Beside(place()?.1)
        }
        What::Opened { trail, subject, text } => {
            let who = may_open(ask, facts, settings)?;
            let place = Place {
                guild: snowflake(settings.guild),
                discord: ask.who.id,
                locale: ask.language,
                reply_token: ask.token.clone(),
            };
            let (trail, subject, text) = (trail.clone(), subject.clone(), text.clone());
            Deed::Open { who, place: Box::new(place), trail, subject, text }
        }
        What::Press(Press::Claim) | What::Claim => Deed::Claim(staff()?, place()?.1),
        What::Unclaim => Deed::Unclaim(staff()?, place()?.1),
        What::Transfer(to) => Deed::Transfer(staff()?, place()?.1, *to),
        What::Add(whom) => {
            staff()?;
            place()?;
            Deed::Add(ask.channel, *whom)
        }
        What::Remove(whom) => {
            staff()?;
            let (thread, _) = place()?;
            if thread.discord_id == *whom {
                return Err(Refused::Customer);
            }
            Deed::Remove(ask.channel, *whom)
        }
        What::Close(reason) => {
            let (by, ticket) = inside()?;
            if matches!(by, By::Staff(_)) && reason.trim().is_empty() {
                return Err(Refused::Reason);
            }
            Deed::Close(by, ticket, reason.clone())
        }
        What::Write(text) => {
            let (by, ticket) = inside()?;
            Deed::Write(by, ticket, text.clone())
        }
        What::Send(message) => {
            let (by, ticket) = inside()?;
            // Nobody puts another's words into a ticket as their own.
            if snowflake(message.author.id) != ask.who.id {
                return Err(Refused::Other);
            }
            Deed::Send(Box::new(Sent { by, ticket, message: (**message).clone() }))
        }
        // What opens a form, and what is proposed for a field, was answered before.
        What::SuggestServer(_)
        | What::TicketOpen
        | What::Press(Press::Ticket | Press::Human(_) | Press::Close | Press::Write)
        | What::Unknown => {
            return Err(Refused::Unknown);
        }
    })
}

fn may_pass(gate: Gate) -> Result<(), Refused> {
    match gate {
        Gate::Blocked => Err(Refused::Blocked),
        Gate::Wait(ms) => Err(Refused::Wait(ms)),
        Gate::Open => Ok(()),
    }
}

/// Whether somebody may ask for a ticket; then with which account.
fn may_open(ask: &Ask, facts: &Facts, settings: &Settings) -> Result<Who, Refused> {
    if facts.now - made_at(ask.who.id) < settings.youngest_ms {
        return Err(Refused::Young);
    }
    facts.account.clone().ok_or(Refused::Unlinked)
}

/// Whether a form is worth filling in: what it ends in is known before.
pub(crate) fn may_fill(ask: &Ask, facts: &Facts, settings: &Settings) -> Result<(), Refused> {
    if ask.guild != Some(settings.guild) {
        return Err(Refused::Guild);
    }
    may_pass(facts.gate)?;
    match ask.what {
        What::TicketOpen | What::Press(Press::Ticket | Press::Human(_)) => may_open(ask, facts, settings).map(drop),
        _ => {
            let account = facts.account.as_ref().ok_or(Refused::Unlinked)?;
            let (thread, ticket) = facts.place.as_ref().ok_or(Refused::Thread)?;
            side(&ask.who, account, (thread, ticket)).map(drop).ok_or(Refused::Thread)
        }
    }
}

#[cfg(test)]
mod tests {
    use app::session::{Account, Live};
    use domain::account::{Language, Role};
    use domain::ticket::{Life, Priority, State};
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use proptest::{prop_oneof, sample};
    use serde_json::{Value, json};
    use twilight_model::application::interaction::Interaction;
    use twilight_model::id::Id;
    use url::Url;
    use uuid::Uuid;

    use super::*;
    use crate::ask;
    use crate::settings::Reading;

    const OURS: u64 = 10;
    const STAFF: u64 = 20;
    const THREAD: u64 = 30;
    /// Long ago, as ids of Discord tell.
    const CUSTOMER: u64 = 40 << 22;

    fn settings() -> Settings {
        Settings {
            token: "t".to_owned().into(),
            application: Id::new(1),
            guild: Id::new(OURS),
            staff_role: Id::new(STAFF),
            lead_role: None,
            subscriber_role: None,
            support_channel: Id::new(2),
            ticket_category: None,
            log_channel: None,
            status_channel: None,
            api_base: Url::parse("https://discord.com").expect("a URL"),
            youngest_ms: 0,
            reading: Reading::Mentions,
            language: Language::En,
        }
    }

    fn who(number: u128, role: Role) -> Who {
        let user = Account {
            id: Uuid::from_u128(number),
            email: String::new(),
            role: role.as_str().to_owned(),
            language: "en".to_owned(),
            verified_at: Some(0),
            suspended_at: None,
            stripe_customer_id: None,
            referral_code: String::new(),
            totp_since: None,
            created_at: 0,
        };
        Who { session: Live { id: Uuid::nil(), seen_day: 0, proved_at: 0 }, user }
    }

    /// The customer's ticket in its thread.
    fn place() -> (ThreadRow, TicketRow) {
        let id = Uuid::from_u128(7);
        let thread = ThreadRow {
            ticket_id: id,
            guild_id: 10,
            discord_id: i64::try_from(CUSTOMER).expect("an id"),
            locale: "en".to_owned(),
            channel_id: Some(30),
            intro_id: None,
            log_id: None,
            reply_token: None,
            told: true,
            shut: false,
            read_to: 0,
            tries: 0,
            due_at: None,
            created_at: 0,
        };
        let mut ticket = TicketRow::begun(id, Uuid::from_u128(1), 0);
        ticket.set_life(&Life::new(State::Open, Priority::Normal, 0));
        (thread, ticket)
    }

    fn data() -> impl Strategy<Value = (u64, Value)> {
        let word = prop_oneof![
            sample::select(vec![
                "help",
                "ticket",
                "claim",
                "close",
                "write",
                "beside",
                "rate:1:5",
                "walk:abcd00",
                "human:zz"
            ])
            .prop_map(str::to_owned),
            "\\PC{0,100}",
        ];
        let press = word.clone().prop_map(|id| (3, json!({ "custom_id": id, "component_type": 2 })));
        let form = (word, "\\PC{0,40}").prop_map(|(id, text)| {
            let field = |name: &str| {
                let input = json!({ "type": 4, "id": 2, "custom_id": name, "value": text });
                json!({ "type": 18, "id": 1, "component": input })
            };
            (5, json!({ "custom_id": id, "components": [field("subject"), field("text"), field("reason")] }))
        });
        let commands = vec![
            ("staff", "count"),
            ("staff", "list"),
            ("staff", "toggle"),
            ("ticket", "open"),
            ("ticket", "close"),
            ("ticket", "claim"),
            ("ticket", "unclaim"),
            ("ticket", "transfer"),
            ("ticket", "add"),
            ("ticket", "remove"),
            ("ticket", "burn"),
            ("usage", ""),
            ("unlink", ""),
            ("link", ""),
            ("servers", ""),
            ("status", ""),
            ("x", "y"),
        ];
        let command = (sample::select(commands), "\\PC{0,20}", 1..90u64).prop_map(|((name, sub), text, user)| {
            let options = match sub {
                "" => json!([{ "name": "code", "type": 3, "value": text }]),
                sub => json!([{ "name": sub, "type": 1, "options": [
                    { "name": "reason", "type": 3, "value": text }, { "name": "user", "type": 6, "value": user.to_string() },
                ] }]),
            };
            (2, json!({ "id": "5", "name": name, "type": 1, "options": options }))
        });
        prop_oneof![press, form, command]
    }

    #[test]
    fn a_hundred_thousand_random_interactions_reach_nothing_that_is_not_theirs() {
        let settings = settings();
        let accounts = vec![
            None,
            Some(who(1, Role::User)),
            Some(who(2, Role::User)),
            Some(who(3, Role::Support)),
            Some(who(4, Role::Admin)),
        ];
        let people = (sample::select(vec![CUSTOMER, 50 << 22]), any::<bool>(), sample::select(accounts));
        let places = (sample::select(vec![OURS, 11, 0]), any::<bool>(), 0..8u8);
        let mut runner = TestRunner::new(Config { cases: 100_000, failure_persistence: None, ..Config::default() });
        let run = runner.run(&(data(), people, places), |((kind, data), (member, has_role, account), (guild, inside, gate))| {
            let user = json!({ "id": member.to_string(), "username": "m", "discriminator": "0", "avatar": null });
            let mut interaction = json!({
                "id": "99", "application_id": "1", "type": kind, "token": "t", "version": 1, "data": data,
                "channel": { "id": THREAD.to_string(), "type": 12 }, "entitlements": [], "attachment_size_limit": 1,
                "authorizing_integration_owners": {}, "locale": "en-US",
            });
            if guild == 0 {
                interaction["user"] = user;
            } else {
                let roles = if has_role { json!([STAFF.to_string()]) } else { json!([]) };
                interaction["guild_id"] = json!(guild.to_string());
                interaction["member"] =
                    json!({ "user": user, "roles": roles, "deaf": false, "mute": false, "flags": 0, "joined_at": null });
            }
            let interaction: Interaction = serde_json::from_value(interaction).expect("an interaction");
            let Some(asked) = ask::read(&interaction, &settings) else { return Ok(()) };
            let facts = Facts {
                now: i64::MAX / 2,
                gate: match gate {
                    0 => Gate::Blocked,
                    1 => Gate::Wait(1),
                    _ => Gate::Open,
                },
                account: account.clone(),
                place: inside.then(place),
            };
            let is_staff = has_role && guild != 0
                && account.as_ref().is_some_and(|who| operator::may(who.user.role(), Act::SeeCustomers));
            let is_theirs = member == CUSTOMER && account.as_ref().is_some_and(|who| who.user.id == Uuid::from_u128(1));
            let Ok(deed) = decide(&asked, &facts, &settings) else { return Ok(()) };
            prop_assert!(gate > 1);
            prop_assert!(guild == OURS || guild == 0 && matches!(deed, Deed::Rate { .. }), "{:?}", deed);
            match deed {
                Deed::StaffCount | Deed::StaffList | Deed::StaffToggle(_) => prop_assert!(is_staff),
                Deed::Claim(helper, _) | Deed::Unclaim(helper, _) | Deed::Transfer(helper, ..) => {
                    prop_assert!(is_staff && inside);
                    prop_assert_eq!(Some(helper.id), account.map(|who| who.user.id));
                }
                Deed::Beside(_) | Deed::Add(..) | Deed::Remove(..) => prop_assert!(is_staff && inside),
                Deed::Close(By::Staff(_), ..) | Deed::Write(By::Staff(_), ..) => prop_assert!(is_staff && inside),
                Deed::Close(By::Customer(_), ..) | Deed::Write(By::Customer(_), ..) => prop_assert!(is_theirs && inside),
                Deed::Open { who, .. } | Deed::Usage(who) | Deed::Unlink(who) | Deed::Rate { who, .. } => {
                    prop_assert_eq!(Some(who.user.id), account.map(|who| who.user.id));
                }
                _ => {}
            }
            Ok(())
        });
        run.expect("no interaction reaches what is not theirs");
    }
}
