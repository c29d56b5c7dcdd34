//! A slow database, and a gateway that is silent: nobody is left without an answer in time.

use std::time::{Duration, Instant};

use app::Clock;
use fakes::discord::{GatewayTrouble, Outcome, RateScope, Trouble};
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

/// A 429 asks for a second.
const ASKED: Duration = Duration::from_millis(950);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_all_routes_keeps_all_routes_waiting_and_one_of_a_route_its_own() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::Sqlite)).await? else { return Ok(()) };
    let guild = Guild::by(Clock::System).await?;
    let mika = test.with_user("mika").await?;
    let bot = guild.bot(&test.app).await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    for (scope, waits) in [(RateScope::Global, true), (RateScope::User, false), (RateScope::Shared, false)] {
        let thread = guild.open(customer, "No connection", &format!("It is about {scope:?}.")).await?;
        // The board's channel is no ticket's: the one is refused, and the other is asked for meanwhile.
        guild.fake.trouble(&format!("/api/v10/channels/{thread}/messages"), &[Trouble::RateLimited(scope)]);
        let before = guild.fake.requests().len();
        guild.fake.write(thread, customer, "Nobody is mentioned here.")?;
        let refused = || Ok(guild.fake.requests()[before..].iter().any(|one| one.status == 429).then_some(()));
        eventually("a refusal", refused).await?;
        let began = Instant::now();
        let noa = guild.join("noa");
        // An interaction is outside of all that.
        guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
        assert!(began.elapsed() < ASKED, "{scope:?}: {:?}", began.elapsed());
        let other = guild.open(customer, "Another", &format!("Beside {scope:?}.")).await?;
        assert_eq!(began.elapsed() >= ASKED, waits, "{scope:?}: {:?}", began.elapsed());
        guild.wait_for(thread, "can’t read this").await?;
        for place in [thread, other] {
            guild.says(guild.fake.slash(place, customer, "ticket close")?).await?;
        }
        guild.is_content()?;
        test.advance(3_600_000);
    }
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
