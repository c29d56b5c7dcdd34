//! The slash commands: which there are for the viewer, and the options of the one that they chose.

use super::lists::people;
use super::view::{Draft, Place, Viewer};
use crate::discord::acts::{NESTING, find_line};
use crate::discord::permissions::{VIEW_CHANNEL, in_channel};
use crate::discord::state::State;
use crate::html::escape;
use serde_json::Value;

/// The lines that the viewer may run in the channel, with what they do: `ticket open`.
fn lines(state: &State, channel: u64, me: u64) -> Vec<(String, String)> {
    let guild = state.channels.get(&channel).map_or(0, |one| one.guild);
    let mut found = Vec::new();
    let mut open: Vec<(String, &Value)> = Vec::new();
    for command in state.commands.get(&guild).into_iter().flatten() {
        open.push((command["name"].as_str().unwrap_or_default().to_owned(), command));
    }
    while let Some((line, command)) = open.pop() {
        let nests = |option: &&Value| option["type"].as_u64().is_some_and(|kind| NESTING.contains(&kind));
        for below in command["options"].as_array().into_iter().flatten().filter(nests) {
            open.push((format!("{line} {}", below["name"].as_str().unwrap_or_default()), below));
        }
        // A line that has others below it, or is not for the viewer, can't be found.
        if find_line(state, channel, me, &line).is_ok() {
            found.push((line, command["description"].as_str().unwrap_or_default().to_owned()));
        }
    }
    found.sort();
    found
}

/// The list of commands, or the form of the chosen one.
pub(crate) fn show(state: &State, viewer: &Viewer, draft: &Draft) -> String {
    let Some(Place::Channel(channel)) = viewer.place else { return String::new() };
    if let Some(line) = &viewer.line {
        return form(state, viewer, (channel, line), draft);
    }
    let entry = |(line, about): &(String, String)| {
        let to = viewer.address(&[("line", line)]);
        format!("<li><a href=\"{}#end\">/{}</a> – {}</li>\n", escape(&to), escape(line), escape(about))
    };
    let entries: String = lines(state, channel, viewer.me).iter().map(entry).collect();
    if entries.is_empty() {
        return String::new();
    }
    format!("<details id=\"commands\"><summary>Slash commands</summary>\n<ul>\n{entries}</ul></details>\n")
}

fn form(state: &State, viewer: &Viewer, (channel, line): (u64, &str), draft: &Draft) -> String {
    let found = match find_line(state, channel, viewer.me, line) {
        Ok(found) => found,
        Err(error) => return format!("<p class=\"bad\" role=\"alert\">{}</p>\n", escape(&error.to_string())),
    };
    let fields: String = found.options.iter().map(|option| field(state, (channel, viewer.me), option, draft)).collect();
    // The first button is what Enter presses, and must not be the one that asks for proposals.
    let first = "<button class=\"unseen\" tabindex=\"-1\" aria-hidden=\"true\">Run</button>";
    format!(
        "<form class=\"command\" method=\"post\" action=\"{}\"><h2>/{}</h2>{}<input type=\"hidden\" name=\"do\" value=\"run\">{first}\
         {fields}<div class=\"acts\"><button class=\"s1\">Run</button><a href=\"{}\">Cancel</a></div></form>\n",
        escape(&viewer.address(&[("line", line)])),
        escape(line),
        draft.complaint(),
        escape(&viewer.address(&[])),
    )
}

/// One option, with a label and its description.
fn field(state: &State, place: (u64, u64), option: &Value, draft: &Draft) -> String {
    let name = option["name"].as_str().unwrap_or_default();
    let key = format!("o:{name}");
    let given = draft.value(&key).unwrap_or_default();
    let required = option["required"] == true;
    let head = format!(
        "<label for=\"{0}\">{1}{2} <span class=\"quiet\">{3}</span></label>",
        escape(&key),
        escape(name),
        if required { " *" } else { "" },
        escape(option["description"].as_str().unwrap_or_default()),
    );
    if let Some(choices) = choices(state, place, option) {
        let one = |(label, value): &(String, String)| {
            let selected = if value == given { " selected" } else { "" };
            format!("<option value=\"{}\"{selected}>{}</option>", escape(value), escape(label))
        };
        let choices: String = choices.iter().map(one).collect();
        return format!(
            "{head}<select id=\"{0}\" name=\"{0}\"><option value=\"\"></option>{choices}</select>",
            escape(&key)
        );
    }
    let mode = if matches!(option["type"].as_u64(), Some(4 | 10)) { " inputmode=\"decimal\"" } else { "" };
    let input = format!("{head}<input id=\"{0}\" name=\"{0}\" value=\"{1}\"{mode}>", escape(&key), escape(given));
    if option["autocomplete"] == true { input + &suggestions(name, draft) } else { input }
}

/// The button that asks the bot, and what it proposed: each proposal a button that fills it in.
fn suggestions(name: &str, draft: &Draft) -> String {
    let ask = format!("<button name=\"suggest\" value=\"{}\">Suggest</button>", escape(name));
    let proposed = draft.proposals.as_ref().filter(|(option, _)| option == name).map(|(_, proposals)| proposals);
    let one = |(label, value): &(String, Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("<button name=\"pick\" value=\"{}\">{}</button>", escape(&format!("{name} {value}")), escape(label))
    };
    let shown = match proposed {
        Some(proposals) if proposals.is_empty() => "<p class=\"quiet\">No options match your search.</p>".to_owned(),
        Some(proposals) => proposals.iter().map(one).collect(),
        None => String::new(),
    };
    format!("<div class=\"acts\">{ask}{shown}</div>")
}

/// What an option lets one choose from: label and value. Nothing if it is written freely.
fn choices(state: &State, (channel, me): (u64, u64), option: &Value) -> Option<Vec<(String, String)>> {
    let guild = state.channels.get(&channel)?.guild;
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match option["type"].as_u64()? {
        5 => Some(["true", "false"].map(|word| (word.to_owned(), word.to_owned())).to_vec()),
        6 => {
            let everyone = people(state).into_iter().chain([state.bot]);
            Some(everyone.map(|id| (state.users.get(&id).cloned().unwrap_or_default(), id.to_string())).collect())
        }
        7 => {
            let sees = |id: u64| in_channel(state, id, me) & VIEW_CHANNEL != 0;
            let there = state.channels.iter().filter(|(id, one)| one.guild == guild && sees(**id));
            Some(there.map(|(id, one)| (one.name.clone(), id.to_string())).collect())
        }
        8 => {
            let roles = state.guilds.get(&guild).into_iter().flat_map(|guild| &guild.roles);
            Some(roles.map(|(id, role)| (role.name.clone(), id.to_string())).collect())
        }
        _ => {
            let choices = option["choices"].as_array().filter(|choices| !choices.is_empty())?;
            Some(choices.iter().map(|choice| (text(&choice["name"]), text(&choice["value"]))).collect())
        }
    }
}
