//! Mails of incidents: nobody gets one without having said yes, each comes once, and who wants no more is forgotten.

use std::net::Ipv4Addr;
use std::sync::Arc;

use app::admin::COMMAND_LINE;
use app::admin::checks::{self, NewCheck};
use app::admin::incidents::{self, NewIncident};
use app::admin::maintenance::{self, NewMaintenance};
use app::admin::status::{self, Count};
use app::{App, Clock, Dice, Limits, failpoint, scheduler};
use clients::webhook::{Reach, Sender};
use domain::account::{Email, Language, Role};
use domain::monitor::incident::{Impact, Stage};
use domain::monitor::maintenance::Repeat;
use domain::monitor::target::{Kind, Wants};
use domain::vpn::balancer::ServerStatus;
use fakes::resend::Message;
use reqwest::{Method, StatusCode};
use serde_json::json;
use store::{Patience, Store, Tls, jobs, status_subscribers};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::token_in;
use testkit::fleet::{Fleet, PATIENCE};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::monitor::{mails, minutes, nothing_leaks, with_gateway};
use crate::site::Reader;

testkit::on_both_databases!(
    mails_begin_with_the_button_and_end_with_one_click,
    the_answer_is_the_same_whatever_is_known_of_an_address,
    who_does_not_say_yes_is_forgotten_after_a_day,
    thirty_checks_on_a_dead_server_are_one_mail_and_one_resolution_to_each_subscriber,
    hundreds_are_told_in_pages_and_other_mails_come_in_between,
    two_programs_and_a_job_that_runs_again_tell_each_once,
    what_is_not_shown_is_not_told_and_work_that_is_announced_is,
    an_account_takes_its_addresss_subscription_along,
    an_operator_sees_how_many_there_are_and_forgets_one,
    a_process_killed_at_any_place_of_telling_tells_each_once,
);

/// An address that gets mails from now on.
async fn subscribe(test: &TestApp, email: &str, language: &str) -> anyhow::Result<()> {
    let mut reader = Reader::new(test);
    let path = format!("/status/subscribe?lang={language}");
    let page = reader.send(Method::POST, &path, Some(&[("email", email)])).await?;
    anyhow::ensure!(page.status == StatusCode::OK, "{}", page.text);
    test.run_jobs().await?;
    let token = test.token_mailed(email, "/status/confirm")?;
    let page = reader.send(Method::POST, "/status/confirm", Some(&[("token", &token)])).await?;
    anyhow::ensure!(page.status == StatusCode::OK, "{}", page.text);
    Ok(())
}

/// An incident of everything, by hand.
fn incident(title: &str) -> NewIncident {
    NewIncident {
        title: title.to_owned(),
        impact: Impact::Major,
        components: Vec::new(),
        words: "We are looking.".to_owned(),
    }
}

async fn open(test: &TestApp, title: &str) -> anyhow::Result<Uuid> {
    let id = incidents::open(&test.app, COMMAND_LINE, &incident(title)).await?;
    test.run_jobs().await?;
    Ok(id)
}

fn text(mail: &Message) -> String {
    mail.text.clone().unwrap_or_default()
}

async fn count(test: &TestApp) -> anyhow::Result<(u64, u64)> {
    let Count { confirmed, waiting } = status::count(&test.app).await?;
    Ok((confirmed, waiting))
}

async fn mails_begin_with_the_button_and_end_with_one_click(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (email, mut reader) = ("mika@example.net", Reader::new(&test));
    assert!(reader.open("/status").await?.text.contains("action=\"/status/subscribe\""));
    let page = reader.send(Method::POST, "/status/subscribe?lang=de", Some(&[("email", " Mika@Example.net ")])).await?;
    assert!(page.text.contains("ist eine mit einem Link zu ihr unterwegs"), "{}", page.text);
    test.run_jobs().await?;
    let asked = test.newest_mail(email)?;
    assert_eq!(asked.subject, "Mails über Störungen bei MiraiVPN?");
    assert!(asked.headers.is_empty() && !text(&asked).contains("Kontos"), "{}", text(&asked));

    // A scanner that opens the link begins nothing, and neither does a form from elsewhere.
    let token = token_in(&asked, "/status/confirm")?;
    let link = format!("/status/confirm?token={token}");
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        reader.send(method, &link, None).await?;
    }
    let foreign = test.http.post(format!("{}/status/confirm", test.base)).header("Origin", "https://evil.example");
    assert_eq!(foreign.form(&[("token", &token)]).send().await?.status(), StatusCode::FORBIDDEN);
    open(&test, "Before").await?;
    assert_eq!((mails(&test, email).len(), count(&test).await?), (1, (0, 1)));
    for wrong in ["", "nonsense", &token[1..]] {
        let page = reader.send(Method::POST, "/status/confirm", Some(&[("token", wrong)])).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert!(reader.open(&link).await?.text.contains("<button"));
    // Pressed twice, it is the same.
    for _ in 0..2 {
        let page = reader.send(Method::POST, "/status/confirm", Some(&[("token", &token)])).await?;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    }
    assert_eq!(count(&test).await?, (1, 0));

    let id = open(&test, "Slow downloads").await?;
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Identified, "A cable <was> cut.").await?;
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Resolved, "There are two now.").await?;
    test.run_jobs().await?;
    let subjects = ["Störung: Slow downloads", "Neues zu einer Störung: Slow downloads", "Vorbei: Slow downloads"];
    let told: Vec<Message> = test.mail.messages_to(email).into_iter().skip(1).collect();
    let mut seen: Vec<&str> = told.iter().map(|mail| mail.subject.as_str()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [subjects[1], subjects[0], subjects[2]], "of the one that began before nothing is told");
    let update = told.iter().find(|mail| mail.subject == subjects[1]).expect("told");
    for part in ["Alle Teile", "Die Ursache ist bekannt.", "A cable <was> cut.", "/status\n"] {
        assert!(text(update).contains(part), "{part}: {}", text(update));
    }
    assert!(update.html.as_ref().is_some_and(|html| html.contains("A cable &#60;was&#62; cut.")));

    // RFC 8058: the header's link, posted by a mail provider.
    let header = update.headers.get("List-Unsubscribe").cloned().unwrap_or_default();
    let link = header.trim_start_matches('<').trim_end_matches('>');
    assert_eq!(update.headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
    assert!(link.starts_with(&format!("{}/unsubscribe?token=", test.base)), "{link}");
    let page = test.http.get(link).header("Accept-Language", "en").send().await?.text().await?;
    assert!(page.contains("Incidents and maintenance") && count(&test).await? == (1, 0), "{page}");
    for _ in 0..2 {
        let click = test.http.post(link).header("content-type", "application/x-www-form-urlencoded");
        let done = click.body("List-Unsubscribe=One-Click").send().await?;
        assert_eq!(done.status(), StatusCode::OK);
        assert!(done.text().await?.contains("href=\"/status\""), "where they are asked for again");
    }
    assert_eq!((count(&test).await?, mails(&test, email).len()), ((0, 0), 4));
    open(&test, "After").await?;
    assert_eq!(mails(&test, email).len(), 4);
    // The old link begins nothing again, and whoever asks anew is asked anew.
    let page = reader.send(Method::POST, "/status/confirm", Some(&[("token", &token)])).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    subscribe(&test, email, "en").await?;
    assert_eq!(mails(&test, email).len(), 5, "of what began before nothing is told");
    nothing_leaks(&test).await
}

async fn the_answer_is_the_same_whatever_is_known_of_an_address(database: Database) -> anyhow::Result<()> {
    let limits = Limits { credential_per_minute: 4, general_per_minute: 1_000 };
    let Some(test) = TestApp::start(&Wanted { limits, ..Wanted::on(database) }).await? else { return Ok(()) };
    subscribe(&test, "known@example.net", "en").await?;
    test.advance(5 * 60_000);
    let mut reader = Reader::new(&test);
    let mut answers = Vec::new();
    for email in ["known@example.net", "new@example.net", "new@example.net"] {
        let page = reader.send(Method::POST, "/status/subscribe", Some(&[("email", email)])).await?;
        answers.push((page.status, page.text));
        test.run_jobs().await?;
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((mails(&test, "known@example.net").len(), mails(&test, "new@example.net").len()), (1, 1));
    let page = reader.send(Method::POST, "/status/subscribe", Some(&[("email", "no address")])).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("value=\"no address\""), "what was typed is still there: {}", page.text);
    // So many a minute, from one client and for one address.
    let page = reader.send(Method::POST, "/status/subscribe", Some(&[("email", "more@example.net")])).await?;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);

    // Later it is asked again, and then the last link counts.
    test.advance(11 * 60_000);
    let first = test.token_mailed("new@example.net", "/status/confirm")?;
    reader.send(Method::POST, "/status/subscribe", Some(&[("email", "new@example.net")])).await?;
    test.run_jobs().await?;
    let second = test.token_mailed("new@example.net", "/status/confirm")?;
    for (token, expect) in [(first, StatusCode::UNPROCESSABLE_ENTITY), (second, StatusCode::OK)] {
        assert_eq!(reader.send(Method::POST, "/status/confirm", Some(&[("token", &token)])).await?.status, expect);
    }
    // Two at the same moment are one question.
    test.advance(60_000);
    let email = Email::parse("both@example.net")?;
    let ask = || app::status_subscriber::ask(&test.app, &email, Language::En);
    for done in futures_util::future::join_all([ask(), ask(), ask()]).await {
        done?;
    }
    test.run_jobs().await?;
    assert_eq!((mails(&test, "both@example.net").len(), count(&test).await?), (1, (2, 1)));
    Ok(())
}

async fn who_does_not_say_yes_is_forgotten_after_a_day(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    subscribe(&test, "mika@example.net", "en").await?;
    let mut reader = Reader::new(&test);
    reader.send(Method::POST, "/status/subscribe", Some(&[("email", "noa@example.net")])).await?;
    test.run_jobs().await?;
    let token = test.token_mailed("noa@example.net", "/status/confirm")?;
    test.advance(DAY - 1);
    scheduler::clean_up(&test.app).await?;
    assert_eq!(count(&test).await?, (1, 1));
    test.advance(1);
    let page = reader.send(Method::POST, "/status/confirm", Some(&[("token", &token)])).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("older than a day"), "{}", page.text);
    test.advance(1);
    scheduler::clean_up(&test.app).await?;
    assert_eq!(count(&test).await?, (1, 0), "who said yes stays");
    Ok(())
}

/// Takes connections as a server does: those that nobody takes would fill its queue.
fn accept(listener: TcpListener) -> JoinHandle<()> {
    tokio::spawn(async move { while listener.accept().await.is_ok() {} })
}

async fn end(server: JoinHandle<()>) {
    server.abort();
    // Until it has ended its port is taken.
    server.await.ok();
}

async fn thirty_checks_on_a_dead_server_are_one_mail_and_one_resolution_to_each_subscriber(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    for (email, language) in [("mika@example.net", "en"), ("noa@example.net", "fr"), ("aoi@example.net", "ja")] {
        subscribe(&test, email, language).await?;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let up = accept(listener);
    for n in 0..30 {
        let check = NewCheck {
            name: format!("osaka-{n}"),
            component: "osaka-1".to_owned(),
            kind: Kind::Tcp,
            target: address.to_string(),
            wants: Wants::default(),
            every_minutes: 1,
            timeout_seconds: 2,
            down_after: 2,
            up_after: 2,
        };
        checks::add(&test.app, COMMAND_LINE, &check).await?;
    }
    minutes(&test, 4, &[]).await?;
    end(up).await;
    minutes(&test, 10, &[]).await?;
    // It comes and goes and comes: that is seen on the page, and nobody is called for it.
    let up = accept(TcpListener::bind(address).await?);
    minutes(&test, 3, &[]).await?;
    end(up).await;
    minutes(&test, 5, &[]).await?;
    let up = accept(TcpListener::bind(address).await?);
    minutes(&test, 15, &[]).await?;
    end(up).await;
    for (email, expect) in [
        ("mika@example.net", ["Incident: osaka-1", "It is over: osaka-1"]),
        ("noa@example.net", ["Incident : osaka-1", "Terminé : osaka-1"]),
        ("aoi@example.net", ["障害: osaka-1", "復旧: osaka-1"]),
    ] {
        assert_eq!(mails(&test, email)[1..], expect, "{email}");
    }
    // Nothing of it says where the server is reached, or what the error was.
    let server = store::vps_servers::all(&test.app.store).await?.remove(0);
    let host = server.endpoint.rsplit_once(':').map_or(server.endpoint.as_str(), |(host, _)| host);
    for mail in test.mail.messages_to("mika@example.net").iter().skip(1) {
        let all = format!("{} {}", text(mail), mail.html.clone().unwrap_or_default()).replace(&test.base, "");
        for word in [host, "127.0.0.1", "refused", "tcp", "osaka-29", &server.id.to_string()] {
            assert!(!all.contains(word), "{word}: {all}");
        }
    }
    Ok(())
}

/// So many who said yes long ago, as rows: their mails were another day's.
async fn crowd(test: &TestApp, size: u8) -> anyhow::Result<()> {
    let (app, now) = (&test.app, test.app.clock.now());
    let tx = app.store.write_txn().await?;
    for n in 0..size {
        let email = format!("user{n}@example.net");
        let row = status_subscribers::Model {
            id: app.dice.id(now),
            email_canonical: email.clone(),
            email,
            language: "en".to_owned(),
            token_hash: vec![n; 32],
            asked_at: now,
            confirmed_at: Some(now),
        };
        status_subscribers::insert(&tx, row).await?;
    }
    Ok(tx.commit().await?)
}

/// How many mails of incidents each of a crowd has got.
fn told(test: &TestApp, size: u8) -> Vec<usize> {
    (0..size).map(|n| mails(test, &format!("user{n}@example.net")).len()).collect()
}

async fn hundreds_are_told_in_pages_and_other_mails_come_in_between(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let size = 120;
    crowd(&test, size).await?;
    let id = open(&test, "Everything").await?;
    let first = told(&test, size);
    assert_eq!(first.iter().sum::<usize>(), 50, "a page, and no more");
    // Somebody's new password does not wait behind a hundred mails.
    test.post("/auth/reset-request", None, &json!({ "email": user.email })).await?;
    test.run_jobs().await?;
    assert!(test.token_mailed(&user.email, "/reset").is_ok());
    // One who ends them between two pages is not told any more.
    let late = first.iter().position(|count| *count == 0).unwrap_or_default();
    let email = Email::parse(&format!("user{late}@example.net"))?;
    status::remove_subscriber(&test.app, COMMAND_LINE, &email).await?;
    for _ in 0..5 {
        test.advance(5_000);
        test.run_jobs().await?;
    }
    let mut expect = vec![1; usize::from(size)];
    expect[late] = 0;
    assert_eq!(told(&test, size), expect);
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Resolved, "It works.").await?;
    for _ in 0..5 {
        test.advance(5_000);
        test.run_jobs().await?;
    }
    assert_eq!(told(&test, size), expect.iter().map(|count| count * 2).collect::<Vec<_>>());
    assert_eq!(jobs::list(&test.app.store, None, 10).await?, []);
    Ok(())
}

async fn two_programs_and_a_job_that_runs_again_tell_each_once(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let size = 60;
    crowd(&test, size).await?;
    let settings = store::Settings {
        url: test.database_url.clone(),
        tls: Tls::Off,
        max_connections: 16,
        patience: Patience::Command,
    };
    let mut other: App = test.app.clone();
    other.store = Store::connect(&settings).await?;
    other.dice = Arc::new(Dice::seeded(8));
    incidents::open(&test.app, COMMAND_LINE, &incident("Everything")).await?;
    // The same job four times, as if each worker before had died with the page told and the job not done.
    let made = jobs::list(&test.app.store, None, 10).await?.into_iter().find(|job| job.kind == "status_tell");
    let made = made.expect("a job that tells");
    let now = test.app.clock.now();
    for n in 0..4 {
        let tx = test.app.store.write_txn().await?;
        // Without the key that keeps them apart.
        let again = jobs::NewJob {
            id: Uuid::from_u128(n + 1),
            kind: made.kind.clone(),
            payload: made.payload.clone(),
            lock_key: None,
        };
        jobs::insert(&tx, again, now, now).await?;
        tx.commit().await?;
    }
    for _ in 0..4 {
        let workers = (0..6).map(|n| app::jobs::run_due(if n % 2 == 0 { &test.app } else { &other }));
        for done in futures_util::future::join_all(workers).await {
            // One that gives way to the others is tried again.
            done.unwrap_or_default();
        }
        test.advance(10_000);
        test.run_jobs().await?;
    }
    assert_eq!(told(&test, size), vec![1; usize::from(size)]);
    Ok(())
}

async fn what_is_not_shown_is_not_told_and_work_that_is_announced_is(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (osaka, email) = (with_gateway(&test, "osaka-1").await?, "mika@example.net");
    minutes(&test, 4, &[osaka]).await?;
    subscribe(&test, email, "en").await?;
    let work = |title: &str, component: &str, repeat| NewMaintenance {
        title: title.to_owned(),
        zone: "Europe/Berlin".to_owned(),
        starts: "2026-12-01T02:30".to_owned(),
        minutes: 60,
        repeat,
        until: None,
        components: vec![component.to_owned()],
    };
    let id = maintenance::add(&test.app, COMMAND_LINE, &work("New disks", "osaka-1", Repeat::Weekly)).await?;
    test.run_jobs().await?;
    let mail = test.newest_mail(email)?;
    assert_eq!(mail.subject, "Maintenance: New disks");
    for part in ["osaka-1: 1 December 2026, 01:30 UTC to 1 December 2026, 02:30 UTC.", "Repeated: Weekly"] {
        assert!(text(&mail).contains(part), "{part}: {}", text(&mail));
    }
    // It is called off, once: who was told of it hears so.
    for _ in 0..2 {
        maintenance::end(&test.app, COMMAND_LINE, id).await?;
    }
    test.run_jobs().await?;
    let mail = test.newest_mail(email)?;
    assert_eq!(mail.subject, "Canceled: New disks");
    assert!(text(&mail).contains("1 December 2026, 01:30 UTC") && text(&mail).contains("does not take place"));
    // It falls silent, is told, and is then taken out of service: that it is over is told too.
    minutes(&test, 4, &[]).await?;
    app::admin::servers::set_status(&test.app, COMMAND_LINE, "osaka-1", ServerStatus::Retired).await?;
    minutes(&test, 10, &[]).await?;
    assert_eq!(mails(&test, email)[3..], ["Incident: osaka-1", "It is over: osaka-1"]);
    // What nobody sees any more is nobody's news.
    let id = maintenance::add(&test.app, COMMAND_LINE, &work("Scrapping", "osaka-1", Repeat::Once)).await?;
    maintenance::end(&test.app, COMMAND_LINE, id).await?;
    let mut hidden = incident("Burnt");
    hidden.components = vec!["osaka-1".to_owned()];
    let id = incidents::open(&test.app, COMMAND_LINE, &hidden).await?;
    incidents::update(&test.app, COMMAND_LINE, id, Stage::Resolved, "Gone.").await?;
    test.run_jobs().await?;
    assert_eq!(mails(&test, email).len(), 5);
    Ok(())
}

async fn an_account_takes_its_addresss_subscription_along(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    for email in [mika.email.as_str(), "noa@example.net"] {
        subscribe(&test, email, "es").await?;
    }
    let export = test.get("/user/export", Some(&mika)).await?;
    assert_eq!(export["status_mails"]["language"], "es", "{export}");
    assert!(export["status_mails"]["confirmed_at"].is_string());
    let gone = test.request(Method::DELETE, "/user/me", Some(&mika)).json(&json!({ "password": mika.password }));
    assert_eq!(gone.send().await?.status(), StatusCode::NO_CONTENT);
    assert_eq!(count(&test).await?, (1, 0));

    // Whoever signs up with another's address, and has not proved it, has no say in that.
    test.caller.register("noa@example.net").await?;
    let registered = store::users::by_email(&test.app.store, "noa@example.net").await?.expect("registered");
    app::admin::users::delete(&test.app, registered.id).await?;
    assert_eq!(count(&test).await?, (1, 0));
    Ok(())
}

async fn an_operator_sees_how_many_there_are_and_forgets_one(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let admin = test.with_team("boss", Role::Admin).await?;
    subscribe(&test, "mika@example.net", "en").await?;
    let mut reader = Reader::new(&test);
    reader.send(Method::POST, "/status/subscribe", Some(&[("email", "noa@example.net")])).await?;
    reader.log_in(&admin.email).await?;
    let page = reader.open("/admin/subscribers").await?.text;
    assert!(page.contains("Get mails of incidents: 1.") && page.contains("have not said yes: 1."), "{page}");
    assert!(!page.contains("mika@"), "addresses are nobody's to read");
    let unknown = reader.submit("/admin/subscribers/remove", &[("email", "aoi@example.net")]).await?;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.text.contains("does not get mails of incidents"), "{}", unknown.text);
    let done = reader.submit("/admin/subscribers/remove", &[("email", "Mika@example.net")]).await?;
    assert_eq!((done.to.as_str(), count(&test).await?), ("/admin/subscribers?done=removed", (0, 1)));
    open(&test, "Everything").await?;
    assert_eq!(mails(&test, "mika@example.net").len(), 1);
    Ok(())
}

/// Each place before and after the commit that tells: whoever takes over tells nobody twice and nobody not at all.
async fn a_process_killed_at_any_place_of_telling_tells_each_once(database: Database) -> anyhow::Result<()> {
    for place in failpoint::TELLING {
        let Some(mut fleet) = Fleet::new(database).await? else { return Ok(()) };
        let mut app = fleet.look(Clock::System).await?;
        app.hooks = Arc::new(Sender::new(Reach::Anywhere));
        // The process does not post there: what it knows afterwards is that it did not get through.
        status::add_webhook(&app, COMMAND_LINE, "http://127.0.0.1:1").await?;
        let email = Email::parse("mika@example.net")?;
        app::status_subscriber::ask(&app, &email, Language::En).await?;
        fleet.set("FAILPOINT", place);
        let mut node = fleet.serve().await?;
        fleet.unset("FAILPOINT");
        let began = std::time::Instant::now();
        let waits = |what: &str| {
            anyhow::ensure!(began.elapsed() < PATIENCE, "{place}: waited in vain for {what}");
            Ok(())
        };
        while fleet.mail.messages_to(email.as_str()).is_empty() {
            waits("the question")?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let token = token_in(&fleet.mail.messages_to(email.as_str())[0], "/status/confirm")?;
        app::status_subscriber::confirm(&app, &token).await?;
        incidents::open(&app, COMMAND_LINE, &incident("Everything")).await?;
        while node.process.is_running() {
            waits("the death")?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // Two minutes later the job of the dead is another's.
        for job in jobs::list(&app.store, Some("running"), 10).await? {
            jobs::failed(&app.store, &job, jobs::Next::Retry(0), "its worker died").await?;
        }
        node = fleet.serve().await?;
        let is_tried = |job: &jobs::Model| job.kind == "status_post" && job.last_error.is_some();
        while !jobs::list(&app.store, None, 10).await?.iter().all(is_tried) {
            waits("the rest")?;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let subjects: Vec<String> =
            fleet.mail.messages_to(email.as_str()).into_iter().map(|mail| mail.subject).collect();
        assert_eq!(subjects[1..], ["Incident: Everything"], "{place}");
        assert_eq!(status::webhooks(&app).await?[0].trouble.as_deref(), Some("not_public"), "{place}");
        drop(node);
    }
    Ok(())
}
