//! What somebody asks of the bot: an interaction as Discord sends it, read into what it means. What is not ours, or was
//! forged, is [`What::Unknown`].

use app::discord::Snowflake;
use domain::account::Language;
use twilight_model::application::command::CommandType;
use twilight_model::application::interaction::application_command::{
    CommandData, CommandDataOption, CommandOptionValue,
};
use twilight_model::application::interaction::modal::{ModalInteractionComponent, ModalInteractionData};
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};
use twilight_model::channel::Message;
use twilight_model::guild::PartialMember;
use twilight_model::id::Id;
use twilight_model::id::marker::{GuildMarker, InteractionMarker, RoleMarker};

use crate::ids::{Press, snowflake};
use crate::settings::Settings;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Their account.
    pub(crate) id: Snowflake,
    /// Whether they have the role of the team, and that of its leads.
    pub(crate) has_staff_role: bool,
    pub(crate) has_lead_role: bool,
}

impl Person {
    /// A member of the guild.
    pub(crate) fn of(id: Snowflake, roles: &[Id<RoleMarker>], settings: &Settings) -> Person {
        let has_lead_role = settings.lead_role.is_some_and(|lead| roles.contains(&lead));
        Person { id, has_staff_role: roles.contains(&settings.staff_role) || has_lead_role, has_lead_role }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Status(Option<String>),
    Servers,
    Usage,
    Link(String),
    Unlink,
    StaffCount,
    StaffList,
    StaffToggle,
    /// A button was pressed.
    Press(Press),
    /// `/ticket open`.
    TicketOpen,
    /// A form for a ticket was filled in: the way that led to it, subject and text.
    Opened {
        trail: Option<String>,
        subject: String,
        text: String,
    },
    Claim,
    Unclaim,
    /// To an account of Discord.
    Transfer(Snowflake),
    Add(Snowflake),
    Remove(Snowflake),
    /// For a reason.
    Close(String),
    /// A form was filled in for the ticket of this thread.
    Write(String),
    /// A message of this thread is to be in its ticket.
    Send(Box<Message>),
    /// What begins so is proposed for a server's name.
    SuggestServer(String),
    /// Nothing that this version knows.
    Unknown,
}

/// An interaction.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) id: Id<InteractionMarker>,
    pub(crate) token: String,
    pub(crate) guild: Option<Id<GuildMarker>>,
    /// The channel.
    pub(crate) channel: Snowflake,
    pub(crate) who: Person,
    pub(crate) language: Language,
    /// Whether it is a press on a message that only the presser sees, which then changes.
    pub(crate) is_on_own: bool,
    pub(crate) what: What,
}

/// The language of somebody on Discord.
pub(crate) fn language(locale: &str) -> Language {
    let code = locale.split('-').next().unwrap_or_default();
    code.parse().unwrap_or(Language::En)
}

/// Reads an interaction; nothing for one without a person.
pub(crate) fn read(interaction: &Interaction, settings: &Settings) -> Option<Ask> {
    let id = snowflake(interaction.author_id()?);
    let roles = interaction.member.as_ref().map_or(&[][..], |PartialMember { roles, .. }| roles.as_slice());
    let is_on_own = interaction.message.as_ref().is_some_and(|message| {
        let ephemeral = twilight_model::channel::message::MessageFlags::EPHEMERAL;
        message.flags.is_some_and(|flags| flags.contains(ephemeral))
    });
    Some(Ask {
        id: interaction.id,
        token: interaction.token.clone(),
        guild: interaction.guild_id,
        channel: interaction.channel.as_ref().map(|channel| snowflake(channel.id)).unwrap_or_default(),
        who: Person::of(id, roles, settings),
        language: language(interaction.locale.as_deref().unwrap_or_default()),
        is_on_own,
        what: what(interaction).unwrap_or(What::Unknown),
    })
}

fn what(interaction: &Interaction) -> Option<What> {
    match (interaction.kind, interaction.data.as_ref()?) {
        (InteractionType::ApplicationCommand, InteractionData::ApplicationCommand(data)) => command(data),
        (InteractionType::ApplicationCommandAutocomplete, InteractionData::ApplicationCommand(data)) => suggest(data),
        (InteractionType::MessageComponent, InteractionData::MessageComponent(data)) => {
            Press::read(&data.custom_id).map(What::Press)
        }
        (InteractionType::ModalSubmit, InteractionData::ModalSubmit(data)) => form(data),
        _ => None,
    }
}

fn text(options: &[CommandDataOption], name: &str) -> Option<String> {
    options.iter().find(|option| option.name == name).and_then(|option| match &option.value {
        CommandOptionValue::String(text) => Some(text.clone()),
        _ => None,
    })
}

fn user(options: &[CommandDataOption]) -> Option<Snowflake> {
    options.iter().find_map(|option| match option.value {
        CommandOptionValue::User(id) => Some(snowflake(id)),
        _ => None,
    })
}

fn command(data: &CommandData) -> Option<What> {
    if data.kind == CommandType::Message {
        let target = data.target_id?.cast();
        return data.resolved.as_ref()?.messages.get(&target).cloned().map(|message| What::Send(Box::new(message)));
    }
    let (sub, options) = match data.options.first().map(|option| (&option.name, &option.value)) {
        Some((name, CommandOptionValue::SubCommand(options))) => (name.as_str(), options.as_slice()),
        _ => ("", data.options.as_slice()),
    };
    Some(match (data.name.as_str(), sub) {
        ("status", "") => What::Status(text(options, "server")),
        ("servers", "") => What::Servers,
        ("usage", "") => What::Usage,
        ("help", "") => What::Press(Press::Help),
        ("link", "") => What::Link(text(options, "code")?),
        ("unlink", "") => What::Unlink,
        ("staff", "count") => What::StaffCount,
        ("staff", "list") => What::StaffList,
        ("staff", "toggle") => What::StaffToggle,
        ("ticket", "open") => What::TicketOpen,
        ("ticket", "close") => What::Close(text(options, "reason").unwrap_or_default()),
        ("ticket", "claim") => What::Claim,
        ("ticket", "unclaim") => What::Unclaim,
        ("ticket", "transfer") => What::Transfer(user(options)?),
        ("ticket", "add") => What::Add(user(options)?),
        ("ticket", "remove") => What::Remove(user(options)?),
        _ => return None,
    })
}

fn suggest(data: &CommandData) -> Option<What> {
    let typed = data.options.iter().find_map(|option| match &option.value {
        CommandOptionValue::Focused(text, _) => Some(text.clone()),
        _ => None,
    });
    (data.name == "status").then(|| What::SuggestServer(typed.unwrap_or_default()))
}

fn form(data: &ModalInteractionData) -> Option<What> {
    let field = |id: &str| data.components.iter().find_map(|part| value(part, id));
    Some(match Press::read(&data.custom_id)? {
        Press::Ticket => What::Opened { trail: None, subject: field("subject")?, text: field("text")? },
        Press::Human(trail) => What::Opened { trail: Some(trail), subject: field("subject")?, text: field("text")? },
        Press::Write => What::Write(field("text")?),
        Press::Close => What::Close(field("reason").unwrap_or_default()),
        _ => return None,
    })
}

/// The value of a field, in a label or, as forms used to be, in a row.
fn value(part: &ModalInteractionComponent, id: &str) -> Option<String> {
    match part {
        ModalInteractionComponent::Label(label) => value(&label.component, id),
        ModalInteractionComponent::ActionRow(row) => row.components.iter().find_map(|part| value(part, id)),
        ModalInteractionComponent::TextInput(input) if input.custom_id == id => Some(input.value.clone()),
        _ => None,
    }
}
