//! The mailers against servers: what arrives, and what they make of bad days.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{hang, nobody, reset, serve};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use clients::mail::{MailError, Mailer, Message};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

fn message() -> Message {
    Message {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
        from: "MiraiVPN <hello@mirai.test>".to_owned(),
        to: "Mika@Mirai.test".to_owned(),
        subject: "Vérifiez votre adresse 未来".to_owned(),
        text: "Bonjour,\n\nhttps://mirai.test/verify?token=abc\n\n.\nfin\n".to_owned(),
        html: "<p>Bonjour</p>".to_owned(),
        unsubscribe: None,
    }
}

fn resend(base: Url) -> Mailer {
    Mailer::resend(base, "re_secret".to_owned().into()).expect("a mailer").with_timeout(Duration::from_millis(500))
}

fn smtp(base: &Url, user: &str) -> Mailer {
    let address = base.socket_addrs(|| None).expect("an address")[0];
    let mailer = Mailer::smtp(&format!("smtp://{user}{address}").into()).expect("a mailer");
    mailer.with_timeout(Duration::from_millis(500))
}

#[tokio::test]
async fn resend_gets_the_mail_with_its_idempotency_key() {
    let (base, log) = serve(|_, _| axum::Json(json!({"id": "x"})).into_response()).await;
    resend(base).send(&message()).await.unwrap();
    let seen = log.lock().unwrap()[0].clone();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/emails"));
    assert_eq!(seen.header("authorization"), Some("Bearer re_secret"));
    assert_eq!(seen.header("idempotency-key"), Some("01890a5d-ac96-774b-bcce-b302099a8057"));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    let sent = message();
    assert_eq!(
        body,
        json!({
            "from": sent.from, "to": ["Mika@mirai.test"], "subject": sent.subject, "text": sent.text, "html": sent.html,
        })
    );
}

#[tokio::test]
async fn what_resend_says_on_a_bad_day() {
    let table = [
        (422, json!({"name": "validation_error", "message": "mika@mirai.test is wrong"}), "refused"),
        (400, json!("no object"), "refused"),
        (403, json!({"name": "invalid_api_key"}), "down"),
        (429, json!({"name": "rate_limit_exceeded"}), "busy"),
        (500, json!({}), "down"),
    ];
    for (status, body, expected) in table {
        let sent = body.clone();
        let (base, _) = serve(move |_, _| {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, [("Retry-After", "3")], axum::Json(sent.clone())).into_response()
        })
        .await;
        let error = resend(base).send(&message()).await.unwrap_err();
        let found = match &error {
            MailError::Refused(_) => "refused",
            MailError::Busy { retry_after: Some(wait) } if wait.as_secs() == 3 => "busy",
            MailError::Busy { .. } => "busy without a time",
            MailError::Down(_) => "down",
        };
        assert_eq!(found, expected, "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("mika"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_hangs_breaks_off_or_is_not_there_is_down() {
    for base in [hang().await, reset().await, nobody().await] {
        for mailer in [smtp(&base, ""), resend(base.clone())] {
            let begin = Instant::now();
            let error = mailer.send(&message()).await.unwrap_err();
            assert!(matches!(error, MailError::Down(_)), "{mailer:?}: {error}");
            assert!(begin.elapsed() < Duration::from_secs(3), "{mailer:?}: {:?}", begin.elapsed());
        }
    }
}

#[tokio::test]
async fn no_part_of_a_mail_can_add_a_header() {
    let (base, log) = serve(|_, _| StatusCode::OK.into_response()).await;
    let (smtp_base, inbox) = mail_server(&[]).await;
    let evil = "x\r\nBcc: all@mirai.test";
    for mailer in [resend(base), smtp(&smtp_base, "")] {
        for broken in [
            Message { id: evil.to_owned(), ..message() },
            Message { id: String::new(), ..message() },
            Message { id: "x".repeat(257), ..message() },
            Message { from: format!("{evil} <hello@mirai.test>"), ..message() },
            Message { to: format!("mika@mirai.test{}", &evil[1..]), ..message() },
            Message { to: "mika@mirai.test, all@mirai.test".to_owned(), ..message() },
            Message { to: "nobody".to_owned(), ..message() },
            Message { subject: evil.to_owned(), ..message() },
            Message { subject: "a\nb".to_owned(), ..message() },
            Message { unsubscribe: Some(evil.to_owned()), ..message() },
            Message { unsubscribe: Some("https://mirai.test/>, <mailto:x".to_owned()), ..message() },
        ] {
            let error = mailer.send(&broken).await.unwrap_err();
            assert!(matches!(error, MailError::Refused(_)), "{error}");
            assert!(!error.to_string().contains("mirai.test"), "{error}");
        }
    }
    assert!(log.lock().unwrap().is_empty() && inbox.lock().unwrap().is_empty());
}

type Inbox = Arc<Mutex<Vec<Vec<String>>>>;

/// A mail server of a few words. `replies` maps the begin of a command to another answer than the usual one.
async fn mail_server(replies: &'static [(&'static str, &'static str)]) -> (Url, Inbox) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = Url::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("a URL");
    let inbox = Inbox::default();
    let kept = Arc::clone(&inbox);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, replies, Arc::clone(&kept)));
        }
    });
    (url, inbox)
}

/// One connection; its lines are kept as one entry once a mail has been taken.
async fn talk(stream: TcpStream, replies: &[(&str, &str)], inbox: Inbox) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test\r\n").await?;
    let (mut lines, mut in_data) = (Vec::new(), false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let line = line.trim_end_matches("\r\n").to_owned();
        lines.push(line.clone());
        let usual = match line.split(' ').next().unwrap_or_default() {
            "." if in_data => {
                in_data = false;
                inbox.lock().expect("the inbox").push(lines.clone());
                "250 taken"
            }
            _ if in_data => continue,
            "EHLO" => "250-mail.test\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        let reply = replies.iter().find(|(begin, _)| line.starts_with(begin)).map_or(usual, |(_, reply)| *reply);
        in_data |= reply.starts_with("354");
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

#[tokio::test]
async fn smtp_delivers_both_parts_under_one_message_id() {
    let (base, inbox) = mail_server(&[]).await;
    let mailer = smtp(&base, "mika%40mirai.test:s%3Acret@");
    mailer.send(&message()).await.unwrap();
    mailer.send(&message()).await.unwrap();
    let inbox = inbox.lock().unwrap();
    assert_eq!(inbox.len(), 2);
    for lines in inbox.iter() {
        let has = |line: &str| assert!(lines.iter().any(|l| l == line), "{line:?} is not in {lines:#?}");
        has("AUTH PLAIN AG1pa2FAbWlyYWkudGVzdABzOmNyZXQ=");
        assert!(lines.iter().any(|line| line.starts_with("MAIL FROM:<hello@mirai.test>")), "{lines:#?}");
        has("RCPT TO:<Mika@mirai.test>");
        has("Message-ID: <01890a5d-ac96-774b-bcce-b302099a8057@mirai.test>");
        has("From: MiraiVPN <hello@mirai.test>");
        has("To: Mika@mirai.test");
        has("Auto-Submitted: auto-generated");
        has("https://mirai.test/verify?token=abc");
        // A line of one dot would end the mail; it is doubled on the way.
        has("..");
        has("fin");
        has("<p>Bonjour</p>");
        assert_eq!(lines.iter().filter(|line| line.starts_with("Content-Type: text/")).count(), 2);
        assert!(lines.iter().any(|line| line.starts_with("Subject: =?utf-8?b?")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.starts_with("Date: ")), "{lines:#?}");
    }
}

/// RFC 8058, section 3.1: both headers, the link whole and on one line.
#[tokio::test]
async fn a_mail_that_is_not_necessary_says_how_to_get_no_more() {
    let (base, log) = serve(|_, _| axum::Json(json!({"id": "x"})).into_response()).await;
    let (smtp_base, inbox) = mail_server(&[]).await;
    let link = format!("https://mirai.test/unsubscribe?token={}", "Aa-_9".repeat(24));
    let mail = Message { unsubscribe: Some(link.clone()), ..message() };
    resend(base).send(&mail).await.unwrap();
    smtp(&smtp_base, "").send(&mail).await.unwrap();
    smtp(&smtp_base, "").send(&message()).await.unwrap();
    let body: Value = serde_json::from_slice(&log.lock().unwrap()[0].body).unwrap();
    let (one, post) = (format!("<{link}>"), "List-Unsubscribe=One-Click");
    assert_eq!(body["headers"], json!({ "List-Unsubscribe": one, "List-Unsubscribe-Post": post }));
    let inbox = inbox.lock().unwrap();
    for line in [format!("List-Unsubscribe: {one}"), format!("List-Unsubscribe-Post: {post}")] {
        assert!(inbox[0].contains(&line), "{line:?} is not in {:#?}", inbox[0]);
    }
    assert!(!inbox[1].iter().any(|line| line.starts_with("List-")), "{:#?}", inbox[1]);
}

#[tokio::test]
async fn what_a_mail_server_says_on_a_bad_day() {
    let table: [(&'static [(&str, &str)], &str); 7] = [
        (&[("RCPT", "550 5.1.1 <mika@mirai.test>: user unknown")], "refused"),
        (&[("RCPT", "450 4.2.0 <mika@mirai.test>: greylisted")], "busy"),
        (&[("MAIL", "451 later")], "busy"),
        (&[("AUTH", "535 5.7.8 wrong password of mika@mirai.test")], "down"),
        (&[("MAIL", "530 5.7.0 log in first")], "down"),
        (&[("DATA", "554 spam")], "refused"),
        (&[("EHLO", "rubbish")], "down"),
    ];
    for (replies, expected) in table {
        let (base, inbox) = mail_server(replies).await;
        let error = smtp(&base, "u:p@").send(&message()).await.unwrap_err();
        let found = match &error {
            MailError::Refused(_) => "refused",
            MailError::Busy { .. } => "busy",
            MailError::Down(_) => "down",
        };
        assert_eq!(found, expected, "{replies:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("mika"), "{error}");
        assert!(inbox.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_cannot_do_tls() {
    let (base, inbox) = mail_server(&[]).await;
    let address = base.socket_addrs(|| None).unwrap()[0];
    let mailer = Mailer::smtp(&format!("smtp://u:p@{address}?tls=starttls").into()).unwrap();
    let error = mailer.with_timeout(Duration::from_millis(500)).send(&message()).await.unwrap_err();
    assert!(matches!(error, MailError::Down(_)), "{error}");
    assert!(inbox.lock().unwrap().is_empty());
}

#[test]
fn debug_shows_no_address_and_no_secret() {
    let base = Url::parse("http://127.0.0.1:1").unwrap();
    let shown = format!("{:?} {:?} {:?}", message(), resend(base.clone()), smtp(&base, "mika:secret@"));
    for hidden in ["mika", "Mika", "token", "secret", "Bonjour"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
