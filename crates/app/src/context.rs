//! What every use case is given.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clients::mail::Mailer;
use clients::probe::Prober;
use clients::redis::{Hint, Redis};
use clients::stripe::Stripe;
use clients::webhook::{Reach, Sender};
use store::Store;
use tokio::sync::Notify;

use crate::limiter::Limiter;
use crate::{Clock, Config, Dice, Error, Hasher, Result, Sealer, api_key, monitor, server, status, tokens};

/// How long somebody waits for Stripe at the most, to be told within two seconds.
const STRIPE_FOR_PEOPLE: Duration = Duration::from_millis(1_700);
/// How often a transaction is run again that the database chose as a victim, and for how long: the caller is owed an
/// answer.
const ROUNDS: u32 = 5;
const RETRYING: Duration = Duration::from_millis(800);

/// The program, as its use cases see it. A clone is one count: every request makes several. Changing a part of a clone
/// leaves the others as they are.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

/// What an [`App`] is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Settings.
    pub config: Arc<Config>,
    /// Database.
    pub store: Store,
    /// Payment service.
    pub stripe: Stripe,
    /// Mail service.
    pub mailer: Arc<Mailer>,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub dice: Arc<Dice>,
    /// Passwords.
    pub hasher: Hasher,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// Rate limits.
    pub limiter: Arc<Limiter>,
    pub(crate) api_keys: Arc<api_key::Keys>,
    pub(crate) servers: Arc<server::Cache>,
    pub(crate) work: Arc<Notify>,
    /// Whoever looks at what is watched.
    pub prober: Arc<Prober>,
    /// Whoever posts to webhooks.
    pub hooks: Arc<Sender>,
    pub(crate) away: Arc<monitor::Away>,
    pub(crate) status: Arc<status::Cache>,
    pub(crate) redis: Option<Arc<Redis>>,
}

/// What keys the limiter's hashes: the same in all processes, and of no use for anything else.
fn limiter_secret(config: &Config) -> [u8; 32] {
    tokens::derived(&config.jwt_secret, "mirai limiter v1")
}

impl App {
    /// Puts the parts together.
    pub fn new(
        config: Config,
        store: Store,
        stripe: Stripe,
        mailer: Mailer,
        clock: Clock,
        dice: Dice,
        sealer: Sealer,
    ) -> App {
        let api_keys = Arc::new(api_key::Keys::of(&config));
        let limiter = Limiter::new(config.limits, limiter_secret(&config), None);
        App(Arc::new(Parts {
            hasher: Hasher::new(&dice),
            config: Arc::new(config),
            store,
            stripe,
            mailer: Arc::new(mailer),
            clock,
            dice: Arc::new(dice),
            sealer: Arc::new(sealer),
            limiter: Arc::new(limiter),
            api_keys,
            servers: Arc::default(),
            work: Arc::default(),
            prober: Arc::default(),
            hooks: Arc::new(Sender::new(Reach::Public)),
            away: Arc::default(),
            status: Arc::default(),
            redis: None,
        }))
    }

    /// The same for requests that people wait for: Stripe answers soon or is away. Everything that asks Stripe can be
    /// asked again with one effect.
    #[must_use]
    pub fn for_people(mut self) -> App {
        self.stripe = self.stripe.within(STRIPE_FOR_PEOPLE);
        self
    }

    /// Counts limits, and gives hints, together with all processes that use the same Redis.
    #[must_use]
    pub fn with_redis(mut self, redis: Redis) -> App {
        let redis = Arc::new(redis);
        let secret = limiter_secret(&self.config);
        self.limiter = Arc::new(Limiter::new(self.config.limits, secret, Some(Arc::clone(&redis))));
        self.redis = Some(redis);
        self
    }

    /// Tells the workers that there is a new job: this process's at once, and with Redis those of the others too;
    /// without it they see it within a second.
    pub fn wake_worker(&self) {
        self.work.notify_one();
        if let Some(redis) = self.redis.clone() {
            tokio::spawn(async move {
                if let Err(error) = redis.tell(Hint::Work, "").await {
                    tracing::debug!(%error, "no hint was given; other processes look once a second");
                }
            });
        }
    }

    /// Runs a transaction again when the database chose it as a victim, with growing pauses and not for long.
    pub async fn retrying<T, F, Fut>(&self, mut attempt: F) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let began = Instant::now();
        let mut round = 0;
        loop {
            match attempt().await {
                Err(Error::Contention(cause)) if round == ROUNDS || began.elapsed() > RETRYING => {
                    return Err(Error::Busy { what: "the database", source: Some(Box::new(cause)) });
                }
                Err(Error::Contention(_)) => {
                    let jitter = self.dice.number() % 10;
                    tokio::time::sleep(Duration::from_millis(u64::from(5u32 << round) + jitter)).await;
                }
                done => return done,
            }
            round += 1;
        }
    }
}
