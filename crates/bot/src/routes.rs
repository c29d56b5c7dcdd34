//! What the bot asks Discord for.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use twilight_model::application::command::Command;
use twilight_model::channel::permission_overwrite::PermissionOverwrite;
use twilight_model::channel::thread::ThreadsListing;
use twilight_model::channel::{Channel, ChannelType, Message};
use twilight_model::guild::Member;
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::InteractionResponse;
use twilight_model::id::Id;
use twilight_model::id::marker::{
    ApplicationMarker, ChannelMarker, GuildMarker, InteractionMarker, MessageMarker, RoleMarker, UserMarker,
};

use crate::rest::Rest;
use crate::trouble::Trouble;

type ChannelId = Id<ChannelMarker>;
type GuildId = Id<GuildMarker>;
type UserId = Id<UserMarker>;

/// Minutes after which a quiet thread goes into the archive: a week, the longest.
const ARCHIVED_AFTER: u16 = 10_080;

fn as_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

impl Rest {
    /// The first answer to an interaction.
    pub(crate) async fn respond(
        &self,
        interaction: Id<InteractionMarker>,
        token: &str,
        response: &InteractionResponse,
    ) -> Result<(), Trouble> {
        let path = format!("interactions/{interaction}/{token}/callback");
        self.tell(Method::POST, &path, Some(&as_json(response))).await
    }

    /// Changes the first answer to an interaction.
    pub(crate) async fn change_response(
        &self,
        application: Id<ApplicationMarker>,
        token: &str,
        body: &Value,
    ) -> Result<(), Trouble> {
        let path = format!("webhooks/{application}/{token}/messages/@original");
        self.tell(Method::PATCH, &path, Some(body)).await
    }

    /// The commands of a guild, with all their languages.
    pub(crate) async fn commands(
        &self,
        application: Id<ApplicationMarker>,
        guild: GuildId,
    ) -> Result<Vec<Command>, Trouble> {
        self.get(&format!("applications/{application}/guilds/{guild}/commands?with_localizations=true")).await
    }

    /// Makes these the commands of a guild.
    pub(crate) async fn set_commands(
        &self,
        application: Id<ApplicationMarker>,
        guild: GuildId,
        commands: &[Command],
    ) -> Result<(), Trouble> {
        let path = format!("applications/{application}/guilds/{guild}/commands");
        self.tell(Method::PUT, &path, Some(&as_json(&commands))).await
    }

    /// A channel or thread.
    pub(crate) async fn channel(&self, channel: ChannelId) -> Result<Channel, Trouble> {
        self.get(&format!("channels/{channel}")).await
    }

    /// The channels of a guild, without threads.
    pub(crate) async fn channels(&self, guild: GuildId) -> Result<Vec<Channel>, Trouble> {
        self.get(&format!("guilds/{guild}/channels")).await
    }

    /// The threads of a guild that are not in the archive.
    pub(crate) async fn threads(&self, guild: GuildId) -> Result<Vec<Channel>, Trouble> {
        let listing: ThreadsListing = self.get(&format!("guilds/{guild}/threads/active")).await?;
        Ok(listing.threads)
    }

    /// Makes a private thread, in which only moderators let others in.
    pub(crate) async fn make_thread(&self, channel: ChannelId, name: &str) -> Result<Channel, Trouble> {
        let body = json!({
            "name": name, "type": ChannelType::PrivateThread, "invitable": false,
            "auto_archive_duration": ARCHIVED_AFTER,
        });
        self.send(Method::POST, &format!("channels/{channel}/threads"), &body, &[]).await
    }

    /// Makes a text channel in a category.
    pub(crate) async fn make_channel(
        &self,
        guild: GuildId,
        category: ChannelId,
        name: &str,
        rights: &[PermissionOverwrite],
    ) -> Result<Channel, Trouble> {
        let body = json!({
            "name": name, "type": ChannelType::GuildText, "parent_id": category, "permission_overwrites": rights,
        });
        self.send(Method::POST, &format!("guilds/{guild}/channels"), &body, &[]).await
    }

    /// Puts a thread into the archive and locks it, or takes it out again.
    pub(crate) async fn shut_thread(&self, thread: ChannelId, is_shut: bool) -> Result<(), Trouble> {
        let body = json!({ "archived": is_shut, "locked": is_shut });
        self.tell(Method::PATCH, &format!("channels/{thread}"), Some(&body)).await
    }

    /// Deletes a channel or thread.
    pub(crate) async fn delete_channel(&self, channel: ChannelId) -> Result<(), Trouble> {
        self.tell(Method::DELETE, &format!("channels/{channel}"), None).await
    }

    /// Lets somebody into a thread.
    pub(crate) async fn add_to_thread(&self, thread: ChannelId, whom: UserId) -> Result<(), Trouble> {
        self.tell(Method::PUT, &format!("channels/{thread}/thread-members/{whom}"), None).await
    }

    /// Sends somebody out of a thread.
    pub(crate) async fn remove_from_thread(&self, thread: ChannelId, whom: UserId) -> Result<(), Trouble> {
        self.tell(Method::DELETE, &format!("channels/{thread}/thread-members/{whom}"), None).await
    }

    /// Sets what somebody, or a role, may do in a channel.
    pub(crate) async fn set_right(&self, channel: ChannelId, right: &PermissionOverwrite) -> Result<(), Trouble> {
        let path = format!("channels/{channel}/permissions/{}", right.id);
        self.tell(Method::PUT, &path, Some(&as_json(right))).await
    }

    /// Nothing of a channel's own is set for somebody any more.
    pub(crate) async fn delete_right(&self, channel: ChannelId, whom: UserId) -> Result<(), Trouble> {
        self.tell(Method::DELETE, &format!("channels/{channel}/permissions/{whom}"), None).await
    }

    /// The newest messages of a channel, so many at most.
    pub(crate) async fn newest_messages(&self, channel: ChannelId, most: u16) -> Result<Vec<Message>, Trouble> {
        self.get(&format!("channels/{channel}/messages?limit={most}")).await
    }

    /// The messages of a channel after one, so many at most.
    pub(crate) async fn messages_after(
        &self,
        channel: ChannelId,
        after: Id<MessageMarker>,
        most: u16,
    ) -> Result<Vec<Message>, Trouble> {
        self.get(&format!("channels/{channel}/messages?after={after}&limit={most}")).await
    }

    /// Posts a message, with files.
    pub(crate) async fn post(
        &self,
        channel: ChannelId,
        body: &Value,
        files: &[Attachment],
    ) -> Result<Message, Trouble> {
        self.send(Method::POST, &format!("channels/{channel}/messages"), body, files).await
    }

    /// Changes a message.
    pub(crate) async fn change_message(
        &self,
        channel: ChannelId,
        message: Id<MessageMarker>,
        body: &Value,
    ) -> Result<(), Trouble> {
        self.tell(Method::PATCH, &format!("channels/{channel}/messages/{message}"), Some(body)).await
    }

    /// Deletes a message of the bot's own.
    pub(crate) async fn delete_message(&self, channel: ChannelId, message: Id<MessageMarker>) -> Result<(), Trouble> {
        self.tell(Method::DELETE, &format!("channels/{channel}/messages/{message}"), None).await
    }

    /// The channel of somebody's letters.
    pub(crate) async fn letters_of(&self, whom: UserId) -> Result<Channel, Trouble> {
        self.send(Method::POST, "users/@me/channels", &json!({ "recipient_id": whom }), &[]).await
    }

    /// A member of a guild.
    pub(crate) async fn member(&self, guild: GuildId, whom: UserId) -> Result<Member, Trouble> {
        self.get(&format!("guilds/{guild}/members/{whom}")).await
    }

    /// Gives somebody a role.
    pub(crate) async fn give_role(&self, guild: GuildId, whom: UserId, role: Id<RoleMarker>) -> Result<(), Trouble> {
        self.tell(Method::PUT, &format!("guilds/{guild}/members/{whom}/roles/{role}"), None).await
    }

    /// Takes a role from somebody.
    pub(crate) async fn take_role(&self, guild: GuildId, whom: UserId, role: Id<RoleMarker>) -> Result<(), Trouble> {
        self.tell(Method::DELETE, &format!("guilds/{guild}/members/{whom}/roles/{role}"), None).await
    }
}
