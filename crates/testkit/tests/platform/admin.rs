//! What operators do on their pages: each act asks first, does what it says, and is in the audit log under their name.

use app::admin::{COMMAND_LINE, api_keys, customers, entries, plans, servers};
use app::plan;
use domain::account::Role;
use reqwest::StatusCode;
use serde_json::json;
use store::jobs::{self, NewJob, Next};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser};

use crate::agents::serving;
use crate::site::{Page, Reader, between};

testkit::on_both_databases!(
    admin_finds_a_customer_by_all_that_one_may_have_of_them,
    admin_helps_a_customer_and_the_audit_log_says_who_it_was,
    admin_runs_the_servers,
    admin_looks_after_jobs_keys_and_plans,
    admin_acts_need_a_fresh_proof,
    admin_pages_show_no_secret,
    admin_gives_a_payment_back_in_part_and_whole,
);

/// An admin who is signed in.
async fn admin(test: &TestApp) -> anyhow::Result<(TestUser, Reader<'_>)> {
    let admin = test.with_team("admin", Role::Admin).await?;
    let mut reader = Reader::new(test);
    reader.log_in(&admin.email).await?;
    test.advance(1);
    Ok((admin, reader))
}

/// Sends a form, reads the question that it leads to, and says yes.
async fn confirmed(reader: &mut Reader<'_>, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
    let question = reader.submit(path, fields).await?;
    anyhow::ensure!(question.status == StatusCode::OK, "{path}: {} {}", question.status, question.text);
    anyhow::ensure!(question.text.contains("name=\"sure\" value=\"yes\""), "{path}: {}", question.text);
    for (name, text) in fields {
        anyhow::ensure!(question.text.contains(&format!("name=\"{name}\" value=\"{text}\"")), "{name} is carried on");
    }
    let mut fields = fields.to_vec();
    fields.push(("sure", "yes"));
    reader.submit(path, &fields).await
}

/// Who did something last, what, and to whom; what follows is later than that.
async fn last(test: &TestApp) -> anyhow::Result<(String, String, String)> {
    let entry = app::admin::entries(&test.app, None, 1).await?.pop().expect("an entry");
    test.advance(1);
    Ok((entry.actor, entry.action, entry.subject))
}

fn by(admin: &TestUser, action: &str, subject: impl ToString) -> (String, String, String) {
    (admin.id.to_string(), action.to_owned(), subject.to_string())
}

async fn admin_finds_a_customer_by_all_that_one_may_have_of_them(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let (_, made) = test.post("/devices", Some(&mika), &json!({ "name": "phone" })).await?;
    let text = |field: &str| made["device"][field].as_str().unwrap_or_default().to_owned();
    let (_, mut reader) = admin(&test).await?;
    let seen = customers::get(&test.app, mika.id).await?;
    let stripe = seen.account.stripe_customer_id.expect("a customer at Stripe");
    let device = &seen.devices[0];
    let (v4, v6) = (device.address_v4.to_string(), device.address_v6.to_string());
    let path = format!("/admin/customers/{}", mika.id);
    for typed in
        ["mika@example.net", " MIKA@example.net ", &mika.id.to_string(), &stripe, &text("public_key"), &v4, &v6]
    {
        assert_eq!(reader.submit("/admin/customers", &[("q", typed)]).await?.to, path, "{typed}");
    }
    for typed in ["", "noa@example.net", "cus_x", "10.64.0.99", "192.0.2.1", "fd00::1", "' OR 1=1", "%"] {
        let page = reader.submit("/admin/customers", &[("q", typed)]).await?;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{typed}");
        assert!(page.text.contains("Nothing was found"), "{}", page.text);
    }
    let page = reader.open(&path).await?.text;
    for part in ["mika@example.net", &stripe, &v4, &text("public_key"), "subscription_started", "paid"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    Ok(())
}

async fn admin_helps_a_customer_and_the_audit_log_says_who_it_was(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (admin, mut reader) = admin(&test).await?;
    let path = format!("/admin/customers/{}", mika.id);
    let question = reader.submit(&format!("{path}/suspend"), &[]).await?;
    assert!(question.text.contains("mika@example.net is shut out"), "{}", question.text);
    test.get("/user/me", Some(&mika)).await?;
    let done = confirmed(&mut reader, &format!("{path}/suspend"), &[]).await?;
    assert_eq!(done.to, format!("{path}?done=suspended"));
    assert!(reader.open(&done.to).await?.text.contains("The account is suspended."));
    assert_eq!(last(&test).await?, by(&admin, "user.suspend", mika.id));
    assert!(test.get("/user/me", Some(&mika)).await.is_err(), "shut out");
    confirmed(&mut reader, &format!("{path}/reinstate"), &[]).await?;
    assert_eq!(last(&test).await?, by(&admin, "user.reinstate", mika.id));
    assert_eq!(confirmed(&mut reader, &format!("{path}/reinstate"), &[]).await?.status, StatusCode::CONFLICT);
    let mika = test.log_in(&mika.email).await?;
    confirmed(&mut reader, &format!("{path}/end-sessions"), &[]).await?;
    assert_eq!(last(&test).await?, by(&admin, "user.end_sessions", mika.id));
    assert!(test.get("/user/me", Some(&mika)).await.is_err(), "logged out");
    let mika = test.log_in(&mika.email).await?;

    let credit = [("amount", "5.00"), ("currency", "USD"), ("reason", "sorry"), ("once", "first")];
    let done = confirmed(&mut reader, &format!("{path}/grant"), &credit).await?;
    assert_eq!(done.to, format!("{path}?done=granted"), "{}", done.text);
    assert_eq!(last(&test).await?, by(&admin, "credit.granted", mika.id));
    let again = confirmed(&mut reader, &format!("{path}/grant"), &credit).await?;
    assert!(again.text.contains("This was done already."), "a form that is sent twice is done once: {}", again.text);
    let less = [("amount", "2"), ("currency", "usd"), ("reason", "a mistake"), ("once", "second")];
    confirmed(&mut reader, &format!("{path}/take"), &less).await?;
    assert_eq!(last(&test).await?, by(&admin, "credit.taken", mika.id));
    assert_eq!(customers::get(&test.app, mika.id).await?.balances, [("usd".to_owned(), 300)]);
    for (amount, reason, words) in [
        ("-5", "none", "An amount such as 5.00"),
        ("5.001", "none", "An amount such as 5.00"),
        ("10000.01", "none", "An amount such as 5.00"),
        ("3.01", "none", "credit is not enough for this"),
        ("1", "", "Say why"),
    ] {
        let form = [("sure", "yes"), ("amount", amount), ("currency", "usd"), ("reason", reason), ("once", "third")];
        let page = reader.submit(&format!("{path}/take"), &form).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount}");
        assert!(page.text.contains(words) && page.text.contains(&format!("value=\"{amount}\"")), "{}", page.text);
    }
    assert!(reader.open(&path).await?.text.contains("user.suspend"), "the page has the audit log");
    test.all_is_well().await
}

async fn admin_runs_the_servers(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let (admin, mut reader) = admin(&test).await?;
    let wrong = [("name", "Not A Name"), ("region", "x"), ("country", "Japan"), ("city", ""), ("endpoint", "nowhere")];
    let page = reader.submit("/admin/servers", &wrong).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for words in ["1 to 40 of: a to z", "Two letters, such as JP", "1 to 64 printable", "host:port", "Not A Name"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let new = [
        ("name", "paris-1"),
        ("region", "fr"),
        ("country", "FR"),
        ("city", "Paris"),
        ("endpoint", "vpn2.example.net:51820"),
        ("capacity", "500"),
        ("bandwidth_mbit", "1000"),
    ];
    let added = confirmed(&mut reader, "/admin/servers", &new).await?;
    let token = between(&added.text, "id=\"secret\">", "<").to_owned();
    assert!(token.len() > 20, "{}", added.text);
    assert_eq!(last(&test).await?, by(&admin, "server.add", "paris-1"));
    assert_eq!(servers::get(&test.app, "paris-1").await?.server.capacity, 500);
    for path in ["/admin/servers", "/admin/servers/paris-1"] {
        let page = reader.open(path).await?.text;
        assert!(page.contains("paris-1") && !page.contains(&token), "the token is shown once");
    }
    let taken = confirmed(&mut reader, "/admin/servers", &new).await?;
    assert!(taken.text.contains("This name is taken."), "{}", taken.text);
    let early = confirmed(&mut reader, "/admin/servers/paris-1/status", &[("status", "up")]).await?;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.text.contains("Enrol its gateway first"), "{}", early.text);
    let renewed = confirmed(&mut reader, "/admin/servers/paris-1/token", &[]).await?;
    assert_ne!(between(&renewed.text, "id=\"secret\">", "<"), token);
    assert_eq!(last(&test).await?, by(&admin, "server.token", "paris-1"));
    for status in ["draining", "down", "up"] {
        let done = confirmed(&mut reader, "/admin/servers/osaka-1/status", &[("status", status)]).await?;
        assert_eq!(done.to, "/admin/servers/osaka-1?done=status");
        assert_eq!(last(&test).await?, by(&admin, "server.set_status", "osaka-1"));
        assert_eq!(servers::get(&test.app, "osaka-1").await?.server.status, status);
    }
    let page = confirmed(&mut reader, "/admin/servers/osaka-1/revoke", &[]).await?;
    assert!(page.text.contains("This server has no gateway."), "{}", page.text);
    for status in ["pending", "degraded", "nonsense"] {
        let page = reader.submit("/admin/servers/osaka-1/status", &[("status", status), ("sure", "yes")]).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{status}");
    }
    let gateway = serving(&test).await?;
    test.advance(1);
    assert!(reader.open("/admin/servers/osaka-1").await?.text.contains("id=\"revoke\""));
    confirmed(&mut reader, "/admin/servers/osaka-1/revoke", &[]).await?;
    assert_eq!(last(&test).await?, by(&admin, "server.revoke", "osaka-1"));
    assert!(servers::get(&test.app, "osaka-1").await?.gateway.is_none());
    drop(gateway);
    Ok(())
}

async fn admin_looks_after_jobs_keys_and_plans(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    let (admin, mut reader) = admin(&test).await?;
    test.run_jobs().await?;
    let now = test.app.clock.now();
    let new = NewJob { id: test.app.dice.id(now), kind: "nonsense".into(), payload: "{}".into(), lock_key: None };
    let id = new.id;
    let tx = test.app.store.write_txn().await?;
    jobs::insert(&tx, new, now, now).await?;
    tx.commit().await?;
    let job = jobs::claim(&test.app.store, now, now + 1000, jobs::Turn::default()).await?.expect("the job");
    jobs::failed(&test.app.store, &job, Next::Dead, "<b>it broke</b>").await?;
    let page = reader.open("/admin/jobs").await?.text;
    assert!(page.contains("nonsense") && page.contains("it broke") && !page.contains("<b>it"), "{page}");
    assert!(reader.open("/admin").await?.text.contains("/admin/jobs?state=dead"));
    assert_eq!(reader.submit("/admin/jobs/retry", &[("id", &id.to_string())]).await?.to, "/admin/jobs?done=retried");
    assert_eq!(last(&test).await?, by(&admin, "job.retry", id));
    assert_eq!(app::admin::jobs::list(&test.app, Some("queued"), 10).await?.len(), 1);
    let unknown = reader.submit("/admin/jobs/retry", &[("id", &id.to_string())]).await?;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND, "it is not dead any more");
    reader.submit("/admin/jobs/retry", &[("id", "all")]).await?;
    assert_eq!(last(&test).await?, by(&admin, "job.retry", "all"));

    let new = [("name", "mobile"), ("scope", "devices"), ("scope", "servers"), ("days", "30")];
    let made = confirmed(&mut reader, "/admin/keys", &new).await?;
    let key = between(&made.text, "id=\"secret\">", "<").to_owned();
    assert!(key.len() > 20, "{}", made.text);
    assert_eq!(last(&test).await?, by(&admin, "api_key.add", "mobile"));
    let row = api_keys::list(&test.app).await?.pop().expect("the key");
    assert_eq!((row.scopes.as_deref(), row.expires_at.is_some()), (Some("devices servers"), true));
    let page = reader.open("/admin/keys").await?.text;
    assert!(page.contains("mobile") && !page.contains(&key) && !page.contains(&hex(&row.key_hash)));
    for (fields, words) in [
        ([("name", "mobile"), ("days", "")], "This name is taken."),
        ([("name", "x"), ("days", "0")], "can’t be taken"),
    ] {
        let form = [fields[0], fields[1], ("sure", "yes")];
        assert!(reader.submit("/admin/keys", &form).await?.text.contains(words), "{words}");
    }
    confirmed(&mut reader, "/admin/keys/revoke", &[("name", "mobile")]).await?;
    assert_eq!(last(&test).await?, by(&admin, "api_key.revoke", "mobile"));
    assert!(api_keys::list(&test.app).await?[0].revoked_at.is_some());

    let offer = [
        ("price", "6.49"),
        ("devices", "3"),
        ("quota", ""),
        ("speed", "100"),
        ("slow", ""),
        ("trial", "7"),
        ("regions", "jp, EU"),
        ("listed", "yes"),
    ];
    let done = confirmed(&mut reader, "/admin/plans/basic", &offer).await?;
    assert_eq!(done.to, "/admin/plans/basic?done=set", "{}", done.text);
    assert_eq!(last(&test).await?, by(&admin, "plan.set", "basic"));
    let basic = plan::list(&test.app).await?.into_iter().find(|plan| plan.code == "basic").expect("basic");
    assert_eq!(
        (basic.price_cents, basic.devices, basic.quota_bytes, basic.speed_mbit),
        (649, Some(3), None, Some(100))
    );
    assert_eq!((basic.trial_days, basic.regions.as_deref(), basic.is_listed), (7, Some("eu,jp"), true));
    let year = [("period", "year"), ("currency", "EUR"), ("amount", "59.90")];
    assert_eq!(reader.submit("/admin/plans/basic/price", &year).await?.to, "/admin/plans/basic?done=set");
    assert_eq!(last(&test).await?, by(&admin, "plan.price", "basic"));
    assert!(reader.open("/admin/plans/basic").await?.text.contains("€59.90 a year"));
    for (field, wrong) in [("period", "week"), ("currency", "money"), ("amount", "-1")] {
        let form = year.map(|(name, value)| (name, if name == field { wrong } else { value }));
        let page = reader.submit("/admin/plans/basic/price", &form).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
    }
    for offer in
        [("devices", "0"), ("devices", "51"), ("speed", "fast"), ("price", "cheap"), ("slow", "-1"), ("regions", "J P")]
    {
        let page = reader.submit("/admin/plans/basic", &[offer, ("price", "6.49"), ("sure", "yes")]).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{offer:?}");
    }
    // Present customers come to the new price, once it is at Stripe.
    let words = reader.submit("/admin/plans/basic/move", &[("days", "30")]).await?;
    assert_eq!(words.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", words.text);
    assert_eq!(reader.submit("/admin/plans/basic/sync", &[]).await?.to, "/admin/plans/basic?done=synced");
    let synced = entries(&test.app, Some("basic"), 10).await?;
    assert!(synced.iter().any(|row| row.action == "plan.stripe_sync" && row.actor == admin.id.to_string()));
    let asked = reader.submit("/admin/plans/basic/move", &[("days", "30")]).await?;
    assert!(asked.text.contains("1 will pay more, 0 less"), "{}", asked.text);
    test.advance(1_000);
    let done = confirmed(&mut reader, "/admin/plans/basic/move", &[("days", "30")]).await?;
    assert_eq!(done.to, "/admin/plans/basic?done=moved", "{}", done.text);
    assert_eq!(last(&test).await?, by(&admin, "plan.move", "basic"));
    test.settle().await?;
    let mail = test.newest_mail(&mika.email)?.text.unwrap_or_default();
    assert!(mail.contains("$6.49 instead of $5.99"), "{mail}");
    // A quota that is no whole number of gigabytes stays as it is.
    let odd = plans::Change { quota_bytes: plans::Limit::Of(1_500_000_000), ..plans::Change::default() };
    plans::set(&test.app, COMMAND_LINE, "basic", &odd).await?;
    confirmed(&mut reader, "/admin/plans/basic", &[("price", "6.49"), ("quota", "1")]).await?;
    let basic = plan::list(&test.app).await?.into_iter().find(|plan| plan.code == "basic").expect("basic");
    assert_eq!((basic.quota_bytes, basic.devices), (Some(1_500_000_000), None));
    Ok(())
}

async fn admin_acts_need_a_fresh_proof(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let (_, mut reader) = admin(&test).await?;
    test.advance(11 * 60_000);
    let suspend = format!("/admin/customers/{}/suspend", mika.id);
    let question = reader.submit(&suspend, &[]).await?;
    assert!(question.text.contains("id=\"password\""), "{}", question.text);
    for wrong in [&[("sure", "yes")][..], &[("sure", "yes"), ("password", "a wrong one")]] {
        let page = reader.submit(&suspend, wrong).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text.contains("This is not your password."), "{}", page.text);
    }
    assert!(customers::get(&test.app, mika.id).await?.account.suspended_at.is_none());
    let done = reader.submit(&suspend, &[("sure", "yes"), ("password", PASSWORD)]).await?;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    assert!(customers::get(&test.app, mika.id).await?.account.suspended_at.is_some());
    let question = reader.submit(&format!("/admin/customers/{}/reinstate", mika.id), &[]).await?;
    assert!(!question.text.contains("id=\"password\""), "within ten minutes it is not asked for again");
    Ok(())
}

/// Bytes as a page could show them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn admin_pages_show_no_secret(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "vip").await?;
    let (_, made) = test.post("/devices", Some(&mika), &json!({ "name": "phone" })).await?;
    let config = made["config"].as_str().unwrap_or_default();
    let field = |name: &str| between(config, name, "\n").trim_start_matches(" = ").to_owned();
    let key = api_keys::add(&test.app, COMMAND_LINE, "mobile", &domain::api_scope::Scopes::All, None).await?;
    let token = servers::renew_token(&test.app, COMMAND_LINE, "osaka-1").await?;
    let new = json!({ "email": "mika@example.org", "password": PASSWORD });
    test.post("/user/email", Some(&mika), &new).await?;
    let (_, mut reader) = admin(&test).await?;
    let store = &test.app.store;
    let row = store::users::by_id(store, mika.id).await?.expect("mika");
    let mut secrets = vec![
        ("private key", field("PrivateKey")),
        ("pre-shared key", field("PresharedKey")),
        ("password hash", row.password_hash),
        ("access token", mika.token.clone()),
        ("refresh token", mika.refresh.clone()),
        ("API key", key),
        ("enrolment token", token),
    ];
    let mut hide = |what, bytes: &[u8]| secrets.push((what, hex(bytes)));
    for session in store::sessions::live_of(store, mika.id, test.app.clock.now()).await? {
        hide("token hash", &session.token_hash);
    }
    for device in store::wireguard_peers::all_of_user(store, mika.id).await? {
        hide("sealed pre-shared key", &device.preshared_key_sealed);
    }
    for mail in store::outbox::waiting(store, 10).await? {
        let mail = store::outbox::by_id(store, mail).await?.and_then(|mail| mail.sealed).expect("a mail that waits");
        hide("sealed mail", &mail);
    }
    for key in api_keys::list(&test.app).await? {
        hide("hash of a key", &key.key_hash);
    }
    assert!(secrets.len() > 9 && secrets.iter().all(|(_, text)| text.len() > 15), "{}", secrets.len());
    let customer = format!("/admin/customers/{}", mika.id);
    let pages =
        ["/admin", &customer, "/admin/servers", "/admin/servers/osaka-1", "/admin/jobs", "/admin/jobs?state=queued"];
    let more = ["/admin/mails", "/admin/events", "/admin/keys", "/admin/plans", "/admin/audit", "/admin/figures"];
    for path in pages.into_iter().chain(more) {
        let page = reader.open(path).await?;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        // Escaped as a page has them: a key's `+` and `/` stay, a hash's `$` too.
        for (what, secret) in &secrets {
            assert!(!page.text.contains(secret.as_str()), "{path} shows the {what}");
            assert!(!page.text.contains(&secret.to_uppercase()), "{path} shows the {what}");
        }
    }
    assert!(reader.open(&customer).await?.text.contains("address_changing"), "the right customer");
    Ok(())
}

async fn admin_gives_a_payment_back_in_part_and_whole(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_subscriber("mika", "basic").await?;
    let noa = test.with_subscriber("noa", "basic").await?;
    let (admin, mut reader) = admin(&test).await?;
    let path = format!("/admin/customers/{}", mika.id);
    let invoice = customers::get(&test.app, mika.id).await?.invoices[0].stripe_invoice_id.clone();
    let of =
        |back: &'static str| [("invoice", invoice.clone()), ("back", back.to_owned()), ("reason", "sorry".to_owned())];
    let refund = format!("{path}/refund");
    for (back, words) in [("x", "An amount such as 5.00"), ("6.00", "An amount such as 5.00")] {
        let form = of(back);
        let mut fields: Vec<(&str, &str)> = form.iter().map(|(name, text)| (*name, text.as_str())).collect();
        fields.push(("sure", "yes"));
        let page = reader.submit(&refund, &fields).await?;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{back}");
        assert!(page.text.contains(words), "{}", page.text);
    }
    let elsewhere = format!("/admin/customers/{}/refund", noa.id);
    let page = reader.submit(&elsewhere, &[("invoice", &invoice), ("reason", "sorry"), ("sure", "yes")]).await?;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "a payment of another customer's");

    let part = of("2.00");
    let part: Vec<(&str, &str)> = part.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(confirmed(&mut reader, &refund, &part).await?.to, format!("{path}?done=refunded"));
    assert_eq!(last(&test).await?, by(&admin, "invoice.refund", mika.id));
    // The same answer to the same question, sent twice.
    let mut again = part.clone();
    again.extend([("sure", "yes"), ("gone_back", "0")]);
    let page = reader.submit(&refund, &again).await?;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.text.contains("has gone back meanwhile"), "{}", page.text);
    assert!(reader.open(&path).await?.text.contains("$3.99"), "what is left is said");
    let rest = of("");
    let rest: Vec<(&str, &str)> = rest.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let question = reader.submit(&refund, &rest).await?;
    assert!(question.text.contains("gets $3.99 back"), "{}", question.text);
    confirmed(&mut reader, &refund, &rest).await?;
    test.settle().await?;
    assert!(!reader.open(&path).await?.text.contains("id=\"refund\""), "nothing is left to be given back");
    assert_eq!(customers::get(&test.app, mika.id).await?.invoices[0].amount_refunded, 599);
    test.all_is_well().await
}
