//! Tickets in channels of their own, for teams that prefer them to threads.

use anyhow::Context as _;
use app::ticket::{self, Change};
use domain::account::Role;
use domain::ticket::Helper;
use testkit::app::{Database, TestApp, Wanted};
use testkit::discord::{Guild, Running, eventually, person};
use testkit::fleet;

use super::TROUBLE;

testkit::on_both_databases!(
    a_ticket_has_a_channel_that_only_those_see_who_are_in_it_and_that_goes_when_it_is_closed,
    a_channel_that_is_deleted_by_hand_closes_its_ticket_and_a_full_category_gives_threads,
);

/// The product, a guild whose tickets have channels, its bot, and their category.
async fn start(database: Database) -> anyhow::Result<Option<(TestApp, Guild, Running, u64)>> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(None) };
    let mut guild = Guild::of(&test.app).await?;
    let category = guild.use_channels()?;
    let bot = guild.bot(&test.app).await?;
    Ok(Some((test, guild, bot, category)))
}

/// The channels of tickets: id and name.
fn channels(guild: &Guild, category: u64) -> Vec<(u64, String)> {
    let all = guild.fake.channels(guild.id).into_iter().filter(|one| one.category == Some(category));
    all.map(|one| (one.id, one.name)).collect()
}

async fn state_of(test: &TestApp, wanted: &str) -> anyhow::Result<()> {
    fleet::eventually(wanted, || async {
        let row = ticket::by_number(&test.app, "1").await?;
        Ok((row.state == wanted).then_some(()))
    })
    .await
}

async fn a_ticket_has_a_channel_that_only_those_see_who_are_in_it_and_that_goes_when_it_is_closed(
    database: Database,
) -> anyhow::Result<()> {
    let Some((test, guild, bot, category)) = start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let sora = test.with_team("sora", Role::Support).await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let helper = guild.join_linked(&test.app, "sora", sora.id).await?;
    guild.fake.give_role(guild.id, helper, guild.staff_role)?;
    let noa = guild.join("noa");

    let channel = guild.open(customer, "No connection", TROUBLE).await?;
    let there = channels(&guild, category);
    assert!(there.len() == 1 && there[0].0 == channel && there[0].1.starts_with("ticket-1-"), "{there:?}");
    let sees = |who| guild.fake.sees(channel, who);
    assert!(sees(customer) && sees(helper) && !sees(noa));
    guild.wait_for(channel, TROUBLE).await?;

    let me = format!("<@{}>", guild.fake.bot_id());
    guild.fake.write(channel, customer, &format!("{me} It is a phone."))?;
    let id = ticket::by_number(&test.app, "1").await?.id;
    fleet::eventually("the message in the ticket", || async {
        let lines = ticket::whole(&test.app, id).await?.lines;
        Ok(lines.iter().any(|line| line.body == "It is a phone.").then_some(()))
    })
    .await?;
    let who = Helper { id: sora.id, is_lead: false };
    let words = ticket::Written::parse("Try the other server.", Vec::new(), ticket::Source::Site)?;
    ticket::reply(&test.app, who, id, &words).await?;
    guild.wait_for(channel, "Try the other server.").await?;

    for (line, is_in) in [("ticket add", true), ("ticket remove", false), ("ticket remove", false)] {
        let said = guild.says(guild.fake.slash_with(channel, helper, line, &[("user", person(noa))])?).await?;
        assert!(said.is_ephemeral && sees(noa) == is_in, "{line}: {said:?}");
    }

    let closed = guild.fake.slash_with(channel, helper, "ticket close", &[("reason", "It works.".into())])?;
    assert!(guild.says(closed).await?.content.contains("closed"));
    guild.wait_for(guild.log, "It works.").await?;
    eventually("the letter", || Ok(guild.fake.direct_messages(customer).pop())).await?;
    fleet::eventually("the channel's end", || async {
        test.advance(15_000);
        Ok(channels(&guild, category).is_empty().then_some(()))
    })
    .await?;
    // Its own deletion is none by hand: a ticket that is opened again stays open, in another channel.
    ticket::change(&test.app, who, id, &Change::Reopen).await?;
    let again = eventually("another channel", || Ok(channels(&guild, category).pop())).await?;
    guild.wait_for(again.0, "opened the ticket again").await?;
    assert_ne!(again.0, channel);
    assert_ne!(ticket::by_number(&test.app, "1").await?.state, "closed");
    // Opened again before the channel that it leaves is gone: it goes without the ticket.
    ticket::change(&test.app, who, id, &Change::Close(ticket::words("reason", "Done.")?)).await?;
    fleet::eventually("the channel is left", || async {
        Ok(app::discord::thread::leaving(&test.app).await?.contains(&i64::try_from(again.0)?).then_some(()))
    })
    .await?;
    ticket::change(&test.app, who, id, &Change::Reopen).await?;
    let third = || channels(&guild, category).into_iter().find(|one| one.0 != again.0);
    let (third, _) = eventually("a third channel", || Ok(third())).await?;
    fleet::eventually("the end of the second", || async {
        test.advance(15_000);
        Ok(channels(&guild, category).iter().all(|one| one.0 == third).then_some(()))
    })
    .await?;
    guild.wait_for(third, "opened the ticket again").await?;
    assert_ne!(ticket::by_number(&test.app, "1").await?.state, "closed");
    guild.is_content()?;
    bot.end().await
}

async fn a_channel_that_is_deleted_by_hand_closes_its_ticket_and_a_full_category_gives_threads(
    database: Database,
) -> anyhow::Result<()> {
    let Some((test, guild, bot, category)) = start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let channel = guild.open(customer, "No connection", TROUBLE).await?;
    guild.fake.delete_channel(channel)?;
    state_of(&test, "closed").await?;
    for n in 0..50 {
        guild.fake.text_channel_in(category, &format!("full-{n}"))?;
    }
    let thread = guild.open(customer, "Still none", "The same again.").await?;
    let seen = guild.only_thread()?;
    assert!(seen.id == thread && seen.is_private && seen.members.contains(&customer), "{seen:?}");
    // Shut as a thread is, whatever the settings say by now.
    let closing = guild.fake.slash(thread, customer, "ticket close")?;
    guild.says(closing).await?;
    eventually("the end", || Ok(guild.only_thread()?.is_locked.then_some(()))).await.context("a thread")?;
    guild.is_content()?;
    bot.end().await
}
