//! The one list of settings.

/// A setting.
pub(crate) struct Setting {
    /// Its name in the environment and in `.env`; in `mirai.toml` the same in lower case.
    pub(crate) name: &'static str,
    /// What holds when nothing is set.
    pub(crate) default: Option<&'static str>,
    /// Whether its value is masked wherever settings are printed.
    pub(crate) secret: bool,
    /// What it does and what it takes.
    pub(crate) meaning: &'static str,
}

const fn open(name: &'static str, default: Option<&'static str>, meaning: &'static str) -> Setting {
    Setting { name, default, secret: false, meaning }
}

const fn secret(name: &'static str, meaning: &'static str) -> Setting {
    Setting { name, default: None, secret: true, meaning }
}

/// All settings, in the order of `mirai config`.
pub(crate) const SETTINGS: &[Setting] = &[
    open(
        "APP_ENV",
        Some("production"),
        "production, or anything else for a trial: then weak secrets and http are taken",
    ),
    open("APP_URL", None, "where the site is reached, such as https://vpn.example.net; base of every link"),
    open("APP_NAME", Some("MiraiVPN"), "the name of the company on pages and mails"),
    open("SUPPORT_EMAIL", None, "where customers write to; MAIL_FROM's address if not set"),
    open("LISTEN", Some("127.0.0.1:8080"), "host:port, or unix:PATH; a socket that systemd passes comes before it"),
    open("METRICS_LISTEN", None, "host:port of /metrics of `mirai serve`; not served if not set"),
    open("BOT_METRICS_LISTEN", None, "host:port of /metrics of a bot in a process of its own, `mirai bot`"),
    open("TRUSTED_PROXIES", None, "networks whose X-Forwarded-For counts, such as 127.0.0.1/32,::1/128"),
    open("ALLOWED_ORIGINS", None, "origins of other pages that may call the API, such as https://app.example.net"),
    open("SHUTDOWN_GRACE", Some("10"), "seconds that requests under way have after SIGTERM"),
    open(
        "DATABASE_URL",
        None,
        "sqlite://PATH or mysql://USER:PASSWORD@HOST/DATABASE, with ?socket=PATH for one on this machine; wins over DB_*",
    ),
    open("DB_HOST", None, "host of MariaDB or MySQL; without it and DATABASE_URL: sqlite://data/mirai.db"),
    open("DB_PORT", Some("3306"), "port of MariaDB or MySQL"),
    open("DB_DATABASE", None, "name of the database"),
    open("DB_USERNAME", None, "user of the database"),
    secret("DB_PASSWORD", "password of the database"),
    open("DB_TLS", None, "off: no TLS to a remote database; required otherwise"),
    open("DB_CA", None, "PEM file of the authority that signed the database's certificate"),
    open("DB_POOL", Some("16"), "most connections to the database"),
    open(
        "BACKUP_RECIPIENTS",
        None,
        "public keys (age1…), separated by commas, that `mirai backup create` seals for; `mirai backup key` makes one",
    ),
    open("BACKUP_DIR", Some("backups"), "the folder of the backups"),
    open("BACKUP_KEEP", Some("5"), "so many backups stay when a new one is made; the oldest go"),
    open(
        "BACKUP_IDENTITY_FILE",
        None,
        "the file with the secret key that opens backups, for `mirai backup verify`, `restore` and `drill`; best not on this \
         machine",
    ),
    secret("X_API_KEY", "keys of the API's callers, separated by commas, beside those of `mirai admin api-key`"),
    secret("JWT_SECRET", "signs access and refresh tokens; 32 characters or more"),
    open("JWT_EXP_MIN", Some("15"), "life of an access token, in minutes"),
    open("JWT_REFRESH_EXP_DAYS", Some("30"), "life of a refresh token, in days"),
    secret(
        "DATA_KEYS",
        "keys of 32 bytes in base64 for secrets at rest, separated by commas; the first seals, all open",
    ),
    secret("STRIPE_SECRET_KEY", "sk_live_… or sk_test_…"),
    secret("STRIPE_WEBHOOK_SECRET", "whsec_…; several, separated by commas, while one is rotated"),
    open("STRIPE_API_BASE", Some("https://api.stripe.com"), "where Stripe is"),
    open(
        "STRIPE_PAGE_ORIGINS",
        Some("https://checkout.stripe.com,https://billing.stripe.com"),
        "origins of Stripe's pages; the browser lets our forms lead there",
    ),
    open(
        "STRIPE_TAX",
        Some("off"),
        "on: Stripe Tax reckons the taxes inside the prices, and companies give their VAT id at the checkout; then run \
         `mirai admin stripe sync`",
    ),
    open("MAIL_FROM", None, "From of all mails, such as MiraiVPN <hello@vpn.example.net>"),
    secret("RESEND_API_KEY", "re_…; mails go out by Resend"),
    open("RESEND_API_BASE", Some("https://api.resend.com"), "where Resend is"),
    secret(
        "SMTP_URL",
        "smtp://USER:PASSWORD@HOST:PORT or smtps://…; mails go out by SMTP, if there is no RESEND_API_KEY",
    ),
    secret(
        "REDIS_URL",
        "redis://… or rediss://…; several processes then count limits together; without it each for itself",
    ),
    open(
        "MONEY_BACK_DAYS",
        Some("30"),
        "for so many days a customer can have the first purchase back by a click; 0: only an operator gives money back",
    ),
    open(
        "STATUS_DIR",
        None,
        "a folder in which the status page is kept as files, for nginx to serve when this program does not run",
    ),
    open(
        "FLOWS_FILE",
        None,
        "a file of your own help flows, in the shape of crates/app/flows.json; those that come with the program if not set",
    ),
    open(
        "TICKET_QUIET_DAYS",
        Some("3"),
        "a customer who has not answered in a ticket for so many days is warned, and after as many more it is closed; 0: never",
    ),
    secret("DISCORD_TOKEN", "the bot's token; without it there is no bot. docs/discord.md says how to get one"),
    open("DISCORD_CLIENT_ID", None, "the application that the bot belongs to"),
    open("GUILD_ID", None, "the Discord server that the bot serves; it answers in no other"),
    open("STAFF_ROLE_ID", None, "members with this role are the team, if their account with us is one of the team's"),
    open("LEAD_ROLE_ID", None, "members of the team with this role may give away what another has"),
    open("SUBSCRIBER_ROLE_ID", None, "the role that customers have on Discord while they have paid"),
    open("SUPPORT_CHANNEL_ID", None, "the channel with the panel, in which tickets are private threads"),
    open("TICKET_CATEGORY_ID", None, "a category in which each ticket has a channel instead of a private thread"),
    open("LOG_CHANNEL_ID", None, "the channel in which the conversations of closed tickets are kept"),
    open("STATUS_CHANNEL_ID", None, "the channel in which incidents are posted"),
    open(
        "DISCORD_LANGUAGE",
        Some("en"),
        "the language of what all read on Discord (the panel, incidents, the presence): en, de, es, fr or ja. Each person is answered in their own",
    ),
    open(
        "DISCORD_MIN_ACCOUNT_DAYS",
        Some("3"),
        "accounts on Discord that are younger open no tickets there; 0: all may",
    ),
    open(
        "DISCORD_MESSAGE_CONTENT",
        Some("off"),
        "on: the bot reads all that is written in the threads of tickets; switch on the intent of that name for the          application first. off: only what mentions it",
    ),
    open("DISCORD_API_BASE", Some("https://discord.com"), "where Discord is"),
    open(
        "REFERRAL_PERCENT",
        Some("10"),
        "what a customer gets as credit for a friend: so many hundredths of the friend's first payment; 0: nothing",
    ),
    open("REFERRAL_CAP", Some("2000"), "the most for one friend, in minor units of the payment's currency (cents)"),
    open("REFERRAL_PLANS", None, "codes of the plans that count, separated by commas; all if empty"),
    open("REFERRAL_WAIT_DAYS", Some("14"), "how long a reward waits before it can be spent, in days"),
    open("POOL_V4", Some("10.64.0.0/10"), "IPv4 addresses of the devices; never made smaller"),
    open("POOL_V6", Some("fd6d:6972:6169::/48"), "IPv6 addresses of the devices; never changed"),
    open(
        "DNS_AD_BLOCKING",
        Some("94.140.14.14,2a10:50c0::ad1:ff"),
        "resolvers without advertising that a device may choose, through its tunnel (AdGuard DNS); off: not offered",
    ),
    open(
        "DNS_FAMILY",
        Some("94.140.14.15,2a10:50c0::bad1:ff"),
        "resolvers without advertising and adult content that a device may choose (AdGuard DNS); off: not offered",
    ),
    open(
        "LIMIT_CREDENTIAL",
        Some("10"),
        "requests a minute, per client and per account, where a credential is taken or a mail sent",
    ),
    open("LIMIT_GENERAL", Some("120"), "requests a minute, per session, elsewhere"),
    open("LOG", Some("info"), "what is logged: error, warn, info, debug, or as in RUST_LOG"),
];
