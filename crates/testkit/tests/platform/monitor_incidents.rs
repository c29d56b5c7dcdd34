//! What people say of incidents, and the incidents that no check sees.

use app::admin::COMMAND_LINE;
use app::admin::incidents::{self, NewIncident};
use domain::account::Role;
use domain::monitor::incident::{Impact, Stage};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use uuid::Uuid;

use crate::monitor::{component, mails, minutes, nothing_leaks, status, with_gateway};
use crate::site::{Reader, between};

testkit::on_both_databases!(
    an_admin_says_how_an_incident_goes_on_and_what_came_of_it,
    an_incident_by_hand_is_told_and_ends_when_it_is_said,
);

async fn feed(test: &TestApp) -> anyhow::Result<String> {
    Ok(test.http.get(format!("{}/status/rss", test.base)).send().await?.text().await?)
}

async fn an_admin_says_how_an_incident_goes_on_and_what_came_of_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    test.add_server("paris-1", "eu").await?;
    let (osaka, paris) = (with_gateway(&test, "osaka-1").await?, with_gateway(&test, "paris-1").await?);
    minutes(&test, 3, &[osaka, paris]).await?;
    minutes(&test, 5, &[paris]).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    test.run_jobs().await?;
    let before = mails(&test, &admin.email).len();
    let page = reader.open("/admin/incidents").await?.text;
    let id = between(&page, "name=\"id\" value=\"", "\"").to_owned();
    let update =
        [("id", id.as_str()), ("stage", "identified"), ("words", "A cable was cut.\r\nWe <wait> for new one.")];
    assert_eq!(reader.submit("/admin/incidents/update", &update).await?.to, "/admin/incidents?done=told");
    let early = [("id", id.as_str()), ("stage", "resolved"), ("words", "Over.")];
    let refused = reader.submit("/admin/incidents/update", &early).await?;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "a check still fails");
    assert!(refused.text.contains(">Over.</textarea>"), "what was typed is still there: {}", refused.text);
    for wrong in ["", " \n ", "a\u{7}b", &"x".repeat(1001)] {
        let id: Uuid = id.parse()?;
        let done = incidents::update(&test.app, COMMAND_LINE, id, Stage::Identified, wrong).await;
        assert!(matches!(done, Err(app::Error::Invalid(_))), "{wrong:?}");
    }
    let seen = status(&test).await?;
    let incident = &seen["incidents"][0];
    let last = &incident["updates"][1];
    assert_eq!((&incident["status"], &last["status"]), (&"identified".into(), &"identified".into()), "{incident}");
    assert_eq!(last["text"], "A cable was cut.\nWe <wait> for new one.");
    for text in [feed(&test).await?, reader.open("/status").await?.text] {
        assert!(text.contains("A cable was cut.") && text.contains("We &#60;wait&#62; for new one."), "{text}");
    }

    // It ends by itself, with one mail, and then something can be said of it still, but not that it goes on.
    minutes(&test, 9, &[osaka, paris]).await?;
    assert_eq!(mails(&test, &admin.email)[before..], ["osaka-1 works again"]);
    let again = [("id", id.as_str()), ("stage", "investigating"), ("words", "Again?")];
    assert_eq!(reader.submit("/admin/incidents/update", &again).await?.status, StatusCode::UNPROCESSABLE_ENTITY);
    let after = [("id", id.as_str()), ("stage", "resolved"), ("words", "There are two cables now.")];
    assert_eq!(reader.submit("/admin/incidents/update", &after).await?.to, "/admin/incidents?done=told");
    let seen = status(&test).await?;
    let incident = &seen["incidents"][0];
    let texts: Vec<&Value> = incident["updates"].as_array().into_iter().flatten().map(|one| &one["text"]).collect();
    assert_eq!(texts.last(), Some(&&json!("There are two cables now.")), "{incident}");
    assert_eq!((&incident["status"], &seen["status"]), (&"resolved".into(), &"operational".into()));
    minutes(&test, 3, &[osaka, paris]).await?;
    assert_eq!(status(&test).await?["incidents"][1], Value::Null, "nothing begins anew");
    nothing_leaks(&test).await
}

async fn an_incident_by_hand_is_told_and_ends_when_it_is_said(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    let osaka = with_gateway(&test, "osaka-1").await?;
    minutes(&test, 3, &[osaka]).await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&admin.email).await?;
    let fields = [
        ("title", "Slow downloads"),
        ("impact", "minor"),
        ("component", "osaka-1"),
        ("words", "Our provider is working on it."),
    ];
    let wrong = [&fields[..2], &[("component", "nobody"), ("words", "x")]].concat();
    assert_eq!(reader.submit("/admin/incidents", &wrong).await?.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reader.submit("/admin/incidents", &fields).await?.to, "/admin/incidents?done=opened");
    minutes(&test, 10, &[osaka]).await?;
    let seen = status(&test).await?;
    let incident = &seen["incidents"][0];
    assert_eq!((&incident["title"], &incident["status"]), (&"Slow downloads".into(), &"investigating".into()));
    assert_eq!((&seen["status"], &seen["incidents"][1]), (&"degraded_performance".into(), &Value::Null));
    assert_eq!(component(&seen, "osaka-1")["status"], "degraded_performance");
    assert_eq!(component(&seen, "Database")["status"], "operational");
    assert!(feed(&test).await?.contains("Slow downloads · osaka-1"));

    let id: Uuid = incident["id"].as_str().unwrap_or_default().parse()?;
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Resolved, "It is fast again.").await?;
    let seen = status(&test).await?;
    assert_eq!((&seen["status"], &seen["incidents"][0]["status"]), (&"operational".into(), &"resolved".into()));
    assert!(seen["incidents"][0]["resolved_at"].is_string());
    let all = NewIncident {
        title: "Everything".to_owned(),
        impact: Impact::Critical,
        components: Vec::new(),
        words: "We are looking.".to_owned(),
    };
    incidents::open(&test.app, COMMAND_LINE, &all).await?;
    let seen = status(&test).await?;
    assert_eq!(
        (&seen["status"], &component(&seen, "Database")["status"]),
        (&"major_outage".into(), &"major_outage".into())
    );
    let nobody = incidents::update(&test.app, COMMAND_LINE, Uuid::nil(), Stage::Resolved, "x").await;
    assert!(matches!(nobody, Err(app::Error::NotFound)));
    Ok(())
}
