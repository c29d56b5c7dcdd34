//! Help and status: how soon the bot answers in a large guild and what it holds of memory there, and the status page of a
//! network that has been watched for a year.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use app::admin::checks::{self, NewCheck};
use app::{App, Clock, status};
use domain::monitor::target::{Kind, Wants};
use domain::time::DAY_MS;
use fakes::discord::Outcome;
use sqlx::{Connection as _, Executor as _, MySqlConnection, SqliteConnection};
use testkit::app::Database;
use testkit::discord::{Guild, eventually};
use testkit::fleet::{Fleet, now_ms};

use crate::load::{self, median};

/// Members of the guild.
pub(crate) const MEMBERS: usize = 10_000;
/// Who ask, each once, and how long after the one before.
const ASKING: usize = 600;
const PAUSE: Duration = Duration::from_millis(33);
/// What they ask, in turns.
const LINES: [&str; 4] = ["servers", "status", "help", "ticket open"];
/// How often it is looked whether there is an answer: an error of the measure that counts against us.
const LOOK: Duration = Duration::from_millis(2);
/// Checks, and for how many days they have looked, each minute.
pub(crate) const CHECKS: usize = 200;
pub(crate) const DAYS: i64 = 365;
/// How long the results of looks, and those of minutes and hours, are kept: as `app::monitor` does it.
const RESULT_DAYS: i64 = 7;
const MINUTE_DAYS: i64 = 2;
const HOUR_DAYS: i64 = 40;
const HOUR_MS: i64 = 3_600_000;
/// How often the page is read.
const READS: usize = 21;

/// Milliseconds from an interaction to what the bot says to it, of a half and of ninety-nine of a hundred; and MiB.
pub(crate) struct Bot {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Of its own, as often as it was looked.
    pub(crate) own_mib: f64,
    /// With the pages of the executable, which the machine's other processes of it share.
    pub(crate) most_mib: f64,
}

/// What a year of watching costs on a database.
pub(crate) struct Watched {
    /// Milliseconds for a page that is not in memory, and for the first one of a process.
    pub(crate) page_ms: f64,
    pub(crate) first_ms: f64,
    /// MB that a further year adds, and that all of it takes up.
    pub(crate) year_mb: f64,
    pub(crate) all_mb: f64,
}

/// All of it.
pub(crate) struct Support {
    pub(crate) bot: Bot,
    /// On SQLite and on MariaDB.
    pub(crate) watched: [Watched; 2],
}

/// Measures all of it.
pub(crate) async fn all() -> anyhow::Result<Support> {
    let bot = bot().await?;
    Ok(Support { bot, watched: [watched(Database::Sqlite).await?, watched(Database::MariaDb).await?] })
}

/// A `mirai bot` on MariaDB.
async fn bot() -> anyhow::Result<Bot> {
    let mut fleet = Fleet::new(Database::MariaDb).await?.context("MariaDB is needed")?;
    let guild = Guild::by(Clock::System).await?;
    for (name, value) in guild.environment() {
        fleet.set(name, &value);
    }
    let members: Vec<u64> = (0..MEMBERS).map(|n| guild.join(&format!("member{n}"))).collect();
    bot::register(&guild.settings()?).await?;
    let process = fleet.command(&["bot"]).start().await?;
    eventually("the bot's session", || Ok((guild.fake.identifies() > 0).then_some(()))).await?;
    let pid = process.pid().context("the bot has ended")?;
    let (mut asked, mut own_mib) = (Vec::new(), 0.0_f64);
    let guild = std::sync::Arc::new(guild);
    for (member, line) in members.iter().zip(LINES.iter().cycle()).take(ASKING) {
        let (at, interaction) = (Instant::now(), guild.fake.slash(guild.support, *member, line)?);
        asked.push(tokio::spawn(answer(std::sync::Arc::clone(&guild), interaction, at)));
        own_mib = own_mib.max(load::mib(pid, "RssAnon:")?);
        tokio::time::sleep(PAUSE).await;
    }
    let mut times = Vec::new();
    for one in asked {
        times.push(one.await??);
    }
    times.sort_by(f64::total_cmp);
    guild.is_content()?;
    let p99_ms = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Bot { p50_ms: median(times), p99_ms, own_mib, most_mib: load::mib(pid, "VmHWM:")? })
}

/// Milliseconds until the person sees an answer or a form.
async fn answer(guild: std::sync::Arc<Guild>, interaction: u64, asked: Instant) -> anyhow::Result<f64> {
    loop {
        match guild.fake.outcome(interaction)? {
            Outcome::Answered(_) | Outcome::Modal { .. } => return Ok(asked.elapsed().as_secs_f64() * 1000.0),
            Outcome::DidNotRespond => bail!("the bot did not respond"),
            Outcome::Waiting | Outcome::Thinking | Outcome::Choices(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// The page and the tables of [`CHECKS`] checks.
async fn watched(database: Database) -> anyhow::Result<Watched> {
    let fleet = Fleet::new(database).await?.context("MariaDB is needed")?;
    let now = now_ms();
    let clock = Clock::stopped_at(now);
    let app = fleet.look(clock.clone()).await?;
    for n in 0..CHECKS {
        let new = NewCheck {
            name: format!("check {n}"),
            component: format!("Part {}", n / 2),
            kind: Kind::Tcp,
            target: "192.0.2.1:443".to_owned(),
            wants: Wants::default(),
            every_minutes: 1,
            timeout_seconds: 5,
            down_after: 3,
            up_after: 2,
        };
        checks::add(&app, "bench", &new).await.map_err(|error| anyhow::anyhow!(error.chain()))?;
    }
    let mut tables = Tables::open(&fleet.database_url).await?;
    let empty = tables.megabytes().await?;
    tables.fill_with_what_is_kept_for_days(now).await?;
    let without = tables.megabytes().await?;
    tables.fill_with_days(now).await?;
    let whole = tables.megabytes().await?;
    // What a process that runs does every five minutes.
    status::make_ready(&app).await.map_err(|error| anyhow::anyhow!(error.chain()))?;
    let mut first = Vec::new();
    let mut later = Vec::new();
    for _ in 0..READS {
        let fresh = fleet.look(clock.clone()).await?;
        // A pool's first connection is no part of it.
        store::checks::all(&fresh.store).await?;
        first.push(page(&fresh).await?);
        clock.advance(10_000);
        later.push(page(&fresh).await?);
    }
    Ok(Watched { page_ms: median(later), first_ms: median(first), year_mb: whole - without, all_mb: whole - empty })
}

/// Milliseconds for the page.
async fn page(app: &App) -> anyhow::Result<f64> {
    let began = Instant::now();
    let page = status::overview(app).await.map_err(|error| anyhow::anyhow!(error.chain()))?;
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let known = page.components.iter().filter(|part| part.days.iter().filter(|day| day.uptime.is_some()).count() >= 89);
    anyhow::ensure!(known.count() == CHECKS / 2, "a year is not shown");
    Ok(took)
}

/// A connection of our own, to fill tables and to see how large they are.
enum Tables {
    Sqlite(SqliteConnection),
    MariaDb(MySqlConnection),
}

impl Tables {
    async fn open(url: &str) -> anyhow::Result<Tables> {
        Ok(match url.strip_prefix("sqlite://") {
            Some(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Tables::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            None => Tables::MariaDb(MySqlConnection::connect(url).await?),
        })
    }

    async fn run(&mut self, statement: String) -> anyhow::Result<()> {
        let statement = sqlx::AssertSqlSafe(statement);
        match self {
            Tables::Sqlite(connection) => connection.execute(statement).await.map(drop)?,
            Tables::MariaDb(connection) => connection.execute(statement).await.map(drop)?,
        }
        Ok(())
    }

    /// What the database takes up.
    async fn megabytes(&mut self) -> anyhow::Result<f64> {
        let bytes: i64 = match self {
            Tables::Sqlite(connection) => {
                let pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
                sqlx::query_scalar(pages).fetch_one(connection).await?
            }
            Tables::MariaDb(connection) => {
                connection.execute("ANALYZE TABLE rollups, probe_results").await?;
                let sum = "SELECT CAST(SUM(data_length + index_length) AS SIGNED) FROM information_schema.tables \
                           WHERE table_schema = DATABASE() AND table_name IN ('rollups', 'probe_results')";
                sqlx::query_scalar(sum).fetch_one(connection).await?
            }
        };
        Ok(bytes as f64 / 1e6)
    }

    /// Looks, minutes and hours, in the order in which they come.
    async fn fill_with_what_is_kept_for_days(&mut self, now: i64) -> anyhow::Result<()> {
        let today = now - now.rem_euclid(DAY_MS);
        for ago in (0..RESULT_DAYS).rev() {
            self.run(format!(
                "INSERT INTO probe_results (check_id, at, verdict, latency_us) SELECT c.id, {} + d.n * 60000, 'ok', \
                 20000 + d.n FROM {} CROSS JOIN checks c WHERE d.n < 1440 ORDER BY d.n, c.id",
                today - (ago + 1) * DAY_MS,
                numbers()
            ))
            .await?;
        }
        for ago in (0..MINUTE_DAYS).rev() {
            self.rollups("1m", today - (ago + 1) * DAY_MS, 60_000, 1440, "100:1").await?;
        }
        let hour = now - now.rem_euclid(HOUR_MS);
        self.rollups("1h", hour - HOUR_DAYS * DAY_MS, HOUR_MS, 24 * HOUR_DAYS, &latency(12, 5)).await
    }

    async fn fill_with_days(&mut self, now: i64) -> anyhow::Result<()> {
        let today = now - now.rem_euclid(DAY_MS);
        self.rollups("1d", today - DAYS * DAY_MS, DAY_MS, DAYS, &latency(30, 48)).await
    }

    async fn rollups(&mut self, word: &str, from: i64, step: i64, many: i64, latency: &str) -> anyhow::Result<()> {
        self.run(format!(
            "INSERT INTO rollups (resolution, check_id, starts_at, ok_ms, fail_ms, unknown_ms, maint_ms, latency) \
             SELECT '{word}', c.id, {from} + d.n * {step}, {step} - 5, 5, 0, 0, '{latency}' FROM {} \
             CROSS JOIN checks c WHERE d.n < {many} ORDER BY d.n, c.id",
            numbers()
        ))
        .await
    }
}

/// Answers that lie in so many buckets, as many in each.
fn latency(buckets: u32, of_each: u32) -> String {
    (0..buckets).map(|n| format!("{}:{of_each}", 90 + n)).collect::<Vec<_>>().join(" ")
}

/// A table `d` whose `n` goes from 0 to 9,999.
fn numbers() -> String {
    let digit = "SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL \
                 SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
    format!(
        "(SELECT a.n * 1000 + b.n * 100 + c.n * 10 + e.n AS n FROM ({digit}) a, ({digit}) b, ({digit}) c, ({digit}) e) d"
    )
}
