//! What the use cases need to know of the settings. Parsed once, by the binary.

use domain::faq::Flow;
use domain::reward::Terms;
use domain::ticket::Quiet;
use domain::vpn::dns::Resolvers;
use domain::vpn::pool::Pool;
use secrecy::SecretString;
use url::Url;

/// The name and voice of the company that runs this.
#[derive(Debug, Clone)]
pub struct Brand {
    /// `MiraiVPN`.
    pub name: String,
    /// Where customers write to.
    pub support: String,
}

/// A limit: so many in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitClass {
    /// Routes that take a credential or send a mail, per client and per account.
    Credential,
    /// All other routes, per session (or per client without one).
    General,
    /// Codes of a second factor, per account.
    Code,
}

/// How many requests a minute each class allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// See [`LimitClass::Credential`].
    pub credential_per_minute: u32,
    /// See [`LimitClass::General`].
    pub general_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { credential_per_minute: 10, general_per_minute: 120 }
    }
}

/// What Stripe and we share.
#[derive(Debug, Clone)]
pub struct StripeKeys {
    /// Several while one is rotated.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether events of real money are the right ones.
    pub livemode: bool,
}

/// Who reckons the taxes in what customers pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taxes {
    /// Nobody here knows of any.
    Unknown,
    /// Stripe Tax.
    Stripe,
}

/// Settings of the use cases.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the site is reached: the base of every link, never the request's Host.
    pub app_url: Url,
    /// Name and voice.
    pub brand: Brand,
    /// `From` of every mail.
    pub mail_from: String,
    /// Signs access and refresh tokens.
    pub jwt_secret: SecretString,
    /// Life of an access token, in milliseconds.
    pub access_ms: i64,
    /// Life of a refresh token, in milliseconds.
    pub refresh_ms: i64,
    /// Stripe's side.
    pub stripe: StripeKeys,
    /// API keys from the settings, beside those in the database.
    pub api_keys: Vec<SecretString>,
    /// Addresses for devices.
    pub pool: Pool,
    /// Resolvers that a device may choose.
    pub resolvers: Resolvers,
    /// Requests a minute.
    pub limits: Limits,
    /// For how many days a customer can have the first purchase back; 0 is not at all.
    pub money_back_days: u32,
    /// What a friend is worth.
    pub referrals: Terms,
    /// Who reckons taxes.
    pub taxes: Taxes,
    /// The operator's own help, in place of what comes with the program.
    pub flow: Option<Flow>,
    /// How long the desk waits for a customer's answer.
    pub ticket_quiet: Quiet,
    /// Whether there is a bot on Discord, with whose server customers can link their accounts.
    pub has_bot: bool,
    /// The release that this program was installed as (`20261127T123501Z-0123456789ab`), if a deployment did that.
    pub release: Option<String>,
}

impl Config {
    /// `{APP_URL}/path`.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.app_url.as_str().trim_end_matches('/'))
    }
}
