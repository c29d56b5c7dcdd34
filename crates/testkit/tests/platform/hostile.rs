//! Odd and evil input at every door, by the numbers of the promises: refused in plain words, nothing broken, nothing told.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use app::Limits;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::app::{Database, TestApp, Wanted};
use testkit::caller::{PASSWORD, TestUser, answer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

testkit::on_both_databases!(
    s32_one_address_is_one_account_however_it_is_written,
    s37_a_link_works_once_and_leads_to_our_own_host,
    s39_what_looks_like_sql_is_text,
);

async fn start() -> anyhow::Result<TestApp> {
    TestApp::start(&Wanted::on(Database::Sqlite)).await?.context("SQLite is never missing")
}

async fn me_with(test: &TestApp, token: &str) -> anyhow::Result<(StatusCode, Value)> {
    let request = test.request(Method::GET, "/user/me", None).header("Authorization", format!("Bearer {token}"));
    answer(request.send().await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s19_a_forged_token_is_refused_like_any_other() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_user("mika").await?;
    let parts: Vec<&str> = user.token.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1])?)?;
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let with_header = |header: Value| format!("{}.{}.{}", part(&header), parts[1], parts[2]);
    let mut admin = claims.clone();
    admin["sub"] = json!("01900000-0000-7000-8000-000000000000");
    let forged = [
        format!("{}.{}.", part(&json!({ "alg": "none", "typ": "JWT" })), parts[1]),
        format!("{}.{}.", part(&json!({ "alg": "None" })), parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], part(&admin), parts[2]),
        with_header(json!({ "alg": "HS512", "typ": "JWT" })),
        with_header(json!({ "alg": "RS256", "typ": "JWT" })),
        with_header(json!({ "alg": "HS256", "kid": "../../../../dev/null" })),
        with_header(json!({ "alg": "HS256", "kid": "x' UNION SELECT 'key" })),
        with_header(json!({ "alg": "HS256", "jku": "http://127.0.0.1:1/keys", "jwk": { "kty": "oct", "k": "AA" } })),
        "...".to_owned(),
        ".".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}", user.token, parts[2]),
        format!("{}A", user.token),
        "x".repeat(16_000),
    ];
    let mut answers = BTreeSet::new();
    for token in &forged {
        let (status, body) = me_with(&test, token).await?;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", &token[..token.len().min(80)]);
        answers.insert(body.to_string());
    }
    assert_eq!(answers.len(), 1, "one answer for all: {answers:?}");
    assert_eq!(me_with(&test, &user.token).await?.0, StatusCode::OK);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s20_a_token_counts_in_its_time_and_for_its_purpose_only() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_user("mika").await?;
    assert_eq!(me_with(&test, &user.refresh).await?.0, StatusCode::UNAUTHORIZED, "a refresh token opens nothing");
    let body = json!({ "refresh_token": user.token });
    assert_eq!(test.post("/auth/refresh", None, &body).await?.0, StatusCode::UNAUTHORIZED);
    test.advance(-50_000);
    assert_eq!(me_with(&test, &user.token).await?.0, StatusCode::UNAUTHORIZED, "from the future");
    test.advance(50_000 + 15 * 60_000 + 11_000);
    assert_eq!(
        me_with(&test, &user.token).await?.0,
        StatusCode::UNAUTHORIZED,
        "a second past its time and ten of leeway"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s31_no_header_makes_one_client_many() -> anyhow::Result<()> {
    let limits = Limits { credential_per_minute: 10, general_per_minute: 1_000_000 };
    let test = TestApp::start(&Wanted { limits, ..Wanted::on(Database::Sqlite) }).await?.context("SQLite")?;
    let mut waited = 0;
    for n in 0..30u8 {
        let body = json!({ "email": format!("nobody{n}@example.net"), "password": "a guess of a word" });
        let request = test
            .request(Method::POST, "/auth/login", None)
            .header("X-Forwarded-For", format!("192.0.2.{n}"))
            .header("X-Forwarded-For", format!("198.51.100.{n}, 203.0.113.{n}"))
            .header("X-Real-IP", format!("192.0.2.{n}"))
            .header("Forwarded", format!("for=192.0.2.{n}"))
            .header("CF-Connecting-IP", format!("192.0.2.{n}"))
            .header("True-Client-IP", format!("192.0.2.{n}"));
        waited += u32::from(request.json(&body).send().await?.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(waited, 20, "ten were looked at, whatever they said of themselves");
    Ok(())
}

async fn register(test: &TestApp, email: &str) -> anyhow::Result<StatusCode> {
    Ok(test.post("/auth/register", None, &json!({ "email": email, "password": PASSWORD })).await?.0)
}

async fn s32_one_address_is_one_account_however_it_is_written(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    // The same mailbox by our one rule: the owner hears of it, and no account comes of it.
    for same in ["MIKA@EXAMPLE.NET", " mika@example.net ", "Mika@Example.Net"] {
        assert_eq!(register(&test, same).await?, StatusCode::ACCEPTED, "{same}");
    }
    assert_eq!(app::admin::users::list(&test.app, None, 10).await?.len(), 1);
    // What MariaDB's usual collation would take for the same is another, or refused.
    for (other, status) in [
        ("mïka@example.net", StatusCode::UNPROCESSABLE_ENTITY),
        ("mikа@example.net", StatusCode::UNPROCESSABLE_ENTITY), // a Cyrillic a
        ("mi\u{200b}ka@example.net", StatusCode::UNPROCESSABLE_ENTITY),
        ("mika@example.net\r\nBcc: all@example.net", StatusCode::UNPROCESSABLE_ENTITY),
        ("\"mi ka\"@example.net", StatusCode::UNPROCESSABLE_ENTITY),
        ("mika@example.net.", StatusCode::UNPROCESSABLE_ENTITY),
        ("mika@\u{0130}example.net", StatusCode::ACCEPTED),
        ("mika@bücher.example", StatusCode::ACCEPTED),
    ] {
        assert_eq!(register(&test, other).await?, status, "{other:?}");
    }
    let longest = format!("{}@{}.{}.{}.example", "x".repeat(64), "a".repeat(60), "b".repeat(60), "c".repeat(58));
    assert_eq!((longest.len(), register(&test, &longest).await?), (253, StatusCode::ACCEPTED));
    assert_eq!(register(&test, &format!("{longest}xx")).await?, StatusCode::UNPROCESSABLE_ENTITY);
    // A link goes to the address as its owner wrote it, whoever asks for it in whichever way.
    test.post("/auth/reset-request", None, &json!({ "email": "MIKA@EXAMPLE.NET" })).await?;
    test.run_jobs().await?;
    assert!(test.newest_mail(&user.email)?.subject.contains("new password"));
    assert!(!format!("{:?}", test.mail.messages()).contains("MIKA@EXAMPLE.NET"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s33_every_byte_of_a_password_counts() -> anyhow::Result<()> {
    let test = start().await?;
    let long = "correct horse battery staple, and then some more words that go past byte seventy-two: end";
    let enter = async |password: &str| {
        let body = json!({ "email": "mika@example.net", "password": password });
        anyhow::Ok(test.post("/auth/login", None, &body).await?.0)
    };
    let new = |password: &str| json!({ "email": "mika@example.net", "password": password });
    for (password, status) in [
        ("seven77", StatusCode::UNPROCESSABLE_ENTITY),
        ("nul\u{0}byte in a long password", StatusCode::UNPROCESSABLE_ENTITY),
        (&"long password ".repeat(80), StatusCode::UNPROCESSABLE_ENTITY),
        (long, StatusCode::ACCEPTED),
    ] {
        assert_eq!(test.post("/auth/register", None, &new(password)).await?.0, status, "{} bytes", password.len());
    }
    let (status, _) = test.post("/auth/register", None, &new(&"x".repeat(1 << 20))).await?;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "before anything is hashed");
    test.run_jobs().await?;
    test.verify(&test.token_mailed("mika@example.net", "/verify")?).await?;
    assert_eq!(enter(&long[..72]).await?, StatusCode::UNAUTHORIZED, "where bcrypt stops reading, we do not");
    assert_eq!(enter(&format!("{long} ")).await?, StatusCode::UNAUTHORIZED);
    assert_eq!(enter(long).await?, StatusCode::OK);
    Ok(())
}

async fn s37_a_link_works_once_and_leads_to_our_own_host(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_user("mika").await?;
    let request = test
        .request(Method::POST, "/auth/reset-request", None)
        .header("Host", "evil.example")
        .header("X-Forwarded-Host", "evil.example")
        .json(&json!({ "email": user.email }));
    assert_eq!(request.send().await?.status(), StatusCode::ACCEPTED);
    test.run_jobs().await?;
    let mail = format!("{:?}", test.newest_mail(&user.email)?);
    assert!(!mail.contains("evil.example") && mail.contains(&format!("{}/reset?token=", test.base)), "{mail}");
    let token = test.token_mailed(&user.email, "/reset")?;
    let body = json!({ "token": token, "new_password": "four other unrelated words" });
    let used = futures_util::future::join_all((0..8).map(|_| test.post("/auth/reset", None, &body))).await;
    let worked = used.into_iter().filter(|got| got.as_ref().is_ok_and(|(status, _)| *status == StatusCode::NO_CONTENT));
    assert_eq!(worked.count(), 1, "of eight at once");
    Ok(())
}

/// Text that ends a statement somewhere.
const SQL: [&str; 6] = [
    "' OR '1'='1",
    "1; DROP TABLE users;--",
    "\" OR \"\"=\"",
    "') UNION SELECT * FROM users--",
    "\\' OR 1=1#",
    "%27%20OR%201%3D1",
];

async fn s39_what_looks_like_sql_is_text(database: Database) -> anyhow::Result<()> {
    let Some(test) = TestApp::start(&Wanted::on(database)).await? else { return Ok(()) };
    let user = test.with_subscriber("mika", "vip").await?;
    for evil in SQL {
        let encoded: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        for (method, path, body) in [
            (Method::POST, "/auth/login".to_owned(), json!({ "email": evil, "password": evil })),
            (Method::POST, "/auth/verify".to_owned(), json!({ "token": evil })),
            (Method::POST, "/auth/refresh".to_owned(), json!({ "refresh_token": evil })),
            (Method::POST, "/stripe/checkout".to_owned(), json!({ "plan": evil, "region": evil, "coupon": evil })),
            (Method::POST, "/devices".to_owned(), json!({ "region": evil })),
            (Method::POST, "/devices".to_owned(), json!({ "public_key": evil })),
            (Method::PATCH, "/user/me".to_owned(), json!({ "language": evil })),
            (Method::GET, format!("/devices/{encoded}"), Value::Null),
            (Method::GET, format!("/vps/config?device={encoded}"), Value::Null),
            (Method::DELETE, format!("/user/sessions/{encoded}"), Value::Null),
        ] {
            let mut request = test.request(method.clone(), &path, Some(&user)).header("X-Request-Id", "'--");
            if !body.is_null() {
                request = request.json(&body);
            }
            let status = request.send().await?.status();
            assert!(status.is_client_error(), "{method} {path} {body}: {status}");
        }
        let (status, made) = test.post("/devices", Some(&user), &json!({ "name": evil })).await?;
        assert_eq!((status, &made["device"]["name"]), (StatusCode::CREATED, &json!(evil)), "text stays text");
    }
    assert_eq!(app::admin::users::list(&test.app, None, 10).await?.len(), 1);
    test.all_is_well().await
}

/// Sends bytes as they are; what comes back until the connection ends, or nothing more comes.
async fn raw(test: &TestApp, bytes: &[u8]) -> anyhow::Result<String> {
    let mut connection = TcpStream::connect(test.base.trim_start_matches("http://")).await?;
    // A server that has had enough may close while we still send.
    let _ = connection.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(3), connection.read_to_end(&mut answer)).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s40_no_path_leads_out_of_the_assets() -> anyhow::Result<()> {
    let test = start().await?;
    for path in [
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%252f..%252fCargo.toml",
        "/assets/..\\..\\Cargo.toml",
        "/assets/%00app.css",
        "/assets/app.css%00.png",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/js/",
    ] {
        let answer =
            raw(&test, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "404" | "400"), "{path}: {answer}");
        assert!(!answer.contains("[workspace]") && !answer.contains("root:"), "{path}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s41_a_line_break_in_a_name_goes_nowhere() -> anyhow::Result<()> {
    let test = start().await?;
    let user = test.with_subscriber("mika", "vip").await?;
    for name in ["a\r\nSet-Cookie: x=1", "a\nb", "a\u{2028}b", "\u{1b}[2J"] {
        let (status, body) = test.post("/devices", Some(&user), &json!({ "name": name })).await?;
        assert_eq!(
            (status, &body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("name")),
            "{name:?}"
        );
    }
    let (_, made) = test.post("/devices", Some(&user), &json!({ "name": "@everyone \"; filename=x.exe" })).await?;
    let id = made["device"]["id"].as_str().unwrap_or_default();
    let file = test.request(Method::GET, &format!("/vps/config?device={id}"), Some(&user)).send().await?;
    let disposition = file.headers().get("content-disposition").map(|value| value.to_str().map(str::to_owned));
    assert!(!disposition.transpose()?.unwrap_or_default().contains("x.exe"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s42_what_is_too_large_or_too_deep_is_refused_early() -> anyhow::Result<()> {
    let test = start().await?;
    let post = |body: String| {
        test.request(Method::POST, "/auth/login", None).header("Content-Type", "application/json").body(body)
    };
    let padded = |length: usize| {
        let frame = "{\"email\":\"\",\"password\":\"\"}".len();
        format!("{{\"email\":\"{}\",\"password\":\"\"}}", "x".repeat(length - frame))
    };
    assert_eq!(post(padded(256 * 1024)).send().await?.status(), StatusCode::UNAUTHORIZED, "the largest that is read");
    assert_eq!(post(padded(256 * 1024 + 1)).send().await?.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post("[".repeat(10_000)).send().await?.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(post("{\"email\":".repeat(10_000)).send().await?.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let twice = post("{\"email\":\"a@example.net\",\"email\":\"b@example.net\",\"password\":\"x\"}".to_owned());
    assert_eq!(twice.send().await?.status(), StatusCode::UNPROCESSABLE_ENTITY, "a name twice is a trick");

    let chunk = format!("{:x}\r\n{}\r\n", 65_536, "x".repeat(65_536));
    let endless = format!(
        "POST /backend/api/auth/login HTTP/1.1\r\nHost: x\r\nX-API-KEY: {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{}",
        testkit::caller::API_KEY,
        chunk.repeat(8)
    );
    let answer = raw(&test, endless.as_bytes()).await?;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    // Whoever reads only after all was sent gets the answer, and not a broken connection.
    let length = 8 << 20;
    let head = format!("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    let mut connection = TcpStream::connect(test.base.trim_start_matches("http://")).await?;
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(&vec![b'x'; length]).await.context("cut off")?;
    let mut answer = [0; 12];
    tokio::time::timeout(Duration::from_secs(3), connection.read_exact(&mut answer)).await??;
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    let many: String = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let answer = raw(&test, format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).await?;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{}", &answer[..answer.len().min(200)]);
    assert_eq!(
        test.http.get(format!("{}/", test.base)).send().await?.status(),
        StatusCode::OK,
        "and others are served"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s44_a_request_of_two_lengths_is_none() -> anyhow::Result<()> {
    let test = start().await?;
    let hidden = "GET /backend/api/health HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", 5 + hidden.len()),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "Content-Length: 5, 6\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
    ] {
        let request = format!("POST /login HTTP/1.1\r\nHost: x\r\n{head}\r\n0\r\n\r\n{hidden}");
        let answer = raw(&test, request.as_bytes()).await?;
        let answers = answer.matches("HTTP/1.1 ").count();
        let smuggled = answer.contains("\"database\"");
        assert!(!smuggled && answers <= 1, "{head:?}: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{head:?}: {answer}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s45_a_login_leads_nowhere_else() -> anyhow::Result<()> {
    let test = start().await?;
    let user: TestUser = test.with_user("mika").await?;
    for next in [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "%09//evil.example",
        "\t//evil.example",
        "javascript:alert(1)",
    ] {
        let form = [("email", user.email.as_str()), ("password", PASSWORD), ("next", next)];
        let request = test.http.post(format!("{}/login", test.base)).header("Origin", &test.base).form(&form);
        let response = request.send().await?;
        assert_eq!(response.headers()["location"], "/dashboard", "{next:?}");
    }
    Ok(())
}
