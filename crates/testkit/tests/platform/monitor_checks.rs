//! Checks that operators define, and those of the site and the database: what fails together is one incident.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use app::admin::COMMAND_LINE;
use app::admin::checks::{self, NewCheck};
use app::monitor;
use clients::stripe::{Stripe, StripeSettings};
use domain::account::Role;
use domain::monitor::rollup::Resolution;
use domain::monitor::target::{Kind, Wants};
use domain::time::rfc3339;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::rollups;
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::PASSWORD;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::monitor::{MINUTE, component, mails, minutes, nothing_leaks, status, with_gateway};
use crate::site::Reader;

testkit::on_both_databases!(
    thirty_checks_on_a_dead_server_are_one_incident_one_mail_and_one_resolution,
    a_monitor_without_a_network_opens_no_incident_and_lowers_no_uptime,
    a_database_that_was_away_is_told_of_once_it_is_back,
    a_site_counts_from_the_moment_that_it_was_reached,
    operators_say_what_is_watched,
    the_operators_page_adds_shows_and_removes,
    the_page_has_figures_and_is_read_once_for_many,
);

pub(crate) fn tcp(name: &str, component: &str, address: impl ToString) -> NewCheck {
    NewCheck {
        name: name.to_owned(),
        component: component.to_owned(),
        kind: Kind::Tcp,
        target: address.to_string(),
        wants: Wants::default(),
        every_minutes: 1,
        timeout_seconds: 2,
        down_after: 2,
        up_after: 2,
    }
}

/// Something that takes connections until it is dropped.
struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    /// It dies, and nobody listens there any more.
    async fn die(mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

/// Listens, on a free port or a known one.
async fn listen(port: u16) -> anyhow::Result<(Server, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let taking = async move {
        loop {
            drop(listener.accept().await);
        }
    };
    Ok((Server(tokio::spawn(taking)), address))
}

async fn thirty_checks_on_a_dead_server_are_one_incident_one_mail_and_one_resolution(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (boss, deputy) = (test.with_team("boss", Role::Admin).await?, test.with_team("deputy", Role::Admin).await?);
    let (listener, address) = listen(0).await?;
    for n in 0..30 {
        checks::add(&test.app, COMMAND_LINE, &tcp(&format!("osaka-{n}"), "osaka-1", address)).await?;
    }
    minutes(&test, 5, &[]).await?;
    let before = [mails(&test, &boss.email).len(), mails(&test, &deputy.email).len()];
    let seen = status(&test).await?;
    assert_eq!((&seen["status"], &seen["incidents"]), (&"operational".into(), &json!([])));

    listener.die().await;
    test.advance(MINUTE);
    let first = test.app.clock.now();
    monitor::watch(&test.app).await?;
    minutes(&test, 20, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!(component(&seen, "osaka-1")["status"], "major_outage", "a heartbeat that nobody hears says nothing");
    assert_eq!((&seen["incidents"][0]["started_at"], &seen["incidents"][1]), (&rfc3339(first).into(), &Value::Null));
    for (admin, before) in [&boss, &deputy].into_iter().zip(before) {
        assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer"]);
    }
    nothing_leaks(&test).await?;

    let _back = listen(address.port()).await?;
    minutes(&test, 15, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["incidents"][0]["status"], &seen["incidents"][1]), (&"resolved".into(), &Value::Null));
    assert_eq!(seen["status"], "operational");
    for (admin, before) in [&boss, &deputy].into_iter().zip(before) {
        assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer", "osaka-1 works again"]);
    }
    Ok(())
}

/// How long each verdict held, over all checks that need a network.
async fn known(test: &TestApp) -> anyhow::Result<(i64, i64)> {
    let rows = rollups::since(&test.app.store, Resolution::Minute, 0).await?;
    let of = |is: fn(&rollups::Model) -> i64| rows.iter().map(is).sum::<i64>();
    Ok((of(|row| row.fail_ms), of(|row| row.unknown_ms)))
}

async fn a_monitor_without_a_network_opens_no_incident_and_lowers_no_uptime(database: Database) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let osaka = with_gateway(&test, "osaka-1").await?;
    let (listener, address) = listen(0).await?;
    for n in 0..30 {
        let part = if n % 2 == 0 { "osaka-1" } else { "API" };
        checks::add(&test.app, COMMAND_LINE, &tcp(&format!("check-{n}"), part, address)).await?;
    }
    minutes(&test, 61, &[osaka]).await?;
    let before = (status(&test).await?, mails(&test, &admin.email).len(), known(&test).await?);
    // Nothing can be reached any more, neither the servers nor the rest of the world.
    listener.die().await;
    test.app.stripe = Stripe::new(StripeSettings {
        base: "http://127.0.0.1:1".parse()?,
        secret_key: "sk_test_nobody".to_owned().into(),
        timeout: std::time::Duration::from_secs(2),
    })?;
    minutes(&test, 60, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!(seen["incidents"], json!([]));
    assert_eq!(mails(&test, &admin.email).len(), before.1);
    let after = known(&test).await?;
    assert_eq!(after.0, before.2.0, "nothing has failed");
    assert!(after.1 > before.2.1 + 31 * 50 * MINUTE, "and nobody knew: {after:?} after {:?}", before.2);
    for name in ["osaka-1", "API"] {
        assert_eq!(component(&seen, name)["status"], "no_data", "{name}");
        let window = |seen: &Value| component(seen, name)["windows"][0].clone();
        let (was, is) = (window(&before.0), window(&seen));
        assert_eq!((&was["uptime"], &is["uptime"]), (&1.0.into(), &1.0.into()), "{name}: {was} {is}");
        let coverage = |window: &Value| window["coverage"].as_f64().unwrap_or_default();
        assert!(coverage(&is) < coverage(&was) - 0.3, "{name}: {was} {is}");
    }
    Ok(())
}

async fn a_database_that_was_away_is_told_of_once_it_is_back(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    minutes(&test, 3, &[]).await?;
    let before = mails(&test, &admin.email).len();
    test.advance(MINUTE);
    let first = test.app.clock.now();
    for _ in 0..10 {
        // The scheduler comes by every few seconds.
        (0..10).for_each(|_| monitor::database_is_away(&test.app));
        test.advance(MINUTE);
    }
    monitor::watch(&test.app).await?;
    minutes(&test, 8, &[]).await?;
    let seen = status(&test).await?;
    let incident = &seen["incidents"][0];
    assert_eq!((&incident["components"], &seen["incidents"][1]), (&json!(["Database"]), &Value::Null));
    assert_eq!((&incident["started_at"], &incident["status"]), (&rfc3339(first).into(), &"resolved".into()));
    assert_eq!(incident["resolved_at"], rfc3339(first + 10 * MINUTE));
    assert_eq!(mails(&test, &admin.email)[before..], ["Database does not answer", "Database works again"]);
    Ok(())
}

async fn a_site_counts_from_the_moment_that_it_was_reached(database: Database) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let move_to = |test: &mut TestApp, url: Url| Arc::make_mut(&mut test.app.config).app_url = url;
    let (here, nowhere) = (test.app.config.app_url.clone(), Url::parse("http://127.0.0.1:1")?);
    // A router that does not let us come back to ourselves by our own address.
    move_to(&mut test, nowhere.clone());
    minutes(&test, 10, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!((&component(&seen, "Website")["status"], &seen["incidents"]), (&"no_data".into(), &json!([])));
    move_to(&mut test, here);
    minutes(&test, 2, &[]).await?;
    assert_eq!(component(&status(&test).await?, "Website")["status"], "operational");
    move_to(&mut test, nowhere);
    minutes(&test, 2, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!(component(&seen, "Website")["status"], "major_outage");
    assert_eq!(seen["incidents"][0]["components"], json!(["Website"]));
    Ok(())
}

async fn the_operators_page_adds_shows_and_removes(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    let (listener, address) = listen(0).await?;
    let target = address.to_string();
    let typed = [
        ("name", "api"),
        ("component", "Public API"),
        ("kind", "tcp"),
        ("target", target.as_str()),
        ("status", ""),
        ("certificate_days", ""),
        ("text", ""),
        ("every", "1"),
        ("timeout", "2"),
        ("down_after", "2"),
        ("up_after", "2"),
    ];
    let with = |field: &'static str, value: &'static str| {
        typed.map(|(name, typed)| if name == field { (name, value) } else { (name, typed) })
    };
    for (field, wrong, says) in [
        ("target", "nowhere", "Where: This can’t be looked at."),
        ("every", "often", "Minutes from one look to the next: This number can’t be taken."),
        ("timeout", "31", "Seconds that a look may take: This number can’t be taken."),
        ("component", "../etc", "Server or part: A name has"),
        ("status", "200", "What it must be like: This can’t be looked at."),
    ] {
        let page = reader.submit("/admin/checks", &with(field, wrong)).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(page.text.contains(says), "{}", page.text);
        assert!(page.text.contains(&format!("value=\"{wrong}\"")), "what was typed stays: {}", page.text);
    }
    assert_eq!(reader.submit("/admin/checks", &typed).await?.to, "/admin/checks?done=added");
    minutes(&test, 2, &[]).await?;
    let page = reader.open("/admin/checks").await?.text;
    for says in ["Public API", "A port", target.as_str(), "Works", "Our database", "Its gateway’s reports"] {
        assert!(page.contains(says), "{says}: {page}");
    }
    listener.die().await;
    minutes(&test, 2, &[]).await?;
    let page = reader.open("/admin/checks").await?.text;
    assert!(page.contains(">Down</span> <code>refused</code>"), "{page}");
    assert_eq!(page.matches("/admin/checks/remove").count(), 1, "what the program has by itself stays");
    let asked = reader.submit("/admin/checks/remove", &[("name", "api")]).await?;
    assert!(asked.text.contains("api looks no more"), "{}", asked.text);
    let gone =
        reader.submit("/admin/checks/remove", &[("name", "api"), ("sure", "yes"), ("password", PASSWORD)]).await?;
    assert_eq!(gone.to, "/admin/checks?done=removed");
    assert!(!reader.open("/admin/checks").await?.text.contains("Public API"));
    Ok(())
}

async fn operators_say_what_is_watched(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (listener, address) = listen(0).await?;
    let good = tcp("api", "API", address);
    for (wrong, field) in [
        (NewCheck { target: "nowhere".to_owned(), ..good.clone() }, "target"),
        (NewCheck { kind: Kind::Http, target: "https://[::1".to_owned(), ..good.clone() }, "target"),
        (NewCheck { wants: Wants { status: Some(200), ..Wants::default() }, ..good.clone() }, "wants"),
        (NewCheck { name: " ".to_owned(), ..good.clone() }, "name"),
        (NewCheck { component: String::new(), ..good.clone() }, "component"),
        (NewCheck { component: "../../etc".to_owned(), ..good.clone() }, "component"),
        (NewCheck { component: "two  spaces".to_owned(), ..good.clone() }, "component"),
        (NewCheck { every_minutes: 61, ..good.clone() }, "every"),
        (NewCheck { timeout_seconds: 0, ..good.clone() }, "timeout"),
        (NewCheck { down_after: 0, ..good.clone() }, "down_after"),
        (NewCheck { up_after: 101, ..good.clone() }, "up_after"),
    ] {
        match checks::add(&test.app, COMMAND_LINE, &wrong).await {
            Err(app::Error::Invalid(fields)) => assert_eq!(fields[0].field, field, "{wrong:?}"),
            other => anyhow::bail!("{wrong:?}: {other:?}"),
        }
    }
    checks::add(&test.app, COMMAND_LINE, &good).await?;
    assert!(matches!(checks::add(&test.app, COMMAND_LINE, &good).await, Err(app::Error::Invalid(_))), "twice");
    let slow = NewCheck { every_minutes: 5, ..tcp("slow", "API", address) };
    checks::add(&test.app, COMMAND_LINE, &slow).await?;
    minutes(&test, 11, &[]).await?;
    let known = checks::list(&test.app).await?;
    let api: Vec<_> = known.iter().filter(|one| one.component == "API").collect();
    let looked = |n: usize| (test.app.clock.now() - api[n].check.checked_at) / MINUTE;
    assert_eq!((api.len(), looked(0), looked(1)), (2, 0, 0), "{api:?}");
    minutes(&test, 4, &[]).await?;
    let known = checks::list(&test.app).await?;
    let slow = known.iter().find(|one| one.check.name.as_deref() == Some("slow")).map(|one| one.check.checked_at);
    assert_eq!(slow, Some(test.app.clock.now() - 4 * MINUTE), "not before its time");

    listener.die().await;
    minutes(&test, 3, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!((&component(&seen, "API")["status"], &seen["incidents"][1]), (&"partial_outage".into(), &Value::Null));
    let known = checks::list(&test.app).await?;
    let trouble = known.iter().find(|one| one.check.name.as_deref() == Some("api"));
    assert_eq!(trouble.and_then(|one| one.check.trouble.clone()).as_deref(), Some("refused"));
    checks::remove(&test.app, COMMAND_LINE, "api").await?;
    checks::remove(&test.app, COMMAND_LINE, "slow").await?;
    for builtin in ["site", "database", "api", "nobody"] {
        assert!(
            matches!(checks::remove(&test.app, COMMAND_LINE, builtin).await, Err(app::Error::NotFound)),
            "{builtin}"
        );
    }
    let seen = status(&test).await?;
    assert_eq!((component(&seen, "API"), &seen["incidents"]), (&Value::Null, &json!([])));
    assert_eq!(seen["status"], "operational");
    minutes(&test, 2, &[]).await
}

async fn the_page_has_figures_and_is_read_once_for_many(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (server, address) = listen(0).await?;
    checks::add(&test.app, COMMAND_LINE, &tcp("api", "API", address)).await?;
    // Until the next day at least, so that today is made of hours, and days that are over of theirs.
    minutes(&test, 120, &[]).await?;
    server.die().await;
    minutes(&test, 40, &[]).await?;
    test.advance(11 * 60 * MINUTE);
    minutes(&test, 1, &[]).await?;
    let seen = status(&test).await?;
    let windows = component(&seen, "API")["windows"].as_array().cloned().unwrap_or_default();
    let days: Vec<i64> = windows.iter().filter_map(|window| window["days"].as_i64()).collect();
    assert_eq!(days, [1, 7, 30, 90, 365]);
    for window in &windows {
        // The looks of 12:01 to 14:00 saw it working, those until 14:40 did not, and the last one holds for two minutes more.
        let uptime = window["uptime"].as_f64().unwrap_or_default();
        assert!((uptime - 120.0 / 162.0).abs() < 0.01, "{window}");
        let within = |name: &str| window[name].as_u64().unwrap_or_default();
        assert!(0 < within("p50_us") && within("p50_us") <= within("p95_us"), "{window}");
    }
    let english = test.http.get(format!("{}/status?lang=en", test.base)).send().await?.text().await?;
    for words in ["24 hours", "365 days", "Half within", "Website", "Database", "\u{a0}ms"] {
        assert!(english.contains(words), "{words}");
    }
    let german = test.http.get(format!("{}/status?lang=de", test.base)).send().await?.text().await?;
    assert!(german.contains("Datenbank") && german.contains("24 Stunden"));

    test.statements.lock().expect("no panic").clear();
    for path in ["status", "status.json", "status/rss", "status/badge/osaka-1.svg", "status?lang=ja"] {
        let reply = test.http.get(format!("{}/{path}", test.base)).send().await?;
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
    }
    let asked = test.statements.lock().expect("no panic").clone();
    assert!(asked.iter().all(|sql| !sql.contains("rollups") && !sql.contains("incidents")), "{asked:?}");
    test.advance(6_000);
    status(&test).await?;
    let asked = test.statements.lock().expect("no panic").clone();
    assert!(asked.iter().any(|sql| sql.contains("incidents")), "{asked:?}");
    Ok(())
}
