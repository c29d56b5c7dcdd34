//! What the bot says, before it is Discord's JSON.

use twilight_model::channel::message::component::{
    ActionRow, Button as DiscordButton, ButtonStyle, Label, TextInput, TextInputStyle,
};
use twilight_model::channel::message::{AllowedMentions, Component, MessageFlags};
use twilight_model::http::interaction::InteractionResponseData;

use crate::ids::Press;

/// Most characters of a message.
pub(crate) const MOST_CONTENT: usize = 2_000;
/// Buttons of a row.
const ROW: usize = 5;
/// Most characters of a button's label.
const MOST_LABEL: usize = 80;

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leads {
    /// Something here.
    To(Press),
    /// A page of the site.
    Away(String),
}

/// How a button looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What most people want.
    Main,
    /// One of several.
    Plain,
    /// Something that is over with it.
    Grave,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) leads: Leads,
    pub(crate) look: Look,
}

impl Button {
    pub(crate) fn new(label: String, press: Press) -> Button {
        Button { label, leads: Leads::To(press), look: Look::Plain }
    }

    pub(crate) fn main(label: String, press: Press) -> Button {
        Button { look: Look::Main, ..Button::new(label, press) }
    }

    pub(crate) fn link(label: String, href: String) -> Button {
        Button { label, leads: Leads::Away(href), look: Look::Plain }
    }
}

/// A message that the bot answers with; only who asked sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reply {
    pub(crate) content: String,
    pub(crate) buttons: Vec<Button>,
}

impl Reply {
    /// A few words.
    pub(crate) fn say(content: impl Into<String>) -> Reply {
        Reply { content: content.into(), buttons: Vec::new() }
    }

    /// With one button more.
    pub(crate) fn with(mut self, button: Button) -> Reply {
        self.buttons.push(button);
        self
    }

    /// The content, cut to what Discord takes.
    pub(crate) fn text(&self) -> String {
        cut(&self.content, MOST_CONTENT)
    }

    /// As the data of an answer that only one person sees.
    pub(crate) fn data(&self) -> InteractionResponseData {
        InteractionResponseData {
            content: Some(self.text()),
            components: Some(rows(&self.buttons)),
            flags: Some(MessageFlags::EPHEMERAL | MessageFlags::SUPPRESS_EMBEDS),
            allowed_mentions: Some(AllowedMentions::default()),
            ..InteractionResponseData::default()
        }
    }
}

/// A text cut to so many characters, with a sign that it was.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Buttons in their rows.
pub(crate) fn rows(buttons: &[Button]) -> Vec<Component> {
    let button = |button: &Button| {
        let (custom_id, url, style) = match (&button.leads, button.look) {
            (Leads::Away(href), _) => (None, Some(href.clone()), ButtonStyle::Link),
            (Leads::To(press), Look::Main) => (Some(press.to_string()), None, ButtonStyle::Primary),
            (Leads::To(press), Look::Plain) => (Some(press.to_string()), None, ButtonStyle::Secondary),
            (Leads::To(press), Look::Grave) => (Some(press.to_string()), None, ButtonStyle::Danger),
        };
        Component::Button(DiscordButton {
            custom_id,
            disabled: false,
            emoji: None,
            id: None,
            label: Some(cut(&button.label, MOST_LABEL)),
            sku_id: None,
            style,
            url,
        })
    };
    let row =
        |row: &[Button]| Component::ActionRow(ActionRow { components: row.iter().map(button).collect(), id: None });
    buttons.chunks(ROW).map(row).collect()
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) id: &'static str,
    pub(crate) label: String,
    pub(crate) kind: FieldKind,
    pub(crate) required: bool,
}

/// What a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    /// One line of so many characters.
    Line(u16, u16),
    /// A text of so many characters.
    Text(u16, u16),
}

/// A form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) press: Press,
    pub(crate) title: String,
    pub(crate) fields: Vec<Field>,
}

/// Most characters of a form's title and of a field's label.
const MOST_TITLE: usize = 45;

impl Form {
    pub(crate) fn data(&self) -> InteractionResponseData {
        InteractionResponseData {
            custom_id: Some(self.press.to_string()),
            title: Some(cut(&self.title, MOST_TITLE)),
            components: Some(self.fields.iter().map(component).collect()),
            ..InteractionResponseData::default()
        }
    }
}

fn component(field: &Field) -> Component {
    let custom_id = field.id.to_owned();
    let component = match field.kind {
        FieldKind::Line(least, most) => input(custom_id, TextInputStyle::Short, least, most, field.required),
        FieldKind::Text(least, most) => input(custom_id, TextInputStyle::Paragraph, least, most, field.required),
    };
    Component::Label(Label {
        component: Box::new(component),
        description: None,
        id: None,
        label: cut(&field.label, MOST_TITLE),
    })
}

fn input(custom_id: String, style: TextInputStyle, least: u16, most: u16, required: bool) -> Component {
    #[expect(deprecated, reason = "the field is there, and the label stands beside it")]
    Component::TextInput(TextInput {
        custom_id,
        id: None,
        label: None,
        max_length: Some(most),
        min_length: Some(least),
        placeholder: None,
        required: Some(required),
        style,
        value: None,
    })
}
