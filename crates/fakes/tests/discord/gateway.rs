//! Losing and finding the gateway.

use super::socket::Socket;
use super::{START, TOKEN, World, interaction, reply, rules, until};
use fakes::discord::{GatewayTrouble, Order, Outcome, Trouble};
use serde_json::json;
use std::time::Duration;
use twilight_gateway::{Event, EventTypeFlags, Intents, StreamExt as _};
use twilight_model::http::interaction::InteractionResponseType;

#[tokio::test]
async fn a_command_during_a_reconnect_is_heard_by_the_resumed_session() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    world.fake.gateway_trouble(GatewayTrouble::Close(4000));
    world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    interaction(&mut shard).await;
    until(&mut shard, |event| matches!(event, Event::Resumed).then_some(())).await;
    assert_eq!((world.fake.identifies(), world.fake.resumes()), (1, 1));
}

#[tokio::test]
async fn op_seven_is_followed_by_a_resume() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.fake.gateway_trouble(GatewayTrouble::Reconnect);
    until(&mut shard, |event| matches!(event, Event::Resumed).then_some(())).await;
    assert_eq!(world.fake.identifies(), 1);
}

#[tokio::test]
async fn an_intent_that_was_not_switched_on_ends_the_bot() {
    let world = World::new().await;
    let mut shard = world.shard(Intents::MESSAGE_CONTENT);
    let mut code = None;
    while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
        if let Ok(Event::GatewayClose(Some(frame))) = event {
            code = Some(frame.code);
        }
    }
    assert_eq!(code, Some(4014));
}

#[tokio::test]
async fn a_connection_that_answers_no_heartbeat_is_left_and_the_session_resumed() {
    let world = World::new().await;
    world.fake.beat_every(Duration::from_millis(600));
    let mut shard = world.ready().await;
    world.with_ticket().await;
    world.fake.gateway_trouble(GatewayTrouble::Zombie);
    world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    interaction(&mut shard).await;
    assert_eq!((world.fake.identifies(), world.fake.resumes()), (1, 1));
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_session_that_was_called_invalid_is_resumed_or_begun_anew_as_discord_says() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.fake.gateway_trouble(GatewayTrouble::InvalidResumable);
    until(&mut shard, |event| matches!(event, Event::Resumed).then_some(())).await;
    assert_eq!((world.fake.identifies(), world.fake.resumes()), (1, 1));
    world.fake.gateway_trouble(GatewayTrouble::Invalid);
    until(&mut shard, |event| matches!(event, Event::Ready(_)).then_some(())).await;
    assert_eq!((world.fake.identifies(), world.fake.resumes()), (2, 1));
}

#[tokio::test]
async fn a_timeout_is_come_back_from_and_a_bad_token_is_the_end() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.fake.gateway_trouble(GatewayTrouble::Close(4009));
    until(&mut shard, |event| matches!(event, Event::Resumed | Event::Ready(_)).then_some(())).await;
    world.fake.gateway_trouble(GatewayTrouble::Close(4004));
    let end = async { while shard.next_event(EventTypeFlags::all()).await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(10), end).await.unwrap();
}

#[tokio::test]
async fn an_interaction_that_comes_twice_is_one_interaction() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    world.fake.gateway_trouble(GatewayTrouble::Duplicate);
    let asked = world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let (first, second) = (interaction(&mut shard).await, interaction(&mut shard).await);
    assert_eq!(first.id, second.id);
    let response = reply(InteractionResponseType::ChannelMessageWithSource, "Hello");
    world.answer(&first, &response).await.unwrap();
    assert_eq!(super::code(&world.answer(&second, &response).await.unwrap_err()), 40060);
    assert!(matches!(world.fake.outcome(asked).unwrap(), Outcome::Answered(seen) if seen.len() == 1));
}

#[tokio::test]
async fn events_come_late_and_in_the_wrong_order() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.fake.gateway_trouble(GatewayTrouble::Hold);
    let message = world.fake.write(world.channel, world.mika, "Hello").unwrap();
    world.fake.delete_message(message).unwrap();
    world.fake.release(Order::Reversed);
    let first = until(&mut shard, |event| match event {
        Event::MessageCreate(_) => Some("create"),
        Event::MessageDelete(_) => Some("delete"),
        _ => None,
    });
    assert_eq!(first.await, "delete");
    until(&mut shard, |event| matches!(event, Event::MessageCreate(_)).then_some(())).await;
}

#[tokio::test]
async fn who_never_beats_is_dropped() {
    let world = World::new().await;
    world.fake.beat_every(Duration::from_millis(50));
    let mut socket = Socket::connect(&world.fake.gateway_url()).await;
    socket.send(&json!({ "op": 2, "d": { "token": TOKEN, "intents": 1 } }).to_string()).await;
    assert_eq!(socket.close_code().await, 4009);
    assert!(world.fake.violations()[0].contains("heartbeat"));
}

#[tokio::test]
async fn who_sends_too_much_or_too_long_is_closed() {
    let world = World::new().await;
    let beat = json!({ "op": 1, "d": null }).to_string();
    let mut socket = Socket::connect(&world.fake.gateway_url()).await;
    for _ in 0..121 {
        socket.send(&beat).await;
    }
    assert_eq!(socket.close_code().await, 4008);
    let mut socket = Socket::connect(&world.fake.gateway_url()).await;
    for _ in 0..119 {
        socket.send(&beat).await;
    }
    world.advance(60_000);
    socket.send(&json!({ "op": 1, "d": "x".repeat(4096) }).to_string()).await;
    assert_eq!(socket.close_code().await, 4002);
    assert_eq!(world.fake.violations().len(), 2);
}

#[tokio::test]
async fn the_api_is_broken_or_hangs_on_demand() {
    let world = World::new().await;
    let path = format!("channels/{}/messages", world.channel);
    let troubles = [Trouble::Broken, Trouble::BadGateway, Trouble::Hang];
    world.fake.trouble("/api/v10/channels", &troubles);
    let hello = json!({ "content": "Hello" });
    assert_eq!(rules::post(&world, &path, &hello).await.0, 500);
    assert_eq!(rules::post(&world, &path, &hello).await.0, 502);
    assert!(world.fake.channel_messages(world.channel).is_empty());
    let hanging = rules::post(&world, &path, &hello);
    assert!(tokio::time::timeout(Duration::from_millis(300), hanging).await.is_err());
    // The message stands there all the same.
    assert_eq!(world.fake.channel_messages(world.channel).len(), 1);
    assert_eq!(world.fake.requests()[0].at, START);
}
