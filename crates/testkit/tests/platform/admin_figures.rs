//! What operators read: figures that agree with the books, and lists in pages.

use app::{ledger, usage};
use domain::account::Role;
use reqwest::StatusCode;
use store::usage_days;
use testkit::app::{DAY, Database, TestApp, Wanted};

use crate::site::{Reader, between};

testkit::on_both_databases!(admin_figures_are_those_of_the_books, admin_reads_the_audit_log_in_pages);

async fn reader(test: &TestApp) -> anyhow::Result<Reader<'_>> {
    let admin = test.with_team("admin", Role::Admin).await?;
    let mut reader = Reader::new(test);
    reader.log_in(&admin.email).await?;
    Ok(reader)
}

/// The rows of a file, cell by cell, without its heads.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

async fn admin_figures_are_those_of_the_books(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut admin = reader(&test).await?;
    assert_eq!(rows(&admin.open("/admin/figures/revenue.csv").await?.text).len(), 0, "nothing is sold yet");
    assert!(admin.open("/admin/figures").await?.text.contains("$0.00"));
    let mika = test.with_subscriber("mika", "basic").await?;
    test.with_subscriber("noa", "vip").await?;
    let subscription = test.get("/subscriptions", Some(&mika)).await?["subscriptions"][0]["id"].clone();
    let path = format!("/subscriptions/{}/cancel", subscription.as_str().unwrap_or_default());
    test.advance(10 * DAY);
    // In December, and with sessions that are as old: everybody signs in anew.
    let mika = test.log_in(&mika.email).await?;
    test.post(&path, Some(&mika), &serde_json::json!({ "when": "now" })).await?;
    test.settle().await?;
    let mut admin = Reader::new(&test);
    admin.log_in("admin@example.net").await?;

    let text = admin.open("/admin/figures/revenue.csv").await?.text;
    let revenue = rows(&text);
    assert_eq!(revenue.len(), 12, "{text}");
    assert_eq!((revenue[10][0], revenue[11][0]), ("2026-11", "2026-12"));
    let totals = ledger::totals(&test.app).await?;
    let earned = ["revenue", "refunds", "disputes"];
    let total: i64 = totals.iter().filter(|(account, _, _)| earned.contains(&account.as_str())).map(|row| row.2).sum();
    let cents = |cell: &str| cell.replace('.', "").parse::<i64>().unwrap_or_default();
    assert_eq!(revenue.iter().map(|row| cents(row[5])).sum::<i64>(), total, "{text}");
    assert!(total > 0 && cents(revenue[10][5]) == total, "{text}");

    let text = admin.open("/admin/figures/subscriptions.csv").await?.text;
    let months = rows(&text);
    assert_eq!(months[10], ["2026-11", "0", "2", "0", ""], "{text}");
    assert_eq!(months[11], ["2026-12", "2", "0", "1", "50.0"], "{text}");

    let today = test.app.clock.now() / DAY;
    let row =
        usage_days::Model { subscription_id: subscription_id(&test).await?, day: today, rx: 5, tx: 7_000_000_000 };
    let tx = test.app.store.write_txn().await?;
    usage_days::add(&tx, &[row]).await?;
    tx.commit().await?;
    let text = admin.open("/admin/figures/traffic.csv").await?.text;
    assert_eq!(rows(&text).last().map(|row| row[1..].to_vec()), Some(vec!["5", "7000000000"]), "{text}");
    assert_eq!(rows(&text).len(), usize::try_from(usage::DAYS)?);
    let text = admin.open("/admin/figures/servers.csv").await?.text;
    assert_eq!(rows(&text)[0][..4], ["osaka-1", "jp", "JP", "Osaka"], "{text}");
    assert_eq!(admin.open("/admin/figures/other.csv").await?.status, StatusCode::NOT_FOUND);
    let page = admin.open("/admin/figures").await?.text;
    assert!(page.contains("<svg") && page.contains("50.0") && page.contains("7\u{a0}GB"), "{page}");
    let page = admin.open("/admin").await?.text;
    assert!(page.contains("active"), "{page}");
    Ok(())
}

async fn subscription_id(test: &TestApp) -> anyhow::Result<uuid::Uuid> {
    let id = app::admin::customers::search(&test.app, "noa@example.net").await?;
    Ok(app::admin::customers::get(&test.app, id).await?.subscriptions[0].row.id)
}

async fn admin_reads_the_audit_log_in_pages(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut admin = reader(&test).await?;
    for _ in 0..60 {
        test.advance(1);
        app::admin::servers::renew_token(&test.app, app::admin::COMMAND_LINE, "osaka-1").await?;
    }
    let lines = |text: &str, action: &str| text.matches(&format!(">{action}<")).count();
    let first = admin.open("/admin/audit?action=server.&whom=osaka-1").await?.text;
    assert_eq!(lines(&first, "server.token"), 50);
    let next = between(&first, "id=\"next\" href=\"", "\"").replace("&#38;", "&");
    let second = admin.open(&next).await?.text;
    assert_eq!((lines(&second, "server.token"), lines(&second, "server.add")), (10, 1), "{second}");
    assert!(!second.contains("id=\"next\""), "the last page");
    for (query, token, user) in [("", 50, 0), ("action=user.", 0, 1), ("action=user_", 0, 0), ("whom=nobody", 0, 0)] {
        let page = admin.open(&format!("/admin/audit?{query}")).await?.text;
        assert_eq!((lines(&page, "server.token"), lines(&page, "user.create")), (token, user), "{query}");
    }
    assert_eq!(admin.open("/admin/audit?cursor=nonsense").await?.status, StatusCode::OK);
    assert_eq!(admin.open("/admin/events?cursor=nonsense").await?.status, StatusCode::OK);
    Ok(())
}
