//! Who may do what, by roles and by the overwrites of a channel.

use super::rules::{call, post};
use super::{World, code, interaction};
use serde_json::json;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;

const VIEW: u64 = Permissions::VIEW_CHANNEL.bits();
const SEND: u64 = Permissions::SEND_MESSAGES.bits();

#[tokio::test]
async fn a_bot_that_does_not_see_a_channel_or_may_not_write_there_is_refused() {
    let world = World::new().await;
    let path = format!("channels/{}/messages", world.channel);
    let hello = json!({ "content": "Hello" });
    world.fake.overwrite(world.channel, world.fake.bot_role(world.guild), 0, SEND).unwrap();
    let (status, error) = post(&world, &path, &hello).await;
    assert_eq!((status, error["code"].as_u64()), (403, Some(50013)));
    world.fake.overwrite(world.channel, world.guild, 0, VIEW).unwrap();
    let (status, error) = post(&world, &path, &hello).await;
    assert_eq!((status, error["code"].as_u64()), (403, Some(50001)));
    // What is set for one member outweighs what is set for roles.
    world.fake.overwrite(world.channel, world.fake.bot_id(), VIEW | SEND, 0).unwrap();
    assert_eq!(post(&world, &path, &hello).await.0, 200);
}

#[tokio::test]
async fn an_interaction_tells_what_the_member_and_the_bot_may_do_there() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    let staff = world.fake.role(world.guild, "staff", Permissions::MANAGE_MESSAGES.bits()).unwrap();
    world.fake.give_role(world.guild, world.mika, staff).unwrap();
    world.fake.overwrite(world.channel, staff, 0, SEND).unwrap();
    world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let event = interaction(&mut shard).await;
    let may = event.member.as_ref().unwrap().permissions.unwrap();
    assert!(may.contains(Permissions::MANAGE_MESSAGES | Permissions::VIEW_CHANNEL));
    assert!(!may.intersects(Permissions::SEND_MESSAGES | Permissions::MANAGE_ROLES));
    assert!(event.app_permissions.unwrap().contains(Permissions::MANAGE_ROLES));
    assert_eq!(event.member.as_ref().unwrap().roles, [Id::new(staff)]);
}

#[tokio::test]
async fn a_person_runs_only_the_commands_they_may_run() {
    let world = World::new().await;
    let path = format!("applications/{}/guilds/{}/commands", world.fake.bot_id(), world.guild);
    let bits = Permissions::MANAGE_MESSAGES.bits().to_string();
    let staff = json!([{ "name": "staff", "description": "For staff", "default_member_permissions": bits }]);
    assert_eq!(call(&world, "PUT", &path, &staff).await.0, 200);
    assert!(world.fake.slash(world.channel, world.mika, "staff").is_err());
    let role = world.fake.role(world.guild, "staff", Permissions::MANAGE_MESSAGES.bits()).unwrap();
    world.fake.give_role(world.guild, world.mika, role).unwrap();
    assert!(world.fake.slash(world.channel, world.mika, "staff").is_ok());
    world.fake.take_role(world.guild, world.mika, role).unwrap();
    assert!(world.fake.slash(world.channel, world.mika, "staff").is_err());
}

#[tokio::test]
async fn the_bot_gives_only_roles_below_its_own() {
    let world = World::new().await;
    let (guild, mika) = (Id::new(world.guild), Id::new(world.mika));
    let customer = world.fake.role(world.guild, "customer", 0).unwrap();
    world.http.add_guild_member_role(guild, mika, Id::new(customer)).await.unwrap();
    assert_eq!(world.fake.roles_of(world.guild, world.mika), [customer]);
    world.http.remove_guild_member_role(guild, mika, Id::new(customer)).await.unwrap();
    assert!(world.fake.roles_of(world.guild, world.mika).is_empty());

    let refusal =
        async |role: u64| code(&world.http.add_guild_member_role(guild, mika, Id::new(role)).await.unwrap_err());
    assert_eq!(refusal(1).await, 10011);
    assert_eq!(refusal(world.fake.bot_role(world.guild)).await, 50028);
    world.fake.raise_role(world.guild, customer).unwrap();
    assert_eq!(refusal(customer).await, 50013);
    let other = world.fake.role(world.guild, "other", 0).unwrap();
    world.fake.set_permissions(world.guild, world.fake.bot_role(world.guild), VIEW).unwrap();
    assert_eq!(refusal(other).await, 50013);
    let stranger = world.http.add_guild_member_role(guild, Id::new(5), Id::new(other)).await.unwrap_err();
    assert_eq!(code(&stranger), 10007);
}
