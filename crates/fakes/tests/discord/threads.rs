//! A ticket as a private thread: who sees it, its archive, and its end by hand.

use super::rules::{call, post};
use super::{World, code, until};
use serde_json::json;
use twilight_gateway::{Event, Shard};
use twilight_model::channel::ChannelType;
use twilight_model::gateway::payload::incoming::MessageCreate;
use twilight_model::id::Id;

async fn ticket(world: &World) -> u64 {
    let made = world.http.create_thread(Id::new(world.channel), "ticket-1", ChannelType::PrivateThread);
    let thread = made.invitable(false).await.unwrap().model().await.unwrap();
    assert_eq!(thread.parent_id, Some(Id::new(world.channel)));
    thread.id.get()
}

async fn message(shard: &mut Shard) -> Box<MessageCreate> {
    until(shard, |event| if let Event::MessageCreate(event) = event { Some(event) } else { None }).await
}

#[tokio::test]
async fn a_private_thread_is_seen_by_who_was_added_and_by_moderators() {
    let world = World::new().await;
    let thread = ticket(&world).await;
    let rei = world.fake.member(world.guild, "rei", super::START);
    assert!(!world.fake.sees(thread, world.mika));
    world.http.add_thread_member(Id::new(thread), Id::new(world.mika)).await.unwrap();
    assert!(world.fake.sees(thread, world.mika));
    assert!(!world.fake.sees(thread, rei));
    assert!(world.fake.write(thread, rei, "Let me in").is_err());
    let lead = world.fake.role(world.guild, "lead", twilight_model::guild::Permissions::MANAGE_THREADS.bits()).unwrap();
    world.fake.give_role(world.guild, rei, lead).unwrap();
    assert!(world.fake.sees(thread, rei));
    world.http.remove_thread_member(Id::new(thread), Id::new(world.mika)).await.unwrap();
    assert!(!world.fake.sees(thread, world.mika));
    assert_eq!(world.fake.threads(world.channel)[0].members, [world.fake.bot_id()]);
    let stranger = world.http.add_thread_member(Id::new(thread), Id::new(5)).await.unwrap_err();
    assert_eq!(code(&stranger), 10013);
}

#[tokio::test]
async fn what_a_person_writes_comes_without_its_text_unless_the_bot_is_meant() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    let thread = ticket(&world).await;
    world.http.add_thread_member(Id::new(thread), Id::new(world.mika)).await.unwrap();
    world.fake.write(thread, world.mika, "It does not connect").unwrap();
    let event = message(&mut shard).await;
    assert_eq!((event.content.as_str(), event.guild_id), ("", Some(Id::new(world.guild))));
    assert_eq!(event.author.id, Id::new(world.mika));
    world.fake.write(thread, world.mika, &format!("<@{}> hello", world.fake.bot_id())).unwrap();
    assert!(message(&mut shard).await.content.ends_with("hello"));
    let read = world.http.channel_messages(Id::new(thread)).await.unwrap().models().await.unwrap();
    assert_eq!(read.iter().map(|one| one.content.is_empty()).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn an_archived_thread_takes_no_member_and_a_locked_one_no_message() {
    let world = World::new().await;
    let thread = ticket(&world).await;
    world.http.add_thread_member(Id::new(thread), Id::new(world.mika)).await.unwrap();
    world.http.update_thread(Id::new(thread)).archived(true).await.unwrap();
    let refused = world.http.add_thread_member(Id::new(thread), Id::new(world.fake.bot_id())).await.unwrap_err();
    assert_eq!(code(&refused), 50083);
    // Who writes takes it out of the archive.
    world.fake.write(thread, world.mika, "One more thing").unwrap();
    assert!(!world.fake.threads(world.channel)[0].is_archived);
    world.http.update_thread(Id::new(thread)).locked(true).archived(true).await.unwrap();
    assert!(world.fake.write(thread, world.mika, "And another").is_err());
    let refused = world.http.create_message(Id::new(thread)).content("Bye").await.unwrap_err();
    assert_eq!(code(&refused), 50083);
    world.http.update_thread(Id::new(thread)).archived(false).await.unwrap();
    world.http.create_message(Id::new(thread)).content("Bye").await.unwrap();
}

#[tokio::test]
async fn a_quiet_thread_goes_to_the_archive_by_itself() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    ticket(&world).await;
    world.advance(1440 * 60_000 - 1);
    assert!(!world.fake.threads(world.channel)[0].is_archived);
    world.advance(1);
    assert!(world.fake.threads(world.channel)[0].is_archived);
    let updated = until(&mut shard, |event| if let Event::ThreadUpdate(event) = event { Some(event) } else { None });
    assert!(updated.await.thread_metadata.as_ref().unwrap().archived);
}

#[tokio::test]
async fn a_thread_and_its_channel_deleted_by_hand_are_told_of_and_gone() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    let (first, second) = (ticket(&world).await, ticket(&world).await);
    until(&mut shard, |event| matches!(event, Event::ThreadCreate(_)).then_some(())).await;
    world.fake.delete_channel(first).unwrap();
    let event =
        until(&mut shard, |event| if let Event::ThreadDelete(event) = event { Some(event) } else { None }).await;
    assert_eq!(event.id.get(), first);
    let gone = world.http.create_message(Id::new(first)).content("Are you there?").await.unwrap_err();
    assert_eq!(code(&gone), 10003);
    world.fake.delete_channel(world.channel).unwrap();
    until(&mut shard, |event| matches!(event, Event::ChannelDelete(_)).then_some(())).await;
    assert_eq!(code(&world.http.delete_channel(Id::new(second)).await.unwrap_err()), 10003);
}

#[tokio::test]
async fn a_bot_without_the_permissions_makes_and_ends_no_thread() {
    let world = World::new().await;
    let thread = ticket(&world).await;
    let role = world.fake.bot_role(world.guild);
    world.fake.set_permissions(world.guild, role, 0).unwrap();
    let refused = world.http.delete_channel(Id::new(thread)).await.unwrap_err();
    assert_eq!(code(&refused), 50013);
    let private = twilight_model::guild::Permissions::CREATE_PRIVATE_THREADS.bits();
    world.fake.overwrite(world.channel, world.guild, 0, private).unwrap();
    let (status, error) = post(&world, &format!("channels/{}/threads", world.channel), &json!({ "name": "t" })).await;
    assert_eq!((status, error["code"].as_u64()), (403, Some(50013)));
}

#[tokio::test]
async fn a_guild_has_a_thousand_active_threads_at_most() {
    let world = World::new().await;
    world.fake.lift_rate_limits();
    let path = format!("channels/{}/threads", world.channel);
    let odd = json!({ "name": "t", "auto_archive_duration": 61 });
    assert!(post(&world, &path, &odd).await.1.pointer("/errors/auto_archive_duration").is_some());
    for _ in 0..1000 {
        assert_eq!(post(&world, &path, &json!({ "name": "t" })).await.0, 200);
    }
    assert_eq!(post(&world, &path, &json!({ "name": "t" })).await.1["code"], 160_006);
    world.advance(1440 * 60_000);
    assert_eq!(post(&world, &path, &json!({ "name": "t" })).await.0, 200);
}

#[tokio::test]
async fn the_bot_changes_its_own_messages_and_removes_others() {
    let world = World::new().await;
    let sent = world.http.create_message(Id::new(world.channel)).content("Helo").await.unwrap().model().await.unwrap();
    let edit = world.http.update_message(sent.channel_id, sent.id).content(Some("Hello"));
    assert!(edit.await.unwrap().model().await.unwrap().edited_timestamp.is_some());
    let other = world.fake.write(world.channel, world.mika, "spam").unwrap();
    let path = format!("channels/{}/messages/{other}", world.channel);
    assert_eq!(call(&world, "PATCH", &path, &json!({ "content": "ham" })).await.1["code"], 50005);
    world.http.delete_message(sent.channel_id, Id::new(other)).await.unwrap();
    assert_eq!(call(&world, "GET", &path, &json!(null)).await.1["code"], 10008);
    assert_eq!(world.fake.channel_messages(world.channel)[0].content, "Hello");
}
