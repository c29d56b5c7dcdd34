//! What the bot needs to know of the settings.

use domain::account::Language;
use secrecy::SecretString;
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, ChannelMarker, GuildMarker, RoleMarker};
use url::Url;

/// An id of Discord, which is never 0.
///
/// # Panics
/// When it is.
#[must_use]
pub fn id<T>(id: u64) -> Id<T> {
    Id::new(id)
}

/// How the bot reads what people write in threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Only what mentions it: that needs no privilege.
    Mentions,
    /// Everything: the privileged intent "message content" is switched on for the application.
    Everything,
}

/// Settings of the bot.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bot's token.
    pub token: SecretString,
    /// Its application.
    pub application: Id<ApplicationMarker>,
    /// The guild that it serves; it answers in no other.
    pub guild: Id<GuildMarker>,
    /// Members with it are the team, if their account with us is one of the team's.
    pub staff_role: Id<RoleMarker>,
    /// Members of the team with it may give away what another has.
    pub lead_role: Option<Id<RoleMarker>>,
    /// The role of those who have paid.
    pub subscriber_role: Option<Id<RoleMarker>>,
    /// Where the panel is, and the private threads of tickets.
    pub support_channel: Id<ChannelMarker>,
    /// Where tickets have channels of their own, instead of private threads.
    pub ticket_category: Option<Id<ChannelMarker>>,
    /// Where transcripts are posted.
    pub log_channel: Option<Id<ChannelMarker>>,
    /// Where incidents are posted.
    pub status_channel: Option<Id<ChannelMarker>>,
    /// Where Discord is.
    pub api_base: Url,
    /// Accounts on Discord that are younger open no tickets, in milliseconds.
    pub youngest_ms: i64,
    /// How it reads threads.
    pub reading: Reading,
    /// The language of what all read: the panel, incidents, its presence.
    pub language: Language,
}

impl Settings {
    /// Where the gateway is, if it is not Discord's own: beside a server that stands in for it.
    pub(crate) fn gateway(&self) -> Option<String> {
        let host = self.api_base.host_str().filter(|_| self.api_base.scheme() == "http")?;
        let port = self.api_base.port_or_known_default()?;
        Some(format!("ws://{host}:{port}"))
    }
}
