//! Visitors of a site while it is deployed to: pages, messages with ids, and a stream.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::caller::{Caller, PASSWORD, TestUser};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use super::site::{DOMAIN, PATIENCE, Site};

/// Messages that one ticket holds, with room to spare.
const IN_A_TICKET: usize = 400;
/// Between two messages: a customer may open only a few tickets a day.
const BREATH: Duration = Duration::from_millis(200);

/// Under way.
pub(super) struct Load {
    caller: Caller,
    user: TestUser,
    stop: watch::Sender<bool>,
    tasks: JoinSet<anyhow::Result<()>>,
    pages: Arc<AtomicUsize>,
    /// What was written: ticket and text.
    written: Arc<Mutex<Vec<(String, String)>>>,
}

impl Load {
    /// Begins, with a customer who is signed in.
    pub(super) async fn begin(site: &Site) -> anyhow::Result<Load> {
        let mut caller = Caller::new(format!("https://{DOMAIN}"))?;
        // Each request on a connection of its own: a reset can't hide behind a second try.
        caller.http = site.visitor()?.http1_only().pool_max_idle_per_host(0).retry(reqwest::retry::never()).build()?;
        let email = format!("mika{}@example.net", site.machine.run("date", &["+%s%N"]).await?.stdout.trim());
        let make = site.on_host(&format!("admin user create {email} --verified --password-stdin"));
        let made = make.input(format!("{PASSWORD}\n")).run(PATIENCE).await?;
        ensure!(made.code == Some(0), "{}{}", made.stdout, made.stderr);
        let user = caller.log_in(&email).await?;
        let (stop, stopped) = watch::channel(false);
        let (pages, written) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let mut tasks = JoinSet::new();
        for path in ["/", "/pricing", "/backend/api/readyz"] {
            tasks.spawn(visit(caller.clone(), path, Arc::clone(&pages), stopped.clone()));
        }
        tasks.spawn(write(caller.clone(), user.clone(), Arc::clone(&written), stopped));
        let load = Load { caller, user, stop, tasks, pages, written };
        load.goes_on().await?;
        Ok(load)
    }

    /// Waits until everybody has got on by some more requests.
    pub(super) async fn goes_on(&self) -> anyhow::Result<()> {
        let seen = async || (self.pages.load(Ordering::Relaxed), self.written.lock().await.len());
        let (before, began) = (seen().await, Instant::now());
        loop {
            let now = seen().await;
            if now.0 >= before.0 + 30 && now.1 >= before.1 + 3 {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "the visitors got stuck, or were refused: {before:?}, {now:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends, and proves that nobody was refused and nothing written was lost or doubled.
    pub(super) async fn end(mut self, site: &Site) -> anyhow::Result<()> {
        self.goes_on().await?;
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        let mut expected: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (ticket, text) in self.written.lock().await.drain(..) {
            expected.entry(ticket).or_default().push(text);
        }
        for (ticket, texts) in expected {
            let thread = self.caller.get(&format!("/tickets/{ticket}"), Some(&self.user)).await?;
            let messages = thread["messages"].as_array().context("messages")?;
            let found: Vec<&str> = messages.iter().filter_map(|message| message["body"].as_str()).collect();
            assert_eq!(found, texts, "each once, in order, on {}", site.machine.address);
        }
        Ok(())
    }
}

async fn visit(caller: Caller, path: &str, pages: Arc<AtomicUsize>, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
    while !*stop.borrow() {
        let answer = caller.http.get(format!("{}{path}", caller.base)).send().await.with_context(|| path.to_owned())?;
        let status = answer.status();
        let body = answer.text().await.with_context(|| path.to_owned())?;
        ensure!(status.is_success(), "{path} answered {status}: {body}");
        pages.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn write(
    caller: Caller,
    user: TestUser,
    written: Arc<Mutex<Vec<(String, String)>>>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let post = async |path: &str, key: &str, body: Value| -> anyhow::Result<Value> {
        let request = caller.request(Method::POST, path, Some(&user)).header("Idempotency-Key", key);
        let answer = request.json(&body).send().await.with_context(|| format!("{path} {key}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} {key} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    };
    let mut n = 0;
    while !*stop.borrow() {
        let text = format!("message {n}");
        let body = json!({ "subject": "Load", "category": "other", "body": text });
        let opened = post("/tickets", &format!("open-{n}"), body).await?;
        let ticket = opened["ticket"]["id"].as_str().or(opened["id"].as_str()).context("an id")?.to_owned();
        written.lock().await.push((ticket.clone(), text));
        for _ in 1..IN_A_TICKET {
            if *stop.borrow() {
                break;
            }
            tokio::time::sleep(BREATH).await;
            n += 1;
            let text = format!("message {n}");
            post(&format!("/tickets/{ticket}/messages"), &format!("write-{n}"), json!({ "body": text })).await?;
            written.lock().await.push((ticket.clone(), text));
        }
        n += 1;
    }
    Ok(())
}
