//! Taking over a service that ran on PHP: its accounts, servers, subscriptions, devices and credit, so that its customers
//! log in with the passwords that they have and their devices go on working.
//!
//! All of it is one transaction: it is taken over whole or not at all. What can't be taken over is left out and named.
//! Taking over again adds what has come since.

mod credit;

use std::collections::BTreeMap;

use domain::account::{Email, Language, Role};
use domain::names::{DeviceName, Endpoint, Region, ServerName};
use domain::subscription::Status;
use domain::time::UnixMs;
use domain::vpn::client_file::ClientFile;
use domain::vpn::dns::Dns;
use domain::vpn::key::PublicKey;
use store::foreign::{Foreign, Row};
use store::{StoreError, Tx, imported, plans, pool, stripe_events, subscriptions, users, vps_servers, wireguard_peers};
use uuid::Uuid;

use crate::device::psk_place;
use crate::{App, Error, Result, admin, sign_up};

/// Bytes in a gigabyte.
const GB: f64 = 1e9;
/// Addresses between two devices that are put into the list of free ones; more means that POOL_V4 does not fit.
const MAX_GAP: i64 = 100_000;
/// Devices a server is meant for, where the old service did not say.
const CAPACITY: i64 = 1000;
/// A password that nobody has: its owner sets one by the mail for a forgotten one.
const NO_PASSWORD: &str = "!";

/// Reads a customer's wg-quick file by the path that the old service had for it.
pub type ReadFile<'a> = dyn Fn(&str) -> std::io::Result<String> + Send + Sync + 'a;

/// Whether to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Take over.
    Real,
    /// Say what would be taken over, and change nothing.
    DryRun,
}

/// Something that was not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its table there.
    pub table: &'static str,
    /// Its id there.
    pub id: String,
    /// Why, and what to do.
    pub why: String,
}

/// What became of each table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows taken over now, by table.
    pub taken: BTreeMap<&'static str, u64>,
    /// Rows that had been taken over before, by table.
    pub known: BTreeMap<&'static str, u64>,
    /// What was left out.
    pub refused: Vec<Refusal>,
}

/// Why one row was left out: in words, or because the database failed.
enum Stop {
    Refused(String),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Failed(error)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        match error {
            StoreError::Duplicate(what) => Stop::Refused(format!("there is one like it here already ({what})")),
            other => Stop::Failed(other.into()),
        }
    }
}

fn no<T>(why: impl Into<String>) -> std::result::Result<T, Stop> {
    Err(Stop::Refused(why.into()))
}

/// Takes over from the database at `from`.
pub async fn run(app: &App, from: &str, files: &ReadFile<'_>, mode: Mode) -> Result<Report> {
    let old = Foreign::connect(from).await?;
    let tables = Tables::read(&old).await?;
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut import = Import { app, tx, now, files, report: Report::default(), opened: BTreeMap::new() };
    import.all(&tables).await?;
    let Import { tx, report, .. } = import;
    if mode == Mode::Real {
        let words = format!("{} refused", report.refused.len());
        admin::audit(app, &tx, admin::COMMAND_LINE, "import.php", "", &words, now).await?;
        tx.commit().await?;
    }
    Ok(report)
}

/// The old service's tables; one that is missing is empty.
struct Tables {
    users: Vec<Row>,
    servers: Vec<Row>,
    subscriptions: Vec<Row>,
    peers: Vec<Row>,
    sponsorships: Vec<Row>,
    events: Vec<Row>,
}

impl Tables {
    async fn read(old: &Foreign) -> Result<Tables> {
        let missing = |name: &str| {
            let words = format!("the database in --from has no table `{name}`: is it the right one?");
            Error::invalid("from", "table_missing", words)
        };
        let users = old.table("users").await?.ok_or_else(|| missing("users"))?;
        Ok(Tables {
            users,
            servers: old.table("vps_servers").await?.unwrap_or_default(),
            subscriptions: old.table("subscriptions").await?.unwrap_or_default(),
            peers: old.table("wireguard_peers").await?.unwrap_or_default(),
            sponsorships: old.table("sponsorships").await?.unwrap_or_default(),
            events: old.table("stripe_events").await?.unwrap_or_default(),
        })
    }
}

struct Import<'a> {
    app: &'a App,
    tx: Tx,
    now: UnixMs,
    files: &'a ReadFile<'a>,
    report: Report,
    /// Files that were read, by path.
    opened: BTreeMap<String, std::result::Result<ClientFile, String>>,
}

/// The first of these columns that is there and not empty.
fn text<'r>(row: &'r Row, names: &[&str]) -> Option<&'r str> {
    names.iter().find_map(|name| row.get(*name)).map(String::as_str).filter(|text| !text.trim().is_empty())
}

fn number(row: &Row, names: &[&str]) -> Option<f64> {
    text(row, names)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whole numbers only, for money: never by way of a fraction.
fn integer(row: &Row, names: &[&str]) -> Option<i64> {
    text(row, names)?.split('.').next()?.parse().ok()
}

/// A time in Unix milliseconds from one in seconds.
fn time(row: &Row, names: &[&str]) -> Option<UnixMs> {
    integer(row, names)?.checked_mul(1000)
}

fn bytes(gigabytes: f64) -> i64 {
    // Quotas are whole gigabytes or tenths of them, far below what a double holds exactly.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be within range")]
    let bytes = (gigabytes.clamp(0.0, 9e9) * GB) as i64;
    bytes
}

impl Import<'_> {
    async fn all(&mut self, tables: &Tables) -> Result<()> {
        for row in &tables.users {
            let done = self.user(row).await;
            self.note("users", row, done)?;
        }
        for row in &tables.users {
            self.credit_and_sponsor(row).await?;
        }
        for row in &tables.sponsorships {
            let done = self.sponsorship(row).await;
            self.note("sponsorships", row, done)?;
        }
        for row in &tables.servers {
            let done = self.server(row, &tables.peers).await;
            self.note("vps_servers", row, done)?;
        }
        for row in &tables.subscriptions {
            let done = self.subscription(row).await;
            self.note("subscriptions", row, done)?;
        }
        for row in &tables.peers {
            let done = self.peer(row).await;
            self.note("wireguard_peers", row, done)?;
        }
        for row in &tables.events {
            let done = self.event(row).await;
            self.note("stripe_events", row, done)?;
        }
        Ok(())
    }

    /// Counts what became of a row: taken over, known, or refused.
    fn note(&mut self, table: &'static str, row: &Row, done: std::result::Result<bool, Stop>) -> Result<()> {
        match done {
            Ok(true) => *self.report.taken.entry(table).or_default() += 1,
            Ok(false) => *self.report.known.entry(table).or_default() += 1,
            Err(Stop::Refused(why)) => {
                let id = text(row, &["id", "event_id"]).unwrap_or("(no id)").to_owned();
                self.report.refused.push(Refusal { table, id, why });
            }
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(())
    }

    async fn known(&self, table: &str, old: &str) -> Result<Option<Uuid>> {
        Ok(imported::get(&self.tx, &format!("php:{table}:{old}")).await?)
    }

    async fn remember(&self, table: &str, old: &str, new: Uuid) -> Result<()> {
        Ok(imported::insert(&self.tx, &format!("php:{table}:{old}"), new, self.now).await?)
    }

    async fn user(&self, row: &Row) -> std::result::Result<bool, Stop> {
        let Some(old) = text(row, &["id"]) else { return no("it has no id") };
        if self.known("users", old).await?.is_some() {
            return Ok(false);
        }
        let address = text(row, &["email"]).unwrap_or_default();
        let email = match Email::parse(address) {
            Ok(email) => email,
            Err(error) => return no(format!("its address can't be used: {error}")),
        };
        if users::by_email(&self.tx, email.canonical()).await?.is_some() {
            return no("its address has an account here already: the two would have to be joined by hand");
        }
        let hash = text(row, &["password_hash", "password"])
            .filter(|hash| hash.starts_with("$2") || hash.starts_with("$argon2"));
        let created = time(row, &["created_at"]).unwrap_or(self.now);
        // A service that has no such column let everybody in who could log in.
        let says_verified = ["email_verified_at", "verified_at", "is_verified", "verified"];
        let has_column = says_verified.iter().any(|name| row.contains_key(*name));
        let is_verified = !has_column || text(row, &says_verified).is_some_and(|value| value != "0");
        let id = self.app.dice.id(created);
        let totp = text(row, &["twofa_secret"]).and_then(|secret| self.totp(id, secret));
        let user = users::Model {
            id,
            email: email.as_str().to_owned(),
            email_canonical: email.canonical().to_owned(),
            password_hash: hash.unwrap_or(NO_PASSWORD).to_owned(),
            role: role(row).as_str().to_owned(),
            language: text(row, &["language"])
                .and_then(|code| code.parse().ok())
                .unwrap_or(Language::En)
                .as_str()
                .to_owned(),
            verified_at: is_verified.then_some(created),
            suspended_at: None,
            stripe_customer_id: text(row, &["stripe_customer_id", "stripe_id"]).map(str::to_owned),
            referral_code: sign_up::referral_code(self.app),
            referred_by: None,
            created_at: created,
            updated_at: self.now,
            totp_since: totp.is_some().then_some(self.now),
            totp_sealed: totp,
            totp_step: None,
            deleted_at: None,
        };
        users::insert(&self.tx, &user).await?;
        self.remember("users", old, id).await?;
        Ok(true)
    }

    /// The secret of the authenticator app, sealed; one that can't be read would shut its owner out and is left out.
    fn totp(&self, user: Uuid, base32: &str) -> Option<Vec<u8>> {
        let secret = totp_rs::Secret::try_from_base32(base32.trim()).ok()?;
        Some(self.app.sealer.seal(secret.as_ref(), &crate::second_factor::place(user), &self.app.dice))
    }

    /// A device's file, read once.
    fn file(&mut self, row: &Row) -> std::result::Result<ClientFile, String> {
        let Some(path) = text(row, &["conf_path"]) else { return Err("it names no file (conf_path)".to_owned()) };
        if let Some(known) = self.opened.get(path) {
            return known.clone();
        }
        let read = (self.files)(path).map_err(|error| format!("its file {path} can't be read: {error}"));
        let file = read.and_then(|text| ClientFile::parse(&text).map_err(|error| format!("its file {path}: {error}")));
        self.opened.insert(path.to_owned(), file.clone());
        file
    }

    async fn server(&mut self, row: &Row, peers: &[Row]) -> std::result::Result<bool, Stop> {
        let Some(old) = text(row, &["id"]) else { return no("it has no id") };
        if self.known("vps_servers", old).await?.is_some() {
            return Ok(false);
        }
        // What the server's own row does not say, the files of its devices do.
        let theirs = peers.iter().filter(|peer| text(peer, &["vps_id"]) == Some(old));
        let file = theirs.filter_map(|peer| self.file(peer).ok()).find(|file| file.endpoint.is_some());
        let own_key = text(row, &["public_key"]).and_then(|key| PublicKey::parse(key).ok());
        let own_endpoint = text(row, &["endpoint"]).and_then(|endpoint| Endpoint::parse(endpoint).ok());
        let key = own_key.or(file.as_ref().map(|file| file.server_key));
        let Some(endpoint) = own_endpoint.or(file.and_then(|file| file.endpoint)) else {
            return no("nothing says its endpoint: no column `endpoint`, and no file of a device on it (--configs)");
        };
        let name = text(row, &["name"]).unwrap_or_default().to_ascii_lowercase().replace([' ', '_'], "-");
        let name = match ServerName::parse(&name) {
            Ok(name) => name,
            Err(error) => return no(format!("its name can't be used: {error}")),
        };
        let region = match Region::parse(&text(row, &["region"]).unwrap_or_default().to_ascii_lowercase()) {
            Ok(region) => region,
            Err(error) => return no(format!("its region can't be used: {error}")),
        };
        let status = match text(row, &["status"]).unwrap_or("online").to_ascii_lowercase().as_str() {
            _ if key.is_none() => "pending",
            "online" | "up" | "active" | "ok" | "1" => "up",
            "maintenance" | "draining" => "draining",
            _ => "down",
        };
        let id = self.app.dice.id(self.now);
        let country = text(row, &["country"]).unwrap_or(region.as_str()).to_ascii_uppercase().chars().take(2).collect();
        let server = vps_servers::Model {
            id,
            name: name.as_str().to_owned(),
            region: region.as_str().to_owned(),
            country,
            city: text(row, &["city"]).unwrap_or_default().to_owned(),
            endpoint: endpoint.to_string(),
            public_key: key.map(|key| key.to_string()),
            status: status.to_owned(),
            capacity: integer(row, &["max_users"]).filter(|most| *most > 0).unwrap_or(CAPACITY),
            load: None,
            ping_ms: None,
            enrol_token_hash: None,
            enrol_until: None,
            revision: 1,
            created_at: self.now,
            updated_at: self.now,
            peers: 0,
            bandwidth_mbit: 1000,
        };
        vps_servers::insert(&self.tx, &server).await?;
        self.remember("vps_servers", old, id).await?;
        Ok(true)
    }

    async fn subscription(&self, row: &Row) -> std::result::Result<bool, Stop> {
        let Some(old) = text(row, &["id"]) else { return no("it has no id") };
        if self.known("subscriptions", old).await?.is_some() {
            return Ok(false);
        }
        let owner = text(row, &["user_id"]).unwrap_or_default();
        let Some(user) = self.known("users", owner).await? else {
            return no(format!("account {owner} was not taken over"));
        };
        let Some(stripe) = text(row, &["stripe_sub_id"]) else {
            return no("it has no stripe_sub_id: nobody is billed for it, and nothing would ever end it");
        };
        let code = text(row, &["plan"]).unwrap_or_default().to_ascii_lowercase();
        let Some(plan) = plans::by_code(&self.tx, &code).await? else {
            return no(format!("there is no plan {code:?}: make it with `mirai admin plan`, then import again"));
        };
        let start = time(row, &["started_at"]).unwrap_or(self.now);
        let end = time(row, &["ends_at"]).unwrap_or(start);
        let status = match text(row, &["status"]).unwrap_or_default().to_ascii_lowercase().as_str() {
            "active" => Status::Active,
            "trialing" | "trial" => Status::Trialing,
            "past_due" | "unpaid" => Status::PastDue,
            "paused" => Status::Paused,
            "incomplete" | "pending" => Status::Incomplete,
            _ => Status::Ended,
        };
        let is_over = status == Status::Ended;
        let quota = number(row, &["quota_gb"]).filter(|quota| *quota > 0.0).map(bytes);
        let customer = users::by_id(&self.tx, user).await?.and_then(|user| user.stripe_customer_id);
        let id = self.app.dice.id(start);
        let subscription = subscriptions::Model {
            plan: plan.code,
            region: text(row, &["region"]).map(str::to_ascii_lowercase).filter(|region| region.len() <= 16),
            status: status.as_str().to_owned(),
            stripe_subscription_id: stripe.to_owned(),
            stripe_customer_id: customer.unwrap_or_default(),
            period_start: start,
            period_end: end,
            paid_until: end,
            ended_at: is_over.then_some(end),
            devices: plan.devices,
            quota_bytes: quota,
            used_bytes: number(row, &["used_gb"]).map_or(0, bytes),
            // Long ago, so that Stripe is asked as soon as the service runs.
            read_at: 0,
            created_at: start,
            speed_mbit: plan.speed_mbit,
            slow_mbit: plan.slow_mbit,
            ..subscriptions::Model::begun(id, user, self.now)
        };
        subscriptions::insert(&self.tx, &subscription).await?;
        self.remember("subscriptions", old, id).await?;
        Ok(true)
    }

    async fn peer(&mut self, row: &Row) -> std::result::Result<bool, Stop> {
        let Some(old) = text(row, &["id"]) else { return no("it has no id") };
        if self.known("wireguard_peers", old).await?.is_some() {
            return Ok(false);
        }
        if text(row, &["active"]).is_some_and(|active| active == "0") {
            return no("it is not active");
        }
        let (owner, vps) = (text(row, &["user_id"]).unwrap_or_default(), text(row, &["vps_id"]).unwrap_or_default());
        let Some(user) = self.known("users", owner).await? else {
            return no(format!("account {owner} was not taken over"));
        };
        let Some(server_id) = self.known("vps_servers", vps).await? else {
            return no(format!("server {vps} was not taken over"));
        };
        let file = match self.file(row) {
            Ok(file) => file,
            Err(why) => return no(why),
        };
        let server = vps_servers::by_id(&self.tx, server_id).await?;
        if server.is_some_and(|server| server.public_key.as_deref() != Some(file.server_key.to_string().as_str())) {
            return no("its file names another server key than its server has");
        }
        let Some(address) = self.app.config.pool.index_of(file.address) else {
            return no(format!(
                "its address {} is outside POOL_V4: set POOL_V4 to the network of the old devices first",
                file.address
            ));
        };
        let mut open = subscriptions::lock_open_of_user(&self.tx, user).await?;
        let Some(subscription) = open.pop() else { return no("its owner has no running subscription") };
        let used = wireguard_peers::slots(&self.tx, subscription.id).await?;
        let limit = domain::plan::device_limit(subscription.devices.map(|devices| u32::try_from(devices).unwrap_or(0)));
        let Some(slot) = (0..i64::from(limit)).find(|slot| used.binary_search(slot).is_err()) else {
            return no(format!("the plan {} has room for {limit} device(s), and all are in use", subscription.plan));
        };
        let id = self.app.dice.id(self.now);
        let name = text(row, &["name"]).and_then(|name| DeviceName::parse(name).ok());
        let device = wireguard_peers::Model {
            id,
            user_id: user,
            subscription_id: subscription.id,
            slot,
            server_id,
            previous_server_id: None,
            moved_at: None,
            name: name.map_or_else(|| format!("device {}", slot + 1), |name| name.as_str().to_owned()),
            address,
            public_key: file.public_key.to_string(),
            preshared_key_sealed: self.app.sealer.seal(&file.preshared_key, &psk_place(id), &self.app.dice),
            mtu: 1420,
            routes: "all".to_owned(),
            created_at: self.now,
            updated_at: self.now,
            request_hash: None,
            dns: Dns::Plain.as_str().to_owned(),
            told_away_at: None,
        };
        self.take_address(address).await?;
        if !wireguard_peers::insert(&self.tx, &device).await? {
            pool::free(&self.tx, address, self.now).await?;
            return no("its key is that of a gateway: its owner adds the device anew");
        }
        self.remember("wireguard_peers", old, id).await?;
        Ok(true)
    }

    /// Takes one address out of the pool; those below it that nobody has are free.
    async fn take_address(&self, address: i64) -> std::result::Result<(), Stop> {
        let state = pool::lock(&self.tx).await?;
        if address <= state.high_water {
            return match pool::is_freed(&self.tx, address).await? {
                true => Ok(pool::take_freed(&self.tx, address).await?),
                false => no("its address belongs to another device already: its owner adds the device anew"),
            };
        }
        if address - state.high_water > MAX_GAP {
            return no(
                "its address is far behind the others: POOL_V4 is much larger than the network of the old devices",
            );
        }
        for between in state.high_water + 1..address {
            pool::free(&self.tx, between, 0).await?;
        }
        Ok(pool::set_high_water(&self.tx, address).await?)
    }

    /// An event that the old service has applied is not applied again.
    async fn event(&self, row: &Row) -> std::result::Result<bool, Stop> {
        let id = text(row, &["event_id", "stripe_event_id", "id"]).unwrap_or_default();
        if !id.starts_with("evt_") {
            return no("it is no event of Stripe's (evt_…)");
        }
        let at = time(row, &["created_at", "received_at", "processed_at"]).unwrap_or(self.now);
        let event = stripe_events::Model {
            id: id.to_owned(),
            kind: text(row, &["type", "kind", "event_type"]).unwrap_or_default().to_owned(),
            customer: None,
            object: "{}".to_owned(),
            created_at: at,
            received_at: at,
            applied_at: Some(at),
            outcome: Some("imported".to_owned()),
        };
        Ok(stripe_events::insert_new(&self.tx, &event).await?)
    }
}

fn role(row: &Row) -> Role {
    match text(row, &["role"]) {
        Some(role) => role.to_ascii_lowercase().parse().unwrap_or(Role::User),
        None if text(row, &["is_admin"]).is_some_and(|value| value != "0") => Role::Admin,
        None => Role::User,
    }
}
