//! A slow database, and a gateway that is silent: nobody is left without an answer in time.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::Clock;
use domain::account::Role;
use fakes::discord::{GatewayTrouble, LoggedRequest, Outcome, RateScope, Trouble};
use testkit::app::{Database, TestApp, Wanted};
use testkit::discord::{Guild, eventually, person};
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

/// A 429 asks for a second, in milliseconds.
const ASKED_MS: i64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_all_routes_keeps_all_routes_waiting_and_one_of_a_route_its_own() -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(Database::Sqlite)).await? else { return Ok(()) };
    let guild = Guild::by(Clock::System).await?;
    let (mika, sora) = (test.with_user("mika").await?, test.with_team("sora", Role::Support).await?);
    let bot = guild.bot(&test.app).await?;
    let customer = guild.join_linked(&test.app, "mika", mika.id).await?;
    let helper = guild.join_linked(&test.app, "sora", sora.id).await?;
    guild.fake.give_role(guild.id, helper, guild.staff_role)?;
    let (one, other) =
        (guild.open(customer, "No connection", "Here.").await?, guild.open(customer, "Another", "There.").await?);
    for scope in [RateScope::Global, RateScope::User, RateScope::Shared] {
        let refused_path = format!("/api/v10/channels/{one}/messages");
        guild.fake.trouble(&refused_path, &[Trouble::RateLimited(scope)]);
        let before = guild.fake.requests().len();
        let find = |is_it: &dyn Fn(&LoggedRequest) -> bool| {
            guild.fake.requests().into_iter().enumerate().skip(before).find(|(_, request)| is_it(request))
        };
        // What mentions nobody can't be read, and that is said.
        guild.fake.write(one, customer, "Nobody is mentioned here.")?;
        let (_, refused) = eventually("a refusal", || Ok(find(&|request| request.status == 429))).await?;
        let added = guild.fake.slash_with(other, helper, "ticket add", &[("user", person(guild.join("noa")))])?;
        guild.says(added).await?;
        let again = |request: &LoggedRequest| request.path == refused.path && request.status == 200;
        let (again, _) = eventually("another try", || Ok(find(&again))).await?;
        let elsewhere = format!("/api/v10/channels/{other}");
        let elsewhere = find(&|request| request.path == elsewhere);
        let (first, at) = elsewhere.map(|(number, request)| (number, request.at)).context("the other thread")?;
        if scope == RateScope::Global {
            assert!(at - refused.at >= ASKED_MS, "{scope:?}: {} ms", at - refused.at);
        } else {
            assert!(first < again, "{scope:?}: the other thread had to wait");
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
