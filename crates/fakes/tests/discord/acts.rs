//! Options, menus, forms, proposals, and messages to one person alone.

use super::rules::{call, post};
use super::{World, code, interaction, until};
use fakes::discord::Outcome;
use serde_json::{Value, json};
use twilight_gateway::{Event, Intents};
use twilight_model::application::interaction::InteractionData;
use twilight_model::application::interaction::application_command::CommandOptionValue;
use twilight_model::application::interaction::modal::ModalInteractionComponent;
use twilight_model::id::Id;

async fn register(world: &World) {
    let topic = json!({ "type": 3, "name": "topic", "description": "What", "required": true, "max_length": 10 });
    let server = json!({ "type": 3, "name": "server", "description": "Where", "autocomplete": true });
    let who = json!({ "type": 6, "name": "who", "description": "For whom" });
    let open = json!({ "type": 1, "name": "open", "description": "Open one", "options": [topic, server, who] });
    let list = json!({ "type": 1, "name": "list", "description": "All of them" });
    let all = json!({ "type": 2, "name": "all", "description": "All", "options": [list] });
    let path = format!("applications/{}/guilds/{}/commands", world.fake.bot_id(), world.guild);
    let command = json!([{ "name": "ticket", "description": "Tickets", "options": [open, all] }]);
    assert_eq!(call(world, "PUT", &path, &command).await.0, 200);
}

async fn respond(world: &World, event: (Id<twilight_model::id::marker::InteractionMarker>, &str), body: Value) -> u16 {
    post(world, &format!("interactions/{}/{}/callback", event.0, event.1), &body).await.0
}

#[tokio::test]
async fn a_command_comes_with_its_sub_command_and_options() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    register(&world).await;
    let run = |line: &str, options: &[(&str, Value)]| {
        world.fake.slash_with(world.channel, world.mika, line, options).map_err(|error| error.to_string())
    };
    assert!(run("ticket", &[]).unwrap_err().contains("sub-commands"));
    assert!(run("ticket open", &[]).unwrap_err().contains("required"));
    assert!(run("ticket open", &[("topic", json!("far too long a topic"))]).is_err());
    assert!(run("ticket open", &[("topic", json!(1))]).is_err());
    assert!(run("ticket open", &[("topic", json!("vpn")), ("odd", json!(1))]).is_err());
    run("ticket open", &[("topic", json!("vpn")), ("who", json!(world.mika.to_string()))]).unwrap();
    let event = interaction(&mut shard).await;
    let Some(InteractionData::ApplicationCommand(data)) = event.data.clone() else { panic!("no command") };
    let CommandOptionValue::SubCommand(options) = &data.options[0].value else { panic!("no sub-command") };
    assert_eq!((data.options[0].name.as_str(), options[0].name.as_str()), ("open", "topic"));
    assert_eq!(options[0].value, CommandOptionValue::String("vpn".to_owned()));
    assert!(data.resolved.unwrap().members.contains_key(&Id::new(world.mika)));
    run("ticket all list", &[]).unwrap();
    let event = interaction(&mut shard).await;
    let Some(InteractionData::ApplicationCommand(data)) = event.data.clone() else { panic!("no command") };
    assert!(matches!(data.options[0].value, CommandOptionValue::SubCommandGroup(_)));
}

#[tokio::test]
async fn the_bot_proposes_values_while_a_person_types() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    register(&world).await;
    assert!(world.fake.type_option(world.channel, world.mika, "ticket open", ("topic", "v")).is_err());
    let beside = [("topic", json!("vpn"))];
    let typed =
        world.fake.type_option_beside(world.channel, world.mika, "ticket open", ("server", "fr"), &beside).unwrap();
    let event = interaction(&mut shard).await;
    let Some(InteractionData::ApplicationCommand(data)) = event.data.clone() else { panic!("no command") };
    let CommandOptionValue::SubCommand(options) = &data.options[0].value else { panic!("no sub-command") };
    let names: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
    assert_eq!(names, ["topic", "server"]);
    let to = (event.id, event.token.as_str());
    let choice = |name: &str| json!({ "type": 8, "data": { "choices": [{ "name": name, "value": "fra1" }] } });
    assert_eq!(respond(&world, to, choice(&"x".repeat(101))).await, 400);
    assert_eq!(respond(&world, to, json!({ "type": 4, "data": { "content": "no" } })).await, 400);
    assert_eq!(respond(&world, to, choice("Frankfurt")).await, 204);
    let wanted = Outcome::Choices(vec![("Frankfurt".to_owned(), json!("fra1"))]);
    assert_eq!(world.fake.outcome(typed).unwrap(), wanted);
}

#[tokio::test]
async fn a_menu_is_chosen_from_within_its_bounds() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    let option = |value: &str| json!({ "label": value, "value": value });
    let menu = json!({ "type": 3, "custom_id": "os", "options": [option("linux"), option("mac")] });
    let body = json!({ "content": "Which?", "components": [{ "type": 1, "components": [menu] }] });
    let (_, sent) = post(&world, &format!("channels/{}/messages", world.channel), &body).await;
    let message = sent["id"].as_str().unwrap().parse().unwrap();
    assert!(world.fake.choose(message, world.mika, "os", &["amiga"]).is_err());
    assert!(world.fake.choose(message, world.mika, "os", &["linux", "mac"]).is_err());
    world.fake.choose(message, world.mika, "os", &["linux"]).unwrap();
    let event = interaction(&mut shard).await;
    let Some(InteractionData::MessageComponent(data)) = event.data.clone() else { panic!("no component") };
    assert_eq!(data.values, ["linux"]);
}

#[tokio::test]
async fn a_form_of_either_shape_comes_back_filled_in() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    register(&world).await;
    let field = |label: &str| json!({ "type": 4, "custom_id": "what", "style": 1, "label": label, "min_length": 3 });
    let new = json!({ "type": 18, "label": "What?", "component": { "type": 4, "custom_id": "what", "style": 1 } });
    let old = json!({ "type": 1, "components": [field("What?")] });
    let form =
        |parts: Value| json!({ "type": 9, "data": { "title": "Ticket", "custom_id": "f", "components": parts } });
    for (part, is_label) in [(new, true), (old, false)] {
        let asked = world.fake.slash(world.channel, world.mika, "ticket all list").unwrap();
        let event = interaction(&mut shard).await;
        let to = (event.id, event.token.as_str());
        let long = json!({ "type": 1, "components": [field(&"l".repeat(46))] });
        assert_eq!(respond(&world, to, form(json!([long]))).await, 400);
        assert_eq!(respond(&world, to, form(json!([part, part]))).await, 400);
        assert_eq!(respond(&world, to, form(json!([part]))).await, 204);
        assert!(world.fake.submit(asked, &[]).is_err());
        assert!(world.fake.submit(asked, &[("what", "it hangs"), ("odd", "x")]).is_err());
        assert_eq!(world.fake.submit(asked, &[("what", "no")]).is_err(), !is_label);
        let sent = world.fake.submit(asked, &[("what", "it hangs")]).unwrap();
        let event = until(&mut shard, |event| match event {
            Event::InteractionCreate(event) if event.id.get() == sent => Some(event),
            _ => None,
        });
        let event = event.await;
        let Some(InteractionData::ModalSubmit(data)) = event.data.clone() else { panic!("no form") };
        assert_eq!(matches!(data.components[0], ModalInteractionComponent::Label(_)), is_label);
        // A form is no answer to a form.
        assert_eq!(respond(&world, (event.id, &event.token), form(json!([part]))).await, 400);
    }
}

#[tokio::test]
async fn the_bot_and_a_person_talk_alone_until_the_person_refuses() {
    let world = World::new().await;
    let mut shard = world.shard(Intents::GUILDS | Intents::DIRECT_MESSAGES);
    until(&mut shard, |event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
    world.fake.write_to_bot(world.mika, "Hello?").unwrap();
    let heard =
        until(&mut shard, |event| if let Event::MessageCreate(event) = event { Some(event) } else { None }).await;
    assert_eq!((heard.content.as_str(), heard.guild_id), ("Hello?", None));
    let channel = world.http.create_private_channel(Id::new(world.mika)).await.unwrap().model().await.unwrap();
    assert_eq!(channel.id, heard.channel_id);
    world.http.create_message(channel.id).content("Your ticket is closed").await.unwrap();
    assert_eq!(world.fake.direct_messages(world.mika).len(), 2);
    world.fake.refuse_dms(world.mika);
    let refused = world.http.create_message(channel.id).content("Still there?").await.unwrap_err();
    assert_eq!(code(&refused), 50007);
}
