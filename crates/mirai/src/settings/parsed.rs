//! From texts to what the parts take. The first thing that is wrong ends the start with one line that names it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use app::{Brand, Config, Limits, Sealer, StripeKeys, Taxes};
use clients::mail::Mailer;
use clients::stripe::{Stripe, StripeSettings};
use domain::account::Email;
use domain::credit::MOST;
use domain::faq::Flow;
use domain::reward::Terms;
use domain::ticket::Quiet;
use domain::time::DAY_MS;
use domain::vpn::dns::Resolvers;
use domain::vpn::pool::Pool;
use secrecy::SecretString;
use store::{Patience, Tls};
use url::{Host, Url};
use web::{CookieStyle, TeamCode};

use super::Values;
use crate::release;

/// How long an outside service may take.
const OUTSIDE_TIMEOUT: Duration = Duration::from_secs(10);
/// Fewer characters can be guessed.
const MIN_SECRET: usize = 32;

/// Everything, ready to be put together.
pub(crate) struct Parsed {
    pub(crate) database: store::Settings,
    pub(crate) app: Config,
    pub(crate) web: web::Settings,
    pub(crate) stripe: Stripe,
    pub(crate) mailer: Mailer,
    pub(crate) sealer: Sealer,
    /// URL of Redis.
    pub(crate) redis: Option<String>,
    pub(crate) listen: String,
    pub(crate) metrics_listen: Option<String>,
    /// Where the status page is kept as files.
    pub(crate) status_dir: Option<PathBuf>,
    pub(crate) shutdown_grace: Duration,
}

/// Where the database is, with a command's patience; all that `mirai migrate` needs.
pub(crate) fn database(values: &Values) -> anyhow::Result<store::Settings> {
    let url = match (values.text("DATABASE_URL"), values.text("DB_HOST")) {
        (Some(url), _) => url.to_owned(),
        (None, Some(host)) => mysql_url(values, host)?,
        (None, None) => "sqlite://data/mirai.db".to_owned(),
    };
    database_at(values, url)
}

/// A database by its URL, with TLS as the settings have it.
pub(super) fn database_at(values: &Values, url: String) -> anyhow::Result<store::Settings> {
    let parsed = Url::parse(&url).ok();
    let known = matches!(url.split_once("://"), Some(("sqlite" | "mysql" | "mariadb", _)));
    if !known {
        bail!("DATABASE_URL must begin with sqlite:// or mysql://");
    }
    let is_remote = !url.starts_with("sqlite") && !parsed.as_ref().is_some_and(is_this_machine);
    let tls = match (is_remote, values.text("DB_TLS")) {
        (_, Some("off")) | (false, None) => Tls::Off,
        (_, None | Some("required")) => Tls::Required { ca: values.text("DB_CA").map(str::to_owned) },
        (_, Some(_)) => bail!("DB_TLS takes off or required"),
    };
    let max_connections = number(values, "DB_POOL", 1..=500)?;
    Ok(store::Settings { url, tls, max_connections, patience: Patience::Command })
}

fn mysql_url(values: &Values, host: &str) -> anyhow::Result<String> {
    let mut url = Url::parse("mysql://localhost")?;
    let wrong = || anyhow::anyhow!("DB_HOST is not a host name");
    url.set_host(Some(host)).map_err(|_| wrong())?;
    url.set_port(Some(number(values, "DB_PORT", 1..=u16::MAX)?)).map_err(|()| wrong())?;
    url.set_username(values.text("DB_USERNAME").context("DB_USERNAME is missing")?).map_err(|()| wrong())?;
    url.set_password(values.text("DB_PASSWORD")).map_err(|()| wrong())?;
    url.set_path(values.text("DB_DATABASE").context("DB_DATABASE is missing")?);
    Ok(url.into())
}

fn is_this_machine(url: &Url) -> bool {
    // `mysql://` is no scheme that the URL standard knows, so an address stands there as a name.
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    }
}

/// Everything that `mirai serve` needs.
pub(crate) fn parse(values: &Values) -> anyhow::Result<Parsed> {
    let production = values.text("APP_ENV") == Some("production");
    let app_url = app_url(values, production)?;
    let mail_from = mail_from(values)?;
    let stripe_key = required(values, "STRIPE_SECRET_KEY")?;
    let data_keys = required(values, "DATA_KEYS")?;
    let pages = list(values, "STRIPE_PAGE_ORIGINS");
    let app = Config {
        brand: Brand { name: app_name(values)?, support: support(values, &mail_from)? },
        jwt_secret: strong(values, "JWT_SECRET", production)?,
        access_ms: i64::from(number(values, "JWT_EXP_MIN", 1..=15_u32)?) * 60_000,
        refresh_ms: i64::from(number(values, "JWT_REFRESH_EXP_DAYS", 1..=365_u32)?) * 86_400_000,
        stripe: StripeKeys {
            webhook_secrets: webhook_secrets(values)?,
            livemode: stripe_key.starts_with("sk_live_") || stripe_key.starts_with("rk_live_"),
        },
        api_keys: api_keys(values, production)?,
        pool: pool(values)?,
        resolvers: resolvers(values)?,
        limits: Limits {
            credential_per_minute: number(values, "LIMIT_CREDENTIAL", 1..=60_000_000)?,
            general_per_minute: number(values, "LIMIT_GENERAL", 1..=60_000_000)?,
        },
        referrals: referrals(values)?,
        taxes: taxes(values)?,
        money_back_days: number(values, "MONEY_BACK_DAYS", 0..=90)?,
        flow: flow(values)?,
        ticket_quiet: Quiet::of_days(number(values, "TICKET_QUIET_DAYS", 0..=3_650)?),
        has_bot: values.text("DISCORD_TOKEN").is_some(),
        release: release::own(),
        mail_from,
        app_url: app_url.clone(),
    };
    let web = web::Settings {
        cookies: if app_url.scheme() == "https" { CookieStyle::Https } else { CookieStyle::PlainHttp },
        allowed_origins: list(values, "ALLOWED_ORIGINS"),
        trusted_proxies: networks(values)?,
        form_origins: pages,
        team_code: if production { TeamCode::Demanded } else { TeamCode::Optional },
    };
    Ok(Parsed {
        database: database(values)?,
        app,
        web,
        stripe: stripe(values, stripe_key)?,
        mailer: mailer(values)?,
        redis: values.text("REDIS_URL").map(str::to_owned),
        sealer: Sealer::from_setting(data_keys)?,
        listen: required(values, "LISTEN")?.to_owned(),
        metrics_listen: values.text("METRICS_LISTEN").map(str::to_owned),
        status_dir: values.text("STATUS_DIR").map(PathBuf::from),
        shutdown_grace: Duration::from_secs(number(values, "SHUTDOWN_GRACE", 0..=600_u64)?),
    })
}

fn taxes(values: &Values) -> anyhow::Result<Taxes> {
    match required(values, "STRIPE_TAX")? {
        "on" => Ok(Taxes::Stripe),
        "off" => Ok(Taxes::Unknown),
        _ => bail!("STRIPE_TAX takes on or off"),
    }
}

fn referrals(values: &Values) -> anyhow::Result<Terms> {
    Ok(Terms {
        percent: number(values, "REFERRAL_PERCENT", 0..=100_u8)?,
        cap: number(values, "REFERRAL_CAP", 0..=MOST)?,
        plans: list(values, "REFERRAL_PLANS"),
        wait_ms: i64::from(number(values, "REFERRAL_WAIT_DAYS", 0..=365_u32)?) * DAY_MS,
    })
}

pub(super) fn required<'a>(values: &'a Values, name: &str) -> anyhow::Result<&'a str> {
    let meaning = super::SETTINGS.iter().find(|s| s.name == name).map_or("", |s| s.meaning);
    values.text(name).with_context(|| format!("{name} is missing: {meaning}"))
}

pub(super) fn number<T>(values: &Values, name: &str, range: std::ops::RangeInclusive<T>) -> anyhow::Result<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let number = required(values, name)?.parse().ok().filter(|number| range.contains(number));
    number.with_context(|| format!("{name} takes a number from {} to {}", range.start(), range.end()))
}

fn list(values: &Values, name: &str) -> Vec<String> {
    let text = values.text(name).unwrap_or_default();
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| item.trim_end_matches('/').to_owned())
        .collect()
}

fn app_url(values: &Values, production: bool) -> anyhow::Result<Url> {
    let url = Url::parse(required(values, "APP_URL")?).context("APP_URL is not a URL")?;
    if production && url.scheme() != "https" {
        bail!("APP_URL must begin with https:// in production");
    }
    if url.query().is_some() || url.fragment().is_some() || url.path() != "/" || url.host().is_none() {
        bail!("APP_URL is scheme and host only, such as https://vpn.example.net");
    }
    Ok(url)
}

fn strong(values: &Values, name: &str, production: bool) -> anyhow::Result<SecretString> {
    let text = required(values, name)?;
    let distinct = text.chars().collect::<std::collections::BTreeSet<_>>().len();
    if production && (text.len() < MIN_SECRET || distinct < 8) {
        bail!("{name} is weak: {MIN_SECRET} characters or more, at random (`openssl rand -base64 48`)");
    }
    Ok(text.to_owned().into())
}

fn api_keys(values: &Values, production: bool) -> anyhow::Result<Vec<SecretString>> {
    let keys = list(values, "X_API_KEY");
    if production && keys.iter().any(|key| key.len() < 20) {
        bail!("X_API_KEY is weak: 20 characters or more for each key, at random (`openssl rand -hex 32`)");
    }
    Ok(keys.into_iter().map(SecretString::from).collect())
}

fn webhook_secrets(values: &Values) -> anyhow::Result<Vec<SecretString>> {
    required(values, "STRIPE_WEBHOOK_SECRET")?;
    Ok(list(values, "STRIPE_WEBHOOK_SECRET").into_iter().map(SecretString::from).collect())
}

fn pool(values: &Values) -> anyhow::Result<Pool> {
    let v4 = required(values, "POOL_V4")?.parse().context("POOL_V4 is not an IPv4 network")?;
    let v6 = required(values, "POOL_V6")?.parse().context("POOL_V6 is not an IPv6 network")?;
    Pool::new(v4, v6).context("POOL_V4 and POOL_V6 don't fit")
}

/// The operator's own help. One that is broken stops the start, with the place that is.
fn flow(values: &Values) -> anyhow::Result<Option<Flow>> {
    let Some(path) = values.text("FLOWS_FILE") else { return Ok(None) };
    let text = std::fs::read_to_string(path).with_context(|| format!("FLOWS_FILE: {path} can't be read"))?;
    let flow = app::faq::read(&text).map_err(|broken| anyhow!("FLOWS_FILE: {path}: {broken}"))?;
    Ok(Some(flow))
}

fn resolvers(values: &Values) -> anyhow::Result<Resolvers> {
    let of = |name: &str| {
        let items = list(values, name);
        let items = if items == ["off"] { Vec::new() } else { items };
        let parse = |text: &String| text.parse().with_context(|| format!("{name}: `{text}` is no address"));
        items.iter().map(parse).collect::<anyhow::Result<Vec<std::net::IpAddr>>>()
    };
    Resolvers::new(of("DNS_AD_BLOCKING")?, of("DNS_FAMILY")?).context("DNS_AD_BLOCKING and DNS_FAMILY")
}

fn networks(values: &Values) -> anyhow::Result<Vec<ipnet::IpNet>> {
    let parse = |text: &String| {
        domain::networks::network(text).map_err(|error| anyhow!("TRUSTED_PROXIES: `{text}` is {error}"))
    };
    list(values, "TRUSTED_PROXIES").iter().map(parse).collect()
}

fn stripe(values: &Values, key: &str) -> anyhow::Result<Stripe> {
    let base = Url::parse(required(values, "STRIPE_API_BASE")?).context("STRIPE_API_BASE is not a URL")?;
    let settings = StripeSettings { base, secret_key: key.to_owned().into(), timeout: OUTSIDE_TIMEOUT };
    Stripe::new(settings).context("the payment client could not be made")
}

fn mailer(values: &Values) -> anyhow::Result<Mailer> {
    match (values.text("RESEND_API_KEY"), values.text("SMTP_URL")) {
        (Some(key), _) => {
            let base = Url::parse(required(values, "RESEND_API_BASE")?).context("RESEND_API_BASE is not a URL")?;
            Mailer::resend(base, key.to_owned().into()).context("the mail client could not be made")
        }
        (None, Some(url)) => Mailer::smtp(&url.to_owned().into()).context("SMTP_URL can't be used"),
        (None, None) => bail!("RESEND_API_KEY or SMTP_URL is missing: mails have no way out"),
    }
}

fn app_name(values: &Values) -> anyhow::Result<String> {
    let name = required(values, "APP_NAME")?;
    if name.chars().count() > 64 || name.chars().any(char::is_control) {
        bail!("APP_NAME takes 1 to 64 printable characters");
    }
    Ok(name.to_owned())
}

fn mail_from(values: &Values) -> anyhow::Result<String> {
    let from = required(values, "MAIL_FROM")?;
    if from.chars().any(char::is_control) || Email::parse(bare_address(from)).is_err() {
        bail!("MAIL_FROM takes an address, or a name and an address: MiraiVPN <hello@vpn.example.net>");
    }
    Ok(from.to_owned())
}

/// Where customers write to.
fn support(values: &Values, mail_from: &str) -> anyhow::Result<String> {
    let address = values.text("SUPPORT_EMAIL").unwrap_or_else(|| bare_address(mail_from));
    let parsed = Email::parse(address);
    Ok(parsed.map_err(|error| anyhow::anyhow!("SUPPORT_EMAIL: {error}"))?.as_str().to_owned())
}

/// `a@b` of `Name <a@b>`.
fn bare_address(from: &str) -> &str {
    let inner = from.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    inner.unwrap_or(from).trim()
}
