//! Servers are watched by their gateways' reports: incidents, mails to admins, the status page and its figures.

use app::admin::COMMAND_LINE;
use app::admin::{checks, servers};
use app::{Clock, monitor};
use clients::stripe::{Stripe, StripeSettings};
use domain::account::Role;
use domain::monitor::rollup::{Resolution, Tally};
use domain::time::DAY_MS;
use domain::vpn::balancer::ServerStatus;
use reqwest::StatusCode;
use serde_json::Value;
use store::{gateways, rollups, vps_servers};
use testkit::app::{Database, START, TestApp, Wanted};
use testkit::fleet::Fleet;
use uuid::Uuid;

use crate::monitor_checks::tcp;

testkit::on_both_databases!(
    a_server_that_falls_silent_is_one_incident_with_one_mail_and_one_resolution,
    a_monitor_that_is_cut_off_itself_reports_nothing,
    a_day_is_counted_to_the_millisecond_and_a_pause_is_no_outage,
    a_process_that_begins_shows_what_the_last_one_added_up,
);

pub(crate) const MINUTE: i64 = 60_000;

/// Gives a server an agent that has enrolled. What it reports is written by [`report`].
pub(crate) async fn with_gateway(test: &TestApp, name: &str) -> anyhow::Result<Uuid> {
    let servers = vps_servers::all(&test.app.store).await?;
    let server = servers.iter().find(|server| server.name == name).map(|server| server.id).unwrap_or_default();
    let row = gateways::Model {
        server_id: server,
        credential_hash: server.as_bytes().repeat(2),
        generation: 1,
        instance: None,
        driver: "fake".to_owned(),
        version: "1".to_owned(),
        enrolled_at: test.app.clock.now(),
        applied_revision: 0,
        applied_at: None,
        reported_at: None,
        skew_ms: None,
        active_peers: 0,
        rx_rate: 0,
        tx_rate: 0,
        drops: 0,
        cpu: 0.0,
        memory: 0.0,
        former_hash: None,
        trouble: None,
    };
    let tx = test.app.store.write_txn().await?;
    gateways::replace(&tx, &row).await?;
    tx.commit().await?;
    Ok(server)
}

pub(crate) async fn report(test: &TestApp, server: Uuid) -> anyhow::Result<()> {
    let Some(mut row) = gateways::of_server(&test.app.store, server).await? else { anyhow::bail!("no gateway") };
    row.reported_at = Some(test.app.clock.now());
    let tx = test.app.store.write_txn().await?;
    gateways::replace(&tx, &row).await?;
    Ok(tx.commit().await?)
}

/// Minutes pass, in which these servers report.
pub(crate) async fn minutes(test: &TestApp, count: i64, heard: &[Uuid]) -> anyhow::Result<()> {
    for _ in 0..count {
        test.advance(MINUTE);
        for server in heard {
            report(test, *server).await?;
        }
        monitor::watch(&test.app).await?;
    }
    test.run_jobs().await?;
    Ok(())
}

pub(crate) async fn status(test: &TestApp) -> anyhow::Result<Value> {
    let reply = test.http.get(format!("{}/status.json", test.base)).send().await?;
    anyhow::ensure!(reply.status() == StatusCode::OK, "{}", reply.status());
    Ok(serde_json::from_str(&reply.text().await?)?)
}

/// What is told of a component.
pub(crate) fn component<'a>(seen: &'a Value, name: &str) -> &'a Value {
    let all = seen["components"].as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().find(|one| one["name"] == name).unwrap_or(&Value::Null)
}

pub(crate) fn mails(test: &TestApp, to: &str) -> Vec<String> {
    test.mail.messages_to(to).into_iter().map(|mail| mail.subject).collect()
}

async fn a_server_that_falls_silent_is_one_incident_with_one_mail_and_one_resolution(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    test.add_server("paris-1", "eu").await?;
    let (osaka, paris) = (with_gateway(&test, "osaka-1").await?, with_gateway(&test, "paris-1").await?);
    minutes(&test, 5, &[osaka, paris]).await?;
    let before = mails(&test, &admin.email).len();
    assert_eq!(status(&test).await?["status"], "operational");

    test.advance(MINUTE);
    let first_silence = test.app.clock.now();
    report(&test, paris).await?;
    monitor::watch(&test.app).await?;
    assert_eq!(status(&test).await?["incidents"], serde_json::json!([]), "one look is not enough");
    minutes(&test, 10, &[paris]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["status"], &seen["incidents"][1]), (&"major_outage".into(), &Value::Null), "{seen}");
    let incident = &seen["incidents"][0];
    assert_eq!(incident["started_at"], domain::time::rfc3339(first_silence));
    assert_eq!((&incident["status"], &incident["components"][0]), (&"investigating".into(), &"osaka-1".into()));
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer"]);

    // It comes, goes and comes again: still the same incident, and nothing more is told of it.
    minutes(&test, 3, &[osaka, paris]).await?;
    assert_eq!(status(&test).await?["incidents"][0]["status"], "monitoring");
    minutes(&test, 3, &[paris]).await?;
    assert_eq!(status(&test).await?["incidents"][0]["status"], "investigating");
    assert_eq!(mails(&test, &admin.email).len(), before + 1);
    minutes(&test, 9, &[osaka, paris]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["status"], &seen["incidents"][0]["status"]), (&"operational".into(), &"resolved".into()));
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer", "osaka-1 works again"]);
    let (badge, feed) = (picture(&test, "badge/osaka-1.svg").await?, picture(&test, "rss").await?);
    assert!(badge.starts_with("<svg") && badge.contains("osaka-1: operational"), "{badge}");
    assert!(feed.contains("<item><title>osaka-1") && feed.matches("<item>").count() == 1, "{feed}");
    nothing_leaks(&test).await
}

async fn picture(test: &TestApp, path: &str) -> anyhow::Result<String> {
    let reply = test.http.get(format!("{}/status/{path}", test.base)).send().await?;
    anyhow::ensure!(reply.status() == StatusCode::OK, "{path}: {}", reply.status());
    Ok(reply.text().await?)
}

/// Neither page says where a server is reached or what an error was, in any language.
pub(crate) async fn nothing_leaks(test: &TestApp) -> anyhow::Result<()> {
    let servers = vps_servers::all(&test.app.store).await?;
    for path in [
        "/status?lang=en",
        "/status?lang=de",
        "/status?lang=es",
        "/status?lang=fr",
        "/status?lang=ja",
        "/status.json",
        "/status/rss",
    ] {
        let reply = test.http.get(format!("{}{path}", test.base)).send().await?;
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        // The site's own address is no secret.
        let text = reply.text().await?.replace(&test.app.config.link("/status"), "");
        for server in &servers {
            let host = server.endpoint.rsplit_once(':').map_or(server.endpoint.as_str(), |(host, _)| host);
            assert!(!text.contains(host) && !text.contains(&server.id.to_string()), "{path} names {host}");
        }
        for word in ["127.0.0.1", "10.64.", "sqlite", "mysql", "timeout", "refused", "credential"] {
            assert!(!text.contains(word), "{path} says {word}");
        }
    }
    Ok(())
}

async fn a_monitor_that_is_cut_off_itself_reports_nothing(database: Database) -> anyhow::Result<()> {
    let Some(mut test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let osaka = with_gateway(&test, "osaka-1").await?;
    minutes(&test, 5, &[osaka]).await?;
    let before = mails(&test, &admin.email).len();
    let working = test.app.stripe.clone();
    test.app.stripe = Stripe::new(StripeSettings {
        // Nobody listens on port 1.
        base: "http://127.0.0.1:1".parse()?,
        secret_key: "sk_test_nobody".to_owned().into(),
        timeout: std::time::Duration::from_secs(2),
    })?;
    minutes(&test, 60, &[]).await?;
    let seen = status(&test).await?;
    // The database needs no network.
    assert_eq!((&seen["status"], &seen["incidents"]), (&"operational".into(), &serde_json::json!([])), "{seen}");
    for name in ["osaka-1", "Website"] {
        assert_eq!(component(&seen, name)["status"], "no_data", "{seen}");
    }
    // With the network back, and the server as silent as before, it is the server.
    test.app.stripe = working;
    minutes(&test, 3, &[]).await?;
    assert_eq!(status(&test).await?["status"], "major_outage");
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer"]);
    // Whoever takes it out needs no mail; the incident ends, and another one begins only with another silence.
    servers::set_status(&test.app, COMMAND_LINE, "osaka-1", ServerStatus::Down).await?;
    minutes(&test, 7, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!(component(&seen, "osaka-1")["status"], "under_maintenance");
    assert_eq!((&seen["status"], &seen["incidents"][0]["status"]), (&"operational".into(), &"resolved".into()));
    servers::set_status(&test.app, COMMAND_LINE, "osaka-1", ServerStatus::Up).await?;
    minutes(&test, 1, &[]).await?;
    assert_eq!(status(&test).await?["incidents"][1], Value::Null);
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 does not answer"]);
    Ok(())
}

async fn a_day_is_counted_to_the_millisecond_and_a_pause_is_no_outage(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let osaka = with_gateway(&test, "osaka-1").await?;
    // From the beginning of a day on.
    let now = test.app.clock.now();
    test.advance(DAY_MS - now.rem_euclid(DAY_MS) - MINUTE);
    let day = test.app.clock.now() + MINUTE;
    minutes(&test, 61, &[osaka]).await?;
    minutes(&test, 30, &[]).await?;
    minutes(&test, 30, &[osaka]).await?;
    // The program rests until the next day.
    test.advance(22 * 60 * MINUTE);
    // Nobody could report meanwhile, and after the start not at once.
    minutes(&test, 1, &[]).await?;
    minutes(&test, 3, &[osaka]).await?;
    let all = store::checks::all(&test.app.store).await?;
    let heartbeat = all.into_iter().find(|(check, _)| check.kind == store::checks::HEARTBEAT);
    let heartbeat = heartbeat.map(|(check, _)| check.id).unwrap_or_default();
    let of_heartbeat = async |resolution, from| -> anyhow::Result<Vec<rollups::Model>> {
        let rows = rollups::since(&test.app.store, resolution, from).await?;
        Ok(rows.into_iter().filter(|row| row.check_id == heartbeat).collect())
    };
    let after = of_heartbeat(Resolution::Minute, day + DAY_MS).await?;
    assert_eq!((after.len(), after.iter().map(|row| row.fail_ms).sum::<i64>()), (4, 0), "{after:?}");
    let rows = of_heartbeat(Resolution::Day, day).await?;
    assert_eq!(rows.len(), 1);
    let tally = rows[0].tally();
    assert_eq!(tally.total_ms(), DAY_MS);
    // The look at the day's first moment counts for it, and the last one holds for three minutes.
    assert_eq!((tally.ok_ms, tally.fail_ms), (93 * MINUTE, 30 * MINUTE));
    let hours = of_heartbeat(Resolution::Hour, day).await?;
    let of_day: Vec<_> = hours.iter().filter(|hour| hour.starts_at < day + DAY_MS).collect();
    assert_eq!(of_day.len(), 24);
    let mut merged = domain::monitor::rollup::Tally::default();
    of_day.iter().for_each(|hour| merged.merge(&hour.tally()));
    assert_eq!(merged, tally);
    let seen = status(&test).await?;
    let osaka = component(&seen, "osaka-1");
    let shown = osaka["days"].as_array().map_or(0, Vec::len);
    assert_eq!(shown, 90);
    let uptime = osaka["days"][88]["uptime"].as_f64().unwrap_or_default();
    assert!((uptime - 93.0 / 123.0).abs() < 1e-4, "{uptime}");
    Ok(())
}

async fn a_process_that_begins_shows_what_the_last_one_added_up(database: Database) -> anyhow::Result<()> {
    let Some(fleet) = Fleet::new(database).await? else { return Ok(()) };
    let now = START + 12 * 3_600_000;
    let clock = Clock::stopped_at(now);
    let first = fleet.look(clock.clone()).await?;
    for name in ["one", "two"] {
        checks::add(&first, "test", &tcp(name, name, "192.0.2.1:443")).await?;
    }
    let today = now - now.rem_euclid(DAY_MS);
    let all = store::checks::all(&first.store).await?;
    let row = |check: Uuid, ago: i64| {
        let fail_ms = (ago * 7_919) % DAY_MS;
        let mut tally = Tally { ok_ms: DAY_MS - fail_ms, fail_ms, ..Tally::default() };
        tally.latency.add(ago.unsigned_abs() * 100);
        rollups::Model::new(Resolution::Day, check, today - ago * DAY_MS, &tally)
    };
    // The one has been watched for a year and more, the other for a week, and not on each day.
    let (one, two) = (all[0].0.id, all[1].0.id);
    let mut rows: Vec<_> = (1..400).map(|ago| row(one, ago)).collect();
    rows.extend([1, 2, 5, 7].map(|ago| row(two, ago)));
    let save = async |rows| -> anyhow::Result<()> {
        let tx = first.store.write_txn().await?;
        rollups::save(&tx, rows).await?;
        Ok(tx.commit().await?)
    };
    save(rows).await?;
    let added_up = app::status::overview(&first).await?;
    app::status::make_ready(&first).await?;
    // What it is made of is not looked at again, until it is time to.
    rollups::prune(&first.store, Resolution::Day, today).await?;
    let second = fleet.look(clock.clone()).await?;
    assert_eq!(app::status::overview(&second).await?.components, added_up.components);
    // It counts for its day alone.
    clock.advance(DAY_MS);
    let third = fleet.look(clock).await?;
    let empty = app::status::overview(&third).await?;
    assert!(empty.components.iter().all(|part| part.days.iter().all(|day| day.uptime.is_none())), "{empty:?}");
    // And what is not as it was is kept anew, by a process that did not make it too.
    save(vec![row(two, 1)]).await?;
    app::status::make_ready(&third).await?;
    let kept = store::pasts::of_day(&third.store, today + DAY_MS).await?;
    assert_eq!(kept.iter().map(|row| row.check_id).collect::<Vec<_>>(), [two]);
    Ok(())
}
