//! The bot is killed at each place of opening a ticket: after the next start there is one ticket in one thread, and the
//! customer knows of it.

use anyhow::Context as _;
use app::admin::users::{self, Verified};
use app::sign_up::Registration;
use app::{App, Clock, failpoint, ticket};
use domain::account::{Email, Language, Password, Role};
use fakes::discord::Outcome;
use store::leases;
use testkit::app::Database;
use testkit::caller::PASSWORD;
use testkit::discord::{Guild, eventually};
use testkit::fleet::{Fleet, PATIENCE};
use testkit::process::Running;
use uuid::Uuid;

use super::TROUBLE;
use crate::sql::run_sql;

testkit::on_both_databases!(
    a_bot_that_is_killed_anywhere_opens_one_ticket_in_one_thread,
    a_bot_that_is_killed_with_a_new_channel_finds_it_again,
);

async fn customer(app: &App) -> anyhow::Result<Uuid> {
    let new = Registration {
        email: Email::parse("mika@example.net")?,
        password: Password::parse(PASSWORD)?,
        language: Language::En,
        referral_code: None,
    };
    Ok(users::create(app, &new, Role::User, Verified::Already).await?.id)
}

/// A bot that begins; the lease of one that died is over.
async fn begin(fleet: &Fleet, app: &App, guild: &Guild) -> anyhow::Result<Running> {
    if let Some(dead) = leases::holder(&app.store, "bot").await? {
        leases::release(&app.store, "bot", dead).await?;
    }
    let before = guild.fake.identifies() + guild.fake.resumes();
    let process = fleet.command(&["bot"]).start().await?;
    let up = || Ok((guild.fake.identifies() + guild.fake.resumes() > before).then_some(()));
    eventually("a session", up).await?;
    Ok(process)
}

async fn a_bot_that_is_killed_anywhere_opens_one_ticket_in_one_thread(database: Database) -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(()) };
    let app = fleet.look(Clock::System).await?;
    let guild = Guild::of(&app).await?;
    bot::register(&guild.settings()?).await?;
    for (name, value) in guild.environment() {
        fleet.set(name, &value);
    }
    let user = customer(&app).await?;
    let mika = guild.join("mika");
    let places = ["ticket.saved", "ticket.committed"].iter().chain(failpoint::ON_DISCORD);
    for (number, place) in (1..).zip(places) {
        fleet.set("FAILPOINT", place);
        let mut doomed = begin(&fleet, &app, &guild).await?;
        fleet.unset("FAILPOINT");
        if number == 1 {
            guild.link(&app, user, mika).await?;
        }
        let form = guild.fake.slash(guild.support, mika, "ticket open")?;
        // The same words a third time within ten minutes would be a flood.
        let trouble = format!("{TROUBLE} This is number {number}.");
        let filled = guild.fill(form, &[("subject", "No connection"), ("text", &trouble)]).await;
        let sent = filled.with_context(|| format!("{place}: {}", doomed.stderr()))?;
        let began = std::time::Instant::now();
        while doomed.is_running() {
            anyhow::ensure!(began.elapsed() < PATIENCE, "nobody comes to {place}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let bot = begin(&fleet, &app, &guild).await?;
        let told = || match guild.fake.outcome(sent)? {
            Outcome::Answered(all) => Ok(all.into_iter().next_back().filter(|said| said.content.contains("<#"))),
            _ => Ok(None),
        };
        let said = eventually(place, told).await?;
        assert!(said.content.contains(&format!("#{number} ")), "{place}: {said:?}");
        let threads: Vec<_> = guild
            .fake
            .threads(guild.support)
            .into_iter()
            .filter(|one| one.name.starts_with(&format!("ticket-{number}-")))
            .collect();
        assert_eq!((threads.len(), guild.fake.threads(guild.support).len()), (1, number), "{place}: {threads:?}");
        guild.wait_for(threads[0].id, &trouble).await?;
        let texts = guild.texts(threads[0].id);
        let count = |text: &str| texts.iter().filter(|one| one.contains(text)).count();
        assert_eq!((count(&trouble), count(&format!("#{number} · No connection"))), (1, 1), "{place}: {texts:?}");
        let row = ticket::by_number(&app, &number.to_string()).await?;
        assert_eq!(row.state, "open", "{place}");
        // Five at a time is what one may have, and three an hour by the bot.
        ticket::close_own(&app, &testkit::discord::who(&app, user).await?, row.id).await?;
        let shut = || Ok(guild.fake.threads(guild.support).iter().all(|one| one.is_locked).then_some(()));
        eventually("the thread's end", shut).await?;
        run_sql(&fleet.database_url, "DELETE FROM discord_buckets").await?;
        run_sql(&fleet.database_url, "UPDATE tickets SET created_at = created_at - 86400000").await?;
        bot.terminate()?;
        bot.wait(PATIENCE).await?;
    }
    guild.is_content()
}

async fn a_bot_that_is_killed_with_a_new_channel_finds_it_again(database: Database) -> anyhow::Result<()> {
    let Some(mut fleet) = Fleet::new(database).await? else { return Ok(()) };
    let app = fleet.look(Clock::System).await?;
    let mut guild = Guild::of(&app).await?;
    let category = guild.use_channels()?;
    bot::register(&guild.settings()?).await?;
    for (name, value) in guild.environment() {
        fleet.set(name, &value);
    }
    let user = customer(&app).await?;
    let mika = guild.join("mika");
    fleet.set("FAILPOINT", "thread.made");
    let mut doomed = begin(&fleet, &app, &guild).await?;
    fleet.unset("FAILPOINT");
    guild.link(&app, user, mika).await?;
    let form = guild.fake.slash(guild.support, mika, "ticket open")?;
    guild.fill(form, &[("subject", "No connection"), ("text", TROUBLE)]).await?;
    eventually("its end", || Ok((!doomed.is_running()).then_some(()))).await?;
    fleet.set("BOT_METRICS_LISTEN", "127.0.0.1:0");
    let mut bot = begin(&fleet, &app, &guild).await?;
    let channels = || guild.fake.channels(guild.id).into_iter().filter(|one| one.category == Some(category));
    let made = eventually("a channel", || Ok(channels().next())).await?;
    guild.wait_for(made.id, TROUBLE).await?;
    assert_eq!((channels().count(), guild.fake.threads(guild.support).len()), (1, 0));
    guild.is_content()?;
    // A process of its own has figures of its own.
    let line: serde_json::Value = serde_json::from_str(&bot.wait_for_line("\"metrics\"", PATIENCE).await?)?;
    let place = line["fields"]["place"].as_str().context("a place")?.to_owned();
    let figures = reqwest::get(format!("http://{place}/metrics")).await?.text().await?;
    assert!(figures.contains("mirai_db_statement_seconds"), "{figures}");
    bot.terminate()?;
    bot.wait(PATIENCE).await?;
    Ok(())
}
