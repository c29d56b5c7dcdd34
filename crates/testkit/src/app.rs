//! The whole product in one test process: its router on a real port, a real database, the pretend Stripe and Resend,
//! a clock that the test moves, and seeded dice.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use app::admin::COMMAND_LINE;
use app::admin::plans::{self, Change};
use app::admin::servers::{self, NewServer};
use app::admin::users::{self, Verified};
use app::sign_up::Registration;
use app::{App, Brand, Clock, Config, Dice, Limits, Sealer, StripeKeys, Taxes, jobs, plan, seed};
use clients::mail::Mailer;
use clients::redis::Redis;
use clients::stripe::{Stripe, StripeSettings};
use domain::account::{Email, Language, Password, Role};
use domain::names::{Endpoint, Region, ServerName};
use domain::reward::Terms;
use domain::vpn::dns::Resolvers;
use domain::vpn::key::PrivateKey;
use domain::vpn::pool::Pool;
use fakes::resend::{ResendFake, ResendOptions};
use fakes::stripe::{StripeFake, StripeOptions};
use reqwest::StatusCode;
use serde_json::Value;
use store::{Patience, Store, Tls};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;
use web::{CookieStyle, Listener, TeamCode};

use crate::caller::{API_KEY, Caller, PASSWORD, TestUser, WEBHOOK_SECRET, token_in};
use crate::gate::Gate;
use crate::mariadb::MariaDb;
use crate::private_dir::PrivateDir;
use crate::template;

/// Where every test's clock begins: 2026-11-23T12:00:00Z.
pub const START: i64 = 1_795_435_200_000;
/// A day in milliseconds.
pub const DAY: i64 = 86_400_000;

pub(crate) const STRIPE_KEY: &str = "sk_test_of_the_test_kit";
pub(crate) const RESEND_KEY: &str = "re_of_the_test_kit";
/// What signs tokens.
pub const JWT_SECRET: &str = "a secret of the test kit, long enough";
/// What seals pre-shared keys and mails.
pub const DATA_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file of the test's own.
    Sqlite,
    /// A fresh database on a real MariaDB.
    MariaDb,
}

/// How a test wants the product.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Database.
    pub database: Database,
    /// Requests a minute; so many by default that no test meets them by chance.
    pub limits: Limits,
    /// IPv4 addresses for devices.
    pub pool_v4: &'static str,
    /// Resolvers that a device may choose.
    pub resolvers: Resolvers,
    /// Origins that may call the API.
    pub allowed_origins: Vec<String>,
    /// Proxies whose word on the client's address counts.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// What a friend is worth.
    pub referrals: Terms,
    /// Who reckons taxes.
    pub taxes: Taxes,
    /// A Redis to count and to tell others with, as `redis://host:port`.
    pub redis: Option<String>,
    /// What the operators' pages ask of who opens them.
    pub team_code: TeamCode,
    /// The site's address as the product knows it, if it is not where the test finds it.
    pub app_url: Option<&'static str>,
    /// How long the database is waited for: as long as it takes by default, for a machine that is busy with tests.
    pub patience: Patience,
}

impl Wanted {
    /// The product on a database.
    pub fn on(database: Database) -> Wanted {
        Wanted {
            database,
            limits: Limits { credential_per_minute: 1_000_000, general_per_minute: 1_000_000 },
            pool_v4: "10.64.0.0/10",
            resolvers: Resolvers::new(vec![[94, 140, 14, 14].into()], vec![[94, 140, 14, 15].into()])
                .unwrap_or_default(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            referrals: Terms::default(),
            taxes: Taxes::Unknown,
            redis: None,
            team_code: TeamCode::Optional,
            app_url: None,
            patience: Patience::Command,
        }
    }
}

/// The running product.
pub struct TestApp {
    /// Its use cases, for a look behind the pages.
    pub app: App,
    /// Calls its API.
    pub caller: Caller,
    /// URL of its database.
    pub database_url: String,
    /// The pretend Stripe. It does not deliver webhooks by itself: [`TestApp::settle`] does.
    pub stripe: StripeFake,
    /// The pretend Resend.
    pub mail: ResendFake,
    /// The folder of everything it writes.
    pub dir: PrivateDir,
    /// Each different SQL statement that it has run.
    pub statements: Statements,
    stop: watch::Sender<bool>,
}

/// SQL statements without their values.
pub type Statements = Arc<Mutex<BTreeSet<String>>>;

/// An empty database of the chosen kind; `None` where MariaDB is missing and may be skipped.
///
/// # Errors
/// When MariaDB does not start.
pub async fn empty_database(database: Database, dir: &PrivateDir) -> anyhow::Result<Option<String>> {
    match database {
        Database::Sqlite => Ok(Some(format!("sqlite://{}", dir.join("mirai.db").display()))),
        Database::MariaDb => match MariaDb::shared().await? {
            Some(server) => Ok(Some(server.fresh_database().await?)),
            None => Ok(None),
        },
    }
}

impl TestApp {
    /// The product with plans at prices and one server that is up; `None` where its database may be skipped.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start(wanted: &Wanted) -> anyhow::Result<Option<TestApp>> {
        let dir = PrivateDir::new("app")?;
        match template::database(wanted.database, &dir).await? {
            Some(url) => Ok(Some(TestApp::start_on(wanted, url, dir).await?)),
            None => Ok(None),
        }
    }

    /// The product on a MariaDB that it reaches through a gate.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start_behind_a_gate() -> anyhow::Result<Option<(TestApp, Gate)>> {
        let dir = PrivateDir::new("app")?;
        let Some(url) = template::database(Database::MariaDb, &dir).await? else { return Ok(None) };
        let mut url = Url::parse(&url)?;
        let server = format!("{}:{}", url.host_str().context("a host")?, url.port().context("a port")?);
        let gate = Gate::before(server).await?;
        url.set_port(Some(gate.address().port())).map_err(|()| anyhow::anyhow!("no port"))?;
        let wanted = Wanted { patience: Patience::Serving, ..Wanted::on(Database::MariaDb) };
        let test = TestApp::start_on(&wanted, url.into(), dir).await?;
        Ok(Some((test, gate)))
    }

    /// The same on a database of the test's own, empty or migrated.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn start_on(wanted: &Wanted, database_url: String, dir: PrivateDir) -> anyhow::Result<TestApp> {
        let clock = Clock::stopped_at(START);
        let seconds: fakes::Clock = {
            let clock = clock.clone();
            Arc::new(move || clock.now() / 1000)
        };
        let site = loopback().await?;
        let address: SocketAddr = site.local_addr()?;
        let base = format!("http://{address}");
        let stripe = start_stripe(&base, seconds.clone()).await?;
        let mail = start_mail(seconds).await?;
        let mut app = assemble(wanted, &database_url, &base, &stripe, &mail, clock, Dice::seeded(7)).await?;
        let statements = Statements::default();
        let seen = Arc::clone(&statements);
        app.store = app.store.clone().observed(move |sql, _| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
        });
        furnish(&app, &stripe).await?;
        let settings = web::Settings {
            cookies: CookieStyle::PlainHttp,
            allowed_origins: wanted.allowed_origins.clone(),
            trusted_proxies: wanted.trusted_proxies.clone(),
            form_origins: vec![stripe.base_url()],
            team_code: wanted.team_code,
        };
        let (stop, stopped) = watch::channel(false);
        let router = web::router(app.clone(), settings);
        tokio::spawn(web::serve(Listener::Tcp(site), router, stopped, Duration::ZERO));
        Ok(TestApp { app, caller: Caller::new(base)?, database_url, stripe, mail, dir, statements, stop })
    }

    /// Adds a server that is up.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn add_server(&self, name: &str, region: &str) -> anyhow::Result<()> {
        add_server(&self.app, name, region).await
    }

    /// Moves the clock on.
    pub fn advance(&self, ms: i64) {
        self.app.clock.advance(ms);
    }

    /// Runs every job that is due.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn run_jobs(&self) -> anyhow::Result<usize> {
        Ok(jobs::run_due(&self.app).await?)
    }

    /// The newest mail to an address.
    ///
    /// # Errors
    /// When there is none.
    pub fn newest_mail(&self, to: &str) -> anyhow::Result<fakes::resend::Message> {
        self.mail.messages_to(to).into_iter().next_back().with_context(|| format!("no mail to {to}"))
    }

    /// The token in the newest mail's link to `page`.
    ///
    /// # Errors
    /// When there is none.
    pub fn token_mailed(&self, to: &str, page: &str) -> anyhow::Result<String> {
        token_in(&self.newest_mail(to)?, page)
    }

    /// A customer who signed up, verified the address and logged in, all through the API.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn with_user(&self, name: &str) -> anyhow::Result<TestUser> {
        let email = format!("{name}@example.net");
        self.register(&email).await?;
        self.run_jobs().await?;
        self.verify(&self.token_mailed(&email, "/verify")?).await?;
        self.log_in(&email).await
    }

    /// One of the company's team, made as by the command line and signed in.
    ///
    /// # Errors
    /// When the address is known.
    pub async fn with_team(&self, name: &str, role: Role) -> anyhow::Result<TestUser> {
        let email = format!("{name}@example.net");
        let new = Registration {
            email: Email::parse(&email)?,
            password: Password::parse(PASSWORD)?,
            language: Language::En,
            referral_code: None,
        };
        users::create(&self.app, &new, role, Verified::Already).await?;
        self.log_in(&email).await
    }

    /// Opens a checkout and pays it at the pretend Stripe; no webhook is delivered yet. Returns the session's id.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn pay(&self, user: &TestUser, plan: &str) -> anyhow::Result<String> {
        let session = self.checkout(user, plan).await?;
        self.stripe.pay(&session)?;
        Ok(session)
    }

    /// Delivers all events of the pretend Stripe that were not delivered yet, and runs the jobs that they lead to.
    ///
    /// # Errors
    /// When one is not taken.
    pub async fn settle(&self) -> anyhow::Result<()> {
        for event in self.stripe.events() {
            let id = event["id"].as_str().unwrap_or_default();
            let status = self.deliver(&event).await?;
            anyhow::ensure!(status == StatusCode::OK, "event {id}: {status}");
        }
        self.run_jobs().await?;
        Ok(())
    }

    /// All work is done, and books and network agree.
    ///
    /// # Errors
    /// When they do not.
    pub async fn all_is_well(&self) -> anyhow::Result<()> {
        self.run_jobs().await?;
        let findings = app::admin::check(&self.app).await?;
        let broken: Vec<_> = findings.into_iter().filter(|one| one.broken != 0).collect();
        anyhow::ensure!(broken.is_empty(), "{broken:?}");
        Ok(())
    }

    /// Posts one event to the webhook, signed now.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn deliver(&self, event: &Value) -> anyhow::Result<StatusCode> {
        self.deliver_at(event, self.app.clock.now() / 1000).await
    }

    /// A user with a paid plan.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn with_subscriber(&self, name: &str, plan: &str) -> anyhow::Result<TestUser> {
        let user = self.with_user(name).await?;
        self.pay(&user, plan).await?;
        self.settle().await?;
        Ok(user)
    }
}

impl Deref for TestApp {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// Plans at prices of the pretend Stripe's, and one server that is up.
pub(crate) async fn furnish(app: &App, stripe: &StripeFake) -> anyhow::Result<()> {
    seed::plans(app).await?;
    for row in plan::list(app).await? {
        let price = stripe.ensure_price(&row.code, &row.name, row.price_cents, &row.currency, &row.period)?;
        let change = Change { stripe_price: Some(price), ..Change::default() };
        plans::set(app, COMMAND_LINE, &row.code, &change).await?;
    }
    add_server(app, "osaka-1", "jp").await
}

/// Adds a server that is up, with a key from the app's dice.
///
/// # Errors
/// When the name is taken.
pub async fn add_server(app: &App, name: &str, region: &str) -> anyhow::Result<()> {
    let key = PrivateKey::from_random(app.dice.bytes()).public();
    let new = NewServer { public_key: Some(key), ..new_server(name, region, "vpn1.example.net:51820")? };
    servers::add(app, COMMAND_LINE, &new).await?;
    Ok(())
}

/// Adds `here-1`, in the region `here`, for a gateway to enrol: its one-time token.
///
/// # Errors
/// When it is there already, or `endpoint` is none.
pub async fn server_to_enrol(app: &App, endpoint: &str, capacity: u32) -> anyhow::Result<String> {
    let new = NewServer { capacity, bandwidth_mbit: 10_000, ..new_server("here-1", "here", endpoint)? };
    servers::add(app, COMMAND_LINE, &new).await?.enrol_token.context("no token")
}

fn new_server(name: &str, region: &str, endpoint: &str) -> anyhow::Result<NewServer> {
    Ok(NewServer {
        name: ServerName::parse(name).map_err(|e| anyhow::anyhow!("{e}"))?,
        region: Region::parse(region).map_err(|e| anyhow::anyhow!("{e}"))?,
        country: "JP".to_owned(),
        city: "Osaka".to_owned(),
        endpoint: Endpoint::parse(endpoint).map_err(|e| anyhow::anyhow!("{e}"))?,
        public_key: None,
        capacity: 1000,
        bandwidth_mbit: 1000,
    })
}

pub(crate) async fn loopback() -> anyhow::Result<TcpListener> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?)
}

pub(crate) async fn start_stripe(site: &str, now: fakes::Clock) -> anyhow::Result<StripeFake> {
    let listener = loopback().await?;
    let public_url = format!("http://{}", listener.local_addr()?);
    let options = StripeOptions {
        webhook_url: Some(format!("{site}/backend/api/stripe/webhook")),
        public_url,
        ..StripeOptions::new(listener, STRIPE_KEY, WEBHOOK_SECRET, now)
    };
    let fake = StripeFake::start(options).await?;
    fake.set_webhook_delivery(false);
    Ok(fake)
}

pub(crate) async fn start_mail(now: fakes::Clock) -> anyhow::Result<ResendFake> {
    let listener = loopback().await?;
    Ok(ResendFake::start(ResendOptions { listener, api_key: RESEND_KEY.to_owned(), state_file: None, now }).await?)
}

pub(crate) async fn assemble(
    wanted: &Wanted,
    database_url: &str,
    base: &str,
    stripe: &StripeFake,
    mail: &ResendFake,
    clock: Clock,
    dice: Dice,
) -> anyhow::Result<App> {
    let settings =
        store::Settings { url: database_url.to_owned(), tls: Tls::Off, max_connections: 16, patience: wanted.patience };
    let store = Store::connect(&settings).await?;
    store.migrate().await?;
    let pool = Pool::new(wanted.pool_v4.parse()?, "fd6d:6972:6169::/48".parse()?)?;
    let config = Config {
        app_url: Url::parse(wanted.app_url.unwrap_or(base))?,
        brand: Brand { name: "MiraiVPN".to_owned(), support: "help@mirai.test".to_owned() },
        mail_from: "MiraiVPN <hello@mirai.test>".to_owned(),
        jwt_secret: JWT_SECRET.to_owned().into(),
        access_ms: 15 * 60_000,
        refresh_ms: 30 * DAY,
        stripe: StripeKeys { webhook_secrets: vec![WEBHOOK_SECRET.to_owned().into()], livemode: false },
        api_keys: vec![API_KEY.to_owned().into()],
        pool,
        resolvers: wanted.resolvers.clone(),
        limits: wanted.limits,
        referrals: wanted.referrals.clone(),
        taxes: wanted.taxes,
        money_back_days: 30,
        flow: None,
        ticket_quiet: domain::ticket::Quiet::of_days(3),
        has_bot: true,
        release: None,
    };
    let stripe = Stripe::new(StripeSettings {
        base: Url::parse(&stripe.base_url())?,
        secret_key: STRIPE_KEY.to_owned().into(),
        timeout: Duration::from_secs(10),
    })?;
    let mailer = Mailer::resend(Url::parse(&mail.base_url())?, RESEND_KEY.to_owned().into())?;
    let app = App::new(config, store, stripe, mailer, clock, dice, Sealer::from_setting(DATA_KEY)?);
    Ok(match &wanted.redis {
        Some(url) => app.with_redis(Redis::new(url)?),
        None => app,
    })
}

/// Makes each `async fn name(database: Database) -> anyhow::Result<()>` two tests: on SQLite and on MariaDB.
#[macro_export]
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> anyhow::Result<()> {
                super::$name($crate::app::Database::Sqlite).await
            })+
        }
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> anyhow::Result<()> {
                super::$name($crate::app::Database::MariaDb).await
            })+
        }
    };
}
