//! Files: the bot's by a form, a person's beside their text, and the address where they are served.

use super::rules::call;
use super::{World, code, interaction, until};
use fakes::discord::{DiscordOptions, FakeDiscord, Outcome};
use serde_json::{Value, json};
use std::sync::Arc;
use twilight_gateway::{Event, Intents};
use twilight_model::channel::message::MessageFlags;
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType};
use twilight_model::id::Id;

fn note(id: u64, name: &str, text: &str) -> Attachment {
    Attachment { description: Some("a note".to_owned()), ..Attachment::from_bytes(name.to_owned(), text.into(), id) }
}

#[tokio::test]
async fn the_bot_sends_files_which_anyone_with_the_address_reads_for_a_day() {
    let world = World::new().await;
    let files = [note(0, "talk.txt", "hello"), note(1, "page.html", "<script>")];
    let sent = world.http.create_message(Id::new(world.channel)).attachments(&files).await.unwrap();
    let sent = sent.model().await.unwrap();
    let shown: Vec<_> = sent.attachments.iter().map(|one| (one.filename.as_str(), one.size)).collect();
    assert_eq!(shown, [("talk.txt", 5), ("page.html", 8)]);
    assert_eq!(sent.attachments[0].content_type.as_deref(), Some("text/plain; charset=utf-8"));
    assert_eq!(sent.attachments[0].description.as_deref(), Some("a note"));
    let seen = world.fake.channel_messages(world.channel);
    assert_eq!(seen[0].files[0].url, sent.attachments[0].url);

    let got = reqwest::get(&sent.attachments[0].url).await.unwrap();
    assert_eq!(got.headers()["content-disposition"], "attachment");
    assert_eq!(got.text().await.unwrap(), "hello");
    let bare = sent.attachments[0].url.split('?').next().unwrap();
    assert_eq!(reqwest::get(bare).await.unwrap().status(), 404);
    world.advance(86_400_000);
    assert_eq!(reqwest::get(&sent.attachments[0].url).await.unwrap().status(), 404);
    let again = world.http.message(sent.channel_id, sent.id).await.unwrap().model().await.unwrap();
    assert_eq!(reqwest::get(&again.attachments[1].url).await.unwrap().text().await.unwrap(), "<script>");
    world.http.delete_message(sent.channel_id, sent.id).await.unwrap();
    assert_eq!(reqwest::get(&again.attachments[1].url).await.unwrap().status(), 404);
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_embed_shows_a_file_of_its_message() {
    let world = World::new().await;
    let embed = json!({ "type": "rich", "title": "Servers", "image": { "url": "attachment://graph.png" } });
    let embed = [serde_json::from_value(embed).unwrap()];
    let files = [note(0, "graph.png", "not really"), note(1, "more.txt", "more")];
    let sent = world.http.create_message(Id::new(world.channel)).embeds(&embed).attachments(&files).await.unwrap();
    let sent = sent.model().await.unwrap();
    let names: Vec<&str> = sent.attachments.iter().map(|one| one.filename.as_str()).collect();
    assert_eq!(names, ["more.txt"]);
    let image = &sent.embeds[0].image.as_ref().unwrap().url;
    assert_eq!(reqwest::get(image).await.unwrap().text().await.unwrap(), "not really");
}

#[tokio::test]
async fn an_edit_keeps_the_files_that_it_names_and_adds_others() {
    let world = World::new().await;
    let files = [note(0, "a.txt", "a"), note(1, "b.txt", "b")];
    let sent = world.http.create_message(Id::new(world.channel)).attachments(&files).await.unwrap();
    let sent = sent.model().await.unwrap();
    let names = |message: &twilight_model::channel::Message| {
        message.attachments.iter().map(|one| one.filename.clone()).collect::<Vec<_>>()
    };
    let edit = world.http.update_message(sent.channel_id, sent.id).content(Some("Both")).await.unwrap();
    assert_eq!(names(&edit.model().await.unwrap()), ["a.txt", "b.txt"]);
    let (more, keep) = ([note(2, "c.txt", "c")], [sent.attachments[1].id]);
    let edit = world.http.update_message(sent.channel_id, sent.id).keep_attachment_ids(&keep).attachments(&more);
    let mut left = names(&edit.await.unwrap().model().await.unwrap());
    left.sort();
    assert_eq!(left, ["b.txt", "c.txt"]);
    let body = json!({ "attachments": [{ "id": "7" }] });
    let path = format!("channels/{}/messages/{}", world.channel, sent.id);
    let (status, error) = call(&world, "PATCH", &path, &body).await;
    assert_eq!(status, 400);
    assert!(error.pointer("/errors/attachments/0/_errors").is_some(), "{error}");
}

#[tokio::test]
async fn files_that_are_too_large_or_too_many_or_not_allowed_are_refused() {
    let world = World::new().await;
    let send = async |files: &[Attachment]| {
        let sent = world.http.create_message(Id::new(world.channel)).attachments(files).await;
        sent.map(|_| ()).map_err(|error| code(&error))
    };
    let full = "x".repeat(10 * 1024 * 1024);
    assert_eq!(send(&[note(0, "full.bin", &full)]).await, Ok(()));
    assert_eq!(send(&[note(0, "large.bin", &format!("{full}x"))]).await, Err(40005));
    let many: Vec<Attachment> = (0..11).map(|at| note(at, "a.txt", "a")).collect();
    assert_eq!(send(&many).await, Err(30015));
    let attach = twilight_model::guild::Permissions::ATTACH_FILES.bits();
    world.fake.overwrite(world.channel, world.fake.bot_role(world.guild), 0, attach).unwrap();
    assert_eq!(send(&many[..1]).await, Err(50013));
    assert_eq!(world.fake.channel_messages(world.channel).len(), 1);
}

#[tokio::test]
async fn an_answer_and_what_follows_it_carry_files() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    let asked = world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let event = interaction(&mut shard).await;
    let data = InteractionResponseData {
        attachments: Some(vec![note(3, "config.conf", "[Interface]")]),
        flags: Some(MessageFlags::EPHEMERAL),
        ..InteractionResponseData::default()
    };
    let kind = InteractionResponseType::ChannelMessageWithSource;
    world.answer(&event, &InteractionResponse { kind, data: Some(data) }).await.unwrap();
    let client = world.http.interaction(Id::new(world.fake.bot_id()));
    let first = client.response(&event.token).await.unwrap().model().await.unwrap();
    assert!(first.attachments[0].ephemeral);
    let more = [note(0, "more.txt", "more")];
    client.create_followup(&event.token).attachments(&more).await.unwrap();
    client.update_response(&event.token).content(Some("Yours")).attachments(&more).await.unwrap();
    let Outcome::Answered(seen) = world.fake.outcome(asked).unwrap() else { panic!("no answer") };
    let names: Vec<Vec<&str>> =
        seen.iter().map(|one| one.files.iter().map(|file| file.name.as_str()).collect()).collect();
    assert_eq!(names[1], ["more.txt"]);
    assert!(names[0].contains(&"more.txt"));
}

#[tokio::test]
async fn a_persons_files_are_hidden_from_a_bot_without_the_intent_for_contents() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    let files: [(&str, &[u8]); 1] = [("log.txt", b"it hangs")];
    let bot = world.fake.bot_id();
    for (text, files_seen) in [("Here", 0), (&*format!("<@{bot}> here"), 1)] {
        let sent = world.fake.write_with_files(world.channel, world.mika, text, &files).unwrap();
        let event = until(&mut shard, |event| match event {
            Event::MessageCreate(event) if event.id.get() == sent => Some(event),
            _ => None,
        });
        assert_eq!(event.await.attachments.len(), files_seen);
        let read = world.http.message(Id::new(world.channel), Id::new(sent)).await.unwrap().model().await.unwrap();
        assert_eq!((read.attachments.len(), read.content.is_empty()), (files_seen, files_seen == 0));
    }
    assert!(world.fake.write_with_files(world.channel, world.mika, "", &[]).is_err());
    assert!(world.fake.write_with_files(world.channel, world.mika, "", &[files[0]; 11]).is_err());
    let attach = twilight_model::guild::Permissions::ATTACH_FILES.bits();
    world.fake.overwrite(world.channel, world.mika, 0, attach).unwrap();
    assert!(world.fake.write_with_files(world.channel, world.mika, "", &files).is_err());
}

#[tokio::test]
async fn direct_messages_and_the_intent_for_contents_show_a_persons_files() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let privileged = Intents::MESSAGE_CONTENT.bits();
    let options =
        DiscordOptions { listener, token: super::TOKEN.to_owned(), now: Arc::new(|| super::START), privileged };
    let fake = FakeDiscord::start(options).await.unwrap();
    let guild = fake.guild("Mirai");
    let (channel, mika) = (fake.text_channel(guild, "help"), fake.member(guild, "mika", super::START));
    let all = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES;
    let config = |intents| {
        twilight_gateway::ConfigBuilder::new(super::TOKEN.to_owned(), intents).proxy_url(fake.gateway_url()).build()
    };
    let files: [(&str, &[u8]); 1] = [("log.txt", b"it hangs")];
    for (intents, in_guild) in [(all, 0), (all | Intents::MESSAGE_CONTENT, 1)] {
        let mut shard = twilight_gateway::Shard::with_config(twilight_gateway::ShardId::ONE, config(intents));
        until(&mut shard, |event| matches!(event, Event::GuildCreate(_)).then_some(())).await;
        let mut next = async || {
            let event = until(&mut shard, |event| match event {
                Event::MessageCreate(event) => Some(event),
                _ => None,
            });
            event.await.attachments.len()
        };
        fake.write_with_files(channel, mika, "Here", &files).unwrap();
        assert_eq!(next().await, in_guild);
        fake.write_to_bot_with_files(mika, "Here", &files).unwrap();
        assert_eq!(next().await, 1);
    }
    // By the API what counts is that the intent was switched on for the application.
    let url = format!("{}/api/v10/channels/{channel}/messages", fake.base_url());
    let request = reqwest::Client::new().get(url).header("authorization", format!("Bot {}", super::TOKEN));
    let read: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(read[0]["attachments"][0]["filename"], "log.txt");
}
