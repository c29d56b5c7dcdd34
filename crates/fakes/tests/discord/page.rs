//! The page that plays the client, driven as a browser without script would, against a small bot.

use super::rules::{call, post};
use super::{World, interaction};
use serde_json::{Value, json};
use std::time::Duration;
use twilight_gateway::Shard;
use twilight_model::application::interaction::InteractionData;
use twilight_model::gateway::payload::incoming::InteractionCreate;

/// The page under a prefix, and who looks at it.
struct Browser {
    page: String,
    web: reqwest::Client,
}

impl Browser {
    async fn open(world: &World) -> Browser {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let page = format!("http://{}/discord", listener.local_addr().unwrap());
        let router = axum::Router::new().nest("/discord", world.fake.page());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Browser { page, web: reqwest::Client::new() }
    }

    async fn get(&self, query: &str) -> String {
        let reply = self.web.get(format!("{}{query}", self.page)).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        reply.text().await.unwrap()
    }

    /// What stands there after a form was sent, and the query of its address.
    async fn post(&self, query: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
        let reply = self.web.post(format!("{}{query}", self.page)).form(fields).send().await.unwrap();
        let (status, query) = (reply.status().as_u16(), reply.url().query().unwrap_or_default().to_owned());
        (status, reply.text().await.unwrap(), format!("?{query}"))
    }
}

/// Registers `/ticket open|list|later|never`.
async fn register(world: &World) {
    let topic = json!({ "type": 3, "name": "topic", "description": "What", "required": true });
    let server = json!({ "type": 3, "name": "server", "description": "Where", "autocomplete": true });
    let urgent = json!({ "type": 5, "name": "urgent", "description": "Now" });
    let open = json!({ "type": 1, "name": "open", "description": "Open one", "options": [topic, server, urgent] });
    let plain = |name: &str| json!({ "type": 1, "name": name, "description": "<script>alert(1)</script>" });
    let below = json!([open, plain("list"), plain("later"), plain("never")]);
    let path = format!("applications/{}/guilds/{}/commands", world.fake.bot_id(), world.guild);
    let commands = json!([
        { "name": "ticket", "description": "Tickets", "options": below },
        { "name": "staff", "description": "For staff", "default_member_permissions": "8192" },
    ]);
    assert_eq!(call(world, "PUT", &path, &commands).await.0, 200);
}

fn form() -> Value {
    let what = json!({ "type": 4, "custom_id": "what", "style": 2, "min_length": 5 });
    let options = json!([{ "label": "Linux", "value": "linux" }, { "label": "<script>", "value": "odd" }]);
    let os = json!({ "type": 3, "custom_id": "os", "options": options });
    json!({ "type": 9, "data": { "title": "Your ticket", "custom_id": "ticket", "components": [
        { "type": 18, "label": "What happened?", "component": what },
        { "type": 18, "label": "System", "description": "Where it runs", "component": os },
    ] } })
}

fn answer(event: &InteractionCreate) -> Option<Value> {
    let who = event.author_id().unwrap();
    let button = json!({ "type": 2, "style": 3, "label": "Claim <script>", "custom_id": "claim" });
    let option = json!({ "label": "High", "value": "high" });
    let menu = json!({ "type": 3, "custom_id": "priority", "options": [option] });
    let rows = json!([{ "type": 1, "components": [button] }, { "type": 1, "components": [menu] }]);
    match event.data.as_ref().unwrap() {
        InteractionData::ApplicationCommand(data) => {
            let line = data.options[0].name.as_str();
            // Discord asks for proposals by the same data.
            let is_typing =
                event.kind == twilight_model::application::interaction::InteractionType::ApplicationCommandAutocomplete;
            match line {
                "open" if is_typing => {
                    Some(json!({ "type": 8, "data": { "choices": [{ "name": "Frankfurt", "value": "fra1" }] } }))
                }
                "open" => Some(form()),
                "list" => {
                    let embed = json!({ "title": "Open", "description": "**one** ticket", "color": 255 });
                    Some(json!({ "type": 4, "data": { "content": "Yours:", "flags": 64, "embeds": [embed] } }))
                }
                "later" => Some(json!({ "type": 5 })),
                _ => None,
            }
        }
        InteractionData::ModalSubmit(_) => {
            let text = "A ticket is open, see https://mirai.example/t/1";
            Some(json!({ "type": 4, "data": { "content": text, "components": rows } }))
        }
        InteractionData::MessageComponent(data) => {
            let what = if data.custom_id == "claim" { "Claimed" } else { "Ranked" };
            let content = format!("{what} by <@{who}>");
            Some(
                json!({ "type": 7, "data": { "content": content, "allowed_mentions": { "parse": [] }, "components": rows } }),
            )
        }
        _ => None,
    }
}

/// Answers until the story is told.
async fn with_bot(world: &World, shard: &mut Shard, story: impl Future<Output = ()>) {
    let bot = async {
        loop {
            let event = interaction(shard).await;
            let Some(body) = answer(&event) else {
                // Its time is over.
                world.advance(3_001);
                continue;
            };
            let path = format!("interactions/{}/{}/callback", event.id, event.token);
            assert_eq!(post(world, &path, &body).await.0, 204, "{body}");
        }
    };
    tokio::select! {
        () = bot => {}
        () = story => {}
    }
}

#[tokio::test]
async fn a_newcomer_opens_a_ticket_by_clicking_and_staff_claims_it() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    register(&world).await;
    let staff = world.fake.role(world.guild, "staff", 8192).unwrap();
    let rei = world.fake.member(world.guild, "rei", super::START);
    world.fake.give_role(world.guild, rei, staff).unwrap();
    let browser = Browser::open(&world).await;
    let story = async {
        let page = browser.get("").await;
        assert!(page.contains("This is a pretend Discord"));
        assert!(page.contains("<h1 id=\"title\" data-live>#help</h1>"));
        assert!(page.contains("rei <span class=\"role\">staff</span>"));
        let mika = format!("?as={}&in={}", world.mika, world.channel);
        let page = browser.get(&mika).await;
        assert!(page.contains("/ticket open</a> – Open one"));
        assert!(!page.contains("/staff</a>"), "a command for staff is not offered to others");
        assert!(browser.get(&format!("?as={rei}")).await.contains("/staff</a>"));

        let line = format!("{mika}&line=ticket+open");
        let fill = |more: (&'static str, &'static str)| [("do", "run"), ("o:topic", "vpn"), ("o:server", "fr"), more];
        let (status, page, _) = browser.post(&line, &fill(("suggest", "server"))).await;
        assert_eq!(status, 200);
        assert!(page.contains("value=\"server fra1\">Frankfurt</button>"));
        let (_, page, _) = browser.post(&line, &fill(("pick", "server fra1"))).await;
        assert!(page.contains("name=\"o:server\" value=\"fra1\""));
        assert!(page.contains("name=\"o:topic\" value=\"vpn\""));
        let (status, page, _) = browser.post(&line, &[("do", "run"), ("o:topic", "")]).await;
        assert_eq!(status, 422);
        assert!(page.contains("an option that is required"));

        let (_, page, form) = browser.post(&line, &fill(("o:urgent", "true"))).await;
        assert!(form.contains("form="), "{form}");
        assert!(page.contains("<h2>Your ticket</h2>") && page.contains("What happened? *"));
        let (status, page, _) = browser.post(&form, &[("do", "submit"), ("f:what", "no"), ("f:os", "linux")]).await;
        assert_eq!(status, 422);
        assert!(page.contains("takes 5 to 4000 letters") && page.contains(">no</textarea>"));
        assert!(page.contains("<option value=\"linux\" selected>Linux</option>"));
        let fields = [("do", "submit"), ("f:what", "It hangs"), ("f:os", "linux")];
        let (_, page, _) = browser.post(&form, &fields).await;
        assert!(page.contains("<a href=\"https://mirai.example/t/1\""));

        let message = world.fake.channel_messages(world.channel)[0].id.to_string();
        let at = format!("?as={rei}&in={}", world.channel);
        let claim = [("do", "click"), ("message", &message), ("custom_id", "claim")];
        let (status, page, _) = browser.post(&at, &claim).await;
        assert_eq!(status, 200);
        assert!(page.contains("Claimed by <span class=\"at\">@rei</span> <span class=\"quiet\">(edited)</span>"));
        let rank = [("do", "choose"), ("message", &message), ("custom_id", "priority"), ("value", "high")];
        assert!(browser.post(&at, &rank).await.1.contains("Ranked by"));
        assert!(browser.get(&mika).await.contains("Ranked by"));
        // A form is open before one person alone.
        let of_another = form.replace(&world.mika.to_string(), &rei.to_string());
        assert!(browser.get(&of_another).await.contains("No form is open."));

        let direct = post(&world, "users/@me/channels", &json!({ "recipient_id": rei.to_string() })).await.1;
        let button = json!({ "type": 2, "style": 1, "label": "Mine", "custom_id": "claim" });
        let body = json!({ "content": "A ticket waits", "components": [{ "type": 1, "components": [button] }] });
        let path = format!("channels/{}/messages", direct["id"].as_str().unwrap());
        assert_eq!(post(&world, &path, &body).await.0, 200);
        let at = format!("?as={rei}&in=dm");
        let page = browser.get(&at).await;
        assert!(page.contains("A ticket waits") && !page.contains("/staff</a>"));
        let message = world.fake.direct_messages(rei)[0].id.to_string();
        let claim = [("do", "click"), ("message", &message), ("custom_id", "claim")];
        assert!(browser.post(&at, &claim).await.1.contains("Claimed by"));
        assert!(!browser.get(&format!("?as={}&in=dm", world.mika)).await.contains("Claimed by"));
    };
    with_bot(&world, &mut shard, story).await;
    assert_eq!(world.fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_for_one_is_seen_by_that_one_and_a_silent_bot_is_told_of() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    register(&world).await;
    let rei = world.fake.member(world.guild, "rei", super::START);
    let browser = Browser::open(&world).await;
    let story = async {
        let line = |name: &str| format!("?as={}&in={}&line=ticket+{name}", world.mika, world.channel);
        let (_, page, _) = browser.post(&line("list"), &[("do", "run")]).await;
        assert!(page.contains("Only you can see this") && page.contains("<strong>one</strong> ticket"));
        assert!(page.contains("border-color:#0000ff"));
        assert!(page.contains("mika used /ticket list"));
        let message = page.split("alone\" id=\"m").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        let error = world.fake.click(message, rei, "claim").unwrap_err().to_string();
        assert!(error.contains("does not see the message"), "{error}");
        assert!(!browser.get(&format!("?as={rei}")).await.contains("Only you can see this"));

        let (_, page, _) = browser.post(&line("never"), &[("do", "run")]).await;
        assert!(page.contains("The application did not respond"));
    };
    with_bot(&world, &mut shard, story).await;
}

#[tokio::test]
async fn what_changes_is_asked_for_by_a_mark_and_the_thinking_ends() {
    let world = World::new().await;
    let mut shard = world.ready().await;
    register(&world).await;
    let browser = Browser::open(&world).await;
    let story = async {
        let here = format!("?as={}&in={}", world.mika, world.channel);
        let (_, page, _) = browser.post(&format!("{here}&line=ticket+later"), &[("do", "run")]).await;
        assert!(page.contains("mirai is thinking…"));
        world.fake.write_with_files(world.channel, world.mika, "", &[("a.log", b"x")]).unwrap();
        let mark = |page: &str| page.split("data-version=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let page = browser.get(&here).await;
        let poll = format!("{}{here}&poll={}", browser.page, mark(&page));
        world.advance(1_000);
        let same = browser.web.get(&poll).send().await.unwrap();
        assert_eq!(same.status(), 204);
        let token = world.fake.requests().iter().find(|one| one.path.ends_with("/callback")).unwrap().path.clone();
        let token = token.split('/').nth(5).unwrap().to_owned();
        let edit = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let path = format!("webhooks/{}/{token}/messages/@original", world.fake.bot_id());
            assert_eq!(call(&world, "PATCH", &path, &json!({ "content": "Here it is" })).await.0, 200);
        };
        let (changed, ()) = tokio::join!(browser.web.get(&poll).send(), edit);
        let changed = changed.unwrap();
        assert_eq!(changed.status(), 200);
        let page = changed.text().await.unwrap();
        assert!(page.contains("Here it is") && !page.contains("is thinking"));
    };
    with_bot(&world, &mut shard, story).await;
}

#[tokio::test]
async fn one_reads_and_writes_only_where_one_may() {
    let world = World::new().await;
    let _shard = world.ready().await;
    let rei = world.fake.member(world.guild, "rei", super::START);
    let body = json!({ "name": "ticket-1", "type": 12, "invitable": false });
    let (_, thread) = post(&world, &format!("channels/{}/threads", world.channel), &body).await;
    let thread: u64 = thread["id"].as_str().unwrap().parse().unwrap();
    let path = format!("channels/{thread}/thread-members/{}", world.mika);
    assert_eq!(call(&world, "PUT", &path, &Value::Null).await.0, 204);
    let browser = Browser::open(&world).await;
    let category = world.fake.category(world.guild, "Tickets");
    assert!(!browser.get("").await.contains("Tickets"), "a category of which one sees nothing is not shown");
    let body = json!({ "name": "t", "parent_id": category.to_string() });
    assert_eq!(post(&world, &format!("guilds/{}/channels", world.guild), &body).await.0, 200);
    assert!(browser.get("").await.contains("Tickets</li>"));
    assert!(browser.get(&format!("?as={}", world.mika)).await.contains("🔒 ticket-1"));
    let page = browser.get(&format!("?as={rei}&in={thread}")).await;
    assert!(!page.contains("ticket-1") && page.contains(">#help</h1>"));

    let parts = "--x\r\nContent-Disposition: form-data; name=\"do\"\r\n\r\nwrite\r\n\
        --x\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\nSee the log\r\n\
        --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"vpn.log\"\r\n\r\nhandshake\r\n--x--\r\n";
    for place in [thread.to_string(), "dm".to_owned()] {
        let url = format!("{}?as={}&in={place}", browser.page, world.mika);
        let sent = browser.web.post(url).header("content-type", "multipart/form-data; boundary=x").body(parts);
        let page = sent.send().await.unwrap().text().await.unwrap();
        assert!(page.contains("See the log") && page.contains("9 B"));
        let link = page.split("📄 <a href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
        assert_eq!(reqwest::get(link).await.unwrap().text().await.unwrap(), "handshake");
    }
    assert_eq!(world.fake.direct_messages(world.mika)[0].files[0].name, "vpn.log");
    let (status, page, _) = browser.post(&format!("?as={rei}"), &[("do", "write"), ("content", " ")]).await;
    assert_eq!(status, 422);
    assert!(page.contains("a message has 1 to 2000 letters"));
}

#[tokio::test]
async fn the_bot_shows_its_state_and_is_offline_when_it_has_gone() {
    let world = World::new().await;
    let browser = Browser::open(&world).await;
    assert!(browser.get("").await.contains("offline"));
    let shard = world.ready().await;
    assert!(browser.get("").await.contains("<span class=\"quiet\">online</span>"));
    let activity = json!({ "name": "state", "type": 4, "state": "3 servers up" });
    let presence = json!({ "op": 3, "d": { "since": null, "activities": [activity], "status": "idle", "afk": false } });
    shard.sender().send(presence.to_string()).unwrap();
    let mut shard = shard;
    let look = async {
        while !browser.get("").await.contains("idle: 3 servers up") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = interaction(&mut shard) => panic!("nothing was asked"),
        () = look => {}
    }
    drop(shard);
    while !browser.get("").await.contains("<span class=\"dot offline\">") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn whatever_people_and_the_bot_write_is_text() {
    let world = World::new().await;
    register(&world).await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let who = world.fake.member(world.guild, evil, super::START - 1);
    let channel = world.fake.text_channel(world.guild, evil);
    world.fake.role(world.guild, evil, 0).unwrap();
    world
        .fake
        .write_with_files(channel, who, &format!("{evil} **{evil}** `{evil}` [x](javascript:alert(1)) <@{who}>"), &[])
        .unwrap();
    let parts = json!([
        { "type": 2, "style": 1, "label": evil, "custom_id": evil },
        { "type": 2, "style": 5, "label": evil, "url": "javascript:alert(1)" },
    ]);
    let menu = json!({ "type": 3, "custom_id": "m", "placeholder": evil, "options": [{ "label": evil, "value": evil, "description": evil }] });
    let embed = json!({ "title": evil, "url": "javascript:alert(1)", "description": evil, "footer": { "text": evil },
        "author": { "name": evil }, "fields": [{ "name": evil, "value": evil }], "image": { "url": "javascript:alert(1)" } });
    let body = json!({ "content": evil, "embeds": [embed], "components": [
        { "type": 1, "components": parts }, { "type": 1, "components": [menu] },
    ] });
    assert_eq!(post(&world, &format!("channels/{channel}/messages"), &body).await.0, 200);
    let browser = Browser::open(&world).await;
    let here = format!("?as={who}&in={channel}");
    let (_, refused, _) = browser.post(&here, &[("do", "choose"), ("custom_id", evil), ("content", evil)]).await;
    for page in [browser.get(&here).await, refused, browser.get(&format!("{here}&line={evil}")).await] {
        assert!(page.contains("&lt;script&gt;alert(1)"));
        assert_eq!(page.matches("<script").count(), 1, "the page's own alone");
        assert!(!page.contains("<img") && !page.contains("href=\"javascript"));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let page = fakes::discord::DiscordPage::start(&world.fake, listener).unwrap();
    let reply = browser.web.get(page.base_url()).send().await.unwrap();
    let policy = reply.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"), "{policy}");
    page.stop().await;
}
