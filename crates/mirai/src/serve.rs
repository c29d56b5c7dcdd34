//! `mirai serve` and `mirai migrate`.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use app::gateway::APPLIED;
use app::{App, hints, jobs, scheduler, status};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio::sync::watch;
use tokio::task::JoinSet;
use web::Listener;

use crate::cli::{Part, Serve};
use crate::settings::{self, Values};
use crate::systemd::Passed;
use crate::{bot_command, logging, out, signals, systemd, wiring};

/// Upper ends of the buckets of [`APPLIED`], in seconds: around the bounds that gateways are to keep.
const APPLIED_BUCKETS: [f64; 9] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0];
/// How often histograms are folded, as the exporter asks for.
const UPKEEP: Duration = Duration::from_secs(5);

/// `mirai migrate`.
pub(crate) async fn migrate() -> anyhow::Result<()> {
    let values = load()?;
    let store = wiring::open(&settings::database(&values)?).await?;
    let report = store.migrate().await?;
    out::line(&format!("the database is up to date: {} of {} steps were applied now", report.applied, report.total));
    if report.newer > 0 {
        out::line(&format!("{} more are from a newer release, which this one can work with", report.newer));
    }
    Ok(())
}

/// `mirai serve`.
pub(crate) async fn run(options: &Serve, passed: Passed) -> anyhow::Result<()> {
    let values = load()?;
    let bot = options.with.contains(&Part::Bot).then(|| settings::bot(&values)).transpose()?;
    let parsed = settings::parse(&values)?;
    let status_dir = parsed.status_dir.clone();
    let (listen, metrics_listen, grace) = (parsed.listen.clone(), parsed.metrics_listen.clone(), parsed.shutdown_grace);
    let listener = match passed.listener()? {
        Some(listener) => listener,
        None => Listener::bind(&listen).await.context("LISTEN")?,
    };
    let (app, web_settings) = wiring::app(parsed, store::Patience::Serving).await?;
    let stop = signals::stop()?;
    let mut tasks = if options.without_jobs { JoinSet::new() } else { background(&app, &stop) };
    if let Some(place) = metrics_listen {
        serve_metrics(("METRICS_LISTEN", &place), &mut tasks, &stop).await?;
    }
    if let Some(settings) = bot {
        tasks.spawn(bot_command::beside(app.clone(), settings, stop.clone()));
    }
    let router = web::router(app.clone(), web_settings);
    if let Some(folder) = status_dir.filter(|_| !options.without_jobs) {
        tasks.spawn(web::status_files::keep(router.clone(), folder, stop.clone()));
    }
    let release = app.config.release.as_deref();
    tracing::info!(place = listener.place(), version = env!("CARGO_PKG_VERSION"), release, "ready");
    tasks.spawn(systemd::tell(stop.clone()));
    web::serve(listener, router, stop, grace).await?;
    finish(tasks, app).await
}

/// Settings and logging, as every command but `dev` begins.
pub(crate) fn load() -> anyhow::Result<Values> {
    let values = settings::load(Path::new("."))?;
    logging::start(values.text("LOG").unwrap_or("info"))?;
    Ok(values)
}

/// The worker, the scheduler, and what is kept in memory for visitors.
pub(crate) fn background(app: &App, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(jobs::work(app.clone(), stop.clone()));
    tasks.spawn(hints::exchange(app.clone(), stop.clone()));
    tasks.spawn(scheduler::run(app.clone(), stop.clone()));
    tasks.spawn(status::keep_ready(app.clone(), stop.clone()));
    tasks
}

/// Lets jobs that have begun end, then closes the database.
pub(crate) async fn finish(mut tasks: JoinSet<()>, app: App) -> anyhow::Result<()> {
    while tasks.join_next().await.is_some() {}
    app.store.close().await?;
    Ok(())
}

/// Serves `/metrics` of this process at `place`, which the setting `name` names.
pub(crate) async fn serve_metrics(
    (name, place): (&'static str, &str),
    tasks: &mut JoinSet<()>,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Full(APPLIED.to_owned()), &APPLIED_BUCKETS);
    let builder = builder.context("metrics could not be set up")?;
    let handle = builder.install_recorder().context("metrics could not be set up")?;
    let listener = Listener::bind(place).await.context(name)?;
    tracing::info!(place = listener.place(), "metrics");
    let render = handle.clone();
    let router = web::metrics_router(move || render.render());
    let server = web::serve(listener, router, stop.clone(), Duration::ZERO);
    tasks.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the metrics listener ended");
        }
    });
    tasks.spawn(until_stopped(stop.clone(), move || handle.run_upkeep()));
    Ok(())
}

async fn until_stopped(mut stop: watch::Receiver<bool>, work: impl Fn()) {
    while !*stop.borrow() {
        work();
        tokio::select! {
            () = tokio::time::sleep(UPKEEP) => {}
            _ = stop.changed() => {}
        }
    }
}
