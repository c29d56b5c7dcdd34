//! Which notices a customer gets: chosen on a page or by the API, and turned off from a mail with one click (RFC 8058).

use fakes::resend::Message;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{TestUser, answer};

use crate::notices::{cancel, end_of, go_to, look, subscriber};
use crate::site::Reader;

testkit::on_both_databases!(
    a_mail_that_is_not_necessary_is_turned_off_with_one_click,
    a_link_that_is_not_ours_turns_nothing_off,
    what_is_necessary_can_not_be_turned_off,
    the_page_and_the_api_show_one_choice,
);

/// Off and on, as the API says it.
async fn enabled(test: &TestApp, user: &TestUser, kind: &str) -> anyhow::Result<bool> {
    let user = test.log_in(&user.email).await?;
    let list = test.get("/user/notices", Some(&user)).await?;
    let found = list["notices"].as_array().and_then(|list| list.iter().find(|one| one["kind"] == kind));
    Ok(found.is_some_and(|one| one["enabled"] == true))
}

async fn change(test: &TestApp, user: &TestUser, changes: Value) -> anyhow::Result<(StatusCode, Value)> {
    let request = test.request(Method::PATCH, "/user/notices", Some(user));
    answer(request.json(&json!({ "notices": changes })).send().await?).await
}

/// A customer whose subscription ends in 70 hours, and the mail that says so.
async fn told(test: &TestApp) -> anyhow::Result<(TestUser, Message)> {
    let (mika, _) = subscriber(test, "basic").await?;
    cancel(test, &mika).await?;
    let end = end_of(test, &mika).await?;
    go_to(test, end, -70);
    assert_eq!(look(test, &mika).await?.len(), 1);
    let mail = test.newest_mail(&mika.email)?;
    Ok((mika, mail))
}

/// The link of the header, as a mail program reads it.
fn link(mail: &Message) -> String {
    let header = mail.headers.get("List-Unsubscribe").cloned().unwrap_or_default();
    header.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default().to_owned()
}

/// What a mail provider sends: no cookie, no origin, and a body of these words.
async fn one_click(test: &TestApp, link: &str) -> anyhow::Result<StatusCode> {
    let request = test.http.post(link).header("content-type", "application/x-www-form-urlencoded");
    Ok(request.body("List-Unsubscribe=One-Click").send().await?.status())
}

async fn a_mail_that_is_not_necessary_is_turned_off_with_one_click(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, mail) = told(&test).await?;
    let link = link(&mail);
    assert!(link.starts_with(&format!("{}/unsubscribe?token=", test.base)), "{:?}", mail.headers);
    let expect =
        [("List-Unsubscribe", format!("<{link}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into())];
    assert_eq!(mail.headers, expect.map(|(name, value)| (name.to_owned(), value)).into());
    let text = mail.text.unwrap_or_default();
    assert!(text.lines().any(|line| line == link), "{text}");
    assert!(!link.contains(&mika.id.to_string()) && !link.contains(&mika.id.simple().to_string()));

    // A scanner that opens the link, in whatever way it looks, turns nothing off.
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        test.http.request(method, &link).send().await?;
    }
    assert!(enabled(&test, &mika, "ending").await?);
    let page = test.http.get(&link).header("Accept-Language", "en").send().await?.text().await?;
    assert!(page.contains("<button") && page.contains("three days and one day before"), "{page}");

    assert_eq!(one_click(&test, &link).await?, StatusCode::OK);
    assert!(!enabled(&test, &mika, "ending").await?);
    assert!(enabled(&test, &mika, "come_back").await?, "only that kind");
    let end = end_of(&test, &mika).await?;
    go_to(&test, end, -20);
    assert_eq!(look(&test, &mika).await?, Vec::<String>::new());

    // The link works for good, and for one who wanted them again too.
    let mika = test.log_in(&mika.email).await?;
    let (status, body) = change(&test, &mika, json!([{ "kind": "ending", "enabled": true }])).await?;
    assert_eq!(status, StatusCode::OK, "{body}");
    test.advance(1_000 * testkit::app::DAY);
    let parts = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    let form = test.http.post(&link).header("content-type", "multipart/form-data; boundary=x").body(parts);
    assert_eq!(form.send().await?.status(), StatusCode::OK);
    assert!(!enabled(&test, &mika, "ending").await?);
    Ok(())
}

async fn a_link_that_is_not_ours_turns_nothing_off(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, mail) = told(&test).await?;
    let link = link(&mail);
    let (head, token) = link.split_once("token=").unwrap_or_default();
    let cut = &token[..token.len() - 4];
    let other = format!("{}{}", if token.starts_with('B') { "C" } else { "B" }, &token[1..]);
    for token in ["", "nonsense", cut, &other, &token.repeat(9)] {
        let broken = format!("{head}token={token}");
        assert_eq!(one_click(&test, &broken).await?, StatusCode::UNPROCESSABLE_ENTITY, "{token}");
        assert_eq!(test.http.get(&broken).send().await?.status(), StatusCode::UNPROCESSABLE_ENTITY, "{token}");
    }
    assert!(enabled(&test, &mika, "ending").await?);
    // Nobody is signed in by such a link, and a cookie changes nothing.
    let page = test.http.post(&link).header("Cookie", "session=whatever").send().await?;
    assert!(page.headers().get("set-cookie").is_none());
    // Of one who is gone nothing is written, and the answer is the same.
    let mika = test.log_in(&mika.email).await?;
    let gone = test.request(Method::DELETE, "/user/me", Some(&mika)).json(&json!({ "password": mika.password }));
    assert_eq!(gone.send().await?.status(), StatusCode::NO_CONTENT);
    assert_eq!(one_click(&test, &link).await?, StatusCode::OK);
    assert_eq!(store::notice_refusals::of_user(&test.app.store, mika.id).await?, []);
    Ok(())
}

async fn what_is_necessary_can_not_be_turned_off(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, paid) = subscriber(&test, "basic").await?;
    for (kind, code) in
        [("payment_failing", "notice_necessary"), ("quota_used", "notice_necessary"), ("news", "notice_unknown")]
    {
        let changes = json!([{ "kind": "come_back", "enabled": false }, { "kind": kind, "enabled": false }]);
        let (status, body) = change(&test, &mika, changes).await?;
        assert_eq!((status, &body["errors"][0]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)), "{body}");
        assert!(enabled(&test, &mika, "come_back").await?, "all of it is refused");
    }
    // Whatever is in the table: what is necessary comes.
    let tx = test.app.store.write_txn().await?;
    store::notice_refusals::add(&tx, mika.id, domain::notice::Kind::PaymentFailing, test.app.clock.now()).await?;
    tx.commit().await?;
    assert!(enabled(&test, &mika, "payment_failing").await?);
    test.stripe.fail_renewal(&paid.subscription)?;
    test.settle().await?;
    assert_eq!(test.newest_mail(&mika.email)?.subject, "A payment for MiraiVPN failed");
    Ok(())
}

async fn the_page_and_the_api_show_one_choice(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (mika, _) = subscriber(&test, "basic").await?;
    let mut reader = Reader::new(&test);
    assert_eq!(reader.open("/dashboard/notices").await?.to, "/login?next=%2Fdashboard%2Fnotices");
    reader.log_in(&mika.email).await?;
    let page = reader.open("/dashboard/notices").await?.text;
    assert_eq!((page.matches("type=\"checkbox\"").count(), page.matches(" checked").count()), (6, 6), "{page}");
    assert!(page.contains("A payment was declined") && !page.contains("name=\"payment_failing\""), "{page}");
    assert!(reader.open("/dashboard/security").await?.text.contains("href=\"/dashboard/notices\""));

    let done = reader.submit("/dashboard/notices", &[("ending", "on"), ("card_expiring", "on")]).await?;
    assert_eq!((done.status, done.to.as_str()), (StatusCode::SEE_OTHER, "/dashboard/notices?saved"));
    let page = reader.open(&done.to).await?.text;
    assert_eq!(page.matches(" checked").count(), 2, "{page}");
    assert!(page.contains("Your choice is saved."));
    for (kind, on) in [("ending", true), ("card_expiring", true), ("come_back", false), ("payment_failing", true)] {
        assert_eq!(enabled(&test, &mika, kind).await?, on, "{kind}");
    }
    let both = json!([{ "kind": "quota_most", "enabled": false }, { "kind": "quota_most", "enabled": true }]);
    assert_eq!(change(&test, &mika, both).await?.0, StatusCode::OK);
    assert!(enabled(&test, &mika, "quota_most").await?, "the last word counts");
    let forged = reader.send(Method::POST, "/dashboard/notices", Some(&[("csrf", "forged")])).await?;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);

    let held = test.get("/user/export", Some(&mika)).await?;
    let off: Vec<&str> =
        held["notices_off"].as_array().map_or(vec![], |list| list.iter().filter_map(Value::as_str).collect());
    assert!(off.contains(&"come_back") && off.len() == 3, "{held}");
    assert_eq!(held["paying_cards"], json!(["2041-01-01T00:00:00.000Z"]));
    Ok(())
}
