//! Channels and categories that the bot makes, and how often a session may begin.

use super::rules::{call, post};
use super::socket::Socket;
use super::{TOKEN, World, until};
use serde_json::{Value, json};
use twilight_gateway::Event;
use twilight_model::channel::ChannelType;
use twilight_model::channel::permission_overwrite::{PermissionOverwrite, PermissionOverwriteType};
use twilight_model::gateway::connection_info::BotConnectionInfo;
use twilight_model::guild::Permissions;
use twilight_model::http::permission_overwrite::{
    PermissionOverwrite as SetOverwrite, PermissionOverwriteType as SetOverwriteType,
};
use twilight_model::id::Id;

#[tokio::test]
async fn a_ticket_as_a_channel_of_a_category_is_seen_by_whom_it_is_for() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    let rei = world.fake.member(world.guild, "rei", super::START);
    let guild = world.guild_id();
    let category = world.http.create_guild_channel(guild, "Tickets").kind(ChannelType::GuildCategory).await.unwrap();
    let category = category.model().await.unwrap().id;
    let overwrites = [
        PermissionOverwrite {
            allow: Permissions::empty(),
            deny: Permissions::VIEW_CHANNEL,
            id: guild.cast(),
            kind: PermissionOverwriteType::Role,
        },
        PermissionOverwrite {
            allow: Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES,
            deny: Permissions::empty(),
            id: Id::new(world.mika),
            kind: PermissionOverwriteType::Member,
        },
        PermissionOverwrite {
            allow: Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES,
            deny: Permissions::empty(),
            id: Id::new(world.fake.bot_id()),
            kind: PermissionOverwriteType::Member,
        },
    ];
    let made = world.http.create_guild_channel(guild, "Ticket 1").parent_id(category).topic("mika");
    let made = made.permission_overwrites(&overwrites).await.unwrap().model().await.unwrap();
    assert_eq!((made.name.as_deref(), made.parent_id), (Some("ticket-1"), Some(category)));
    let event = until(&mut shard, |event| match event {
        Event::ChannelCreate(event) if event.id == made.id => Some(event),
        _ => None,
    });
    assert_eq!(event.await.permission_overwrites.as_ref().unwrap().len(), 3);
    assert!(world.fake.sees(made.id.get(), world.mika) && !world.fake.sees(made.id.get(), rei));
    let one = SetOverwrite {
        allow: Some(Permissions::VIEW_CHANNEL),
        deny: None,
        id: Id::new(rei),
        kind: SetOverwriteType::Member,
    };
    world.http.update_channel_permission(made.id, &one).await.unwrap();
    assert!(world.fake.sees(made.id.get(), rei));
    world.http.delete_channel_permission(made.id).member(Id::new(rei)).await.unwrap();
    assert!(!world.fake.sees(made.id.get(), rei));
    world.http.create_message(made.id).content("Hello").await.unwrap();
    world.http.update_channel(made.id).name("Closed 1").parent_id(None).await.unwrap();
    world.http.delete_channel(category).await.unwrap();
    let left = world.fake.channels(world.guild);
    assert_eq!(left[1].name, "closed-1");
    assert_eq!((left[1].topic.as_deref(), left[1].category, left.len()), (Some("mika"), None, 2));
}

#[tokio::test]
async fn a_category_holds_fifty_channels_and_a_guild_five_hundred() {
    let world = World::new().await;
    world.fake.lift_rate_limits();
    let path = format!("guilds/{}/channels", world.guild);
    let make =
        async |name: String, parent: Value| post(&world, &path, &json!({ "name": name, "parent_id": parent })).await;
    let category = world.fake.category(world.guild, "Tickets").to_string();
    for number in 0..50 {
        assert_eq!(make(format!("t-{number}"), json!(category)).await.0, 200);
    }
    let (status, error) = make("t-50".to_owned(), json!(category)).await;
    assert_eq!((status, &error["code"]), (400, &json!(50035)));
    assert_eq!(error["errors"]["parent_id"]["_errors"][0]["code"], "CHANNEL_PARENT_MAX_CHANNELS");
    for odd in ["1", &world.channel.to_string()] {
        let (_, error) = make("t".to_owned(), json!(odd)).await;
        assert!(error.pointer("/errors/parent_id/_errors").is_some(), "{error}");
    }
    for number in 52..500 {
        assert_eq!(make(format!("t-{number}"), Value::Null).await.0, 200);
    }
    let (status, error) = make("t-500".to_owned(), Value::Null).await;
    assert_eq!((status, &error["code"]), (400, &json!(30013)));
    let (_, error) = post(&world, &format!("channels/{category}/messages"), &json!({ "content": "x" })).await;
    assert_eq!(error["code"], 50008);
}

#[tokio::test]
async fn a_bot_makes_only_what_it_may() {
    let world = World::new().await;
    let path = format!("guilds/{}/channels", world.guild);
    let body = |allow: u64| {
        let one = json!({ "id": world.mika.to_string(), "type": 1, "allow": allow.to_string() });
        json!({ "name": "t", "permission_overwrites": [one] })
    };
    assert_eq!(post(&world, &path, &body(Permissions::BAN_MEMBERS.bits())).await.1["code"], 50013);
    assert_eq!(post(&world, &path, &body(Permissions::MANAGE_ROLES.bits())).await.1["code"], 50013);
    assert_eq!(post(&world, &path, &body(Permissions::VIEW_CHANNEL.bits())).await.0, 200);
    assert!(post(&world, &path, &json!({})).await.1.pointer("/errors/name").is_some());
    let other = post(&world, &path, &json!({ "name": "t", "type": 13 })).await.1;
    assert!(other.pointer("/errors/type").is_some());
    let role = world.fake.bot_role(world.guild);
    world.fake.set_permissions(world.guild, role, Permissions::MANAGE_ROLES.bits()).unwrap();
    let (status, error) = post(&world, &path, &json!({ "name": "t" })).await;
    assert_eq!((status, &error["code"]), (403, &json!(50013)));

    let one = format!("channels/{}/permissions/{}", world.channel, world.mika);
    let deny = json!({ "type": 1, "deny": Permissions::VIEW_CHANNEL.bits().to_string() });
    assert_eq!(call(&world, "PUT", &one, &deny).await.0, 204);
    assert!(!world.fake.sees(world.channel, world.mika));
    assert_eq!(call(&world, "DELETE", &one, &Value::Null).await.0, 204);
    assert!(world.fake.sees(world.channel, world.mika));
    assert_eq!(call(&world, "DELETE", &one, &Value::Null).await.1["code"], 10009);
}

#[tokio::test]
async fn a_channel_is_renamed_twice_in_ten_minutes() {
    let world = World::new().await;
    let path = format!("channels/{}", world.channel);
    for (body, topic) in
        [(json!({ "name": "New  Name", "topic": "t" }), json!("t")), (json!({ "topic": null }), json!(null))]
    {
        let (status, changed) = call(&world, "PATCH", &path, &body).await;
        assert_eq!((status, &changed["name"], &changed["topic"]), (200, &json!("new-name"), &topic));
    }
    world.advance(5_000);
    let (status, error) = call(&world, "PATCH", &path, &json!({ "name": "third" })).await;
    assert_eq!((status, &error["code"]), (429, &json!(20028)));
    let category = world.fake.category(world.guild, "Tickets").to_string();
    world.advance(600_000);
    let (status, moved) = call(&world, "PATCH", &path, &json!({ "name": "third", "parent_id": category })).await;
    assert_eq!((status, &moved["parent_id"]), (200, &json!(category)));
}

async fn connection_info(world: &World) -> BotConnectionInfo {
    world.http.gateway().authed().await.unwrap().model().await.unwrap()
}

#[tokio::test]
async fn what_is_left_of_the_days_sessions_is_told_and_the_thousand_and_first_ends_the_token() {
    let world = World::new().await;
    assert_eq!(connection_info(&world).await.session_start_limit.remaining, 1000);
    let identify = json!({ "op": 2, "d": { "token": TOKEN, "intents": 1 } }).to_string();
    let mut first = Socket::connect(&world.fake.gateway_url()).await;
    first.send(&identify).await;
    assert!(first.text_with("READY").await);
    world.advance(3_000);
    let limit = connection_info(&world).await.session_start_limit;
    assert_eq!((limit.remaining, limit.reset_after, limit.max_concurrency), (999, 86_397_000, 1));
    // Too soon after the last one.
    let mut second = Socket::connect(&world.fake.gateway_url()).await;
    second.send(&identify).await;
    assert!(second.text_with("\"op\":9").await);
    assert_eq!(world.fake.identifies(), 1);
    world.advance(2_000);
    second.send(&identify).await;
    assert!(second.text_with("READY").await);
    world.fake.identified_before(998);
    world.advance(5_000);
    let mut third = Socket::connect(&world.fake.gateway_url()).await;
    third.send(&identify).await;
    assert_eq!(third.close_code().await, 4004);
    assert_eq!(world.fake.violations().len(), 2);
    world.advance(86_400_000);
    assert_eq!(connection_info(&world).await.session_start_limit.remaining, 1000);
}
