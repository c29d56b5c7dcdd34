//! Webhooks of the operators: signed, tried again, given up, and led nowhere but into the public internet.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use app::admin::COMMAND_LINE;
use app::admin::incidents::{self, NewIncident};
use app::admin::maintenance::{self, NewMaintenance};
use app::admin::status::{self, Webhook};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode as Status};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clients::webhook::{Reach, Sender};
use domain::account::Role;
use domain::monitor::incident::{Impact, Stage};
use domain::monitor::maintenance::Repeat;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use store::jobs;
use testkit::app::{DAY, Database, TestApp, Wanted};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::monitor::{minutes, with_gateway};
use crate::site::{Reader, between};

testkit::on_both_databases!(
    a_webhook_is_told_of_the_same_in_signed_messages,
    a_message_that_does_not_get_through_is_tried_for_a_day_under_the_same_id,
    a_webhook_that_is_not_reached_for_days_is_given_up_where_it_can_be_seen,
    an_admin_adds_a_webhook_sees_its_secret_once_and_removes_it,
);

/// What came to a receiver.
#[derive(Debug, Clone)]
struct Got {
    path: String,
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// As the receiver's library checks it.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        self.signature == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// Somebody's program, which answers as it is told, and 204 without that.
#[derive(Clone, Default)]
struct Receiver {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start() -> anyhow::Result<(Receiver, String)> {
        let receiver = Receiver::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let routes = Router::new().fallback(any(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok((receiver, url))
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().expect("no panic").clone()
    }

    fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().expect("no panic").extend(statuses);
    }

    fn recover(&self) {
        self.answers.lock().expect("no panic").clear();
    }
}

async fn take(State(receiver): State<Receiver>, uri: axum::http::Uri, headers: HeaderMap, body: String) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    receiver.got.lock().expect("no panic").push(Got {
        path: uri.path().to_owned(),
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp").parse().unwrap_or_default(),
        signature: text("webhook-signature"),
        body,
    });
    let status = receiver.answers.lock().expect("no panic").pop_front().unwrap_or(204);
    let status = Status::from_u16(status).unwrap_or_default();
    (status, [("location", "/elsewhere")]).into_response()
}

/// The product with a webhook that leads to this machine; its secret.
async fn with_webhook(test: &mut TestApp, url: &str) -> anyhow::Result<(Uuid, String)> {
    test.app.hooks = Arc::new(Sender::new(Reach::Anywhere));
    Ok(status::add_webhook(&test.app, COMMAND_LINE, url).await?)
}

async fn open(test: &TestApp, title: &str) -> anyhow::Result<Uuid> {
    let new = NewIncident {
        title: title.to_owned(),
        impact: Impact::Minor,
        components: Vec::new(),
        words: "We are looking.".to_owned(),
    };
    let id = incidents::open(&test.app, COMMAND_LINE, &new).await?;
    test.run_jobs().await?;
    Ok(id)
}

async fn only(test: &TestApp) -> anyhow::Result<Webhook> {
    Ok(status::webhooks(&test.app).await?.remove(0))
}

async fn a_webhook_is_told_of_the_same_in_signed_messages(database: Database) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let osaka = with_gateway(&test, "osaka-1").await?;
    let (receiver, url) = Receiver::start().await?;
    let (_, secret) = with_webhook(&mut test, &url).await?;
    minutes(&test, 4, &[osaka]).await?;
    minutes(&test, 10, &[]).await?;
    minutes(&test, 3, &[osaka]).await?;
    minutes(&test, 4, &[]).await?;
    minutes(&test, 12, &[osaka]).await?;
    let got = receiver.got();
    let kinds: Vec<Value> = got.iter().map(|got| got.json()["type"].clone()).collect();
    assert_eq!(kinds, ["incident.opened", "incident.resolved"], "once each, however it comes and goes");
    assert!(got.iter().all(|got| got.is_signed_with(&secret) && got.path == "/hook"), "{got:?}");
    let (first, last) = (got[0].json(), got[1].json());
    assert_eq!(first["data"]["components"], json!(["osaka-1"]), "{first}");
    assert_eq!((&first["data"]["impact"], &first["data"]["resolved_at"]), (&json!("major"), &Value::Null), "{first}");
    assert_eq!((&first["data"]["id"], &last["data"]["status"]), (&last["data"]["id"], &json!("resolved")));
    assert!(last["data"]["resolved_at"].is_string() && last["data"]["url"] == test.app.config.link("/status"));
    let seen = crate::monitor::status(&test).await?;
    assert_eq!(seen["incidents"][0]["id"], first["data"]["id"], "the same id as in /status.json");

    let id = open(&test, "Slow downloads").await?;
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Identified, "A cable was cut.").await?;
    let work = NewMaintenance {
        title: "New disks".to_owned(),
        zone: "UTC".to_owned(),
        starts: "2026-12-01T02:30".to_owned(),
        minutes: 60,
        repeat: Repeat::Once,
        until: None,
        components: Vec::new(),
    };
    let work = maintenance::add(&test.app, COMMAND_LINE, &work).await?;
    maintenance::end(&test.app, COMMAND_LINE, work).await?;
    test.run_jobs().await?;
    let told: Vec<Value> = receiver.got()[2..].iter().map(Got::json).collect();
    let of = |kind: &str| told.iter().find(|one| one["type"] == kind).cloned().unwrap_or_default();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(of("maintenance.canceled")["data"]["from"], "2026-12-01T02:30:00.000Z");
    let (update, work) = (of("incident.updated"), of("maintenance.scheduled"));
    assert_eq!(
        (&update["data"]["title"], &update["data"]["text"]),
        (&json!("Slow downloads"), &json!("A cable was cut."))
    );
    assert_eq!((&work["data"]["from"], &work["data"]["repeat"]), (&json!("2026-12-01T02:30:00.000Z"), &json!("once")));
    let all = receiver.got().iter().map(|got| got.body.clone()).collect::<String>().replace(&test.base, "");
    let server = store::vps_servers::all(&test.app.store).await?.remove(0);
    for word in ["127.0.0.1", "vpn1.example.net", "heartbeat", &server.id.to_string()] {
        assert!(!all.contains(word), "{word}: {all}");
    }
    Ok(())
}

async fn a_message_that_does_not_get_through_is_tried_for_a_day_under_the_same_id(
    database: Database,
) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (receiver, url) = Receiver::start().await?;
    let (_, secret) = with_webhook(&mut test, &url).await?;
    // A redirect is not followed.
    receiver.answer([500, 302]);
    open(&test, "Everything").await?;
    assert_eq!(only(&test).await?.trouble.as_deref(), Some("status_500"));
    for _ in 0..2 {
        test.advance(20_000);
        test.run_jobs().await?;
    }
    let got = receiver.got();
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got.iter().all(|one| one.id == got[0].id && one.body == got[0].body && one.path == "/hook"), "{got:?}");
    assert!(got[0].timestamp < got[2].timestamp && got.iter().all(|one| one.is_signed_with(&secret)), "{got:?}");
    let hook = only(&test).await?;
    assert_eq!((hook.failing_since, hook.trouble, hook.disabled_at), (None, None, None), "it got through");

    // What does not get through for a day is dropped, with no dead job.
    receiver.answer([500; 100]);
    open(&test, "Again").await?;
    let mut tries = 0;
    for _ in 0..60 {
        test.advance(3_600_000);
        tries += test.run_jobs().await?;
    }
    assert!((10..25).contains(&tries), "{tries}");
    assert_eq!(jobs::list(&test.app.store, None, 10).await?, []);
    assert!(only(&test).await?.failing_since.is_some());
    Ok(())
}

async fn a_webhook_that_is_not_reached_for_days_is_given_up_where_it_can_be_seen(
    database: Database,
) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let (receiver, url) = Receiver::start().await?;
    let (id, _) = with_webhook(&mut test, &url).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    assert!(reader.open("/admin/subscribers").await?.text.contains(">Works<"));
    receiver.answer([503; 1_000]);
    open(&test, "First").await?;
    reader.log_in(&admin.email).await?;
    let page = reader.open("/admin/subscribers").await?.text;
    assert!(page.contains("Not reached since 2026-11-23") && page.contains("status_503"), "{page}");
    test.advance(3 * DAY);
    test.run_jobs().await?;
    assert_eq!(only(&test).await?.disabled_at, None, "the first message is dropped, and nothing was tried");
    open(&test, "Second").await?;
    assert!(only(&test).await?.disabled_at.is_some());
    let before = receiver.got().len();
    open(&test, "Third").await?;
    test.advance(DAY);
    test.run_jobs().await?;
    assert_eq!((receiver.got().len(), jobs::list(&test.app.store, None, 10).await?), (before, Vec::new()));
    reader.log_in(&admin.email).await?;
    assert!(reader.open("/admin/subscribers").await?.text.contains("Given up, 2026-11-26"));

    // Once it answers it is told of what happens from then on, and of nothing from before.
    receiver.recover();
    let again = reader.submit("/admin/subscribers/webhooks/resume", &[("id", &id.to_string())]).await?;
    assert_eq!(again.to, "/admin/subscribers?done=webhook-resumed");
    assert!(reader.open("/admin/subscribers?done=webhook-resumed").await?.text.contains(">Works<"));
    open(&test, "Later").await?;
    assert_eq!(receiver.got().len(), before + 1);

    // A receiver that says it is gone is believed at once; others are not held up by either.
    status::remove_webhook(&test.app, COMMAND_LINE, id).await?;
    let (gone, good) = (Receiver::start().await?, Receiver::start().await?);
    gone.0.answer([410]);
    for (_, url) in [&gone, &good] {
        with_webhook(&mut test, url).await?;
    }
    open(&test, "Fourth").await?;
    open(&test, "Fifth").await?;
    assert_eq!((gone.0.got().len(), good.0.got().len()), (1, 2));
    Ok(())
}

async fn an_admin_adds_a_webhook_sees_its_secret_once_and_removes_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    for wrong in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/",
        "https://localhost:8443/",
        "https://user:pass@hooks.example.com/",
        "nonsense",
    ] {
        let page = reader.submit("/admin/subscribers/webhooks", &[("url", wrong), ("sure", "yes")]).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let url = "https://hooks.example.com/status?key=of-the-receiver";
    let asked = reader.submit("/admin/subscribers/webhooks", &[("url", url)]).await?;
    assert!(asked.text.contains("hooks.example.com") && status::webhooks(&test.app).await?.is_empty());
    let made = reader.submit("/admin/subscribers/webhooks", &[("url", url), ("sure", "yes")]).await?;
    let secret = between(&made.text, "id=\"secret\">", "<").to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{secret}");
    let hook = only(&test).await?;
    assert_eq!(hook.url, url);
    assert!(!hook.secret_sealed.windows(32).any(|part| STANDARD.encode(part) == secret[6..]), "it is sealed");
    let page = reader.open("/admin/subscribers").await?.text;
    assert!(page.contains("hooks.example.com") && !page.contains("whsec_"), "{page}");
    let log = format!("{:?}", app::admin::entries(&test.app, None, 100).await?);
    assert!(log.contains("webhook.add") && !log.contains("of-the-receiver") && !log.contains(&secret), "{log}");
    let id = hook.id.to_string();
    let gone = reader.submit("/admin/subscribers/webhooks/remove", &[("id", &id), ("sure", "yes")]).await?;
    assert_eq!(gone.to, "/admin/subscribers?done=webhook-removed");
    assert!(status::webhooks(&test.app).await?.is_empty());
    let again = reader.submit("/admin/subscribers/webhooks/remove", &[("id", &id), ("sure", "yes")]).await?;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    Ok(())
}
