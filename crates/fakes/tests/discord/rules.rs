//! What Discord refuses.

use super::{TOKEN, World, code, interaction, reply};
use fakes::discord::{Outcome, Trouble};
use serde_json::{Value, json};
use twilight_model::http::interaction::InteractionResponseType;

/// A request as no library would make it.
pub(crate) async fn ask(world: &World, method: &str, path: &str, body: &Value) -> reqwest::Response {
    let request = world
        .web
        .request(method.parse().unwrap(), format!("{}/api/v10/{path}", world.fake.base_url()))
        .header("authorization", format!("Bot {TOKEN}"))
        .header("user-agent", "DiscordBot (https://example.com, 1)");
    let request = if body.is_null() { request } else { request.json(body) };
    request.send().await.unwrap()
}

/// Its status and body.
pub(crate) async fn call(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let response = ask(world, method, path, body).await;
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

pub(crate) async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    call(world, "POST", path, body).await
}

#[tokio::test]
async fn an_answer_after_three_seconds_is_too_late() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    let asked = world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let event = interaction(&mut shard).await;
    world.advance(3_001);
    assert_eq!(world.fake.outcome(asked).unwrap(), Outcome::DidNotRespond);
    let late = reply(InteractionResponseType::ChannelMessageWithSource, "Sorry");
    assert_eq!(code(&world.answer(&event, &late).await.unwrap_err()), 10062);
}

#[tokio::test]
async fn an_interaction_is_answered_once() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let event = interaction(&mut shard).await;
    let response = reply(InteractionResponseType::ChannelMessageWithSource, "Once");
    world.answer(&event, &response).await.unwrap();
    assert_eq!(code(&world.answer(&event, &response).await.unwrap_err()), 40060);
}

#[tokio::test]
async fn an_answer_that_got_lost_was_given_all_the_same() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    world.with_ticket().await;
    let asked = world.fake.slash(world.channel, world.mika, "ticket").unwrap();
    let event = interaction(&mut shard).await;
    world.fake.trouble("/api/v10/interactions", &[Trouble::AnswerLost]);
    let path = format!("interactions/{}/{}/callback", event.id, event.token);
    let body = json!({ "type": 4, "data": { "content": "Done" } });
    let sent = reqwest::Client::new().post(format!("{}/api/v10/{path}", world.fake.base_url())).json(&body);
    assert!(sent.send().await.is_err());
    assert!(matches!(world.fake.outcome(asked).unwrap(), Outcome::Answered(_)));
    assert_eq!(post(&world, &path, &body).await.1["code"], 40060);
}

#[tokio::test]
async fn what_is_too_long_is_refused_with_its_place() {
    let world = World::new().await;
    world.fake.lift_rate_limits();
    let button = |id: &str| json!({ "type": 2, "style": 1, "label": "Go", "custom_id": id });
    let path = format!("channels/{}/messages", world.channel);
    let rows = |buttons: Value| json!({ "content": "x", "components": [{ "type": 1, "components": buttons }] });
    let menu = |option: Value| rows(json!([{ "type": 3, "custom_id": "m", "options": [option] }]));
    let cases = [
        (json!({ "content": "x".repeat(2001) }), "/errors/content"),
        (json!({ "embeds": [{ "title": "x".repeat(257) }] }), "/errors/embeds/0/title"),
        (json!({ "embeds": [{ "footer": { "text": "x".repeat(2049) } }] }), "/errors/embeds/0/footer/text"),
        (json!({ "embeds": [{ "fields": [{ "name": "n", "value": "" }] }] }), "/errors/embeds/0/fields/0/value"),
        (
            json!({ "embeds": [{ "description": "x".repeat(4000) }, { "description": "x".repeat(2001) }] }),
            "/errors/embeds",
        ),
        (rows(json!([{ "type": 3, "custom_id": "m", "options": [] }])), "/errors/components/0/components/0/options"),
        (menu(json!({ "label": "l".repeat(101), "value": "v" })), "/errors/components/0/components/0/options/0/label"),
        (
            rows(json!([{ "type": 3, "custom_id": "m", "placeholder": "p".repeat(151) }])),
            "/errors/components/0/components/0/placeholder",
        ),
        (
            json!({ "content": "x", "allowed_mentions": { "parse": ["users"], "users": ["1"] } }),
            "/errors/allowed_mentions/users",
        ),
        (rows(json!([button(&"i".repeat(101))])), "/errors/components/0/components/0/custom_id"),
        (rows(json!([button("a"), button("a")])), "/errors/components/0/components/1/custom_id"),
        (rows(json!(["a", "b", "c", "d", "e", "f"].map(button))), "/errors/components/0/components"),
    ];
    for (body, place) in cases {
        let (status, error) = post(&world, &path, &body).await;
        assert_eq!((status, &error["code"]), (400, &json!(50035)), "{error}");
        assert!(error.pointer(&format!("{place}/_errors/0/code")).is_some(), "{place} in {error}");
    }
    assert!(world.fake.channel_messages(world.channel).is_empty());
}

#[tokio::test]
async fn a_message_pings_whom_it_may() {
    let world = World::new().await;
    let path = format!("channels/{}/messages", world.channel);
    let staff = world.fake.role(world.guild, "staff", 0).unwrap();
    let text = format!("<@{}> <@&{staff}> @everyone", world.mika);
    let (mika, role) = (vec![world.mika], vec![staff]);
    let cases = [
        (json!({ "parse": [] }), (vec![], vec![], false)),
        (json!({ "parse": [], "users": [world.mika.to_string()] }), (mika.clone(), vec![], false)),
        (json!({ "parse": ["roles"] }), (vec![], role.clone(), false)),
        (json!({ "parse": ["users", "everyone"] }), (mika.clone(), vec![], true)),
    ];
    for (allowed, wanted) in cases {
        let (_, sent) = post(&world, &path, &json!({ "content": text, "allowed_mentions": allowed })).await;
        assert_eq!(sent["mentions"].as_array().unwrap().len(), wanted.0.len());
        let seen = world.fake.channel_messages(world.channel);
        let pings = seen.last().unwrap().pings.clone();
        assert_eq!((pings.users, pings.roles, pings.everyone), wanted);
    }
    assert!(world.fake.violations().is_empty());
    // A person who may not mention everyone pings single people alone.
    world.fake.set_permissions(world.guild, world.guild, (1 << 10) | (1 << 11)).unwrap();
    world.fake.write(world.channel, world.mika, &text).unwrap();
    let pings = world.fake.channel_messages(world.channel).last().unwrap().pings.clone();
    assert_eq!((pings.users, pings.roles, pings.everyone), (mika, vec![], false));
}

#[tokio::test]
async fn a_bot_that_says_not_who_it_is_or_pings_unasked_is_told_of() {
    let world = World::new().await;
    let path = format!("channels/{}/messages", world.channel);
    assert_eq!(post(&world, &path, &json!({ "content": "hello @everyone" })).await.0, 200);
    assert!(world.fake.violations()[0].contains("allowed_mentions"));
    let bare = reqwest::get(format!("{}/api/v10/users/@me", world.fake.base_url())).await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(world.fake.violations().len(), 3);
}
