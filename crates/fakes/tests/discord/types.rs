//! The pretend Discord against the types of its API that the makers of discord.js publish (npm `discord-api-types`), so
//! that it can't drift into our own misunderstanding, or into twilight's.

use super::rules::{ask, call, post};
use super::socket::Socket;
use super::{TOKEN, World, npm};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use twilight_model::gateway::Intents;

/// The events that the life must show, and the type of each.
const EVENTS: &[(&str, &str)] = &[
    ("CHANNEL_CREATE", "GatewayChannelCreateDispatch"),
    ("CHANNEL_DELETE", "GatewayChannelDeleteDispatch"),
    ("CHANNEL_UPDATE", "GatewayChannelUpdateDispatch"),
    ("GUILD_CREATE", "GatewayGuildCreateDispatch"),
    ("GUILD_MEMBER_UPDATE", "GatewayGuildMemberUpdateDispatch"),
    ("GUILD_ROLE_CREATE", "GatewayGuildRoleCreateDispatch"),
    ("GUILD_ROLE_UPDATE", "GatewayGuildRoleUpdateDispatch"),
    ("INTERACTION_CREATE", "GatewayInteractionCreateDispatch"),
    ("MESSAGE_CREATE", "GatewayMessageCreateDispatch"),
    ("MESSAGE_DELETE", "GatewayMessageDeleteDispatch"),
    ("MESSAGE_UPDATE", "GatewayMessageUpdateDispatch"),
    ("READY", "GatewayReadyDispatch"),
    ("THREAD_CREATE", "GatewayThreadCreateDispatch"),
    ("THREAD_DELETE", "GatewayThreadDeleteDispatch"),
    ("THREAD_MEMBERS_UPDATE", "Own.ThreadMembersUpdate"),
    ("THREAD_UPDATE", "GatewayThreadUpdateDispatch"),
];

/// A value as a TypeScript expression on one line: JSON, with sums of bits marked as such.
fn expression(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let is_bits = name == "flags" || name.ends_with("_flags");
                let value = if is_bits && value.is_u64() { format!("bits({value})") } else { expression(value) };
                format!("{}: {value}", json!(name))
            };
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<String>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(expression).collect::<Vec<String>>().join(", ")),
        other => other.to_string(),
    }
}

/// Everything that the fake said, each with its type.
#[derive(Default)]
struct Said(Vec<(&'static str, Value)>);

impl Said {
    fn note(&mut self, kind: &'static str, value: &Value) {
        assert!(!value.is_null(), "nothing to hold against {kind}");
        self.0.push((kind, value.clone()));
    }
}

/// What the API answers to all that a bot asks.
async fn by_api(world: &World, said: &mut Said) {
    let (bot, guild, channel, mika) = (world.fake.bot_id(), world.guild, world.channel, world.mika);
    let get = async |path: String| call(world, "GET", &path, &Value::Null).await.1;
    said.note("APIUser", &get("users/@me".to_owned()).await);
    said.note("RESTGetAPIGatewayResult", &get("gateway".to_owned()).await);
    said.note("RESTGetAPIGatewayBotResult", &get("gateway/bot".to_owned()).await);
    said.note("RESTGetAPIGuildResult", &get(format!("guilds/{guild}")).await);
    said.note("RESTGetAPIGuildRolesResult", &get(format!("guilds/{guild}/roles")).await);
    said.note("RESTGetAPIGuildMemberResult", &get(format!("guilds/{guild}/members/{mika}")).await);
    let channels = get(format!("guilds/{guild}/channels")).await;
    channels.as_array().unwrap().iter().for_each(|one| said.note("APITextChannel", one));

    let category = json!({ "name": "Tickets", "type": 4 });
    let category = post(world, &format!("guilds/{guild}/channels"), &category).await.1;
    said.note("APIGuildCategoryChannel", &category);
    let ticket = json!({ "name": "t", "parent_id": category["id"], "topic": "mika" });
    let ticket = post(world, &format!("guilds/{guild}/channels"), &ticket).await.1;
    said.note("APITextChannel", &ticket);
    let path = format!("channels/{}", ticket["id"].as_str().unwrap());
    said.note("APITextChannel", &call(world, "PATCH", &path, &json!({ "name": "u" })).await.1);
    said.note("APITextChannel", &call(world, "DELETE", &path, &Value::Null).await.1);

    let thread = json!({ "name": "t", "type": 12 });
    let thread = post(world, &format!("channels/{channel}/threads"), &thread).await.1;
    said.note("APIThreadChannel", &thread);
    let path = format!("channels/{}", thread["id"].as_str().unwrap());
    assert_eq!(call(world, "PUT", &format!("{path}/thread-members/{mika}"), &Value::Null).await.0, 204);
    let members = get(format!("{path}/thread-members")).await;
    members.as_array().unwrap().iter().for_each(|one| said.note("APIThreadMember", one));
    said.note("APIThreadChannel", &call(world, "PATCH", &path, &json!({ "archived": true })).await.1);
    assert_eq!(call(world, "DELETE", &path, &Value::Null).await.0, 200);

    let direct = post(world, "users/@me/channels", &json!({ "recipient_id": mika.to_string() })).await.1;
    said.note("Own.DirectChannel", &direct);
    let button = json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go", "emoji": { "name": "x" } });
    let option = json!({ "label": "A", "value": "a", "description": "first" });
    let menu = json!({ "type": 3, "custom_id": "m", "options": [option] });
    let message = json!({
        "content": format!("<@{mika}>"), "allowed_mentions": { "users": [mika.to_string()] }, "nonce": "n-1",
        "embeds": [{ "title": "T", "color": 1, "fields": [{ "name": "n", "value": "v" }], "footer": { "text": "f" } }],
        "components": [{ "type": 1, "components": [button] }, { "type": 1, "components": [menu] }],
    });
    let sent = post(world, &format!("channels/{channel}/messages"), &message).await.1;
    said.note("APIMessage", &sent);
    let path = format!("channels/{channel}/messages/{}", sent["id"].as_str().unwrap());
    said.note("APIMessage", &call(world, "PATCH", &path, &json!({ "content": "x" })).await.1);
    let file = [("log.txt", b"it hangs".as_slice())];
    world.fake.write_with_files(channel, mika, "Here", &file).unwrap();
    said.note("RESTGetAPIChannelMessagesResult", &get(format!("channels/{channel}/messages")).await);
    assert_eq!(call(world, "DELETE", &path, &Value::Null).await.0, 204);

    said.note("RESTError", &post(world, &format!("channels/{channel}/messages"), &json!({})).await.1);
    let long = json!({ "content": "x".repeat(2001) });
    said.note("RESTError", &post(world, &format!("channels/{channel}/messages"), &long).await.1);
    for _ in 0..5 {
        let limited = ask(world, "POST", &format!("channels/{channel}/messages"), &json!({ "content": "x" })).await;
        if limited.status() == 429 {
            said.note("RESTRateLimit", &limited.json().await.unwrap());
            break;
        }
    }
    world.advance(5_000);
    let topic = json!({ "type": 3, "name": "topic", "description": "What", "autocomplete": true });
    let who = json!({ "type": 6, "name": "who", "description": "Whom" });
    let below = json!([{ "type": 1, "name": "open", "description": "Open one", "options": [topic, who] }]);
    let command = json!([{ "name": "ticket", "description": "Tickets", "options": below }]);
    let commands = call(world, "PUT", &format!("applications/{bot}/guilds/{guild}/commands"), &command).await.1;
    commands.as_array().unwrap().iter().for_each(|one| said.note("APIApplicationCommand", one));
}

/// Every kind of interaction, and what the API answers to its callbacks.
async fn by_interactions(world: &World, socket: &mut Socket, said: &mut Said) {
    let (channel, mika) = (world.channel, world.mika);
    let options = [("topic", json!("vpn")), ("who", json!(mika.to_string()))];
    let mut respond = async |body: Value| {
        let event = loop {
            let event: Value = serde_json::from_str(&socket.text().await.unwrap()).unwrap();
            said.0.push(("", event.clone()));
            if event["t"] == "INTERACTION_CREATE" {
                break event["d"].clone();
            }
        };
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let path = format!("interactions/{}/{}/callback?with_response=true", text("id"), text("token"));
        let (status, reply) = post(world, &path, &body).await;
        assert_eq!(status, 200, "{reply}");
        said.note("RESTPostAPIInteractionCallbackWithResponseResult", &reply);
    };
    world.fake.type_option(channel, mika, "ticket open", ("topic", "v")).unwrap();
    respond(json!({ "type": 8, "data": { "choices": [{ "name": "VPN", "value": "vpn" }] } })).await;
    let asked = world.fake.slash_with(channel, mika, "ticket open", &options).unwrap();
    let field = json!({ "type": 18, "label": "What", "component": { "type": 4, "custom_id": "what", "style": 1 } });
    let menu = json!({ "type": 3, "custom_id": "os", "options": [{ "label": "Linux", "value": "linux" }] });
    let menu = json!({ "type": 18, "label": "System", "component": menu });
    let form = json!({ "title": "Ticket", "custom_id": "f", "components": [field, menu] });
    respond(json!({ "type": 9, "data": form })).await;
    world.fake.submit(asked, &[("what", "it hangs"), ("os", "linux")]).unwrap();
    let button = json!({ "type": 2, "style": 1, "label": "Go", "custom_id": "go" });
    let menu = json!({ "type": 3, "custom_id": "m", "options": [{ "label": "A", "value": "a" }] });
    let rows = json!([{ "type": 1, "components": [button] }, { "type": 1, "components": [menu] }]);
    respond(json!({ "type": 4, "data": { "content": "Open", "flags": 64, "components": rows } })).await;
    world.fake.slash_with(channel, mika, "ticket open", &options).unwrap();
    respond(json!({ "type": 4, "data": { "content": "Open", "components": rows } })).await;
    let message = world.fake.channel_messages(channel).last().unwrap().id;
    world.fake.click(message, mika, "go").unwrap();
    respond(json!({ "type": 6 })).await;
    world.fake.choose(message, mika, "m", &["a"]).unwrap();
    respond(json!({ "type": 7, "data": { "content": "Done" } })).await;
}

#[tokio::test]
async fn every_object_fits_the_published_types() {
    let Some(folder) = npm::installed("discord-types", &["wire.ts"]) else { return };
    let privileged = Intents::GUILD_MEMBERS | Intents::MESSAGE_CONTENT;
    let world = World::with_privileged(privileged.bits()).await;
    let mut socket = Socket::connect(&world.fake.gateway_url()).await;
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::DIRECT_MESSAGES | privileged;
    let identify = json!({ "op": 2, "d": { "token": TOKEN, "intents": intents.bits() } });
    socket.send(&identify.to_string()).await;
    let mut said = Said::default();
    by_api(&world, &mut said).await;
    let staff = world.fake.role(world.guild, "staff", 0).unwrap();
    world.fake.raise_role(world.guild, staff).unwrap();
    world.fake.give_role(world.guild, world.mika, staff).unwrap();
    world.fake.write_to_bot(world.mika, "Hello").unwrap();
    by_interactions(&world, &mut socket, &mut said).await;
    world.fake.overwrite(world.channel, staff, 1 << 10, 0).unwrap();
    while let Some(text) = socket.text().await {
        said.0.push(("", serde_json::from_str(&text).unwrap()));
    }

    let mut file = String::from(
        "import type * as D from 'discord-api-types/v10';\nimport { bits, type Wire } from './wire.js';\nimport type * as Own from './wire.js';\n\n",
    );
    let mut names = BTreeSet::new();
    for (number, (kind, value)) in said.0.iter().enumerate() {
        let name = value["t"].as_str().unwrap_or_default();
        let event = EVENTS.iter().find(|(event, _)| *event == name).map(|(_, kind)| *kind);
        let kind = match value["op"].as_u64() {
            _ if !kind.is_empty() => kind,
            Some(10) => "GatewayHello",
            _ => event.unwrap_or_else(|| panic!("this test has no type for {name}")),
        };
        names.insert(kind);
        // Most are the package's.
        let kind = if kind.contains('.') { kind.to_owned() } else { format!("D.{kind}") };
        writeln!(file, "export const v{number}: Wire<{kind}> = {};", expression(value)).unwrap();
    }
    for (name, kind) in EVENTS {
        assert!(names.contains(kind), "the life has no {name}");
    }
    // Had the types no teeth, these would pass.
    let wrong = [
        ("APIUser", json!({ "id": 1 })),
        (
            "GatewayMessageDeleteDispatch",
            json!({ "op": 0, "t": "MESSAGE_GONE", "s": 1, "d": { "id": "1", "channel_id": "2" } }),
        ),
    ];
    for (number, (kind, value)) in wrong.iter().enumerate() {
        writeln!(file, "// @ts-expect-error\nexport const w{number}: Wire<D.{kind}> = {};", expression(value)).unwrap();
    }
    std::fs::write(folder.join("emitted.ts"), file).unwrap();
    let compiler = ["node_modules/typescript/bin/tsc", "--noEmit", "--strict", "-p", "tsconfig.json"];
    npm::run(Command::new("node").args(compiler), &folder, "");
}
