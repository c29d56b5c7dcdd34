//! Losing and finding the gateway.

use super::{World, interaction, until};
use fakes::discord::GatewayTrouble;
use twilight_gateway::{Event, EventTypeFlags, Intents, StreamExt as _};

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
