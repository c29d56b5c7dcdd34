//! Looks at real servers of this machine.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use domain::monitor::target::{Kind, Wants};
use tokio::net::TcpListener;
use tokio::net::UdpSocket as AsyncSocket;

use super::*;

const SOON: Duration = Duration::from_millis(600);
const NOW: UnixMs = 1_795_435_200_000;

async fn look(kind: Kind, target: &str, wants: Wants) -> (Verdict, Option<Trouble>) {
    let target = Target::new(kind, target, wants).unwrap();
    let look = Prober::default().look(&target, SOON, NOW, 0x1234_5678_9abc).await;
    let answered = look.trouble.is_none_or(|one| matches!(one, Trouble::Status | Trouble::Text | Trouble::Answer));
    assert_eq!(look.latency_us.is_some(), answered, "{look:?}");
    assert!(!look.is_from_afar, "{look:?}");
    (look.verdict, look.trouble)
}

const GOOD: (Verdict, Option<Trouble>) = (Verdict::Ok, None);

fn bad(trouble: Trouble) -> (Verdict, Option<Trouble>) {
    (Verdict::Fail, Some(trouble))
}

/// A port that nobody listens on.
async fn deserted() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_page_is_judged_by_its_status_and_its_text() {
    let long = format!("{}well", "x".repeat(200 << 10));
    let longer = format!("{}well", "x".repeat(300 << 10));
    let routes = Router::new()
        .route("/", get(|| async { "all is well" }))
        .route("/long", get(|| async { long }))
        .route("/longer", get(|| async { longer }))
        .route("/away", get(|| async { (StatusCode::FOUND, [("location", "/elsewhere")]) }))
        .route("/ill", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/slow", get(|| async { tokio::time::sleep(SOON * 3).await }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let status = |status| Wants { status: Some(status), ..Wants::default() };
    let text = |text: &str| Wants { text: Some(text.to_owned()), ..Wants::default() };
    for (path, wants, expect) in [
        ("/", Wants::default(), GOOD),
        ("/", status(200), GOOD),
        ("/", status(204), bad(Trouble::Status)),
        ("/", text("is well"), GOOD),
        ("/", text("ill"), bad(Trouble::Text)),
        ("/long", text("well"), GOOD),
        ("/longer", text("well"), bad(Trouble::Text)),
        ("/away", Wants::default(), GOOD),
        ("/away", status(200), bad(Trouble::Status)),
        ("/ill", Wants::default(), bad(Trouble::Status)),
        ("/ill", status(503), GOOD),
        ("/slow", Wants::default(), bad(Trouble::Timeout)),
    ] {
        assert_eq!(look(Kind::Http, &format!("{base}{path}"), wants.clone()).await, expect, "{path} {wants:?}");
    }
    let nobody = format!("http://127.0.0.1:{}/", deserted().await);
    assert_eq!(look(Kind::Http, &nobody, Wants::default()).await, bad(Trouble::Refused));
    let secure = base.replace("http:", "https:");
    assert_eq!(look(Kind::Http, &secure, Wants::default()).await, bad(Trouble::Tls), "no TLS is spoken there");
    let nowhere = "http://no-such-name.invalid/";
    assert_eq!(look(Kind::Http, nowhere, Wants::default()).await, bad(Trouble::Resolve));
}

#[tokio::test]
async fn a_port_is_open_or_not() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let open = listener.local_addr().unwrap().to_string();
    assert_eq!(look(Kind::Tcp, &open, Wants::default()).await, GOOD);
    let closed = format!("127.0.0.1:{}", deserted().await);
    assert_eq!(look(Kind::Tcp, &closed, Wants::default()).await, bad(Trouble::Refused));
    assert_eq!(look(Kind::Tcp, "no-such-name.invalid:1", Wants::default()).await, bad(Trouble::Resolve));
}

/// A resolver that knows `well.test`, answers the first question of anybody not at all, and lies of `odd.test`.
async fn resolver() -> SocketAddr {
    let socket = AsyncSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut packet = [0; 512];
        let mut heard = 0;
        while let Ok((length, from)) = socket.recv_from(&mut packet).await {
            heard += 1;
            let mut answer = packet[..length].to_vec();
            answer[2] |= 0x80;
            match answer.get(13..17) {
                Some(b"well") if heard > 1 => {
                    answer[7] = 1;
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
                }
                Some(b"none") => answer[3] = 3,
                Some(b"oddy") => answer[0] ^= 1,
                _ => continue,
            }
            let _ = socket.send_to(&answer, from).await;
        }
    });
    address
}

#[tokio::test]
async fn a_name_is_asked_for_until_it_is_answered() {
    let resolver = resolver().await;
    for (name, expect) in [
        ("well.test", GOOD),
        ("none.test", bad(Trouble::Answer)),
        ("oddy.test", bad(Trouble::Timeout)),
        ("mute.test", bad(Trouble::Timeout)),
    ] {
        assert_eq!(look(Kind::Dns, &format!("{name}@{resolver}"), Wants::default()).await, expect, "{name}");
    }
    let nobody = format!("well.test@127.0.0.1:{}", deserted().await);
    assert_eq!(look(Kind::Dns, &nobody, Wants::default()).await, bad(Trouble::Refused));
}

#[tokio::test]
async fn an_echo_comes_back_where_this_machine_may_ask_for_one() {
    let seen = look(Kind::Ping, "127.0.0.1", Wants::default()).await;
    assert!(seen == GOOD || seen == (Verdict::Unknown, Some(Trouble::NotPermitted)), "{seen:?}");
}

#[test]
fn what_is_near_proves_no_network() {
    for near in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "100.64.0.1", "169.254.1.1", "::1", "fd00::1", "fe80::1"] {
        assert!(!is_afar(near.parse().unwrap()), "{near}");
    }
    assert!(!is_afar("::ffff:127.0.0.1".parse().unwrap()));
    assert!(is_afar("192.0.2.1".parse().unwrap()));
    assert!(is_own("127.0.0.1".parse().unwrap()));
}

#[test]
fn what_this_machine_forbids_is_no_failure_of_the_other() {
    let look = seen(Err(io::Error::from(io::ErrorKind::PermissionDenied).into()));
    assert_eq!((look.verdict, look.trouble), (Verdict::Unknown, Some(Trouble::NotPermitted)));
    let look = seen(Err(io::Error::from(io::ErrorKind::ConnectionReset).into()));
    assert_eq!((look.verdict, look.trouble), (Verdict::Fail, Some(Trouble::Broken)));
}
