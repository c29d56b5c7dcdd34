//! The support desk by its API and its use cases: one conversation, seen by each as far as it is theirs.

use anyhow::Context as _;
use app::ticket::{self, Change, Filter, Source, Whose, Written};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::account::Role;
use domain::page::Ask;
use domain::ticket::{Helper, Note, State};
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::app::{DAY, Database, TestApp, Wanted};
use testkit::caller::TestUser;
use uuid::Uuid;

testkit::on_both_databases!(
    a_question_is_answered_closed_opened_again_and_rated,
    s38_nobody_floods_the_desk,
    of_fifty_who_claim_a_ticket_one_has_it,
    notes_of_the_team_are_nothing_for_the_customer,
    a_silent_customer_is_warned_and_the_ticket_is_closed_also_after_days_without_the_program,
    files_go_along_and_keys_stay_behind,
    what_is_written_is_sealed_exported_and_gone_with_the_account,
    who_leaves_the_team_has_no_tickets,
);

pub(crate) async fn open(test: &TestApp, user: &TestUser, subject: &str) -> anyhow::Result<(Uuid, Value)> {
    let body = json!({ "subject": subject, "category": "connection", "body": "It does not connect." });
    let (status, thread) = test.post("/tickets", Some(user), &body).await?;
    assert_eq!(status, StatusCode::CREATED, "{thread}");
    Ok((thread["ticket"]["id"].as_str().unwrap_or_default().parse()?, thread))
}

/// What the newest mail to an address says.
fn mail(test: &TestApp, to: &str) -> anyhow::Result<String> {
    test.newest_mail(to)?.text.context("mails have text")
}

fn words(text: &str) -> anyhow::Result<Written> {
    Ok(Written::parse(text, Vec::new(), Source::Site)?)
}

async fn helper(test: &TestApp, name: &str) -> anyhow::Result<(TestUser, Helper)> {
    let user = test.with_team(name, Role::Support).await?;
    Ok((user.clone(), Helper { id: user.id, is_lead: false }))
}

/// What the customer reads: who, and what.
async fn read(test: &TestApp, user: &TestUser, id: Uuid) -> anyhow::Result<Vec<String>> {
    let user = test.log_in(&user.email).await?;
    let thread = test.get(&format!("/tickets/{id}"), Some(&user)).await?;
    let line = |message: &Value| {
        let event = message["event"].as_str().map(|event| format!("({event}) ")).unwrap_or_default();
        format!(
            "{}: {event}{}",
            message["side"].as_str().unwrap_or_default(),
            message["body"].as_str().unwrap_or_default()
        )
    };
    Ok(thread["messages"].as_array().map(|all| all.iter().map(line).collect()).unwrap_or_default())
}

async fn state(test: &TestApp, id: Uuid) -> anyhow::Result<String> {
    Ok(ticket::whole(&test.app, id).await?.ticket.state)
}

async fn a_question_is_answered_closed_opened_again_and_rated(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (_, helper) = helper(&test, "sam").await?;
    let (id, thread) = open(&test, &mika, "No connection in Osaka").await?;
    assert_eq!((&thread["ticket"]["number"], &thread["ticket"]["state"]), (&json!(1), &json!("open")), "{thread}");
    test.run_jobs().await?;
    let support = test.app.config.brand.support.clone();
    assert_eq!(test.newest_mail(&support)?.subject, "[#1] No connection in Osaka");
    let told = mail(&test, &support)?;
    assert!(told.contains(&format!("/admin/tickets/{id}")), "{told}");

    test.advance(60_000);
    ticket::reply(&test.app, helper, id, &words("Which server is it?")?).await?;
    test.run_jobs().await?;
    let answer = mail(&test, &mika.email)?;
    assert!(answer.contains("Which server is it?"), "{answer}");
    assert!(answer.lines().any(|line| line.ends_with(&format!("/dashboard/tickets/{id}"))), "{answer}");
    let row = ticket::whole(&test.app, id).await?.ticket;
    assert_eq!((row.state.as_str(), row.claimed_by, row.answer_by), ("waiting", Some(helper.id), None));
    assert_eq!(row.first_response_at, Some(row.created_at + 60_000));

    test.advance(60_000);
    let (status, _) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &json!({ "body": "osaka-1" })).await?;
    assert_eq!(status, StatusCode::CREATED);
    test.run_jobs().await?;
    assert!(mail(&test, "sam@example.net")?.contains("has answered in ticket #1"));

    test.advance(60_000);
    let why = Note::parse("osaka-1 was restarted")?;
    ticket::change(&test.app, helper, id, &Change::Close(why.clone())).await?;
    ticket::change(&test.app, helper, id, &Change::Close(why)).await?;
    test.run_jobs().await?;
    let closed = mail(&test, &mika.email)?;
    assert!(closed.contains("osaka-1 was restarted") && closed.contains("Which server is it?"), "{closed}");
    let expected = [
        "customer: It does not connect.",
        "staff: Which server is it?",
        "customer: osaka-1",
        "staff: (closed) osaka-1 was restarted",
    ];
    assert_eq!(read(&test, &mika, id).await?, expected, "closed twice is closed once");

    test.advance(6 * DAY);
    let mika = test.log_in(&mika.email).await?;
    let (_, rated) = test.post(&format!("/tickets/{id}/rating"), Some(&mika), &json!({ "rating": 2 })).await?;
    assert_eq!(rated["ticket"]["rating"], 2, "{rated}");
    let (_, again) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &json!({ "body": "Again!" })).await?;
    assert_eq!(again["ticket"]["state"], "open", "{again}");
    let end = (&again["ticket"]["close_reason"], &again["ticket"]["rating"]);
    assert_eq!(end, (&json!(null), &json!(null)), "what was said at its end is not true of an open one: {again}");
    assert_eq!(
        read(&test, &mika, id).await?[4..],
        ["customer: (rated) 2", "customer: (reopened) ", "customer: Again!"]
    );
    test.run_jobs().await?;
    assert!(mail(&test, "sam@example.net")?.contains("has opened ticket #1 again"));

    test.advance(1_000);
    let (_, closed) = test.post(&format!("/tickets/{id}/close"), Some(&mika), &json!(null)).await?;
    assert_eq!(closed["ticket"]["state"], "closed", "{closed}");
    test.advance(7 * DAY + 1);
    let mika = test.log_in(&mika.email).await?;
    let (status, late) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &json!({ "body": "Hm." })).await?;
    assert_eq!((status, &late["code"]), (StatusCode::CONFLICT, &json!("ticket_closed_for_good")), "{late}");
    test.all_is_well().await
}

async fn s38_nobody_floods_the_desk(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let body = json!({ "subject": "No connection", "category": "other", "body": "Help" });
    let many = (0..40).map(|_| test.post("/tickets", Some(&mika), &body));
    let answers = futures_util::future::try_join_all(many).await?;
    let opened = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    assert_eq!(opened, 5, "{answers:?}");
    let full = answers.iter().filter(|(_, body)| body["code"] == "tickets_too_many_open").count();
    let busy = answers.iter().filter(|(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE).count();
    assert_eq!(full + busy, 35, "{answers:?}");
    let mut numbers: Vec<i64> = answers.iter().filter_map(|(_, body)| body["ticket"]["number"].as_i64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "each has its own");
    for round in 0..6 {
        let list = test.get("/tickets", Some(&mika)).await?;
        let open = list["tickets"].as_array().and_then(|all| all.iter().find(|one| one["state"] == "open")).cloned();
        let id = open.unwrap_or_default()["id"].as_str().unwrap_or_default().to_owned();
        test.post(&format!("/tickets/{id}/close"), Some(&mika), &json!(null)).await?;
        let (status, again) = test.post("/tickets", Some(&mika), &body).await?;
        let expected = if round < 5 { json!(null) } else { json!("tickets_too_many_today") };
        assert_eq!(again["code"], expected, "round {round}: {status} {again}");
    }
    test.advance(DAY + 1);
    let mika = test.log_in(&mika.email).await?;
    assert_eq!(test.post("/tickets", Some(&mika), &body).await?.0, StatusCode::CREATED, "the next day is another day");
    test.all_is_well().await
}

async fn of_fifty_who_claim_a_ticket_one_has_it(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (id, _) = open(&test, &mika, "Who helps me?").await?;
    let mut helpers = Vec::new();
    for n in 0..10 {
        helpers.push(helper(&test, &format!("helper{n}")).await?.1);
    }
    let clicks = (0..50).map(|n| ticket::change(&test.app, helpers[n % 10], id, &Change::Claim));
    let outcomes = futures_util::future::join_all(clicks).await;
    let owner = ticket::whole(&test.app, id).await?.ticket.claimed_by;
    for (n, outcome) in outcomes.iter().enumerate() {
        let is_owner = owner == Some(helpers[n % 10].id);
        match outcome {
            Ok(thread) => assert!(is_owner && thread.ticket.claimed_by == owner),
            Err(app::Error::Busy { .. }) => {}
            Err(error) => assert!(!is_owner && error.code() == "ticket_claimed", "{error}"),
        }
    }
    let claims = ticket::whole(&test.app, id).await?.lines.iter().filter(|line| line.body == "claimed").count();
    assert_eq!(claims, 1, "said once");
    let loser = *helpers.iter().find(|helper| owner != Some(helper.id)).expect("nine lost");
    let release = ticket::change(&test.app, loser, id, &Change::Release).await;
    assert_eq!(release.map_err(|error| error.code()).map(drop), Err("ticket_not_yours"));
    ticket::change(&test.app, Helper { is_lead: true, ..loser }, id, &Change::Transfer(loser.id)).await?;
    assert_eq!(ticket::whole(&test.app, id).await?.ticket.claimed_by, Some(loser.id));
    let stranger = ticket::change(&test.app, loser, id, &Change::Transfer(mika.id)).await;
    assert_eq!(stranger.map_err(|error| error.code()).map(drop), Err("invalid"), "to one of the team only");
    Ok(())
}

async fn notes_of_the_team_are_nothing_for_the_customer(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (_, helper) = helper(&test, "sam").await?;
    let (id, _) = open(&test, &mika, "No connection").await?;
    test.advance(1_000);
    let file = ticket::Attachment::parse("note.txt", b"between us".to_vec())?;
    let note = Written::parse("Looks like a sharer.", vec![file], Source::Site)?;
    let whole = ticket::note(&test.app, helper, id, &note).await?;
    ticket::change(&test.app, helper, id, &Change::Claim).await?;
    assert_eq!(read(&test, &mika, id).await?, ["customer: It does not connect."]);
    assert_eq!(state(&test, id).await?, "open", "a note is no answer");
    let secret = whole.lines.iter().find_map(|line| line.files.first()).expect("the note's file").id;
    let mika = test.log_in(&mika.email).await?;
    let request = test.request(reqwest::Method::GET, &format!("/tickets/{id}/files/{secret}"), Some(&mika));
    assert_eq!(request.send().await?.status(), StatusCode::NOT_FOUND);
    assert_eq!(ticket::staff_file(&test.app, id, secret).await?.bytes, b"between us");
    test.run_jobs().await?;
    let mails = test.mail.messages_to(&mika.email);
    assert!(mails.iter().all(|mail| !mail.subject.starts_with("[#")), "nothing of a note");
    Ok(())
}

async fn a_silent_customer_is_warned_and_the_ticket_is_closed_also_after_days_without_the_program(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (_, helper) = helper(&test, "sam").await?;
    let (id, _) = open(&test, &mika, "No connection").await?;
    assert_eq!(ticket::end_quiet(&test.app).await?, 0);
    test.advance(40 * DAY);
    assert_eq!(ticket::end_quiet(&test.app).await?, 0, "our turn, however long it takes");
    ticket::reply(&test.app, helper, id, &words("Is it solved?")?).await?;
    test.advance(3 * DAY);
    assert_eq!(ticket::end_quiet(&test.app).await?, 1);
    assert_eq!(ticket::end_quiet(&test.app).await?, 0, "warned once");
    test.run_jobs().await?;
    assert!(mail(&test, &mika.email)?.contains("Without one it will be closed on"));
    // A program that was off for a month still warned first, and closes now.
    test.advance(30 * DAY);
    assert_eq!(ticket::end_quiet(&test.app).await?, 1);
    assert_eq!(state(&test, id).await?, "closed");
    let lines = read(&test, &mika, id).await?;
    assert_eq!(lines[2..], ["system: (warned) ", "system: (closed) "], "{lines:?}");
    Ok(())
}

async fn files_go_along_and_keys_stay_behind(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = test.with_user("noa").await?;
    let (id, _) = open(&test, &mika, "My file").await?;
    let conf = "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n";
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(4_900_000, 7);
    let file = |name: &str, content: &[u8]| json!({ "name": name, "content": STANDARD.encode(content) });
    let body = json!({ "body": conf, "files": [file("../a\r\nb.exe", &picture), file("wg0.conf", conf.as_bytes())] });
    test.advance(1_000);
    let (status, thread) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &body).await?;
    assert_eq!(status, StatusCode::CREATED, "{thread}");
    assert!(!thread.to_string().contains("yAnz5TF"), "{thread}");
    let files = &thread["messages"][1]["files"];
    let named = |name: &str| files.as_array().and_then(|all| all.iter().find(|one| one["name"] == name)).cloned();
    let (png, text) = (named("ab-exe.png").unwrap_or_default(), named("wg0.conf").unwrap_or_default());
    assert_eq!((&png["media_type"], &png["bytes"]), (&json!("image/png"), &json!(4_900_000)), "{files}");
    let fetch = async |user: &TestUser, file: &Value| -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let path = format!("/tickets/{id}/files/{}", file["id"].as_str().unwrap_or_default());
        let response = test.request(reqwest::Method::GET, &path, Some(user)).send().await?;
        assert_eq!(response.headers().get_all("content-type").iter().count(), 1);
        Ok((response.status(), response.bytes().await?.to_vec()))
    };
    assert_eq!(fetch(&mika, &png).await?, (StatusCode::OK, picture.clone()));
    assert_eq!(fetch(&mika, &text).await?.1, b"[Interface]\nPrivateKey = [removed]\n");
    assert_eq!(fetch(&noa, &text).await?.0, StatusCode::NOT_FOUND);
    for (files, code) in [
        (json!([file("a.zip", b"PK\x03\x04\0")]), "file_kind"),
        (json!([file("a.txt", b"")]), "file_empty"),
        (json!([{ "name": "a.txt", "content": "not base64!" }]), "file_base64"),
        (
            json!([file("1", b"1"), file("2", b"2"), file("3", b"3"), file("4", b"4"), file("5", b"5")]),
            "files_too_many",
        ),
    ] {
        let body = json!({ "body": "See the file.", "files": files });
        let (status, refused) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &body).await?;
        assert_eq!(
            (status, &refused["errors"][0]["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)),
            "{refused}"
        );
    }
    for round in 0.. {
        let two = json!([file("b.png", &picture), file("c.png", &picture)]);
        let body = json!({ "body": "More.", "files": two });
        let (status, reply) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &body).await?;
        if status != StatusCode::CREATED {
            assert_eq!((round, &reply["code"]), (9, &json!("ticket_files_full")), "{reply}");
            break;
        }
    }
    let body = json!({ "body": "x".repeat(14_100_000) });
    let (status, refused) = test.post(&format!("/tickets/{id}/messages"), Some(&mika), &body).await?;
    assert_eq!((status, &refused["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("body_too_large")), "{refused}");
    Ok(())
}

async fn what_is_written_is_sealed_exported_and_gone_with_the_account(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (id, _) = open(&test, &mika, "No connection").await?;
    let code = app::discord::link::code(&test.app, mika.id).await?;
    app::discord::link::link(&test.app, 1_290_000_000_000_000_001, &code).await?;
    test.post("/user/step-up", Some(&mika), &json!({ "password": testkit::caller::PASSWORD })).await?;
    let export = test.get("/user/export", Some(&mika)).await?;
    assert_eq!(export["tickets"][0]["messages"][0]["body"], "It does not connect.", "{export}");
    assert_eq!(export["discord"]["id"], "1290000000000000001", "{export}");
    let stored = store::ticket_messages::of_ticket(&test.app.store, id).await?;
    assert!(stored.iter().all(|row| !String::from_utf8_lossy(&row.body_sealed).contains("connect")));
    app::admin::users::delete(&test.app, mika.id).await?;
    assert!(store::ticket_messages::of_ticket(&test.app.store, id).await?.is_empty());
    assert!(store::discord::links::of_user(&test.app.store, mika.id).await?.is_none());
    let queue = ticket::queue(&test.app, Filter::QUEUE, Ask::first(10)).await?;
    assert_eq!(queue.rows, []);
    Ok(())
}

async fn who_leaves_the_team_has_no_tickets(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (_, helper) = helper(&test, "sam").await?;
    let (id, _) = open(&test, &mika, "No connection").await?;
    ticket::change(&test.app, helper, id, &Change::Claim).await?;
    let of = |whose| Filter { state: State::Open, whose, category: None, priority: None };
    let count = async |whose| anyhow::Ok(ticket::queue(&test.app, of(whose), Ask::first(10)).await?.rows.len());
    assert_eq!((count(Whose::Of(helper.id)).await?, count(Whose::Nobody).await?), (1, 0));
    app::admin::users::set_role(&test.app, helper.id, Role::User).await?;
    assert_eq!((count(Whose::Of(helper.id)).await?, count(Whose::Nobody).await?), (0, 1));
    Ok(())
}
