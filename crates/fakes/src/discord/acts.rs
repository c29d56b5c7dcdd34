//! What a person does with the bot: commands with their options, buttons, menus and forms.

use super::hands::{guild_of, refused};
use super::interact::{Act, Place, seen_by};
use super::state::State;
use super::{FakeDiscord, forms, permissions, show};
use crate::FakeError;
use serde_json::{Value, json};

/// Option types that hold no value but further options.
pub(crate) const NESTING: [u64; 2] = [1, 2];

/// What a command line stands for: the command, its names below it, and the options that may be given.
pub(crate) struct Line {
    guild: u64,
    command: Value,
    /// Kind and name of each group and sub-command.
    path: Vec<(u64, String)>,
    pub(crate) options: Vec<Value>,
}

impl FakeDiscord {
    /// A member runs a registered command without options; `staff list` is the sub-command of a command.
    ///
    /// # Errors
    /// When the guild has no such command, or the person may not run it.
    pub fn slash(&self, channel: u64, member: u64, line: &str) -> Result<u64, FakeError> {
        self.slash_with(channel, member, line, &[])
    }

    /// A member runs a registered command with options.
    ///
    /// # Errors
    /// When Discord's own form would not let them: no such command or option, a value of another type, too long or not
    /// among the choices, or one missing that is required.
    pub fn slash_with(
        &self,
        channel: u64,
        member: u64,
        line: &str,
        options: &[(&str, Value)],
    ) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let found = find_line(&state, channel, member, line)?;
        for known in &found.options {
            let is_given = options.iter().any(|(name, _)| known["name"] == *name);
            if known["required"] == true && !is_given {
                return Err(refused(format!("/{line} has an option that is required: {}", known["name"])));
            }
        }
        let mut given = Vec::new();
        let mut resolved = json!({});
        for (name, value) in options {
            let known = found.options.iter().find(|known| known["name"] == *name);
            let known = known.ok_or_else(|| refused(format!("/{line} has no option {name}")))?;
            check_value(known, value)?;
            if known["type"] == 6 {
                let user: u64 = value.as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
                let key = user.to_string();
                resolved["users"][&key] = show::user(&state, &self.inner, user);
                if state.guilds.get(&found.guild).is_some_and(|guild| guild.members.contains_key(&user)) {
                    resolved["members"][&key] = show::resolved_member(&state, &self.inner, found.guild, user);
                }
            }
            given.push(json!({ "name": name, "type": known["type"], "value": value }));
        }
        let mut data = found.data(given);
        if resolved != json!({}) {
            data["resolved"] = resolved;
        }
        let act = Act { line: Some(line.to_owned()), ..Act::new(2, data) };
        self.interact(&mut state, &Place { channel, member }, act)
    }

    /// A member types the beginning of an option that asks the bot for proposals. What the bot proposes is
    /// [`super::Outcome::Choices`].
    ///
    /// # Errors
    /// When the option was not registered to ask for them.
    pub fn type_option(
        &self,
        channel: u64,
        member: u64,
        line: &str,
        (name, text): (&str, &str),
    ) -> Result<u64, FakeError> {
        self.type_option_beside(channel, member, line, (name, text), &[])
    }

    /// The same with what the member has filled in so far beside it, which Discord does not check yet.
    ///
    /// # Errors
    /// As with [`FakeDiscord::type_option`].
    pub fn type_option_beside(
        &self,
        channel: u64,
        member: u64,
        line: &str,
        (name, text): (&str, &str),
        beside: &[(&str, Value)],
    ) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let found = find_line(&state, channel, member, line)?;
        let known = found.options.iter().find(|known| known["name"] == name && known["autocomplete"] == true);
        let known = known.ok_or_else(|| refused(format!("/{line} proposes nothing for {name}")))?;
        let option = json!({ "name": name, "type": known["type"], "value": text, "focused": true });
        let beside = beside.iter().filter_map(|(other, value)| {
            let known = found.options.iter().find(|known| known["name"] == *other && *other != name)?;
            Some(json!({ "name": other, "type": known["type"], "value": value }))
        });
        let data = found.data(beside.chain([option]).collect());
        self.interact(&mut state, &Place { channel, member }, Act::new(4, data))
    }

    /// A person picks a command from the menu of a message. The bot is given the whole message, whatever it may read.
    ///
    /// # Errors
    /// When the message is gone, or no such command is registered.
    pub fn pick(&self, message: u64, member: u64, name: &str) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let channel = state.messages.get(&message).ok_or_else(|| refused("the message is gone"))?.channel;
        let guild = guild_of(&state, channel)?;
        let mut commands = state.commands.get(&guild).into_iter().flatten();
        let found = commands.find(|one| one["name"] == name && one["type"] == 3).cloned();
        let found = found.ok_or_else(|| refused(format!("no message has {name} in its menu")))?;
        let resolved = json!({ "messages": { message.to_string(): show::message(&state, &self.inner, message) } });
        let data = json!({
            "id": found["id"], "name": name, "type": 3, "guild_id": guild.to_string(),
            "target_id": message.to_string(), "resolved": resolved, "options": [],
        });
        self.interact(&mut state, &Place { channel, member }, Act { line: Some(name.to_owned()), ..Act::new(2, data) })
    }

    /// A person clicks a button of a message, by its `custom_id`.
    ///
    /// # Errors
    /// When the message is gone or for someone else alone, or has no such button, or it is disabled.
    pub fn click(&self, message: u64, member: u64, custom_id: &str) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let on = seen_by(&state, message, member)?;
        let rows = on.body["components"].as_array().into_iter().flatten();
        let mut parts = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        if !parts.any(|part| part["type"] == 2 && part["custom_id"] == custom_id && part["disabled"] != true) {
            return Err(refused(format!("the message has no button {custom_id}")));
        }
        let place = Place { channel: on.channel, member };
        let data = json!({ "custom_id": custom_id, "component_type": 2 });
        self.interact(&mut state, &place, Act { source: Some(message), ..Act::new(3, data) })
    }

    /// A person chooses from a menu of a message.
    ///
    /// # Errors
    /// When the message is for someone else alone, or has no such menu, or the menu no such options, or more or fewer are chosen than it lets one.
    pub fn choose(&self, message: u64, member: u64, custom_id: &str, values: &[&str]) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let on = seen_by(&state, message, member)?;
        let rows = on.body["components"].as_array().into_iter().flatten();
        let mut parts = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
        let menu = parts.find(|part| part["type"] == 3 && part["custom_id"] == custom_id && part["disabled"] != true);
        let menu = menu.ok_or_else(|| refused(format!("the message has no menu {custom_id}")))?;
        forms::check_chosen(menu, values)?;
        let place = Place { channel: on.channel, member };
        let data = json!({ "custom_id": custom_id, "component_type": 3, "values": values });
        self.interact(&mut state, &place, Act { source: Some(message), ..Act::new(3, data) })
    }

    /// The person before whom the bot opened a form fills it in, by `custom_id` of each field, and sends it.
    ///
    /// # Errors
    /// When no form is open there, it has no such field, or a text has not the length that the form asks for.
    pub fn submit(&self, interaction: u64, fields: &[(&str, &str)]) -> Result<u64, FakeError> {
        let mut state = self.inner.lock();
        let one = state.interactions.get(&interaction).ok_or_else(|| refused("no such interaction"))?;
        let form = one.modal.as_ref().ok_or_else(|| refused("no form is open"))?;
        let data = json!({ "custom_id": form["custom_id"], "components": forms::fill(form, fields)? });
        let place = Place { channel: one.channel, member: one.member };
        let act = Act { source: one.source, opened_by: Some(interaction), ..Act::new(5, data) };
        self.interact(&mut state, &place, act)
    }
}

impl Line {
    /// The data of the interaction, with the options below the sub-command.
    fn data(&self, options: Vec<Value>) -> Value {
        let nest = |inner: Vec<Value>, (kind, name): &(u64, String)| {
            vec![json!({ "name": name, "type": kind, "options": inner })]
        };
        let options = self.path.iter().rev().fold(options, nest);
        json!({
            "id": self.command["id"], "name": self.command["name"], "type": 1, "guild_id": self.guild.to_string(),
            "options": options,
        })
    }
}

/// The command that a line names, if the person may run it there.
pub(crate) fn find_line(state: &State, channel: u64, member: u64, line: &str) -> Result<Line, FakeError> {
    let guild = guild_of(state, channel)?;
    let mut names = line.split(' ');
    let command = names.next().unwrap_or_default();
    let found = state.commands.get(&guild).into_iter().flatten().find(|one| one["name"] == command);
    let found = found.ok_or_else(|| refused(format!("/{command} is not registered")))?;
    let wanted = found["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
    let wanted = wanted.unwrap_or_default() | permissions::USE_COMMANDS;
    if permissions::in_channel(state, channel, member) & wanted != wanted {
        return Err(refused(format!("that person may not run /{command}")));
    }
    let options_of = |of: &Value| of["options"].as_array().cloned().unwrap_or_default();
    let kind_of = |of: &Value| of["type"].as_u64().unwrap_or_default();
    let mut options = options_of(found);
    let mut path = Vec::new();
    for name in names {
        let below = options.iter().find(|one| one["name"] == name && NESTING.contains(&kind_of(one)));
        let below = below.ok_or_else(|| refused(format!("there is no /{line}")))?;
        path.push((kind_of(below), name.to_owned()));
        options = options_of(below);
    }
    // A command that has sub-commands can't be run itself.
    if options.iter().any(|one| NESTING.contains(&kind_of(one))) {
        return Err(refused(format!("/{line} has sub-commands")));
    }
    Ok(Line { guild, command: found.clone(), path, options })
}

/// Discord's form checks a value before it is sent.
fn check_value(known: &Value, value: &Value) -> Result<(), FakeError> {
    let fits = match known["type"].as_u64().unwrap_or_default() {
        3 | 6 | 7 | 8 => value.is_string(),
        4 => value.is_i64(),
        5 => value.is_boolean(),
        _ => value.is_number(),
    };
    let length = u64::try_from(value.as_str().unwrap_or_default().chars().count()).unwrap_or(u64::MAX);
    let is_string = known["type"] == 3;
    let too_long = is_string && known["max_length"].as_u64().is_some_and(|most| length > most);
    let too_short = is_string && known["min_length"].as_u64().is_some_and(|least| length < least);
    let above = value.as_f64().zip(known["max_value"].as_f64()).is_some_and(|(value, most)| value > most);
    let below = value.as_f64().zip(known["min_value"].as_f64()).is_some_and(|(value, least)| value < least);
    let choices = known["choices"].as_array().filter(|choices| !choices.is_empty());
    let chosen = choices.is_none_or(|choices| choices.iter().any(|choice| choice["value"] == *value));
    if fits && chosen && !(too_long || too_short || above || below) {
        return Ok(());
    }
    Err(refused(format!("{value} is no value for {}", known["name"])))
}
