//! The command line of the control plane, and of a trial of it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::api_scope::Scope;
use domain::period::{Every, UnknownPeriod};

use super::{CheckCommand, CouponCommand, Format, GiftCommand, MaintenanceCommand, StatusCommand};

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    /// From the PHP service: accounts with their passwords, servers, subscriptions, devices, credit. Run it again at will
    #[command(
        after_help = "Example:\n  mirai import php --from mysql://root:secret@127.0.0.1/oldvpn \\\n    --configs /backup/old-server --dry-run\n\nSet POOL_V4 to the network of the old devices first, so that they keep their addresses."
    )]
    Php {
        /// mysql://USER:PASSWORD@HOST:PORT/DATABASE; only read
        #[arg(long)]
        from: String,
        /// Folder under which the paths in wireguard_peers.conf_path are looked for; as they stand if left out
        #[arg(long)]
        configs: Option<PathBuf>,
        /// Say what would be taken over, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        format: Format,
    },
}

#[cfg(feature = "dev")]
#[derive(Args)]
pub(crate) struct Dev {
    /// Port of the site and the API; the pretend Stripe gets the next one, the mailbox the one after. 0 picks free ones
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Folder for the database and all that is kept between starts
    #[arg(long, default_value = "data")]
    pub(crate) data: PathBuf,
    /// A gateway that carries packets instead of simulated ones: with a customer's machine and a bit of internet as network
    /// namespaces of this machine. Needs root
    #[arg(long)]
    pub(crate) tunnel: bool,
    /// With STRIPE_TAX=on: the pretend checkout asks for country and VAT id, and reckons taxes
    #[arg(long)]
    pub(crate) tax: bool,
}

#[derive(Args)]
pub(crate) struct ConfigOptions {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Names, defaults and meanings as a Markdown table: the text of docs/settings.md
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

#[derive(Subcommand)]
pub(crate) enum Admin {
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// VPN servers
    #[command(subcommand)]
    Server(ServerCommand),
    /// The price list
    #[command(subcommand)]
    Plan(PlanCommand),
    /// The price list at Stripe
    #[command(subcommand)]
    Stripe(StripeCommand),
    /// Customers' credit
    #[command(subcommand)]
    Credit(CreditCommand),
    /// Codes that take something off the price of a purchase
    #[command(subcommand)]
    Coupon(CouponCommand),
    /// Codes that are worth credit
    #[command(subcommand)]
    Gift(GiftCommand),
    /// Give a payment back through Stripe
    #[command(after_help = "Example:\n  mirai admin refund in_1Abc --amount 300 --reason \"outage in Osaka\"")]
    Refund {
        /// Stripe's id of the invoice, as the customer's page and `mirai admin user show` name it
        invoice: String,
        /// In minor units (cents); all that is left, if left out
        #[arg(long)]
        amount: Option<i64>,
        /// What has gone back of it before, in minor units. A part is given only if that is right, so that a command repeated
        /// after an answer was lost gives nothing twice
        #[arg(long, default_value_t = 0, requires = "amount")]
        gone_back: i64,
        /// Why, for the audit log
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        format: Format,
    },
    /// The books: every movement of money, in double entry
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Keys of the API's callers
    #[command(subcommand, name = "api-key")]
    ApiKey(ApiKeyCommand),
    /// Jobs that wait, run or are dead
    #[command(subcommand)]
    Job(JobCommand),
    /// Secrets at rest
    #[command(subcommand)]
    Keys(KeysCommand),
    /// What was done, by whom and to whom, newest first
    #[command(after_help = "Example:\n  mirai admin audit --about ops@example.net")]
    Audit {
        /// Only what this account (address or id) did or had done to it, or what was done to the thing of this name
        #[arg(long, value_name = "WHOM")]
        about: Option<String>,
        /// Most entries
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
        #[command(flatten)]
        format: Format,
    },
    /// Work that is announced on /status
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Who is told of incidents: subscribers to the status page, and webhooks of your own
    #[command(subcommand)]
    Status(StatusCommand),
    /// Check that books and network agree (money, addresses, slots, grants); or say what is watched
    #[command(
        after_help = "Example:\n  mirai admin check\n  mirai admin check add osaka-web --component osaka-1 --kind http --target https://osaka-1.example.net/"
    )]
    Check {
        #[command(subcommand)]
        command: Option<CheckCommand>,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Seal everything anew with the first key of DATA_KEYS, so that the others can be taken out
    #[command(after_help = "Example:\n  DATA_KEYS=NEW,OLD mirai admin keys rotate")]
    Rotate {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account; without --password-stdin a password is made and printed
    #[command(
        after_help = "Example:\n  printf %s \"$PASSWORD\" | mirai admin user create ops@example.net --role admin --verified --password-stdin"
    )]
    Create {
        /// Address
        email: String,
        /// user, support or admin
        #[arg(long, default_value = "user")]
        role: String,
        /// The address counts as verified; no mail is sent
        #[arg(long)]
        verified: bool,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        format: Format,
    },
    /// List accounts, oldest first
    #[command(after_help = "Example:\n  mirai admin user list --limit 20 --json")]
    List {
        /// How many
        #[arg(long, default_value_t = 100)]
        limit: u64,
        /// Only those made after this id
        #[arg(long)]
        after: Option<uuid::Uuid>,
        #[command(flatten)]
        format: Format,
    },
    /// Show one account
    #[command(after_help = "Example:\n  mirai admin user show mika@example.net")]
    Show {
        /// Address or id
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Give an account another role; its sessions end
    #[command(after_help = "Example:\n  mirai admin user set-role mika@example.net support")]
    SetRole {
        /// Address or id
        user: String,
        /// user, support or admin
        role: String,
        #[command(flatten)]
        format: Format,
    },
    /// Shut an account out
    #[command(after_help = "Example:\n  mirai admin user suspend mika@example.net")]
    Suspend {
        /// Address or id
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Turn off the second factor of one who lost the app and the recovery codes
    #[command(after_help = "Example:\n  mirai admin user second-factor-off mika@example.net")]
    SecondFactorOff {
        /// Address or id
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Delete an account: off the network, payments ended, nothing personal kept
    #[command(after_help = "Example:\n  mirai admin user delete mika@example.net")]
    Delete {
        /// Address or id
        user: String,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Subcommand)]
pub(crate) enum ServerCommand {
    /// Add a server; without --public-key it prints a one-time enrolment token
    #[command(
        after_help = "Example:\n  mirai admin server add --name osaka-1 --region jp --country JP --city Osaka --endpoint vpn1.example.net:51820"
    )]
    Add {
        /// Name, such as osaka-1
        #[arg(long)]
        name: String,
        /// Region, such as jp
        #[arg(long)]
        region: String,
        /// Country, two letters
        #[arg(long)]
        country: String,
        /// City
        #[arg(long)]
        city: String,
        /// host:port of the WireGuard endpoint
        #[arg(long)]
        endpoint: String,
        /// Its WireGuard public key, if it has one already
        #[arg(long)]
        public_key: Option<String>,
        /// Devices it is meant for
        #[arg(long, default_value_t = 1000)]
        capacity: u32,
        /// Traffic that it is meant for, in Mbit/s each way
        #[arg(long, default_value_t = 1000)]
        bandwidth_mbit: u32,
        #[command(flatten)]
        format: Format,
    },
    /// List servers
    #[command(after_help = "Example:\n  mirai admin server list --json")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Add the servers of a JSON file: a list of objects with the fields of `add`
    #[command(after_help = "Example:\n  mirai admin server import servers.json")]
    Import {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        format: Format,
    },
    /// Make a new one-time enrolment token for a server's gateway; the gateway of now goes on until it is used
    #[command(after_help = "Example:\n  mirai admin server token osaka-1")]
    Token {
        /// Name
        name: String,
        #[command(flatten)]
        format: Format,
    },
    /// Void the credential of a server's gateway at once, because it is lost or stolen; the server is down
    #[command(after_help = "Example:\n  mirai admin server revoke osaka-1")]
    Revoke {
        /// Name
        name: String,
    },
    /// Set a server's status
    #[command(after_help = "Example:\n  mirai admin server set-status osaka-1 draining")]
    SetStatus {
        /// Name
        name: String,
        /// up, draining, down or retired
        status: String,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Subcommand)]
pub(crate) enum PlanCommand {
    /// List plans
    #[command(after_help = "Example:\n  mirai admin plan list")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Change a plan
    #[command(
        after_help = "Example:\n  mirai admin plan set basic --price 699 --stripe-price price_123 --devices 2 --quota-gb 300"
    )]
    Set {
        /// Code, such as basic
        id: String,
        /// Price in minor units (599 is 5.99)
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=100_000_000))]
        price: Option<i64>,
        /// Stripe's price id
        #[arg(long)]
        stripe_price: Option<String>,
        /// Devices at the same time; 0 for no limit
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=50))]
        devices: Option<i64>,
        /// Quota in GB (10^9 bytes); 0 for none
        #[arg(long, conflicts_with = "quota_bytes", value_parser = clap::value_parser!(i64).range(0..=1_000_000_000))]
        quota_gb: Option<i64>,
        /// Quota in bytes; 0 for none
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..))]
        quota_bytes: Option<i64>,
        /// Mbit/s of each device, each way; 0 for as fast as it goes
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=100_000))]
        speed_mbit: Option<i64>,
        /// Mbit/s of each device once the quota is used up; 0 to cut it off then
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=100_000))]
        slow_mbit: Option<i64>,
        /// Days that a customer's first subscription costs nothing; 0 for none
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=730))]
        trial_days: Option<i64>,
        /// Whether it is on the price list; whoever has it keeps it
        #[arg(long, value_name = "true|false")]
        listed: Option<bool>,
        /// Regions that its devices can be in, separated by commas, or all
        #[arg(long, value_name = "REGIONS")]
        regions: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Set what a period of a plan costs in a currency, or sell it no more; then run `mirai admin stripe sync`
    #[command(
        after_help = "Example:\n  mirai admin plan price basic --every year --amount 5990\n  mirai admin plan price basic --every month --currency eur --none"
    )]
    Price {
        /// Code, such as basic
        id: String,
        /// month, quarter or year
        #[arg(long, value_parser = clap::builder::ValueParser::new(every))]
        every: Every,
        /// ISO 4217
        #[arg(long, default_value = "usd")]
        currency: String,
        /// Price of one period in minor units (5990 is 59.90)
        #[arg(long, conflicts_with = "none", required_unless_present = "none")]
        amount: Option<i64>,
        /// Take it off the price list; whoever has bought at it keeps it
        #[arg(long)]
        none: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Bring present customers to the list's price: told now, charged from the first renewal on that is so many days away
    #[command(after_help = "Example:\n  mirai admin plan move basic --days 30 --dry-run")]
    Move {
        /// Code, such as basic
        id: String,
        /// Days between the notice and the first renewal at a higher price; a lower one comes with the next renewal
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(app::price_move::DAYS))]
        days: i64,
        /// Tell nobody and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Every price that a plan is and was sold at
    #[command(after_help = "Example:\n  mirai admin plan prices basic")]
    Prices {
        /// Code, such as basic
        id: String,
        #[command(flatten)]
        format: Format,
    },
}

fn every(word: &str) -> Result<Every, UnknownPeriod> {
    word.parse()
}

#[derive(Subcommand)]
pub(crate) enum StripeCommand {
    /// Make the product and the price of each plan at Stripe where they are missing or differ; run it again at will
    #[command(after_help = "Example:\n  mirai admin stripe sync --dry-run")]
    Sync {
        /// Change nothing, and fail if there is something to change
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Compare all subscriptions with Stripe's now, as each night: mends what it can, and fails if something is left
    #[command(after_help = "Example:\n  mirai admin stripe compare")]
    Compare {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Subcommand)]
pub(crate) enum CreditCommand {
    /// What a customer has
    #[command(after_help = "Example:\n  mirai admin credit show mika@example.net")]
    Show {
        /// Address or id
        user: String,
        #[command(flatten)]
        format: Format,
    },
    /// Give credit
    #[command(after_help = "Example:\n  mirai admin credit grant mika@example.net 500 --reason \"outage in Osaka\"")]
    Grant(CreditChange),
    /// Take credit away; what is not there can't be taken
    #[command(after_help = "Example:\n  mirai admin credit take mika@example.net 500 --reason \"granted twice\"")]
    Take(CreditChange),
}

#[derive(Subcommand)]
pub(crate) enum LedgerCommand {
    /// Prove that the books are right: every rule of docs/money.md, and how many rows break it
    #[command(after_help = "Example:\n  mirai admin ledger verify")]
    Verify {
        #[command(flatten)]
        format: Format,
    },
    /// What is in each account; above zero is owed by us or earned, below zero held or spent
    #[command(after_help = "Example:\n  mirai admin ledger totals")]
    Totals {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Args)]
pub(crate) struct CreditChange {
    /// Address or id
    pub(crate) user: String,
    /// In minor units (cents)
    pub(crate) amount: i64,
    /// Why, for the audit log
    #[arg(long)]
    pub(crate) reason: String,
    /// ISO 4217
    #[arg(long, default_value = "usd")]
    pub(crate) currency: String,
    /// A name under which it is done once, however often the command runs
    #[arg(long, value_name = "NAME")]
    pub(crate) once: Option<String>,
    #[command(flatten)]
    pub(crate) format: Format,
}

#[derive(Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Add a key; its text is printed this once
    #[command(after_help = "Example:\n  mirai admin api-key add status-page --scope servers --days 365")]
    Add {
        /// What you call it
        name: String,
        /// A part of the API that it opens, once for each; everything if left out
        #[arg(long = "scope", value_name = "accounts|payments|servers|devices", value_parser = scope)]
        scopes: Vec<Scope>,
        /// It ends after so many days; without it, when it is revoked
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: Option<u32>,
        #[command(flatten)]
        format: Format,
    },
    /// List keys
    #[command(after_help = "Example:\n  mirai admin api-key list")]
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Withdraw a key
    #[command(after_help = "Example:\n  mirai admin api-key revoke mobile-app")]
    Revoke {
        /// What you call it
        name: String,
        #[command(flatten)]
        format: Format,
    },
}

fn scope(word: &str) -> Result<Scope, String> {
    word.parse().map_err(|error: domain::api_scope::ScopeError| error.to_string())
}

#[derive(Subcommand)]
pub(crate) enum JobCommand {
    /// List jobs, oldest first
    #[command(after_help = "Example:\n  mirai admin job list --state dead")]
    List {
        /// queued, running or dead
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// Give dead jobs a new life
    #[command(after_help = "Example:\n  mirai admin job retry --all")]
    Retry {
        /// One job
        id: Option<uuid::Uuid>,
        /// All dead jobs
        #[arg(long, conflicts_with = "id")]
        all: bool,
        #[command(flatten)]
        format: Format,
    },
}
