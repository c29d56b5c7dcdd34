//! The support desk on the site, with plain forms: the customer's pages, and the team's.

use app::admin::COMMAND_LINE;
use domain::account::Role;
use reqwest::{Method, StatusCode};
use testkit::app::{Database, TestApp, Wanted};

use crate::site::{Reader, between};

testkit::on_both_databases!(
    a_customer_and_the_team_write_to_each_other_on_the_site,
    s47_what_a_ticket_says_is_text_and_its_files_are_no_pages,
    a_form_that_was_refused_keeps_what_was_typed_and_one_that_was_sent_twice_is_one_ticket,
    the_team_sorts_and_finds_tickets_and_keeps_answers_ready,
    the_team_sees_what_helps_beside_a_ticket,
);

const OPEN: &str = "/dashboard/tickets";

async fn opened(reader: &mut Reader<'_>, subject: &str, body: &str) -> anyhow::Result<String> {
    let page = reader.submit(OPEN, &[("subject", subject), ("category", "connection"), ("body", body)]).await?;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    Ok(between(&page.to, "/dashboard/tickets/", "?").to_owned())
}

async fn a_customer_and_the_team_write_to_each_other_on_the_site(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let sam = test.with_team("sam", Role::Support).await?;
    let (mut customer, mut support) = (Reader::new(&test), Reader::new(&test));
    customer.log_in(&mika.email).await?;
    support.log_in(&sam.email).await?;
    assert!(customer.open(OPEN).await?.text.contains("You have no tickets."));
    let id = opened(&mut customer, "No connection", "It does\nnot connect.").await?;
    let (own, desk) = (format!("{OPEN}/{id}"), format!("/admin/tickets/{id}"));
    let page = customer.open(&own).await?.text;
    assert!(page.contains("It does\nnot connect.") && page.contains("waiting for us"), "{page}");
    let home = support.open("/admin").await?.text;
    assert!(home.contains("Tickets that wait for an answer") && !home.contains("/admin/jobs"), "{home}");
    assert!(support.open("/admin/tickets").await?.text.contains(&format!("href=\"{desk}\"")));

    test.advance(1_000);
    assert!(support.open(&desk).await?.text.contains("id=\"claim\""));
    assert_eq!(support.submit(&format!("{desk}/claim"), &[]).await?.to, format!("{desk}?done=claim"));
    let note = [("kind", "note"), ("body", "An old router, I think.")];
    support.submit(&format!("{desk}/reply"), &note).await?;
    test.advance(1_000);
    support.submit(&format!("{desk}/reply"), &[("kind", "reply"), ("body", "Which router is it?")]).await?;
    let page = customer.open(&own).await?.text;
    assert!(page.contains("Which router is it?") && page.contains("waiting for you"), "{page}");
    assert!(!page.contains("old router") && !page.contains("sam@"), "neither notes nor names: {page}");

    test.advance(1_000);
    let sent = customer.submit(&format!("{own}/messages"), &[("body", "A grey one.")]).await?;
    assert_eq!(sent.to, format!("{own}?done=sent#end"));
    let page = support.open(&desk).await?.text;
    assert!(page.contains("A grey one.") && page.contains("mika@example.net") && page.contains("old router"), "{page}");

    let hasty = support.submit(&format!("{desk}/close"), &[("reason", "x".repeat(201).as_str())]).await?;
    assert_eq!(hasty.status, StatusCode::UNPROCESSABLE_ENTITY);
    support.submit(&format!("{desk}/close"), &[("reason", "A new router helped")]).await?;
    let page = customer.open(&own).await?.text;
    assert!(page.contains("closed the ticket") && page.contains("A new router helped"), "{page}");
    assert!(page.contains("id=\"rate\"") && page.contains("write here until"), "{page}");
    customer.submit(&format!("{own}/rate"), &[("rating", "4"), ("note", "quick")]).await?;
    assert!(customer.open(&own).await?.text.contains("rated our help 4 of 5"));
    assert!(support.open(&desk).await?.text.contains("4 / 5 quick"));
    let late = support.submit(&format!("{desk}/reply"), &[("kind", "reply"), ("body", "Bye.")]).await?;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.text.contains("Bye."), "kept: {}", late.text);
    support.submit(&format!("{desk}/reopen"), &[]).await?;
    assert!(customer.open(&own).await?.text.contains("waiting for us"));
    customer.submit(&format!("{own}/close"), &[]).await?;
    test.advance(8 * testkit::app::DAY);
    let page = customer.open(&own).await?.text;
    assert!(page.contains("more than seven days ago") && !page.contains("id=\"message-form\""), "{page}");
    Ok(())
}

async fn s47_what_a_ticket_says_is_text_and_its_files_are_no_pages(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let sam = test.with_team("sam", Role::Support).await?;
    let (mut customer, mut support) = (Reader::new(&test), Reader::new(&test));
    customer.log_in(&mika.email).await?;
    support.log_in(&sam.email).await?;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let form = [("subject", evil), ("category", "other"), ("body", evil)];
    let html = ("page.html", "<!doctype html><script>alert(1)</script>".as_bytes());
    let page = customer.submit_files(OPEN, &form, &[html, ("p.png", b"\x89PNG\r\n\x1a\n<script>")]).await?;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let own = page.to.split('?').next().unwrap_or_default().to_owned();
    let desk = own.replace("/dashboard/", "/admin/");
    for (reader, path) in [(&mut customer, &own), (&mut support, &desk)] {
        let text = reader.open(path).await?.text;
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{text}");
        let files: Vec<String> = text
            .split(&format!("href=\"{path}/files/"))
            .skip(1)
            .map(|rest| between(&format!("^{rest}"), "^", "\"").to_owned())
            .collect();
        assert_eq!(files.len(), 2, "{text}");
        for file in files {
            let answer = reader.raw(Method::GET, &format!("{path}/files/{file}")).await?;
            let header =
                |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
            assert_eq!(header("x-content-type-options"), "nosniff");
            match header("content-type") {
                "image/png" => assert!(header("content-disposition").starts_with("inline; filename*=UTF-8''p.png")),
                kind => {
                    assert_eq!(kind, "text/plain; charset=utf-8", "no page of ours");
                    assert!(header("content-disposition").starts_with("attachment; filename*=UTF-8''page-html.txt"));
                }
            }
        }
    }
    Ok(())
}

async fn a_form_that_was_refused_keeps_what_was_typed_and_one_that_was_sent_twice_is_one_ticket(
    database: Database,
) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let noa = test.with_user("noa").await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&mika.email).await?;
    let typed = [("subject", "ab"), ("category", "payment"), ("body", "Why <so> much?")];
    let page = reader.submit_files(OPEN, &typed, &[("a.txt", b"x")]).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for kept in
        ["value=\"ab\"", "Why &#60;so&#62; much?", "value=\"payment\" selected", "3 to 120 characters", "files again"]
    {
        assert!(page.text.contains(kept), "{kept}: {}", page.text);
    }
    let page = reader.submit_files(OPEN, &[("subject", "A file"), typed[1], typed[2]], &[("a.exe", b"MZ\0")]).await?;
    assert!(
        page.status == StatusCode::UNPROCESSABLE_ENTITY && page.text.contains("A file is a picture"),
        "{}",
        page.text
    );

    let odd = reader.submit(OPEN, &[("subject", "A file"), ("category", "sound"), typed[2]]).await?;
    assert!(odd.text.contains("Please choose one of the list."), "{}", odd.text);
    let form = reader.open("/dashboard/tickets/new?category=payment").await?.text;
    assert!(form.contains("value=\"payment\" selected"), "{form}");
    let once = between(&form, "name=\"once\" value=\"", "\"").to_owned();
    let typed = [("once", once.as_str()), ("subject", "My bill"), typed[1], typed[2]];
    let (first, second) = (reader.submit(OPEN, &typed).await?, reader.submit(OPEN, &typed).await?);
    assert_eq!((first.status, &first.to), (StatusCode::SEE_OTHER, &second.to), "one ticket");
    let own = first.to.split('?').next().unwrap_or_default().to_owned();
    let once = between(&reader.open(&own).await?.text, "name=\"once\" value=\"", "\"").to_owned();
    for _ in 0..2 {
        test.advance(1_000);
        reader.submit(&format!("{own}/messages"), &[("once", &once), ("body", "One more thing.")]).await?;
    }
    assert_eq!(reader.open(&own).await?.text.matches("One more thing.").count(), 1);
    // Another's id is nobody's business.
    let mut stranger = Reader::new(&test);
    stranger.log_in(&noa.email).await?;
    let stolen = stranger.submit(OPEN, &typed).await?;
    assert_eq!(stolen.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.open(&own).await?.status, StatusCode::NOT_FOUND);
    for n in 0..4 {
        opened(&mut reader, &format!("Trouble {n}"), "Help").await?;
    }
    let full = reader.submit(OPEN, &[("subject", "Number six"), ("category", "other"), ("body", "Help")]).await?;
    assert!(full.status == StatusCode::CONFLICT && full.text.contains("five open tickets"), "{}", full.text);
    assert!(full.text.contains("Number six"));
    // Last: what is not read to its end ends the connection.
    let large = vec![b'a'; 11_000_000];
    let page = reader.submit_files(OPEN, &typed, &[("a.txt", &large)]).await?;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    Ok(())
}

async fn the_team_sorts_and_finds_tickets_and_keeps_answers_ready(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let sam = test.with_team("sam", Role::Support).await?;
    let kim = test.with_team("kim", Role::Support).await?;
    let (mut customer, mut support) = (Reader::new(&test), Reader::new(&test));
    customer.log_in(&mika.email).await?;
    support.log_in(&sam.email).await?;
    let first = opened(&mut customer, "The first", "Help").await?;
    test.advance(60_000);
    let second = opened(&mut customer, "The second", "Help").await?;
    let order = async |reader: &mut Reader<'_>, query: &str| -> anyhow::Result<Vec<String>> {
        let text = reader.open(&format!("/admin/tickets{query}")).await?.text;
        Ok(text.split("/admin/tickets/0").skip(1).map(|rest| format!("0{}", &rest[..35])).collect())
    };
    assert_eq!(order(&mut support, "").await?, [first.clone(), second.clone()]);
    let sort = [("category", "payment"), ("priority", "urgent")];
    support.submit(&format!("/admin/tickets/{second}/sort"), &sort).await?;
    assert_eq!(order(&mut support, "").await?, [second.clone(), first.clone()], "what is urgent comes first");
    assert_eq!(order(&mut support, "?category=payment&priority=urgent").await?, std::slice::from_ref(&second));
    assert_eq!(order(&mut support, "?whose=mine").await?, Vec::<String>::new());
    support.submit(&format!("/admin/tickets/{first}/transfer"), &[("to", &kim.id.to_string())]).await?;
    assert_eq!(order(&mut support, "?whose=nobody").await?, std::slice::from_ref(&second));
    test.run_jobs().await?;
    assert_eq!(test.newest_mail(&kim.email)?.subject, "[#1] The first");
    assert_eq!(support.open("/admin/tickets?number=%232").await?.to, format!("/admin/tickets/{second}"));
    assert!(support.open("/admin/tickets?number=77").await?.text.contains("no ticket with this number"));
    let taken = support.submit(&format!("/admin/tickets/{first}/release"), &[]).await?;
    assert!(taken.text.contains("Only who has this ticket"), "{}", taken.text);
    test.advance(2 * 3_600_000);
    let late = support.open(&format!("/admin/tickets/{second}")).await?.text;
    assert!(late.contains("status-down"), "an answer is late: {late}");

    let keep = [("name", "Restart it"), ("body", "Please restart the app.")];
    assert_eq!(support.submit("/admin/tickets/replies", &keep).await?.status, StatusCode::SEE_OTHER);
    let short = support.submit("/admin/tickets/replies", &[("name", "R"), ("body", "Kept.")]).await?;
    assert!(short.text.contains("3 to 60 characters") && short.text.contains("Kept."), "{}", short.text);
    let page = support.open(&format!("/admin/tickets/{second}")).await?.text;
    let reply = between(between(&page, "id=\"reply\"", "</select>"), "value=\"", "\"").to_owned();
    let begun = support.open(&format!("/admin/tickets/{second}?reply={reply}")).await?.text;
    assert!(begun.contains(">Please restart the app.</textarea>"), "{begun}");
    support.submit("/admin/tickets/replies/delete", &[("reply", &reply)]).await?;
    assert!(!support.open("/admin/tickets/replies").await?.text.contains("Restart it"));
    Ok(())
}

async fn the_team_sees_what_helps_beside_a_ticket(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    let sam = test.with_team("sam", Role::Support).await?;
    let (mut customer, mut support) = (Reader::new(&test), Reader::new(&test));
    customer.log_in(&mika.email).await?;
    support.log_in(&sam.email).await?;
    let id = opened(&mut customer, "No connection", "Help").await?;
    let desk = format!("/admin/tickets/{id}");
    let facts = async |reader: &mut Reader<'_>| {
        anyhow::Ok(between(&reader.open(&desk).await?.text, "id=\"facts\"", "</section>").to_owned())
    };
    assert!(facts(&mut support).await?.contains("There is no device yet."));
    test.post("/devices", Some(&mika), &serde_json::json!({ "name": "Mika's phone" })).await?;
    assert!(facts(&mut support).await?.contains("No device has ever connected."));
    app::admin::servers::set_status(&test.app, COMMAND_LINE, "osaka-1", domain::vpn::balancer::ServerStatus::Down)
        .await?;
    assert!(facts(&mut support).await?.contains("is out of service"));
    let page = support.open(&desk).await?.text;
    assert!(page.contains("Mika&#39;s phone") && page.contains("osaka-1") && page.contains("Basic"), "{page}");
    assert!(!page.contains("10.64.") && !page.contains("cus_"), "nothing more: {page}");
    Ok(())
}
