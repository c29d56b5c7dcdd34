//! Maintenance: what is worked on opens no incident and counts for nothing, and hides no outage of anything else.

use app::admin::COMMAND_LINE;
use app::admin::checks::{self, NewCheck};
use app::admin::maintenance::{self, NewMaintenance};
use domain::account::Role;
use domain::monitor::maintenance::Repeat;
use domain::monitor::target::{Kind, Wants};
use domain::time::rfc3339;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::PASSWORD;

use crate::monitor::{MINUTE, component, mails, minutes, nothing_leaks, status, with_gateway};
use crate::site::{Reader, between};

testkit::on_both_databases!(
    maintenance_opens_no_incident_and_hides_no_outage_of_anything_else,
    what_is_down_after_the_announced_end_is_an_outage_from_then_on,
    an_admin_announces_work_and_ends_it,
    work_on_a_part_that_is_watched_no_more_is_not_work_on_everything,
);

/// Work on osaka-1 at a time of Berlin's clocks; the tests begin at 13:00 there.
fn on_osaka(starts: &str, minutes: u32) -> NewMaintenance {
    NewMaintenance {
        title: "New disks".to_owned(),
        zone: "Europe/Berlin".to_owned(),
        starts: starts.to_owned(),
        minutes,
        repeat: Repeat::Once,
        until: None,
        components: vec!["osaka-1".to_owned()],
    }
}

async fn maintenance_opens_no_incident_and_hides_no_outage_of_anything_else(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    test.add_server("paris-1", "eu").await?;
    let (osaka, paris) = (with_gateway(&test, "osaka-1").await?, with_gateway(&test, "paris-1").await?);
    minutes(&test, 5, &[osaka, paris]).await?;
    maintenance::add(&test.app, COMMAND_LINE, &on_osaka("2026-11-23T13:10", 60)).await?;
    let before = mails(&test, &admin.email).len();
    let seen = status(&test).await?;
    let work = &seen["maintenance"][0];
    assert_eq!((&work["status"], &work["components"]), (&"scheduled".into(), &json!(["osaka-1"])), "{work}");
    assert_eq!((&work["from"], &work["to"]), (&"2026-11-23T12:10:00.000Z".into(), &"2026-11-23T13:10:00.000Z".into()));
    assert_eq!(component(&seen, "osaka-1")["status"], "operational");

    // osaka-1 is silent for the whole time of the work, and comes back before its end.
    minutes(&test, 5, &[osaka, paris]).await?;
    minutes(&test, 30, &[paris]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["incidents"], &seen["status"]), (&json!([]), &"operational".into()));
    assert_eq!(component(&seen, "osaka-1")["status"], "under_maintenance");
    assert_eq!(seen["maintenance"][0]["status"], "in_progress");
    assert_eq!(mails(&test, &admin.email).len(), before);

    // An outage elsewhere is one all the same.
    minutes(&test, 5, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["status"], &seen["incidents"][0]["components"]), (&"major_outage".into(), &json!(["paris-1"])));
    assert_eq!((&seen["incidents"][1], mails(&test, &admin.email).len()), (&Value::Null, before + 1));
    minutes(&test, 30, &[osaka, paris]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["status"], &seen["maintenance"]), (&"operational".into(), &json!([])));
    // Past the end of the hour, so that the hour of the work is counted.
    minutes(&test, 50, &[osaka, paris]).await?;
    let seen = status(&test).await?;
    let uptime = |name: &str| component(&seen, name)["windows"][0]["uptime"].as_f64().unwrap_or_default();
    assert!((uptime("osaka-1") - 1.0).abs() < 1e-9, "{}", uptime("osaka-1"));
    assert!(uptime("paris-1") < 0.97, "{}", uptime("paris-1"));
    assert_eq!(mails(&test, &admin.email)[before..], ["paris-1 does not answer", "paris-1 works again"]);
    Ok(())
}

async fn what_is_down_after_the_announced_end_is_an_outage_from_then_on(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let osaka = with_gateway(&test, "osaka-1").await?;
    minutes(&test, 1, &[osaka]).await?;
    maintenance::add(&test.app, COMMAND_LINE, &on_osaka("2026-11-23T13:10", 20)).await?;
    minutes(&test, 9, &[osaka]).await?;
    minutes(&test, 19, &[]).await?;
    assert_eq!(status(&test).await?["incidents"], json!([]));
    minutes(&test, 3, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!(seen["incidents"][0]["started_at"], "2026-11-23T12:30:00.000Z");
    assert_eq!(component(&seen, "osaka-1")["status"], "major_outage");
    // Work on it that is announced now does not take back what was told.
    maintenance::add(&test.app, COMMAND_LINE, &on_osaka("2026-11-23T13:33", 20)).await?;
    minutes(&test, 5, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["incidents"][0]["status"], &seen["incidents"][1]), (&"investigating".into(), &Value::Null));
    Ok(())
}

async fn an_admin_announces_work_and_ends_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    with_gateway(&test, "osaka-1").await?;
    minutes(&test, 1, &[]).await?;
    for (wrong, field) in [
        (NewMaintenance { title: " ".to_owned(), ..on_osaka("2026-11-23T14:00", 60) }, "title"),
        (NewMaintenance { zone: "Mars/Olympus".to_owned(), ..on_osaka("2026-11-23T14:00", 60) }, "zone"),
        (on_osaka("soon", 60), "start"),
        (on_osaka("2026-11-22T14:00", 60), "start"),
        (on_osaka("2026-11-23T14:00", 0), "minutes"),
        (NewMaintenance { until: Some("2026-02-30".to_owned()), ..on_osaka("2026-11-23T14:00", 60) }, "until"),
        (NewMaintenance { components: vec!["nobody".to_owned()], ..on_osaka("2026-11-23T14:00", 60) }, "component"),
    ] {
        match maintenance::add(&test.app, COMMAND_LINE, &wrong).await {
            Err(app::Error::Invalid(fields)) => assert_eq!(fields[0].field, field, "{wrong:?}"),
            other => anyhow::bail!("{wrong:?}: {other:?}"),
        }
    }
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    let fields = [
        ("title", "Updates <soon>"),
        ("start", "2026-11-23T22:00"),
        ("zone", "Asia/Tokyo"),
        ("minutes", "30"),
        ("repeat", "weekly"),
        ("component", "osaka-1"),
        ("component", "Website"),
    ];
    let wrong = [&fields[..2], &[("zone", "Mars"), ("minutes", "30"), ("repeat", "weekly")]].concat();
    let page = reader.submit("/admin/maintenance", &wrong).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("Time zone: "), "{}", page.text);
    assert_eq!(reader.submit("/admin/maintenance", &fields).await?.to, "/admin/maintenance?done=added");
    for language in ["en", "de", "es", "fr", "ja"] {
        let text = test.http.get(format!("{}/status?lang={language}", test.base)).send().await?.text().await?;
        assert!(text.contains("Updates &#60;soon&#62;") && text.contains("13:00 UTC"), "{language}");
    }
    nothing_leaks(&test).await?;
    let seen = status(&test).await?;
    assert_eq!(seen["maintenance"][0]["from"], "2026-11-23T13:00:00.000Z");
    assert_eq!(seen["maintenance"][0]["components"], json!(["Website", "osaka-1"]));

    // It is ended while it runs.
    test.advance(59 * MINUTE);
    minutes(&test, 1, &[]).await?;
    assert_eq!(component(&status(&test).await?, "Website")["status"], "under_maintenance");
    let page = reader.open("/admin/maintenance").await?.text;
    let id = between(&page, "name=\"id\" value=\"", "\"").to_owned();
    let done = reader.submit("/admin/maintenance/end", &[("id", &id), ("sure", "yes"), ("password", PASSWORD)]).await?;
    assert_eq!(done.to, "/admin/maintenance?done=ended", "{}", done.status);
    let seen = status(&test).await?;
    assert_eq!((&component(&seen, "Website")["status"], &seen["maintenance"]), (&"operational".into(), &json!([])));
    let ended = maintenance::list(&test.app).await?;
    assert_eq!(ended[0].planned.row.ended_at.map(rfc3339), Some(rfc3339(test.app.clock.now())));
    let entries = app::admin::entries(&test.app, Some("Updates <soon>"), 10).await?;
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["maintenance.end", "maintenance.add"]);
    Ok(())
}

async fn work_on_a_part_that_is_watched_no_more_is_not_work_on_everything(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let check = NewCheck {
        name: "api".to_owned(),
        component: "API".to_owned(),
        kind: Kind::Http,
        target: test.base.clone(),
        wants: Wants::default(),
        every_minutes: 1,
        timeout_seconds: 10,
        down_after: 2,
        up_after: 2,
    };
    checks::add(&test.app, COMMAND_LINE, &check).await?;
    let on_api = NewMaintenance { components: vec!["API".to_owned()], ..on_osaka("2026-11-23T13:02", 60) };
    maintenance::add(&test.app, COMMAND_LINE, &on_api).await?;
    minutes(&test, 3, &[]).await?;
    let seen = status(&test).await?;
    assert_eq!(component(&seen, "API")["status"], "under_maintenance");
    assert_eq!(component(&seen, "Database")["status"], "operational");
    checks::remove(&test.app, COMMAND_LINE, "api").await?;
    let seen = status(&test).await?;
    assert_eq!((&component(&seen, "Database")["status"], &seen["maintenance"]), (&"operational".into(), &json!([])));
    let all = NewMaintenance { components: Vec::new(), ..on_osaka("2026-11-23T13:02", 60) };
    maintenance::add(&test.app, COMMAND_LINE, &all).await?;
    let seen = status(&test).await?;
    assert_eq!(
        (&component(&seen, "Database")["status"], &seen["status"]),
        (&"under_maintenance".into(), &"under_maintenance".into())
    );
    Ok(())
}
