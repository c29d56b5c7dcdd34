//! Money: how long a paid checkout takes to become a grant while a hundred events come each second, and how long the proof
//! of a million lines takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use app::admin::users::{self, Verified};
use app::plan::Choice;
use app::session::Who;
use app::sign_up::Registration;
use app::{App, Clock, checkout, ledger};
use domain::account::{Email, Language, Password, Role};
use serde_json::Value;
use sqlx::MySqlPool;
use sqlx::{Connection as _, Executor as _};
use store::sessions::Live;
use testkit::app::Database;
use testkit::caller::PASSWORD;
use testkit::fleet::{Fleet, now_ms};
use uuid::Uuid;

use crate::load::median;

/// Events a second, and for how many seconds.
const EVENTS: usize = 100;
const SECONDS: usize = 8;
/// Lines that are proved.
pub(crate) const LINES: i64 = 1_000_000;
/// How often the database is asked whose grant is there: an error of the measure that counts against us.
const LOOK: Duration = Duration::from_millis(10);

/// Milliseconds from the moment at which Stripe posts `checkout.session.completed` to the moment at which another program
/// sees the grant in the database: half of them, and ninety-nine of a hundred.
pub(crate) struct Grants {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// All of it.
pub(crate) struct Money {
    pub(crate) grants: Grants,
    /// Seconds, on SQLite and on MariaDB.
    pub(crate) proof_s: [f64; 2],
}

/// Measures all of it.
pub(crate) async fn all() -> anyhow::Result<Money> {
    let grants = grants().await?;
    Ok(Money { grants, proof_s: [proof(Database::Sqlite).await?, proof(Database::MariaDb).await?] })
}

/// Measures the grants on a fleet whose server runs.
async fn grants() -> anyhow::Result<Grants> {
    let fleet = Fleet::new(Database::MariaDb).await?.context("MariaDB is needed")?;
    fleet.stripe.set_webhook_delivery(false);
    let node = fleet.serve().await?;
    let app = fleet.look(Clock::System).await?;
    let mut opened_by = Vec::new();
    for n in 0..EVENTS * SECONDS {
        let user = customer(&app, n).await?;
        let id = user.user.id;
        let opened = checkout::start(&app, &user, "basic", Choice::default(), None, None)
            .await
            .map_err(|error| anyhow::anyhow!(error.chain()))?;
        opened_by.push((id, opened.session_id));
    }
    // Paid shortly before it is told: the pretend Stripe's own work is none of ours, and what was paid more than a minute
    // ago would be found by looking.
    for (_, session) in &opened_by {
        fleet.stripe.pay(session)?;
    }
    let mut completed: BTreeMap<String, Value> = BTreeMap::new();
    for event in fleet.events_of("checkout.session.completed") {
        completed.insert(event["data"]["object"]["id"].as_str().context("an id")?.to_owned(), event);
    }
    let began = Instant::now();
    let posted: Posted = Arc::default();
    let watching = tokio::spawn(watch(fleet.database_url.clone(), Arc::clone(&posted), opened_by.len(), began));
    let mut posting = Vec::new();
    for (n, (user, session)) in opened_by.into_iter().enumerate() {
        let event = completed.remove(&session).context("a checkout without its event")?;
        tokio::time::sleep_until((began + Duration::from_secs(1) * u32::try_from(n)? / u32::try_from(EVENTS)?).into())
            .await;
        lock(&posted).insert(user, began.elapsed());
        let caller = node.caller.clone();
        posting.push(tokio::spawn(async move { caller.deliver_at(&event, now_ms() / 1000).await }));
    }
    for post in posting {
        let status = post.await??;
        anyhow::ensure!(status.is_success(), "a webhook was refused: {status}");
    }
    let granted = watching.await??;
    let mut times: Vec<f64> = granted.into_iter().map(|took| took.as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    let p99_ms = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
    Ok(Grants { p50_ms: median(times), p99_ms })
}

/// A customer with a session of now.
async fn customer(app: &App, n: usize) -> anyhow::Result<Who> {
    let new = Registration {
        email: Email::parse(&format!("customer{n}@example.net"))?,
        password: Password::parse(PASSWORD)?,
        language: Language::En,
        referral_code: None,
    };
    let made = users::create(app, &new, Role::User, Verified::Already).await;
    let user = made.map_err(|error| anyhow::anyhow!(error.chain()))?;
    let now = app.clock.now();
    Ok(Who { session: Live { id: Uuid::nil(), seen_day: now, proved_at: now }, user: user.into() })
}

/// Who has been posted and not been seen with a grant yet, and since when.
type Posted = Arc<Mutex<BTreeMap<Uuid, Duration>>>;

fn lock(posted: &Posted) -> MutexGuard<'_, BTreeMap<Uuid, Duration>> {
    posted.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long it took until each grant was first seen, once there are so many. Only those who wait are asked for: the
/// question is not to be what keeps the database busy.
async fn watch(database: String, posted: Posted, many: usize, began: Instant) -> anyhow::Result<Vec<Duration>> {
    let pool = MySqlPool::connect(&database).await?;
    let mut took = Vec::new();
    while took.len() < many {
        anyhow::ensure!(began.elapsed() < Duration::from_secs(120), "only {} of {many} grants", took.len());
        let waiting: Vec<Uuid> = lock(&posted).keys().copied().collect();
        if !waiting.is_empty() {
            let marks = vec!["?"; waiting.len()].join(", ");
            let sql = format!("SELECT user_id FROM subscriptions WHERE status = 'active' AND user_id IN ({marks})");
            let mut query = sqlx::query_scalar::<_, Uuid>(sqlx::AssertSqlSafe(sql));
            for user in waiting {
                query = query.bind(user);
            }
            let rows = query.fetch_all(&pool).await?;
            let at = began.elapsed();
            let mut posted = lock(&posted);
            took.extend(rows.iter().filter_map(|user| posted.remove(user)).map(|since| at.saturating_sub(since)));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(took)
}

/// Seconds for a proof of [`LINES`] lines.
async fn proof(database: Database) -> anyhow::Result<f64> {
    let fleet = Fleet::new(database).await?.context("MariaDB is needed")?;
    let app = fleet.look(Clock::System).await?;
    fill(&app, &fleet.database_url).await?;
    let began = Instant::now();
    let broken: Vec<_> = ledger::prove(&app).await.map_err(|error| anyhow::anyhow!(error.chain()))?;
    let seconds = began.elapsed().as_secs_f64();
    let broken: Vec<_> = broken.into_iter().filter(|finding| finding.broken != 0).collect();
    anyhow::ensure!(broken.is_empty(), "{broken:?}");
    Ok(seconds)
}

/// Three thousand customers with a hundred paid invoices and sixty-seven gifts each: a little more than a million lines.
async fn fill(app: &App, url: &str) -> anyhow::Result<()> {
    let like = customer(app, 0).await?.user.id;
    let row = store::users::by_id(&app.store, like).await?.context("no account")?;
    for n in 0..3_000 {
        let now = app.clock.now();
        let (user, subscription) = (app.dice.id(now), app.dice.id(now));
        let tx = app.store.write_txn().await?;
        let account = store::users::Model {
            id: user,
            email: format!("{n}@example.com"),
            email_canonical: format!("{n}@example.com"),
            referral_code: user.simple().to_string(),
            ..row.clone()
        };
        store::users::insert(&tx, &account).await?;
        store::subscriptions::insert(&tx, &paid_subscription(user, subscription, now)).await?;
        tx.commit().await?;
    }
    let is_sqlite = url.starts_with("sqlite");
    let id = if is_sqlite { "randomblob(16)" } else { "UNHEX(REPLACE(UUID(), '-', ''))" };
    let digit = "SELECT 0 AS n UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL \
                 SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
    let hundred = format!("(SELECT a.n * 10 + b.n AS n FROM ({digit}) a, ({digit}) b) d");
    let line = "INSERT INTO credit_ledger (id, user_id, amount, currency, kind, movement, created_at, account, about)";
    let mut statements = vec![format!(
        "INSERT INTO invoices (id, user_id, subscription_id, stripe_invoice_id, status, amount_due, amount_paid, currency, \
         issued_at, updated_at, amount_refunded, amount_disputed) SELECT {id}, s.user_id, s.id, \
         CONCAT('in_', HEX(s.id), '_', d.n), 'paid', 599, 599, 'usd', d.n, d.n, 0, 0 FROM subscriptions s, {hundred}"
    )];
    for (account, amount) in [("stripe_cash", -599), ("revenue", 599)] {
        statements.push(format!(
            "{line} SELECT {id}, user_id, {amount}, 'usd', 'payment', CONCAT('payment:', stripe_invoice_id), issued_at, \
             '{account}', stripe_invoice_id FROM invoices"
        ));
    }
    for (account, amount) in [("customer_credit", 5), ("promotions", -5)] {
        statements.push(format!(
            "{line} SELECT {id}, s.user_id, {amount}, 'usd', 'granted', CONCAT('admin:', HEX(s.id), '_', d.n), d.n, \
             '{account}', NULL FROM subscriptions s, {hundred} WHERE d.n < 67"
        ));
    }
    statements.push(
        "INSERT INTO ledger_balances (user_id, account, currency, balance) \
         SELECT user_id, 'customer_credit', 'usd', 335 FROM subscriptions"
            .to_owned(),
    );
    for statement in statements {
        let statement = sqlx::AssertSqlSafe(statement);
        match url.strip_prefix("sqlite://") {
            Some(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                sqlx::SqliteConnection::connect_with(&options).await?.execute(statement).await.map(drop)?;
            }
            None => sqlx::MySqlConnection::connect(url).await?.execute(statement).await.map(drop)?,
        }
    }
    Ok(())
}

fn paid_subscription(user: Uuid, id: Uuid, now: i64) -> store::subscriptions::Model {
    store::subscriptions::Model {
        plan: "basic".to_owned(),
        status: "active".to_owned(),
        stripe_subscription_id: format!("sub_{}", id.simple()),
        stripe_customer_id: format!("cus_{}", id.simple()),
        devices: Some(1),
        ..store::subscriptions::Model::begun(id, user, now)
    }
}
