//! S38, S41, S47, S55 on Discord: floods, forged buttons, strangers and mentions.

use app::discord::gate;
use app::ticket;
use domain::account::Role;
use testkit::app::{Database, START};
use testkit::discord::{Setting, person};
use testkit::fleet;

use super::TROUBLE;

testkit::on_both_databases!(
    s55_a_flood_is_stopped_also_across_a_restart_and_who_is_blocked_is_not_answered,
    s55_the_same_text_again_and_again_and_texts_full_of_links_are_refused,
    s41_nobody_reaches_what_is_not_theirs,
    s47_nobody_is_mentioned_by_what_somebody_writes,
);

async fn s55_a_flood_is_stopped_also_across_a_restart_and_who_is_blocked_is_not_answered(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let noa = guild.join("noa");
    let mut stopped = 0;
    for _ in 0..25 {
        let said = guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
        stopped += u32::from(said.content.contains("Too fast"));
    }
    assert!((4..=6).contains(&stopped), "{stopped}");
    bot.end().await?;
    let bot = guild.bot(&test.app).await?;
    let said = guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
    assert!(said.content.contains("Too fast"), "a restart forgets nothing: {said:?}");
    test.advance(60_000);
    assert!(guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?.content.contains("osaka"));
    // Codes can't be tried for long.
    let mut refused = Vec::new();
    for n in 0..6 {
        let code = [("code", format!("AAAA-AAA{n}").into())];
        refused.push(guild.says(guild.fake.slash_with(guild.support, noa, "link", &code)?).await?.content);
    }
    assert!(refused[4].contains("unknown") && refused[5].contains("Too fast"), "{refused:?}");
    gate::block(&test.app, i64::try_from(noa)?, "advertising").await?;
    test.advance(60_000);
    let said = guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
    assert!(said.content.contains("can’t help you here"), "{said:?}");
    // A new account on Discord opens nothing.
    let mika = test.with_user("mika").await?;
    let young = guild.fake.member(guild.id, "young", START - 3_600_000);
    guild.link(&test.app, mika.id, young).await?;
    let said = guild.says(guild.fake.slash(guild.support, young, "ticket open")?).await?;
    assert!(said.content.contains("very new"), "{said:?}");
    guild.is_content()?;
    bot.end().await
}

async fn s55_the_same_text_again_and_again_and_texts_full_of_links_are_refused(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let thread = guild.open(customer, "No connection", TROUBLE).await?;
    let (me, mut sent) = (format!("<@{}>", guild.fake.bot_id()), Vec::new());
    let mut write = |text: &str| {
        sent.push(text.to_owned());
        guild.fake.write(thread, customer, &format!("{me} {text}")).map(drop)
    };
    let taken = async |text: &str| -> anyhow::Result<usize> {
        let id = store::tickets::by_number(&test.app.store, 1).await?.map(|row| row.id).unwrap_or_default();
        Ok(ticket::whole(&test.app, id).await?.lines.iter().filter(|line| line.body == text).count())
    };
    for _ in 0..3 {
        write("Buy now!")?;
    }
    guild.wait_for(thread, "sent already").await?;
    assert_eq!(taken("Buy now!").await?, 2);
    write(&"https://evil.example/ ".repeat(11))?;
    guild.wait_for(thread, "at most 10 links").await?;
    // Later it is a message like any other.
    test.advance(11 * 60_000);
    write("Buy now!")?;
    fleet::eventually("the message", || async { Ok((taken("Buy now!").await? == 3).then_some(())) }).await?;
    assert_eq!(taken(sent[3].trim()).await?, 0);
    guild.is_content()?;
    bot.end().await
}

async fn s41_nobody_reaches_what_is_not_theirs(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let thread = guild.open(customer, "No connection", TROUBLE).await?;
    let noa = test.with_user("noa").await?;
    let other = guild.join_linked(&test.app, "noa", noa.id).await?;
    // With the role on Discord alone nobody is the team, and neither with the account alone.
    let sora = test.with_team("sora", Role::Support).await?;
    let without_role = guild.join_linked(&test.app, "sora", sora.id).await?;
    guild.fake.give_role(guild.id, other, guild.staff_role)?;
    for (member, line) in [(other, "ticket claim"), (other, "staff list"), (other, "staff count")] {
        let said = guild.says(guild.fake.slash(thread, member, line)?).await?;
        assert!(said.content.contains("for our team"), "{line}: {said:?}");
    }
    let said = guild.says(guild.fake.slash_with(thread, other, "ticket close", &[("reason", "no".into())])?).await?;
    assert!(said.content.contains("one of your tickets"), "{said:?}");
    guild.fake.give_role(guild.id, without_role, guild.staff_role)?;
    let beside = guild.fake.channel_messages(thread)[0].clone();
    let press = |member| guild.fake.click(beside.id, member, "beside");
    let said = guild.says(press(customer)?).await?;
    assert!(said.content.contains("for our team"), "{said:?}");
    let said = guild.says(press(without_role)?).await?;
    assert!(said.is_ephemeral && said.content.contains("Nothing was ever paid"), "{said:?}");
    assert!(!said.content.contains("mika@"), "{said:?}");
    // A customer can't be put out of their own ticket.
    let said = guild.fake.slash_with(thread, without_role, "ticket remove", &[("user", person(customer))])?;
    assert!(guild.says(said).await?.content.contains("their own ticket"));
    guild.is_content()?;
    bot.end().await
}

async fn s47_nobody_is_mentioned_by_what_somebody_writes(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let nasty = format!("@everyone @here <@&{}> <@{customer}> [click](https://evil.example)", guild.staff_role);
    let thread = guild.open(customer, &nasty[..60], &nasty).await?;
    guild.wait_for(thread, "@everyone").await?;
    for seen in guild.fake.channel_messages(thread).into_iter().skip(1) {
        assert!(!seen.pings.everyone && seen.pings.users.is_empty() && seen.pings.roles.is_empty(), "{seen:?}");
    }
    let first = guild.fake.channel_messages(thread)[0].clone();
    assert!(!first.pings.everyone && first.pings.roles.is_empty(), "{first:?}");
    let said =
        guild.says(guild.fake.slash_with(guild.support, customer, "status", &[("server", "@everyone".into())])?);
    let said = said.await?;
    assert!(!said.pings.everyone, "{said:?}");
    guild.is_content()?;
    bot.end().await
}
