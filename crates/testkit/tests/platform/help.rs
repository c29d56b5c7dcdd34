//! Help without waiting, on the site: every way ends, and what is seen of a customer comes first.

use std::collections::BTreeSet;

use app::admin::COMMAND_LINE;
use domain::account::{Language, Role};
use domain::vpn::balancer::ServerStatus;
use reqwest::{Method, StatusCode};
use testkit::app::{Database, TestApp, Wanted};

use crate::site::{Reader, between};

testkit::on_both_databases!(
    every_way_through_the_help_ends_solved_or_with_a_human,
    what_is_seen_of_a_customer_is_answered_first,
    a_ticket_knows_the_way_that_led_to_it_and_the_ends_are_counted,
);

fn ways(text: &str) -> Vec<String> {
    text.split("href=\"/help?way=").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

async fn every_way_through_the_help_ends_solved_or_with_a_human(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut reader = Reader::new(&test);
    let (mut waiting, mut seen, mut answers) = (vec!["start".to_owned()], BTreeSet::new(), 0);
    while let Some(way) = waiting.pop() {
        if !seen.insert(way.clone()) {
            continue;
        }
        assert!(way.split('.').count() <= 5, "no way is long: {way}");
        for language in Language::ALL {
            let page = reader.open(&format!("/help?way={way}&lang={}", language.as_str())).await?;
            assert_eq!(page.status, StatusCode::OK, "{way}");
            assert!(page.text.contains("id=\"human\""), "a human can be asked everywhere: {way}");
            let text = between(&page.text, "id=\"help-text\">", "</p>");
            assert!(text.chars().count() > 5, "{way} {language:?}: {text}");
            answers += usize::from(page.text.contains("id=\"solved\""));
            let link = between(&page.text, "id=\"help-link\" href=\"", "\"");
            assert_ne!(
                reader.open(&format!("/{}", link.trim_start_matches('/'))).await?.status,
                StatusCode::NOT_FOUND,
                "{way}: {link}"
            );
            waiting.extend(ways(between(&page.text, "id=\"steps\"", "</ul>")));
        }
    }
    assert!(answers >= 15 * Language::ALL.len(), "{answers}");
    for nowhere in ["", "start.nowhere", "connection", "start.payment.slow", "<script>"] {
        let page = reader.open(&format!("/help?way={nowhere}")).await?;
        assert!(page.status == StatusCode::OK && page.text.contains("way=start.payment\""), "begins anew: {nowhere}");
    }
    Ok(())
}

async fn what_is_seen_of_a_customer_is_answered_first(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mut reader = Reader::new(&test);
    assert!(!reader.open("/help").await?.text.contains("id=\"seen\""), "of a stranger nothing is seen");
    let noa = test.with_user("noa").await?;
    reader.log_in(&noa.email).await?;
    assert!(reader.open("/help").await?.text.contains("way=start.see-no-plan\""));
    let mika = test.with_subscriber("mika", "basic").await?;
    let mut reader = Reader::new(&test);
    reader.log_in(&mika.email).await?;
    test.post("/devices", Some(&mika), &serde_json::json!({ "name": "phone" })).await?;
    app::admin::servers::set_status(&test.app, COMMAND_LINE, "osaka-1", ServerStatus::Down).await?;
    let page = reader.open("/help?way=start.connection").await?.text;
    let first: Vec<String> = ways(between(&page, "id=\"seen\"", "</ul>"));
    assert_eq!(first, ["start.connection.see-server", "start.connection.see-never"]);
    let answer = reader.open("/help?way=start.connection.see-server").await?.text;
    assert!(answer.contains("move it to another region"), "{answer}");
    Ok(())
}

async fn a_ticket_knows_the_way_that_led_to_it_and_the_ends_are_counted(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let mika = test.with_user("mika").await?;
    let sam = test.with_team("sam", Role::Support).await?;
    let (mut customer, mut support) = (Reader::new(&test), Reader::new(&test));
    let way = "start.connection.no-handshake";
    let end = async |reader: &mut Reader<'_>, end: &str, way: &str| {
        reader.send(Method::POST, &format!("/help/{end}"), Some(&[("way", way)])).await
    };
    assert_eq!(end(&mut customer, "solved", way).await?.to, format!("/help?way={way}&solved"));
    assert_eq!(end(&mut customer, "solved", "start.nowhere").await?.status, StatusCode::NOT_FOUND);
    customer.log_in(&mika.email).await?;
    for _ in 0..2 {
        end(&mut customer, "solved", way).await?;
    }
    let to = end(&mut customer, "human", way).await?.to;
    assert_eq!(to, format!("/dashboard/tickets/new?category=connection&way={way}"));
    let form = customer.open(&to).await?.text;
    assert!(form.contains(&format!("name=\"way\" value=\"{way}\"")) && form.contains("value=\"connection\" selected"));
    let fields = [("way", way), ("subject", "No handshake"), ("category", "connection"), ("body", "Help")];
    let opened = customer.submit("/dashboard/tickets", &fields).await?;
    support.log_in(&sam.email).await?;
    let desk = opened.to.replace("/dashboard/", "/admin/");
    let page = support.open(&desk).await?.text;
    let labels = "It does not connect, or is slow → The app says that the handshake fails";
    assert_eq!(between(&page, "id=\"way\">", "<"), labels, "{page}");
    let ends = app::faq::ends(&test.app).await?;
    let found: Vec<_> = ends.iter().map(|ends| (ends.node.as_str(), ends.solved, ends.human)).collect();
    assert_eq!(found, [("no-handshake", 3, 1)]);
    let page = support.open("/admin/tickets/help").await?.text;
    assert!(page.contains("75 %") && page.contains("The app says that the handshake fails"), "{page}");
    test.advance(31 * testkit::app::DAY);
    assert_eq!(app::faq::ends(&test.app).await?, []);
    Ok(())
}
