//! Ten minutes in which a lot goes wrong: everything that was asked is answered, everything that was written is there once,
//! and the bot shows how the network is.

use std::time::Duration;

use app::discord::duty;
use app::{monitor, ticket};
use domain::account::Role;
use fakes::discord::{GatewayTrouble, Order, RateScope, Trouble};
use testkit::app::Database;
use testkit::discord::{Setting, eventually};
use testkit::fleet;

use super::TROUBLE;
use crate::monitor::{report, with_gateway};

testkit::on_both_databases!(ten_minutes_of_chaos_lose_and_double_nothing);

/// A step is ten seconds of the product's clock or a little more, and so many are ten minutes.
const STEP_MS: i64 = 10_000;
const STEPS: usize = 60;
/// From this step on a server is silent.
const SILENT: usize = 18;
/// The step in which the session is lost for good, which costs the second identify.
const LOST: usize = 31;

/// What goes wrong with the gateway in every fourth step, in turns.
const AT_THE_GATEWAY: [GatewayTrouble; 6] = [
    GatewayTrouble::Reconnect,
    GatewayTrouble::Duplicate,
    GatewayTrouble::InvalidResumable,
    GatewayTrouble::Zombie,
    GatewayTrouble::Close(4000),
    GatewayTrouble::Hold,
];
/// What goes wrong with requests in every third, in turns.
const WITH_REQUESTS: [Trouble; 6] = [
    Trouble::BadGateway,
    Trouble::RateLimited(RateScope::User),
    Trouble::Broken,
    Trouble::RateLimited(RateScope::Global),
    Trouble::AnswerLost,
    Trouble::RateLimited(RateScope::Shared),
];

async fn ten_minutes_of_chaos_lose_and_double_nothing(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    // Whoever is told to wait waits by the real clock: the product's, and Discord's, goes on meanwhile, no slower than it.
    let clock = test.app.clock.clone();
    let ticking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            clock.advance(25);
        }
    });
    // By the real clock: a silent line is noticed within a second.
    guild.fake.beat_every(Duration::from_millis(400));
    guild.fake.gateway_trouble(GatewayTrouble::Reconnect);
    eventually("a resumed session", || Ok((guild.fake.resumes() > 0).then_some(()))).await?;
    let osaka = with_gateway(&test, "osaka-1").await?;
    test.add_server("tokyo-1", "jp").await?;
    let tokyo = with_gateway(&test, "tokyo-1").await?;
    let mika = test.with_user("mika").await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let thread = guild.open(customer, "No connection", TROUBLE).await?;
    let sora = test.with_team("sora", Role::Support).await?;
    let helper = guild.join_linked(&test.app, "sora", sora.id).await?;
    guild.fake.give_role(guild.id, helper, guild.staff_role)?;
    let me = format!("<@{}>", guild.fake.bot_id());
    for step in 0..STEPS {
        test.advance(STEP_MS);
        if step % 6 == 0 {
            report(&test, tokyo).await?;
            if step < SILENT {
                report(&test, osaka).await?;
            }
            monitor::watch(&test.app).await?;
        }
        if step % 3 == 0 {
            let (way, trouble) =
                (["interactions", "channels"][step % 2], WITH_REQUESTS[step / 3 % WITH_REQUESTS.len()]);
            guild.fake.trouble(&format!("/api/v10/{way}"), &[trouble]);
        }
        let at_the_gateway = (step % 4 == 1).then(|| AT_THE_GATEWAY[step / 4 % AT_THE_GATEWAY.len()]);
        if let Some(trouble) = at_the_gateway {
            guild.fake.gateway_trouble(trouble);
        }
        if step == LOST {
            guild.fake.gateway_trouble(GatewayTrouble::Invalid);
            // Discord sends nobody what was asked while no session stood.
            eventually("another session", || Ok((guild.fake.identifies() == 2).then_some(()))).await?;
        }
        guild.fake.write(thread, customer, &format!("{me} line {step}"))?;
        let toggled = guild.fake.slash(guild.support, helper, "staff toggle")?;
        if at_the_gateway == Some(GatewayTrouble::Hold) {
            guild.fake.release(Order::Reversed);
        }
        let said = guild.says(toggled).await?;
        let expected = if step % 2 == 0 { "on duty" } else { "off duty" };
        anyhow::ensure!(said.content.contains(expected), "step {step}, {at_the_gateway:?}: {said:?}");
    }
    let id = store::tickets::by_number(&test.app.store, 1).await?.map(|row| row.id).unwrap_or_default();
    let missing = async || -> anyhow::Result<Vec<usize>> {
        let lines = ticket::whole(&test.app, id).await?.lines;
        let count = |step: usize| lines.iter().filter(|line| line.body == format!("line {step}")).count();
        anyhow::ensure!((0..STEPS).all(|step| count(step) <= 1), "twice: {lines:?}");
        Ok((0..STEPS).filter(|step| count(*step) == 0).collect())
    };
    let all = fleet::eventually("all that was written", async || Ok(missing().await?.is_empty().then_some(()))).await;
    assert!(all.is_ok(), "not there: {:?}", missing().await?);
    let on_duty = duty::list(&test.app).await?.into_iter().filter(|one| one.is_on_duty).count();
    assert_eq!((on_duty, guild.fake.threads(guild.support).len(), guild.fake.identifies()), (STEPS % 2, 1, 2));
    test.advance(60_000);
    eventually("the presence", || {
        Ok(guild.fake.presences().last().is_some_and(|(_, text)| text.contains("1/2")).then_some(()))
    })
    .await?;
    let incidents = guild.texts(guild.status);
    assert_eq!(incidents.iter().filter(|text| text.contains("osaka")).count(), 1, "{incidents:?}");
    ticking.abort();
    guild.is_content()?;
    bot.end().await
}
