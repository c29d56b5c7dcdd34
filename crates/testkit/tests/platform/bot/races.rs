//! What many do at once, and what happens by hand on Discord.

use anyhow::Context as _;
use app::admin::users::{self, Verified};
use app::discord::link;
use app::sign_up::Registration;
use app::ticket::{self, Change};
use domain::account::{Email, Language, Password, Role};
use domain::ticket::Helper;
use fakes::discord::{GatewayTrouble, Outcome};
use testkit::app::{Database, TestApp};
use testkit::caller::PASSWORD;
use testkit::discord::{Guild, Setting, eventually};
use testkit::fleet;

use super::TROUBLE;

testkit::on_both_databases!(
    of_fifty_who_claim_on_discord_one_has_the_ticket_and_the_others_are_told,
    a_thread_that_is_deleted_by_hand_closes_its_ticket_and_another_takes_its_place,
    an_interaction_that_comes_twice_is_done_once,
    a_session_is_handed_over_and_what_was_written_meanwhile_is_read,
);

/// A customer with a ticket in a thread, and who they are on Discord.
async fn with_ticket(test: &TestApp, guild: &Guild) -> anyhow::Result<(u64, u64)> {
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    Ok((customer, guild.open(customer, "No connection", TROUBLE).await?))
}

/// One of the team, on Discord too.
async fn colleague(test: &TestApp, guild: &Guild, name: &str) -> anyhow::Result<(u64, Helper)> {
    let new = Registration {
        email: Email::parse(&format!("{name}@example.net"))?,
        password: Password::parse(PASSWORD)?,
        language: Language::En,
        referral_code: None,
    };
    let user = users::create(&test.app, &new, Role::Support, Verified::Already).await?;
    let member = guild.join(name);
    guild.fake.give_role(guild.id, member, guild.staff_role)?;
    let code = link::code(&test.app, user.id).await?;
    link::link(&test.app, i64::try_from(member)?, &code).await?;
    Ok((member, Helper { id: user.id, is_lead: false }))
}

async fn state(test: &TestApp, number: i64) -> anyhow::Result<store::tickets::Model> {
    store::tickets::by_number(&test.app.store, number).await?.context("the ticket")
}

async fn is_closed(test: &TestApp) -> anyhow::Result<()> {
    let closed = || async { Ok((state(test, 1).await?.state == "closed").then_some(())) };
    fleet::eventually("the ticket's end", closed).await
}

async fn of_fifty_who_claim_on_discord_one_has_the_ticket_and_the_others_are_told(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let (_, thread) = with_ticket(&test, &guild).await?;
    let mut team = Vec::new();
    for n in 0..50 {
        team.push(colleague(&test, &guild, &format!("sora{n}")).await?);
    }
    let asked: Vec<u64> =
        team.iter().map(|(member, _)| guild.fake.slash(thread, *member, "ticket claim")).collect::<Result<_, _>>()?;
    let mut winners = Vec::new();
    for (asked, (_, helper)) in asked.into_iter().zip(&team) {
        let said = guild.says(asked).await?;
        if said.content.contains("is yours") {
            winners.push(helper.id);
        } else {
            assert!(said.is_ephemeral && said.content.to_lowercase().contains("another of the team"), "{said:?}");
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(state(&test, 1).await?.claimed_by, winners.pop());
    // Closed by two at once is closed once.
    let reason = || [("reason", "Done.".into())];
    let (one, other) = (team[0].0, team[1].0);
    let first = guild.fake.slash_with(thread, one, "ticket close", &reason())?;
    let second = guild.fake.slash_with(thread, other, "ticket close", &reason())?;
    guild.says(first).await?;
    guild.says(second).await?;
    eventually("the end", || Ok(guild.only_thread()?.is_locked.then_some(()))).await?;
    let closings = guild.texts(thread).iter().filter(|text| text.contains("closed the ticket")).count();
    assert_eq!((closings, guild.texts(guild.log).len()), (1, 1));
    guild.is_content()?;
    bot.end().await
}

async fn a_thread_that_is_deleted_by_hand_closes_its_ticket_and_another_takes_its_place(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let (_, thread) = with_ticket(&test, &guild).await?;
    let (_, helper) = colleague(&test, &guild, "sora").await?;
    guild.fake.delete_channel(thread)?;
    is_closed(&test).await?;
    // Opened again, it has a thread again.
    let id = state(&test, 1).await?.id;
    ticket::change(&test.app, helper, id, &Change::Reopen).await?;
    let again = eventually("another thread", || Ok(guild.fake.threads(guild.support).pop())).await?;
    assert!(again.name.starts_with("ticket-1-"), "{again:?}");
    guild.wait_for(again.id, "opened the ticket again").await?;
    // One that is deleted while the bot is away is seen when something is to be posted there.
    bot.end().await?;
    guild.fake.delete_channel(again.id)?;
    let words = ticket::Written::parse("Are you there?", Vec::new(), ticket::Source::Site)?;
    ticket::reply(&test.app, helper, id, &words).await?;
    let bot = guild.bot(&test.app).await?;
    is_closed(&test).await?;
    guild.is_content()?;
    bot.end().await
}

async fn an_interaction_that_comes_twice_is_done_once(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let (customer, _) = with_ticket(&test, &guild).await?;
    let (sora, _) = colleague(&test, &guild, "sora").await?;
    guild.fake.gateway_trouble(GatewayTrouble::Duplicate);
    let said = guild.says(guild.fake.slash(guild.support, sora, "staff toggle")?).await?;
    assert!(said.content.contains("on duty"), "{said:?}");
    let form = guild.fake.slash(guild.support, customer, "ticket open")?;
    let open = || Ok(matches!(guild.fake.outcome(form)?, Outcome::Modal { .. }).then_some(()));
    eventually("a form", open).await?;
    guild.fake.gateway_trouble(GatewayTrouble::Duplicate);
    let sent = guild.fake.submit(form, &[("subject", "Another"), ("text", "Once.")])?;
    guild.says(sent).await?;
    // Whatever comes second would have come by now.
    let (_, second) =
        (guild.says(guild.fake.slash(guild.support, sora, "servers")?).await?, guild.fake.threads(guild.support));
    assert_eq!(second.len(), 2, "{second:?}");
    let duty = app::discord::duty::list(&test.app).await?;
    assert!(duty.iter().any(|one| one.is_on_duty), "{duty:?}");
    bot.end().await
}

async fn a_session_is_handed_over_and_what_was_written_meanwhile_is_read(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let (customer, thread) = with_ticket(&test, &guild).await?;
    bot.end().await?;
    let me = format!("<@{}>", guild.fake.bot_id());
    guild.fake.write(thread, customer, &format!("{me} Written while you slept."))?;
    let bot = guild.bot(&test.app).await?;
    assert_eq!((guild.fake.identifies(), guild.fake.resumes()), (1, 1), "a restart resumes");
    let id = state(&test, 1).await?.id;
    let count = async |text: &str| -> anyhow::Result<usize> {
        let lines = ticket::whole(&test.app, id).await?.lines;
        Ok(lines.iter().filter(|line| line.body == text).count())
    };
    let is_there =
        async |text: &str| fleet::eventually(text, || async { Ok((count(text).await? > 0).then_some(())) }).await;
    is_there("Written while you slept.").await?;
    // Away for so long that the session is gone: what was missed is read by the API.
    bot.end().await?;
    guild.fake.write(thread, customer, &format!("{me} And while you were away for long."))?;
    test.advance(10 * 60_000);
    let bot = guild.bot(&test.app).await?;
    assert_eq!(guild.fake.identifies(), 2);
    is_there("And while you were away for long.").await?;
    assert_eq!(count("Written while you slept.").await?, 1, "nothing is read twice");
    guild.is_content()?;
    bot.end().await
}
