//! `mirai dev`: the same program as `mirai serve`, on SQLite, with a pretend Stripe, a mailbox and simulated gateways beside
//! it.
//!
//! The fakes are reached through the very same clients by their base URLs; nothing of the product knows about them.

use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use app::admin::COMMAND_LINE;
use app::admin::catalogue::{self, Mode};
use app::admin::plans;
use app::admin::portal;
use app::admin::users::{self, Verified};
use app::sign_up::Registration;
use app::{App, Clock, Dice, plan, seed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::account::{Email, Language, Password, Role};
use domain::money::Currency;
use domain::period::Every;
use fakes::resend::{ResendFake, ResendOptions};
use fakes::stripe::{StripeFake, StripeOptions};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use web::Listener;

use crate::cli::Dev;
use crate::dev_discord::Discord;
use crate::dev_tunnel::Tunnel;
use crate::settings::{self, Source, Values};
use crate::{dev_gateways, logging, out, serve, signals, wiring};

/// How often the pretend Stripe looks for what is due.
const RENEW_EVERY: Duration = Duration::from_secs(30);
const ADMIN: &str = "admin@mirai.test";

/// What is made at the first start and kept in the data folder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    api_key: String,
    jwt_secret: String,
    data_key: String,
    stripe_key: String,
    webhook_secret: String,
    resend_key: String,
    admin_password: String,
}

/// The four ports, bound before anything is written.
struct Ports {
    site: TcpListener,
    stripe: TcpListener,
    mail: TcpListener,
    discord: TcpListener,
}

pub(crate) async fn run(options: Dev) -> anyhow::Result<()> {
    refuse_production()?;
    logging::start("warn")?;
    let ports = bind(options.port).await?;
    let kept = keep(&options.data)?;
    let url =
        |listener: &TcpListener| Ok::<_, anyhow::Error>(format!("http://localhost:{}", listener.local_addr()?.port()));
    let (site_url, stripe_url, mail_url) = (url(&ports.site)?, url(&ports.stripe)?, url(&ports.mail)?);

    let control = format!("http://{}", ports.site.local_addr()?);
    let clock = Clock::System;
    let seconds: fakes::Clock = Arc::new(move || clock.now() / 1000);
    let stripe = StripeFake::start(StripeOptions {
        webhook_url: Some(format!("{control}/backend/api/stripe/webhook")),
        state_file: Some(options.data.join("pretend-stripe.json")),
        public_url: stripe_url.clone(),
        ..StripeOptions::new(ports.stripe, &kept.stripe_key, &kept.webhook_secret, seconds.clone())
    })
    .await
    .context("the pretend Stripe did not start")?;
    let mail = ResendFake::start(ResendOptions {
        listener: ports.mail,
        api_key: kept.resend_key.clone(),
        state_file: Some(options.data.join("mailbox.json")),
        now: seconds,
    })
    .await
    .context("the mailbox did not start")?;

    let mut values = values(&options.data, &kept, &site_url, &stripe_url, &stripe.base_url(), &mail.base_url());
    values.set("STRIPE_TAX", if options.tax { "on" } else { "off" });
    let parsed = settings::parse(&values)?;
    let grace = Duration::from_secs(1);
    let (app, web_settings) = wiring::app(parsed, store::Patience::Serving).await?;
    if !options.tunnel {
        seed::demo_servers(&app).await?;
    }
    price_plans(&app).await?;
    make_admin(&app, &kept).await?;
    let discord = Discord::start(ports.discord).await?;
    let discord_url = discord.address().to_owned();
    discord.prepare(&app, users::find(&app, ADMIN).await.map_err(|error| anyhow::anyhow!(error.chain()))?.id).await?;

    let stop = signals::stop()?;
    let mut tasks = serve::background(&app, &stop);
    let (bots_app, bots_stop) = (app.clone(), stop.clone());
    tasks.spawn(async move {
        if let Err(error) = discord.run(bots_app, bots_stop).await {
            tracing::error!(%error, "the pretend Discord ended");
        }
    });
    let site = ports.site.local_addr()?;
    // The gateways end before the site does: one that saw its stream end would warn of a fault that is none.
    let (gateways_ended, stop_site) = watch::channel(false);
    let served = web::serve(Listener::Tcp(ports.site), web::router(app.clone(), web_settings), stop_site, grace);
    // A task of its own: the gateway of a tunnel enrols before anything is announced.
    let served = tokio::spawn(served);
    let gateways = Gateways::start(&app, &options, site).await?;
    announce(&kept, &site_url, &stripe_url, &mail_url, &discord_url);
    gateways.announce(&options.data);
    tokio::join!(gateways.run(&app, &options.data, &control, stop.clone()), renew(&stripe, stop));
    let _ = gateways_ended.send(true);
    served.await??;
    serve::finish(tasks, app).await?;
    stripe.stop().await;
    mail.stop().await;
    Ok(())
}

/// Stripe's own clock: renews what is due, also what fell due while nothing ran.
async fn renew(stripe: &StripeFake, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = stripe.run_due() {
            tracing::warn!(%error, "the pretend Stripe could not renew what is due");
        }
        tokio::select! {
            () = tokio::time::sleep(RENEW_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// `dev` looks at no settings but this one: a folder with a production `.env` must not be touched by a trial.
fn refuse_production() -> anyhow::Result<()> {
    let values = settings::load(Path::new("."))?;
    match values.get("APP_ENV") {
        Some(("production", source)) if source != Source::Default => {
            bail!("`mirai dev` does not run under APP_ENV=production ({}): use `mirai serve`", source.as_str())
        }
        _ => Ok(()),
    }
}

async fn bind(port: u16) -> anyhow::Result<Ports> {
    let at = |offset: u16| if port == 0 { Some(0) } else { port.checked_add(offset) };
    let mut bound = Vec::new();
    for (offset, what) in [(0, "the site"), (1, "the pretend Stripe"), (2, "the mailbox"), (3, "the pretend Discord")] {
        let port = at(offset).context("--port must leave room for the three ports after it")?;
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => bound.push(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                bail!("port {port} ({what}) is taken by another program; choose another with --port")
            }
            Err(error) => return Err(error).with_context(|| format!("port {port} ({what})")),
        }
    }
    match <[TcpListener; 4]>::try_from(bound) {
        Ok([site, stripe, mail, discord]) => Ok(Ports { site, stripe, mail, discord }),
        Err(_) => bail!("four ports were to be bound"),
    }
}

/// Reads what an earlier start made, or makes it; readable by the owner only.
fn keep(folder: &Path) -> anyhow::Result<Kept> {
    // Accounts and keys are the owner's business, of a trial too.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("the folder {} can't be made", folder.display()))?;
    let path = folder.join("dev.json");
    if path.is_file() {
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} can't be read", path.display()))?;
        let hint = || format!("{} is damaged; delete the folder {} to begin anew", path.display(), folder.display());
        return serde_json::from_str(&text).with_context(hint);
    }
    let dice = Dice::System;
    let secret = || dice.token().text().to_owned();
    let kept = Kept {
        api_key: secret(),
        jwt_secret: secret(),
        data_key: STANDARD.encode(dice.bytes::<32>()),
        stripe_key: format!("sk_test_{}", secret().replace(['-', '_'], "0")),
        webhook_secret: format!("whsec_{}", secret().replace(['-', '_'], "0")),
        resend_key: format!("re_{}", secret().replace(['-', '_'], "0")),
        admin_password: secret().chars().take(16).collect(),
    };
    write_private(&path, &serde_json::to_vec_pretty(&kept)?)?;
    Ok(kept)
}

fn write_private(path: &PathBuf, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} can't be written", path.display()))?;
    Ok(file.write_all(bytes)?)
}

fn values(data: &Path, kept: &Kept, site: &str, stripe_pages: &str, stripe: &str, mail: &str) -> Values {
    let mut values = Values::default();
    for (name, value) in [
        ("APP_ENV", "development"),
        ("APP_URL", site),
        ("DATABASE_URL", &format!("sqlite://{}", data.join("mirai.db").display())),
        ("X_API_KEY", &kept.api_key),
        ("JWT_SECRET", &kept.jwt_secret),
        ("DATA_KEYS", &kept.data_key),
        ("STRIPE_SECRET_KEY", &kept.stripe_key),
        ("STRIPE_WEBHOOK_SECRET", &kept.webhook_secret),
        ("STRIPE_API_BASE", stripe),
        ("STRIPE_PAGE_ORIGINS", stripe_pages),
        ("RESEND_API_KEY", &kept.resend_key),
        ("RESEND_API_BASE", mail),
        ("MAIL_FROM", "MiraiVPN <hello@mirai.test>"),
        // Only that there is one counts: the bot of a trial has settings of its own.
        ("DISCORD_TOKEN", "pretend"),
        // Whoever tries it is several customers, and the demo servers' gateways, all from one address.
        ("LIMIT_CREDENTIAL", "60"),
    ] {
        values.set(name, value);
    }
    values
}

/// Gives every plan its prices at the pretend Stripe, as an operator would; at the first start also by the year and in
/// another currency, to look at.
async fn price_plans(app: &App) -> anyhow::Result<()> {
    for row in plan::list(app).await?.iter().filter(|row| row.stripe_price_id.is_none()) {
        for (every, currency, amount) in [
            (Every::Year, Currency::USD, row.price_cents * 10),
            (Every::Month, Currency::EUR, row.price_cents),
            (Every::Year, Currency::EUR, row.price_cents * 10),
        ] {
            plans::set_price(app, COMMAND_LINE, &row.code, every, currency, Some(amount)).await?;
        }
    }
    catalogue::sync(app, COMMAND_LINE, Mode::Apply).await?;
    portal::sync(app, Mode::Apply).await?;
    Ok(())
}

async fn make_admin(app: &App, kept: &Kept) -> anyhow::Result<()> {
    if users::find(app, ADMIN).await.is_ok() {
        return Ok(());
    }
    let email = Email::parse(ADMIN).map_err(|error| anyhow::anyhow!("{error}"))?;
    let password = Password::parse(&kept.admin_password).map_err(|error| anyhow::anyhow!("{error}"))?;
    let new = Registration { email, password, language: Language::En, referral_code: None };
    users::create(app, &new, Role::Admin, Verified::Already).await?;
    Ok(())
}

/// What the VPN servers of the trial are.
enum Gateways {
    Simulated,
    Tunnel(Box<Tunnel>),
}

impl Gateways {
    async fn start(app: &App, options: &Dev, site: SocketAddr) -> anyhow::Result<Gateways> {
        if !options.tunnel {
            return Ok(Gateways::Simulated);
        }
        Ok(Gateways::Tunnel(Box::new(Tunnel::lay(app, &options.data, site).await?)))
    }

    fn announce(&self, data: &Path) {
        match self {
            Gateways::Simulated => {
                let gateway = dev_gateways::place(data, seed::DEMO_SERVERS[0]);
                let path = gateway.path().display();
                out::line(&format!("  VPN servers     simulated: `mirai gateway status --state {path}`"));
            }
            Gateways::Tunnel(tunnel) => tunnel.announce(),
        }
        out::line(&format!("  Data            {}   kept between starts; delete it to begin anew", data.display()));
        out::line("");
        out::line("Stop with Ctrl-C.");
    }

    async fn run(self, app: &App, data: &Path, control: &str, stop: watch::Receiver<bool>) {
        match self {
            Gateways::Simulated => dev_gateways::run(app, data, control, stop).await,
            Gateways::Tunnel(tunnel) => tunnel.run(stop).await,
        }
    }
}

fn announce(kept: &Kept, site: &str, stripe: &str, mail: &str, discord: &str) {
    out::line("");
    out::line("MiraiVPN is running. Nothing leaves this machine, and no money moves.");
    out::line("");
    out::line(&format!("  Site            {site}"));
    out::line(&format!("  Mailbox         {mail}   every mail that the site sends"));
    out::line(&format!("  Pretend Stripe  {stripe}   pay with the card that is filled in"));
    out::line(&format!(
        "  Pretend Discord {discord}   be a customer or the team, and meet the bot; anew at each start"
    ));
    out::line(&format!("  API             {site}/backend/api/docs   X-API-KEY: {}", kept.api_key));
    out::line(&format!("  Admin account   {ADMIN}   password: {}", kept.admin_password));
}
