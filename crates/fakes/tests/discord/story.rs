//! From a slash command to what the person reads.

use super::{START, World, interaction, reply};
use fakes::discord::Outcome;
use twilight_model::channel::message::component::{ActionRow, Button, ButtonStyle};
use twilight_model::channel::message::{Component, MessageFlags, MessageType};
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};
use twilight_model::id::Id;

#[tokio::test]
async fn who_runs_a_command_reads_the_answer_alone() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    let asked = world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    assert_eq!(world.fake.outcome(asked).unwrap(), Outcome::Waiting);
    let event = interaction(&mut shard).await;
    assert_eq!(event.author_id(), Some(Id::new(world.mika)));

    let mut response = reply(InteractionResponseType::ChannelMessageWithSource, "How can we help?");
    response.data.as_mut().unwrap().flags = Some(MessageFlags::EPHEMERAL);
    world.answer(&event, &response).await.unwrap();
    let Outcome::Answered(seen) = world.fake.outcome(asked).unwrap() else { panic!("no answer") };
    assert_eq!(seen[0].content, "How can we help?");
    assert!(seen[0].is_ephemeral);
    assert!(world.fake.channel_messages(world.channel).is_empty());
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_deferred_answer_replaces_the_thinking() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    let asked = world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let event = interaction(&mut shard).await;
    let kind = InteractionResponseType::DeferredChannelMessageWithSource;
    world.answer(&event, &InteractionResponse { kind, data: None }).await.unwrap();
    assert_eq!(world.fake.outcome(asked).unwrap(), Outcome::Thinking);
    world.advance(60_000);
    let client = world.http.interaction(Id::new(world.fake.bot_id()));
    let edited = client.update_response(&event.token).content(Some("Here it is")).await.unwrap();
    let edited = edited.model().await.unwrap();
    assert_eq!((edited.content.as_str(), edited.kind), ("Here it is", MessageType::ChatInputCommand));
    assert_eq!(edited.interaction_metadata.unwrap().user.id, Id::new(world.mika));
    let Outcome::Answered(seen) = world.fake.outcome(asked).unwrap() else { panic!("no answer") };
    assert_eq!(seen.len(), 1);
    // After a quarter of an hour the token is dead.
    world.advance(15 * 60_000);
    let error = client.update_response(&event.token).content(Some("Too late")).await.unwrap_err();
    assert_eq!(super::code(&error), 50027);
}

#[tokio::test]
async fn a_click_changes_the_message_it_was_made_on() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    let button = Component::Button(Button {
        custom_id: Some("solved".to_owned()),
        disabled: false,
        emoji: None,
        id: None,
        label: Some("Solved".to_owned()),
        sku_id: None,
        style: ButtonStyle::Success,
        url: None,
    });
    let row = [Component::ActionRow(ActionRow { id: None, components: vec![button] })];
    let sent = world.http.create_message(Id::new(world.channel)).content("Did it help?").components(&row);
    let message = sent.await.unwrap().model().await.unwrap();
    let clicked = world.fake.click(message.id.get(), world.mika, "solved").unwrap();
    let event = interaction(&mut shard).await;
    let data = InteractionResponseData {
        content: Some("Good!".to_owned()),
        components: Some(Vec::new()),
        ..InteractionResponseData::default()
    };
    let kind = InteractionResponseType::UpdateMessage;
    world.answer(&event, &InteractionResponse { kind, data: Some(data) }).await.unwrap();
    let Outcome::Answered(seen) = world.fake.outcome(clicked).unwrap() else { panic!("no answer") };
    assert_eq!((seen[0].content.as_str(), seen[0].buttons.len()), ("Good!", 0));
    assert!(world.fake.click(message.id.get(), world.mika, "solved").is_err());
}

#[tokio::test]
async fn a_message_sent_twice_under_one_nonce_stands_there_once() {
    let world = World::new().await;
    for _ in 0..2 {
        let body = serde_json::json!({ "content": "Hello", "nonce": "n-1", "enforce_nonce": true });
        assert_eq!(super::rules::post(&world, &format!("channels/{}/messages", world.channel), &body).await.0, 200);
    }
    assert_eq!(world.fake.channel_messages(world.channel).len(), 1);
    assert_eq!(world.fake.requests().iter().filter(|one| one.at == START && one.status == 200).count(), 2);
}
