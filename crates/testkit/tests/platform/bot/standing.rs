//! What stands on Discord: the panel, incidents, the presence, roles, the commands.

use app::admin::COMMAND_LINE;
use app::admin::servers;
use app::i18n::Translator;
use app::monitor;
use domain::account::Language;
use domain::vpn::balancer::ServerStatus;
use fakes::discord::{GatewayTrouble, Order};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::discord::{Guild, Setting, eventually};

use crate::monitor::{report, with_gateway};

testkit::on_both_databases!(
    the_panel_and_each_incident_is_one_message_and_the_presence_says_how_the_network_is,
    the_role_of_subscribers_comes_and_goes_with_the_subscription,
    commands_are_registered_where_they_differ,
    what_all_read_is_in_the_language_of_the_guild,
    op_seven_op_nine_closes_and_bad_gateways_lose_and_double_nothing,
);

const MINUTE: i64 = 60_000;

async fn the_panel_and_each_incident_is_one_message_and_the_presence_says_how_the_network_is(
    database: Database,
) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    guild.wait_for(guild.support, "Find help").await?;
    let osaka = with_gateway(&test, "osaka-1").await?;
    let look = async |ms: i64| {
        test.advance(ms);
        report(&test, osaka).await?;
        anyhow::Ok(monitor::watch(&test.app).await?)
    };
    look(MINUTE).await?;
    look(MINUTE).await?;
    let presence = async |words: &str| {
        eventually("the presence", || {
            Ok(guild.fake.presences().last().is_some_and(|(_, text)| text.contains(words)).then_some(()))
        })
        .await
    };
    presence("1/1").await?;
    // The server falls silent, while another is heard.
    test.add_server("tokyo-1", "jp").await?;
    let tokyo = with_gateway(&test, "tokyo-1").await?;
    for _ in 0..4 {
        test.advance(MINUTE);
        report(&test, tokyo).await?;
        monitor::watch(&test.app).await?;
    }
    guild.wait_for(guild.status, "osaka").await?;
    presence("1/2").await?;
    // And is heard again.
    for _ in 0..9 {
        test.advance(MINUTE);
        report(&test, tokyo).await?;
        report(&test, osaka).await?;
        monitor::watch(&test.app).await?;
    }
    test.advance(MINUTE);
    guild.wait_for(guild.status, "It is over").await?;
    presence("2/2").await?;
    assert_eq!(guild.texts(guild.status).len(), 1, "{:?}", guild.texts(guild.status));
    assert_eq!(guild.texts(guild.support).len(), 1, "one panel");
    // One that somebody deletes comes back, at once or later.
    guild.fake.delete_message(guild.fake.channel_messages(guild.support)[0].id)?;
    eventually("another panel", || {
        test.advance(15_000);
        Ok((guild.texts(guild.support).len() == 1).then_some(()))
    })
    .await?;
    let times: Vec<i64> = guild.fake.presences().iter().map(|(at, _)| *at).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 15_000), "{times:?}");
    guild.is_content()?;
    bot.end().await
}

async fn the_role_of_subscribers_comes_and_goes_with_the_subscription(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    let member = guild.join_linked(&test.app, "mika", mika.id).await?;
    let has = |wanted: bool| {
        let (guild, test) = (&guild, &test);
        async move {
            eventually("the role", || {
                let has = guild.fake.roles_of(guild.id, member).contains(&guild.subscriber_role);
                if has != wanted {
                    test.advance(15_000);
                }
                Ok((has == wanted).then_some(()))
            })
            .await
        }
    };
    has(true).await?;
    test.advance(40 * DAY);
    has(false).await?;
    // Who is linked with a paid account gets it again, and loses it with the link.
    let noa = test.with_subscriber("noa", "basic").await?;
    guild.link(&test.app, noa.id, member).await?;
    has(true).await?;
    // Linked with an account that has paid for nothing, they lose it, and with one that has they get it again.
    let sam = test.with_user("sam").await?;
    guild.link(&test.app, sam.id, member).await?;
    has(false).await?;
    guild.link(&test.app, noa.id, member).await?;
    has(true).await?;
    assert!(guild.says(guild.fake.slash(guild.support, member, "unlink")?).await?.content.contains("not linked"));
    has(false).await?;
    let said = guild.says(guild.fake.slash(guild.support, member, "usage")?).await?;
    assert!(said.content.contains("/link"), "{said:?}");
    guild.is_content()?;
    bot.end().await
}

async fn commands_are_registered_where_they_differ(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test: _test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let puts =
        || guild.fake.requests().iter().filter(|one| one.method == "PUT" && one.path.contains("commands")).count();
    assert_eq!(puts(), 1);
    assert_eq!(bot::register(&guild.settings()?).await?, bot::Registered::Same);
    assert_eq!(puts(), 1, "two hundred a day is all that Discord takes");
    guild.is_content()?;
    bot.end().await
}

async fn op_seven_op_nine_closes_and_bad_gateways_lose_and_double_nothing(database: Database) -> anyhow::Result<()> {
    let Some(Setting { test, guild, bot }) = Setting::start(database).await? else { return Ok(()) };
    let noa = guild.join("noa");
    servers::set_status(&test.app, COMMAND_LINE, "osaka-1", ServerStatus::Up).await?;
    let ask = async || -> anyhow::Result<()> {
        let said = guild.says(guild.fake.slash(guild.support, noa, "servers")?).await?;
        anyhow::ensure!(said.content.contains("osaka"), "{said:?}");
        test.advance(5_000);
        Ok(())
    };
    let resumed =
        async |before: u32| eventually("a resumed session", || Ok((guild.fake.resumes() > before).then_some(()))).await;
    ask().await?;
    for trouble in [GatewayTrouble::Reconnect, GatewayTrouble::InvalidResumable, GatewayTrouble::Close(4000)] {
        let before = guild.fake.resumes();
        guild.fake.gateway_trouble(trouble);
        // Asked in the gap: it is answered once the session is back.
        let asked = guild.fake.slash(guild.support, noa, "servers")?;
        resumed(before).await?;
        assert!(guild.says(asked).await?.content.contains("osaka"), "{trouble:?}");
        ask().await?;
    }
    guild.fake.gateway_trouble(GatewayTrouble::Hold);
    let (first, second) =
        (guild.fake.slash(guild.support, noa, "servers")?, guild.fake.slash(guild.support, noa, "status")?);
    guild.fake.release(Order::Reversed);
    guild.says(first).await?;
    guild.says(second).await?;
    guild
        .fake
        .trouble("/api/v10/interactions", &[fakes::discord::Trouble::BadGateway, fakes::discord::Trouble::Broken]);
    ask().await?;
    assert_eq!(guild.fake.identifies(), 1);
    guild.fake.gateway_trouble(GatewayTrouble::Invalid);
    eventually("a new session", || Ok((guild.fake.identifies() == 2).then_some(()))).await?;
    ask().await?;
    guild.is_content()?;
    bot.end().await
}

async fn what_all_read_is_in_the_language_of_the_guild(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut guild = Guild::of(&test.app).await?;
    let bot = guild.bot(&test.app).await?;
    guild.wait_for(guild.support, "Find help").await?;
    bot.end().await?;
    guild.language = Language::De;
    test.advance(MINUTE);
    let bot = guild.bot(&test.app).await?;
    let german = Translator::new(Language::De);
    guild.wait_for(guild.support, &german.say("bot-panel")).await?;
    assert_eq!(guild.texts(guild.support).len(), 1, "the same message: {:?}", guild.texts(guild.support));
    guild.is_content()?;
    bot.end().await
}
