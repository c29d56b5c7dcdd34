//! What the bot reads aloud: how the network is, what was used, what stands beside a ticket. Pure: from rows to words.

use app::Error;
use app::discord::duty::Colleague;
use app::i18n::{Translator, Value};
use app::server;
use app::server::ServerRow;
use app::status::{self, Component, Incident, Overview, Update};
use app::subscription::View;
use app::ticket::{Beside, TicketRow};
use domain::monitor::component::Status;
use domain::monitor::incident::Stage;
use domain::time::minute;

/// Servers of a list; more are on the page.
const MOST_SERVERS: usize = 25;

/// A sign for how something is.
pub(crate) fn sign(status: Status) -> &'static str {
    match status {
        Status::Operational => "🟢",
        Status::Degraded => "🟡",
        Status::Partial => "🟠",
        Status::Major => "🔴",
        Status::Maintenance => "🔧",
        Status::NoData => "⚪",
    }
}

/// The word for it in the names of messages.
fn word(status: Status) -> &'static str {
    match status {
        Status::Operational => "operational",
        Status::Degraded => "degraded",
        Status::Partial => "partial",
        Status::Major => "major",
        Status::Maintenance => "maintenance",
        Status::NoData => "no-data",
    }
}

/// How the network is, or one server of it.
pub(crate) fn network(t: Translator, overview: &Overview, server: Option<&str>, page: &str) -> String {
    let line = |one: &Component| {
        let place = one.place.as_ref().map(|place| format!(" ({})", plain(place))).unwrap_or_default();
        let how = t.say(&format!("status-{}", word(one.status)));
        format!("{} **{}**{place} · {how}", sign(one.status), plain(&status::part_name(t, &one.name)))
    };
    if let Some(wanted) = server {
        let found = overview.components.iter().find(|one| one.name.eq_ignore_ascii_case(wanted.trim()));
        let Some(found) = found else { return t.with("bot-status-unknown", "server", plain(wanted).as_str()) };
        let mut lines = vec![line(found)];
        lines.extend(
            overview
                .incidents
                .iter()
                .filter(|one| is_open(one) && (one.everything || one.components.contains(&found.name)))
                .map(|one| format!("{} ({} UTC)", stage(t, one.stage), minute(one.started_at))),
        );
        return lines.join("\n");
    }
    let whole = t.say(&format!("status-whole-{}", word(overview.overall)));
    let mut lines = vec![format!("{} **{whole}**", sign(overview.overall))];
    lines.extend(overview.incidents.iter().filter(|one| is_open(one)).map(|one| incident(t, one)));
    lines.extend(overview.components.iter().take(MOST_SERVERS).map(line));
    lines.push(format!("<{page}>"));
    lines.join("\n")
}

fn is_open(incident: &Incident) -> bool {
    incident.resolved_at.is_none()
}

fn stage(t: Translator, stage: Stage) -> String {
    t.say(&format!("status-{}", stage.as_str()))
}

/// An incident with all its updates.
pub(crate) fn incident(t: Translator, incident: &Incident) -> String {
    let sign = if is_open(incident) { "🔴" } else { "✅" };
    let touched =
        if incident.everything { t.say("status-work-all") } else { status::part_names(t, &incident.components) };
    let title: Vec<String> = incident.title.iter().chain([&touched]).map(|words| plain(words)).collect();
    let update = |one: &Update| {
        let words = one.words.as_ref().map(|words| format!("\n{}", plain(words))).unwrap_or_default();
        format!("{} UTC · {}{words}", minute(one.at), stage(t, one.stage))
    };
    let mut lines = vec![format!("{sign} **{}**", title.join(" · "))];
    lines.extend(incident.updates.iter().map(update));
    lines.join("\n")
}

/// Few words for the bot's presence.
pub(crate) fn presence(t: Translator, overview: &Overview) -> String {
    let works = |status: Status| matches!(status, Status::Operational | Status::Degraded);
    let servers: Vec<_> = overview.components.iter().filter(|one| one.place.is_some()).collect();
    let (good, all) = (servers.iter().filter(|one| works(one.status)).count(), servers.len());
    format!("{} {}", sign(overview.overall), t.with("bot-presence", "servers", format!("{good}/{all}").as_str()))
}

/// The servers with their load.
pub(crate) fn servers(t: Translator, rows: &[ServerRow]) -> String {
    let line = |row: &ServerRow| {
        let percent = (server::load(row).clamp(0.0, 1.0) * 100.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
        let values = [("server", Value::Text(&row.name)), ("load", Value::Number(percent as i64))];
        format!("• {} · {}", plain(&row.region), t.with_all("bot-server-line", &values))
    };
    if rows.is_empty() {
        return t.say("bot-servers-none");
    }
    rows.iter().take(MOST_SERVERS).map(line).collect::<Vec<_>>().join("\n")
}

/// What a customer has used and paid for.
pub(crate) fn usage(t: Translator, subscriptions: &[View], received: i64, sent: i64) -> String {
    let mut lines: Vec<String> = subscriptions.iter().filter(|view| view.entitled).map(|view| plan(t, view)).collect();
    if lines.is_empty() {
        lines.push(t.say("bot-usage-none"));
    }
    let (received, sent) = (t.size(received), t.size(sent));
    lines.push(t.with_all("bot-usage-days", &[("received", (&received).into()), ("sent", (&sent).into())]));
    lines.join("\n")
}

fn plan(t: Translator, view: &View) -> String {
    let until = t.date(view.row.paid_until);
    let used = t.size(view.row.used_bytes);
    let mut line = format!("**{}** · {}", plain(&view.plan_name), t.with("bot-usage-until", "date", until.as_str()));
    if let Some(quota) = view.row.quota_bytes {
        let quota = t.size(quota);
        line.push_str(" · ");
        line.push_str(&t.with_all("bot-usage-quota", &[("used", (&used).into()), ("quota", (&quota).into())]));
    }
    line
}

/// The team.
pub(crate) fn colleagues(t: Translator, all: &[Colleague]) -> String {
    let line = |one: &Colleague| {
        let duty = if one.is_on_duty { "🟢" } else { "⚪" };
        let open = i64::try_from(one.open).unwrap_or(i64::MAX);
        format!("{duty} {} · {}", plain(&one.email), t.with("bot-staff-open", "count", open))
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What stands beside a ticket, for the team: plan, devices, what is seen to be wrong, what is down, and nothing more.
pub(crate) fn beside(t: Translator, ticket: &TicketRow, beside: &Beside, open: &[Incident], page: &str) -> String {
    let mut lines =
        vec![format!("**#{}** · {}", ticket.number, t.say(&format!("ticket-category-{}", ticket.category)))];
    lines.extend(beside.owner.iter().map(|owner| t.with("bot-beside-owner", "owner", plain(owner).as_str())));
    lines.extend(beside.subscriptions.iter().filter(|view| view.entitled).map(|view| plan(t, view)));
    lines.extend(
        beside.facts.iter().map(|fact| format!("⚠️ {}", t.say(&format!("fact-{}", fact.as_str().replace('_', "-"))))),
    );
    lines.extend(beside.devices.iter().map(|one| {
        let connected = t.say(if one.has_connected { "bot-device-connected" } else { "bot-device-never" });
        format!("• {} · {} · {connected}", plain(&one.device.row.name), plain(&one.device.server.name))
    }));
    lines.extend(open.iter().map(|one| incident(t, one)));
    lines.push(format!("<{page}>"));
    lines.join("\n")
}

/// What went wrong. A defect of ours is written down here.
pub(crate) fn failed(t: Translator, error: &Error) -> String {
    if matches!(error, Error::Internal(_)) {
        tracing::error!(error = error.chain(), "the bot could not do what it was asked");
    }
    let (code, english) = match error {
        Error::Invalid(fields) => {
            let all: Vec<&str> = fields.iter().map(|field| field.detail.as_str()).collect();
            (fields.first().map_or("invalid", |field| field.code), all.join("; "))
        }
        other => (other.code(), other.to_string()),
    };
    t.find(&format!("error-{}", code.replace('_', "-"))).unwrap_or(english)
}

/// A text in which Discord finds nothing to make something of: no mention, no link, no mark-up.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\*_~`|>#[]()<@:-".contains(letter) {
            plain.push('\\');
        }
        plain.push(letter);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_made_something_of() {
        assert_eq!(plain("a*b_c <@1> [x](http://y) `z`"), r"a\*b\_c \<\@1\> \[x\]\(http\://y\) \`z\`");
        assert_eq!(plain("mika"), "mika");
    }
}
