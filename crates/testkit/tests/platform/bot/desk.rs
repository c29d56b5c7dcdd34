//! Tickets on Discord: one conversation with the site, seen by each as far as it is theirs.

use anyhow::Context as _;
use app::ticket::{self, Change};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::account::Role;
use domain::ticket::Helper;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{Database, TestApp};
use testkit::caller::TestUser;
use testkit::discord::{Setting, eventually};
use testkit::fleet;

use super::TROUBLE;

testkit::on_both_databases!(
    a_ticket_is_opened_claimed_answered_and_closed_on_discord_and_read_on_the_site,
    files_go_both_ways_once_and_what_the_bot_may_not_read_is_asked_for,
    the_log_keeps_a_conversation_once_and_not_beyond_its_account,
);

/// The customer's tickets as the API lists them.
async fn tickets(test: &TestApp, user: &TestUser) -> anyhow::Result<Vec<Value>> {
    let user = test.log_in(&user.email).await?;
    let list = test.get("/tickets", Some(&user)).await?;
    Ok(list["tickets"].as_array().cloned().unwrap_or_default())
}

/// Who said what in a ticket, as the customer reads it by the API.
async fn conversation(test: &TestApp, user: &TestUser, id: &str) -> anyhow::Result<Vec<String>> {
    let user = test.log_in(&user.email).await?;
    let thread = test.get(&format!("/tickets/{id}"), Some(&user)).await?;
    let line = |message: &Value| {
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}{}", text("side"), text("event"), text("body"))
    };
    Ok(thread["messages"].as_array().map(|all| all.iter().map(line).collect()).unwrap_or_default())
}

async fn a_ticket_is_opened_claimed_answered_and_closed_on_discord_and_read_on_the_site(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    let sora = test.with_team("sora", Role::Support).await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let helper = guild.join_linked(&test.app, "sora", sora.id).await?;
    guild.fake.give_role(guild.id, helper, guild.staff_role)?;

    let thread = guild.open(customer, "No connection", TROUBLE).await?;
    let seen = guild.only_thread()?;
    assert!(seen.is_private && seen.name.starts_with("ticket-1-"), "{seen:?}");
    assert!(seen.members.contains(&customer), "{seen:?}");
    guild.wait_for(thread, TROUBLE).await?;
    let list = tickets(&test, &mika).await?;
    assert_eq!(list.len(), 1);
    assert_eq!(list[0]["state"], "open");
    let id = list[0]["id"].as_str().context("an id")?.to_owned();

    let claimed = guild.says(guild.fake.slash(thread, helper, "ticket claim")?).await?;
    assert!(claimed.is_ephemeral && claimed.content.contains("#1 is yours"), "{claimed:?}");
    let me = format!("<@{}>", guild.fake.bot_id());
    guild.fake.write(thread, helper, &format!("{me} Which app do you use?"))?;
    fleet::eventually("the answer", || async {
        let all = conversation(&test, &mika, &id).await?;
        Ok(all.iter().any(|line| line == "staff Which app do you use?").then_some(()))
    })
    .await?;

    let user = test.log_in(&mika.email).await?;
    let body = json!({ "body": "The one of WireGuard." });
    let (status, _) = test.post(&format!("/tickets/{id}/messages"), Some(&user), &body).await?;
    assert_eq!(status, StatusCode::CREATED);
    guild.wait_for(thread, "The one of WireGuard.").await?;

    let form = guild.fake.slash(thread, helper, "ticket close")?;
    let refused = guild.says(form).await?;
    assert!(refused.content.contains("why"), "{refused:?}");
    let closed = guild.fake.slash_with(thread, helper, "ticket close", &[("reason", "Solved by a new app.".into())])?;
    assert!(guild.says(closed).await?.content.contains("closed"));
    eventually("the thread's end", || {
        let thread = guild.only_thread()?;
        Ok((thread.is_archived && thread.is_locked).then_some(()))
    })
    .await?;
    guild.wait_for(guild.log, "Solved by a new app.").await?;
    let letters = guild.fake.direct_messages(customer);
    assert_eq!(letters.len(), 1, "{letters:?}");
    let (_, five) = letters[0].buttons.last().context("stars")?;
    assert!(guild.says(guild.fake.click(letters[0].id, customer, five)?).await?.content.contains("Thank you"));
    assert_eq!(tickets(&test, &mika).await?[0]["rating"], 5);
    let twice = guild.texts(thread).iter().filter(|text| text.contains("The one of WireGuard.")).count();
    assert_eq!(twice, 1, "{:?}", guild.texts(thread));
    guild.is_content()?;
    bot.end().await
}

/// The smallest picture there is.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The names of all files of a ticket, as the customer sees them by the API.
async fn files(test: &TestApp, user: &TestUser, id: &str) -> anyhow::Result<Vec<(String, String)>> {
    let user = test.log_in(&user.email).await?;
    let thread = test.get(&format!("/tickets/{id}"), Some(&user)).await?;
    let messages = thread["messages"].as_array().cloned().unwrap_or_default();
    let file = |message: &Value, file: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&message["body"]), text(&file["name"]))
    };
    Ok(messages
        .iter()
        .flat_map(|message| {
            message["files"].as_array().into_iter().flatten().map(move |one| file(message, one)).collect::<Vec<_>>()
        })
        .collect())
}

async fn files_go_both_ways_once_and_what_the_bot_may_not_read_is_asked_for(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let thread = guild.open(customer, "No connection", TROUBLE).await?;
    let id = tickets(&test, &mika).await?[0]["id"].as_str().context("an id")?.to_owned();
    let picture = STANDARD.decode(PNG)?;
    let me = format!("<@{}>", guild.fake.bot_id());
    guild.fake.write_with_files(thread, customer, &format!("{me} See here."), &[("screen.png", &picture)])?;
    let there = async |name: &str| {
        fleet::eventually(name, || async {
            let all = files(&test, &mika, &id).await?;
            Ok(all.iter().any(|(_, file)| file == name).then_some(()))
        })
        .await
    };
    there("screen.png").await?;
    // What mentions nobody can't be read; who wrote it is told how, and sends it along.
    let silent = guild.fake.write_with_files(thread, customer, "And this one.", &[("other.png", &picture)])?;
    guild.wait_for(thread, "I can’t read this").await?;
    assert!(!files(&test, &mika, &id).await?.iter().any(|(_, file)| file == "other.png"));
    for _ in 0..2 {
        let said = guild.says(guild.fake.pick(silent, customer, "Send to the ticket")?).await?;
        assert!(said.is_ephemeral && said.content.contains("in the ticket"), "{said:?}");
    }
    there("other.png").await?;
    let names = files(&test, &mika, &id).await?;
    let expected = [("See here.", "screen.png"), ("And this one.", "other.png")];
    assert_eq!(names, expected.map(|(text, name)| (text.to_owned(), name.to_owned())), "each once");
    // What is no file that a desk takes is refused, and said so where it was sent.
    guild.fake.write_with_files(thread, customer, &format!("{me} A program."), &[("run.exe", b"MZ\0\0")])?;
    guild.wait_for(thread, "A file is a picture").await?;
    // And from the site into the thread.
    let user = test.log_in(&mika.email).await?;
    let body =
        json!({ "body": "From the site.", "files": [{ "name": "log.txt", "content": STANDARD.encode("a line") }] });
    let (status, reply) = test.post(&format!("/tickets/{id}/messages"), Some(&user), &body).await?;
    assert_eq!(status, StatusCode::CREATED, "{reply}");
    guild.wait_for(thread, "From the site.").await?;
    let seen: Vec<_> = guild.fake.channel_messages(thread).into_iter().flat_map(|seen| seen.files).collect();
    let from_site: Vec<_> = seen.iter().filter(|file| file.name == "log.txt").collect();
    assert_eq!(from_site.len(), 1, "{seen:?}");
    assert_eq!(reqwest::get(&from_site[0].url).await?.text().await?, "a line");
    guild.is_content()?;
    bot.end().await
}

async fn the_log_keeps_a_conversation_once_and_not_beyond_its_account(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let sora = test.with_team("sora", Role::Support).await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let thread = guild.open(customer, "No connection", TROUBLE).await?;
    let id = ticket::by_number(&test.app, "1").await?.id;
    let helper = Helper { id: sora.id, is_lead: false };
    for reason in ["Solved.", "Solved again."] {
        ticket::change(&test.app, helper, id, &Change::Close(ticket::words("reason", reason)?)).await?;
        guild.wait_for(guild.log, reason).await?;
        eventually("the end", || Ok(guild.only_thread()?.is_locked.then_some(()))).await?;
        if reason == "Solved." {
            test.advance(1_000);
            ticket::change(&test.app, helper, id, &Change::Reopen).await?;
            guild.wait_for(thread, "opened the ticket again").await?;
        }
    }
    let logged = async |count: usize| {
        let seen = fleet::eventually("the log", || async {
            test.advance(15_000);
            Ok((guild.texts(guild.log).len() == count).then_some(()))
        });
        seen.await.with_context(|| format!("{count}: {:?}", guild.texts(guild.log)))
    };
    logged(1).await?;
    assert!(guild.texts(guild.log)[0].contains("Solved again."), "{:?}", guild.texts(guild.log));
    app::admin::users::delete(&test.app, mika.id).await?;
    logged(0).await?;
    guild.is_content()?;
    bot.end().await
}
