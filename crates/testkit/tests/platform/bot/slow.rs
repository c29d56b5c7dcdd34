//! A slow database, and a gateway that is silent: nobody is left without an answer in time.

use std::time::{Duration, Instant};

use app::Clock;
use fakes::discord::{GatewayTrouble, Outcome};
use testkit::app::{Database, TestApp, Wanted};
use testkit::discord::{Guild, eventually};
use testkit::gate::Door;

/// Discord's deadline.
const DEADLINE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_five_seconds_misses_no_deadline() -> anyhow::Result<()> {
    let Some((test, gate)) = TestApp::start_behind_a_gate().await? else { return Ok(()) };
    let guild = Guild::by(Clock::System).await?;
    let bot = guild.bot(&test.app).await?;
    let noa = guild.join("noa");
    guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
    gate.set(Door::Late(Duration::from_secs(5)));
    let began = Instant::now();
    let mut asked = Vec::new();
    for line in ["servers", "help", "usage", "status"] {
        asked.push(guild.fake.slash(guild.support, noa, line)?);
    }
    let form = guild.fake.slash(guild.support, noa, "ticket open")?;
    let typed = guild.fake.type_option(guild.support, noa, "status", ("server", "os"))?;
    for one in asked.iter().chain([&form, &typed]) {
        eventually("a first answer", || Ok((guild.fake.outcome(*one)? != Outcome::Waiting).then_some(()))).await?;
        assert_ne!(guild.fake.outcome(*one)?, Outcome::DidNotRespond);
    }
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    gate.set(Door::Open);
    for one in asked {
        assert!(!guild.says(one).await?.content.is_empty());
    }
    guild.is_content()?;
    bot.end().await
}

testkit::on_both_databases!(a_gateway_that_says_nothing_any_more_is_left_and_the_session_resumed);

async fn a_gateway_that_says_nothing_any_more_is_left_and_the_session_resumed(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let guild = Guild::of(&test.app).await?;
    guild.fake.beat_every(Duration::from_millis(500));
    let bot = guild.bot(&test.app).await?;
    let noa = guild.join("noa");
    guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
    guild.fake.gateway_trouble(GatewayTrouble::Zombie);
    // Asked of a dead line: it is answered once another stands.
    let asked = guild.fake.slash(guild.support, noa, "servers")?;
    assert!(guild.says(asked).await?.content.contains("osaka"));
    assert_eq!((guild.fake.identifies(), guild.fake.resumes()), (1, 1));
    guild.is_content()?;
    bot.end().await
}
