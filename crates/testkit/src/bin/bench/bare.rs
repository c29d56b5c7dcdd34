//! What our answers are measured against: the same bytes from a plain axum handler, and a row from axum and sqlx, each
//! in a process of its own.

use std::path::PathBuf;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use sqlx::mysql::MySqlPool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row as _, SqlitePool};
use tokio::net::TcpListener;
use uuid::Uuid;

/// As many connections as the product has by default.
const CONNECTIONS: u32 = 16;

/// Serves the content of a file.
pub(crate) async fn list(file: PathBuf) -> anyhow::Result<()> {
    let body = Bytes::from(std::fs::read(file)?);
    let answer = move || {
        let body = body.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], body) }
    };
    serve(Router::new().route("/", get(answer))).await
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    MySql(MySqlPool),
}

/// Serves a user as JSON, read by primary key for each request.
pub(crate) async fn row(database: &str, user: Uuid) -> anyhow::Result<()> {
    let pool = match database.strip_prefix("sqlite://") {
        Some(path) => {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal);
            Pool::Sqlite(SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?)
        }
        None => {
            let options = sqlx::mysql::MySqlPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
            Pool::MySql(options.connect(database).await?)
        }
    };
    serve(Router::new().route("/", get(me)).with_state((pool, user))).await
}

const QUERY: &str = "SELECT id, email, role, language, verified_at, referral_code, created_at FROM users WHERE id = ?";

async fn me(State((pool, user)): State<(Pool, Uuid)>) -> Response {
    let columns = |email: String, role: String, language: String, code: String, created: i64| {
        json!({ "id": user, "email": email, "role": role, "language": language, "email_verified": true,
            "referral_code": code, "created_at": domain::time::rfc3339(created) })
    };
    let found = match &pool {
        Pool::Sqlite(pool) => sqlx::query(QUERY).bind(user).fetch_one(pool).await.map(|row| {
            columns(
                row.get("email"),
                row.get("role"),
                row.get("language"),
                row.get("referral_code"),
                row.get("created_at"),
            )
        }),
        Pool::MySql(pool) => sqlx::query(QUERY).bind(user).fetch_one(pool).await.map(|row| {
            columns(
                row.get("email"),
                row.get("role"),
                row.get("language"),
                row.get("referral_code"),
                row.get("created_at"),
            )
        }),
    };
    match found {
        Ok(user) => axum::Json(user).into_response(),
        Err(error) => (axum::http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Serves on a free port, and says on standard output which.
#[expect(clippy::print_stdout, reason = "the address on standard output is for the program that measures")]
async fn serve(router: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("bare http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}
