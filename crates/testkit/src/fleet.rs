//! Real processes of `mirai serve` on one database, with the pretend Stripe and Resend in the test's own process.
//!
//! Their clock is the real one: for tests of what only a process can show, such as being killed.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use app::{App, Clock, Dice};
use fakes::resend::{Message, ResendFake};
use fakes::stripe::StripeFake;
use serde_json::Value;

use crate::app::{
    DATA_KEY, Database, JWT_SECRET, RESEND_KEY, STRIPE_KEY, Wanted, assemble, furnish, start_mail, start_stripe,
};
use crate::caller::{API_KEY, Caller, TestUser, WEBHOOK_SECRET, token_in};
use crate::private_dir::PrivateDir;
use crate::process::{Bin, Launch, Running};
use crate::template;

/// How long anything here may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What the processes share.
pub struct Fleet {
    /// URL of the database.
    pub database_url: String,
    /// The pretend Stripe; it delivers no webhooks by itself.
    pub stripe: StripeFake,
    /// The pretend Resend.
    pub mail: ResendFake,
    /// The working folder of the processes, with the SQLite file `mirai.db`.
    pub dir: PrivateDir,
    wanted: Wanted,
    environment: Vec<(String, String)>,
    bin: Bin,
}

/// A running `mirai serve`.
pub struct Node {
    /// The process, with its log on standard error.
    pub process: Running,
    /// Calls its API.
    pub caller: Caller,
}

impl Fleet {
    /// Database, fakes, plans and one server, and no process yet; `None` where the database may be skipped.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn new(database: Database) -> anyhow::Result<Option<Fleet>> {
        let dir = PrivateDir::new("fleet")?;
        match template::database(database, &dir).await? {
            Some(url) => Ok(Some(Fleet::at(database, url, dir).await?)),
            None => Ok(None),
        }
    }

    /// The same on an empty database of the test's own.
    ///
    /// # Errors
    /// When a part does not start.
    pub async fn at(database: Database, database_url: String, dir: PrivateDir) -> anyhow::Result<Fleet> {
        let seconds: fakes::Clock = Arc::new(|| now_ms() / 1000);
        // Nobody follows links here: tokens are read from the mails.
        let site = "http://localhost:1";
        let stripe = start_stripe(site, seconds.clone()).await?;
        let mail = start_mail(seconds).await?;
        let mut fleet = Fleet {
            environment: Vec::new(),
            wanted: Wanted::on(database),
            bin: Bin::mirai().await?,
            database_url,
            stripe,
            mail,
            dir,
        };
        for (name, value) in [
            ("APP_ENV", "test"),
            ("APP_URL", site),
            ("LISTEN", "127.0.0.1:0"),
            ("X_API_KEY", API_KEY),
            ("JWT_SECRET", JWT_SECRET),
            ("DATA_KEYS", DATA_KEY),
            ("STRIPE_SECRET_KEY", STRIPE_KEY),
            ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
            ("RESEND_API_KEY", RESEND_KEY),
            ("MAIL_FROM", "MiraiVPN <hello@mirai.test>"),
            ("LIMIT_CREDENTIAL", "1000000"),
            ("LIMIT_GENERAL", "1000000"),
        ] {
            fleet.set(name, value);
        }
        fleet.set("DATABASE_URL", &fleet.database_url.clone());
        fleet.set("STRIPE_API_BASE", &fleet.stripe.base_url());
        fleet.set("RESEND_API_BASE", &fleet.mail.base_url());
        let app = fleet.look(Clock::System).await?;
        furnish(&app, &fleet.stripe).await?;
        Ok(fleet)
    }

    /// Sets a setting for the processes that start from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a setting away from the processes that start from now on.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// The settings that are secrets, by name.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, String)> {
        let is_secret = |name: &str| ["KEY", "SECRET"].iter().any(|part| name.contains(part));
        self.environment.iter().filter(|(name, _)| is_secret(name)).cloned().collect()
    }

    /// The use cases on the fleet's database, in this process, by a clock of the test's choice.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn look(&self, clock: Clock) -> anyhow::Result<App> {
        // Never a seed: two with the same one make the same id in the same millisecond.
        let dice = Dice::System;
        assemble(&self.wanted, &self.database_url, "http://localhost:1", &self.stripe, &self.mail, clock, dice).await
    }

    /// A command with the fleet's settings, in its folder.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Launch {
        self.command_of(&self.bin, args)
    }

    /// The same of another build of the program.
    #[must_use]
    pub fn command_of(&self, bin: &Bin, args: &[&str]) -> Launch {
        let launch = bin.launch().args(args).current_dir(self.dir.path());
        self.environment.iter().fold(launch, |launch, (name, value)| launch.env(name, value))
    }

    /// Starts a `mirai serve` and waits until it is ready.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn serve(&self) -> anyhow::Result<Node> {
        Fleet::up(self.command(&["serve"])).await
    }

    /// Starts a `mirai serve` that was prepared with [`Fleet::command`], and waits until it is ready.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn up(launch: Launch) -> anyhow::Result<Node> {
        let mut process = launch.start().await?;
        let line = process.wait_for_line("\"ready\"", PATIENCE).await?;
        let ready: Value = serde_json::from_str(&line)?;
        let place = ready["fields"]["place"].as_str().context(line)?;
        Ok(Node { process, caller: Caller::new(format!("http://{place}"))? })
    }

    /// A customer who signed up, verified the address and logged in at `node`.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn with_user(&self, node: &Node, name: &str) -> anyhow::Result<TestUser> {
        let email = format!("{name}@example.net");
        node.caller.register(&email).await?;
        let mail = self.wait_for_mail(&email, |_| true).await?;
        node.caller.verify(&token_in(&mail, "/verify")?).await?;
        node.caller.log_in(&email).await
    }

    /// A customer as [`Fleet::with_user`] makes them, with a running subscription to the plan without a device limit.
    ///
    /// # Errors
    /// When a step is refused.
    pub async fn with_subscriber(&self, node: &Node, name: &str) -> anyhow::Result<TestUser> {
        let user = self.with_user(node, name).await?;
        self.stripe.pay(&node.caller.checkout(&user, "vip").await?)?;
        for event in self.stripe.events() {
            node.caller.deliver_at(&event, now_ms() / 1000).await?;
        }
        let active = async || {
            let list = node.caller.get("/subscriptions", Some(&user)).await?;
            Ok((list["subscriptions"][0]["status"] == "active").then_some(()))
        };
        eventually("the subscription", active).await?;
        Ok(user)
    }

    /// The newest mail to an address that `fits`, once there is one.
    ///
    /// # Errors
    /// When none comes.
    pub async fn wait_for_mail(&self, to: &str, fits: impl Fn(&Message) -> bool) -> anyhow::Result<Message> {
        let newest = || async { Ok(self.mail.messages_to(to).into_iter().rfind(&fits)) };
        eventually("a mail", newest).await
    }

    /// The events of the pretend Stripe of one type.
    #[must_use]
    pub fn events_of(&self, kind: &str) -> Vec<Value> {
        self.stripe.events().into_iter().filter(|event| event["type"] == kind).collect()
    }
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// When there is none in time, or asking fails.
pub async fn eventually<T, F, Fut>(what: &str, mut ask: F) -> anyhow::Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = anyhow::Result<Option<T>>>,
{
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        anyhow::ensure!(Instant::now() < until, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The real time, in milliseconds: the fakes must agree with the processes on it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the processes under test run by the real clock")]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
