//! The objects of the API and the gateway, each read by the library's own type for it.

use super::rules::call;
use super::{World, until};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use twilight_gateway::Event;
use twilight_model::channel::{Channel, ChannelType, Message, thread::ThreadMember};
use twilight_model::gateway::connection_info::BotConnectionInfo;
use twilight_model::gateway::payload::incoming::GuildCreate;
use twilight_model::guild::{Guild, Member, Role};
use twilight_model::id::Id;
use twilight_model::user::CurrentUser;

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap_or_else(|error| panic!("{error} in {value}"))
}

#[tokio::test]
async fn what_the_api_shows_is_what_the_library_reads() {
    let world = World::new().await;
    let staff = world.fake.role(world.guild, "staff", 0).unwrap();
    world.fake.give_role(world.guild, world.mika, staff).unwrap();
    world.fake.overwrite(world.channel, staff, 1 << 10, 0).unwrap();
    world.fake.overwrite(world.channel, world.mika, 0, 1 << 11).unwrap();
    let thread = world.http.create_thread(Id::new(world.channel), "t", ChannelType::PrivateThread).await.unwrap();
    let thread = thread.model().await.unwrap().id;
    world.http.create_message(Id::new(world.channel)).content("Hello").await.unwrap();
    let get = async |path: String| call(&world, "GET", &path, &json!(null)).await.1;

    let guild = format!("guilds/{}", world.guild);
    assert_eq!(read::<Guild>(&get(guild.clone()).await).roles.len(), 3);
    assert_eq!(read::<Vec<Role>>(&get(format!("{guild}/roles")).await).len(), 3);
    assert_eq!(read::<Member>(&get(format!("{guild}/members/{}", world.mika)).await).roles, [Id::new(staff)]);
    let channel: Channel = read(&get(format!("channels/{}", world.channel)).await);
    assert_eq!(channel.permission_overwrites.unwrap().len(), 2);
    let shown: Channel = read(&get(format!("channels/{thread}")).await);
    assert_eq!((shown.kind, shown.thread_metadata.unwrap().archived), (ChannelType::PrivateThread, false));
    let members: Vec<ThreadMember> = read(&get(format!("channels/{thread}/thread-members")).await);
    assert_eq!(members.len(), 1);
    let messages: Vec<Message> = read(&get(format!("channels/{}/messages", world.channel)).await);
    assert_eq!(messages[0].content, "Hello");
    assert_eq!(read::<CurrentUser>(&get("users/@me".to_owned()).await).id.get(), world.fake.bot_id());
    assert_eq!(read::<BotConnectionInfo>(&get("gateway/bot".to_owned()).await).shards, 1);
}

#[tokio::test]
async fn what_a_bot_leaves_out_of_a_message_comes_back_with_it() {
    let world = World::new().await;
    let button = json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go" });
    let body = json!({
        "embeds": [{ "title": "Servers", "fields": [{ "name": "FRA", "value": "12 ms" }] }],
        "components": [{ "type": 1, "components": [button] }],
    });
    let (_, sent) = call(&world, "POST", &format!("channels/{}/messages", world.channel), &body).await;
    assert_eq!(read::<Message>(&sent).embeds[0].kind, "rich");
    let numbers = (&sent["components"][0]["id"], &sent["components"][0]["components"][0]["id"]);
    assert_eq!(numbers, (&json!(1), &json!(2)));
    assert_eq!(sent["embeds"][0]["fields"][0]["inline"], false);
}

#[tokio::test]
async fn the_gateway_tells_the_whole_guild() {
    let world = World::new().await;
    let thread = world.http.create_thread(Id::new(world.channel), "t", ChannelType::PrivateThread).await.unwrap();
    let thread = thread.model().await.unwrap().id;
    let mut shard = world.shard(twilight_gateway::Intents::GUILDS);
    // What the library can't read as a guild it takes for one that is not available.
    let guild = until(&mut shard, |event| match event {
        Event::GuildCreate(guild) => Some(guild),
        _ => None,
    });
    let GuildCreate::Available(guild) = *guild.await else { panic!("no guild") };
    // Without GUILD_PRESENCES the bot hears of no member but itself.
    assert_eq!((guild.members.len(), guild.channels.len(), guild.threads[0].id), (1, 1, thread));
}
