//! Sessions: begun at sign-in, refreshed, listed and ended.

use domain::time::UnixMs;
use domain::token;
use store::sessions::{self, Which};
use store::{Db, Tx, users};
use uuid::Uuid;

use crate::tokens::{self, Access, Refresh};
use crate::{App, Error, Result, admin, failpoint};

/// How long the site's cookie lasts: thirty days, as the API's refresh token does by default.
const SITE_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// Two uses of a refresh token by the same client within this time get the same successor.
const REFRESH_GRACE_MS: i64 = 5_000;

/// A session that counts, as a request knows it.
pub use store::sessions::Live;
/// A session, as `store` keeps it.
pub use store::sessions::Model as SessionRow;
/// An account, as a request knows it.
pub use store::users::Account;
/// An account, as `store` keeps it.
pub use store::users::Model as UserRow;

/// Who makes a request: a session and its user.
#[derive(Debug, Clone)]
pub struct Who {
    /// The session.
    pub session: sessions::Live,
    /// The account.
    pub user: users::Account,
}

/// What an API client gets at login and at each refresh.
pub struct TokenPair {
    /// Access token.
    pub access: String,
    /// Life of the access token, in seconds.
    pub expires_in: i64,
    /// Refresh token.
    pub refresh: String,
    /// Life of the refresh token, in seconds.
    pub refresh_expires_in: i64,
}

fn unknown() -> Error {
    Error::Unauthorized { code: "session_invalid", detail: "sign in: this session is unknown or has ended" }
}

fn new_row(user: Uuid, kind: &str, client: &str, now: UnixMs, id: Uuid) -> sessions::Model {
    sessions::Model {
        id,
        user_id: user,
        kind: kind.to_owned(),
        token_hash: Vec::new(),
        generation: 0,
        rotated_at: None,
        client: client.to_owned(),
        seen_day: now - now.rem_euclid(DAY_MS),
        created_at: now,
        expires_at: now,
        revoked_at: None,
        proved_at: now,
    }
}

/// Begins a session of the site; returns the cookie.
pub async fn begin_site(app: &App, tx: &Tx, user: Uuid, client: &str, now: UnixMs) -> Result<String> {
    let cookie = app.dice.token();
    let mut row = new_row(user, "site", client, now, app.dice.id(now));
    row.token_hash = token::hash(cookie.text()).to_vec();
    row.expires_at = now + SITE_MS;
    sessions::insert(tx, &row).await?;
    Ok(cookie.text().to_owned())
}

/// Begins a session of the API; returns its first tokens.
pub async fn begin_api(app: &App, tx: &Tx, user: Uuid, client: &str, now: UnixMs) -> Result<TokenPair> {
    let mut row = new_row(user, "api", client, now, app.dice.id(now));
    row.expires_at = now + app.config.refresh_ms;
    let pair = pair_of(app, &row, now);
    row.token_hash = token::hash(&pair.refresh).to_vec();
    sessions::insert(tx, &row).await?;
    Ok(pair)
}

fn pair_of(app: &App, row: &sessions::Model, now: UnixMs) -> TokenPair {
    TokenPair {
        access: tokens::access(&app.config, Access { user: row.user_id, session: row.id }, now),
        expires_in: app.config.access_ms / 1000,
        refresh: tokens::refresh(&app.config.jwt_secret, Refresh { session: row.id, generation: row.generation }),
        refresh_expires_in: (row.expires_at - now).max(0) / 1000,
    }
}

/// Who is behind a cookie of the site.
pub async fn by_cookie(app: &App, cookie: &str, now: UnixMs) -> Result<Who> {
    let found = sessions::live_by_token(&app.store, &token::hash(cookie), now).await?;
    seen(app, found, now).await
}

/// Who is behind an access token of the API.
pub async fn by_access_token(app: &App, text: &str, now: UnixMs) -> Result<Who> {
    by_access(app, tokens::read_access(&app.config, text, now).ok_or_else(unknown)?, now).await
}

/// Who is behind an access token that was read already.
pub async fn by_access(app: &App, access: Access, now: UnixMs) -> Result<Who> {
    let found = sessions::live_by_id(&app.store, access.session, now).await?;
    seen(app, found.filter(|(_, user)| user.id == access.user), now).await
}

async fn seen(app: &App, found: Option<(sessions::Live, users::Account)>, now: UnixMs) -> Result<Who> {
    let (session, user) = found.ok_or_else(unknown)?;
    if user.suspended_at.is_some() {
        return Err(Error::Forbidden {
            code: "account_suspended",
            detail: "this account is suspended; write to support",
        });
    }
    let day = now - now.rem_euclid(DAY_MS);
    if session.seen_day < day {
        sessions::touch(&app.store, session.id, day).await?;
    }
    Ok(Who { session, user })
}

/// Exchanges a refresh token for a new pair. A token that was used before ends its whole session.
pub async fn refresh(app: &App, text: &str, client: &str) -> Result<TokenPair> {
    let now = app.clock.now();
    let shown = tokens::read_refresh(&app.config.jwt_secret, text).ok_or_else(unknown)?;
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut row = sessions::lock(&tx, shown.session).await?.ok_or_else(unknown)?;
        if row.kind != "api" || row.revoked_at.is_some() || row.expires_at <= now {
            return Err(unknown());
        }
        // Either way: a clock that was set back must not stretch this.
        let just_rotated = row.rotated_at.is_some_and(|at| (now - at).abs() <= REFRESH_GRACE_MS);
        if shown.generation == row.generation {
            row.generation += 1;
            row.rotated_at = Some(now);
            row.expires_at = now + app.config.refresh_ms;
            let pair = pair_of(app, &row, now);
            row.token_hash = token::hash(&pair.refresh).to_vec();
            sessions::save(&tx, row).await?;
            failpoint::pass("refresh.saved");
            tx.commit().await?;
            failpoint::pass("refresh.committed");
            Ok(pair)
        } else if shown.generation == row.generation - 1 && just_rotated && row.client == client {
            Ok(pair_of(app, &row, now))
        } else {
            let (user, session) = (row.user_id, row.id);
            sessions::revoke(&tx, user, Which::One(session), now).await?;
            let what = "a refresh token was used a second time: the session was ended";
            admin::audit(app, &tx, &user.to_string(), "session.reuse", &session.to_string(), what, now).await?;
            tx.commit().await?;
            tracing::warn!(%session, "refresh token reused: session ended");
            Err(unknown())
        }
    })
    .await
}

/// How much to end at log-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// This session.
    Here,
    /// Every session of the user.
    Everywhere,
}

/// Ends the session, or all of the user's.
pub async fn sign_out(app: &App, who: &Who, extent: Extent) -> Result<()> {
    let which = match extent {
        Extent::Here => Which::One(who.session.id),
        Extent::Everywhere => Which::All,
    };
    sessions::revoke(&app.store, who.user.id, which, app.clock.now()).await?;
    Ok(())
}

/// The user's live sessions, newest first.
pub async fn list(app: &App, who: &Who) -> Result<Vec<sessions::Model>> {
    Ok(sessions::live_of(&app.store, who.user.id, app.clock.now()).await?)
}

/// Ends one of the user's sessions; another's is not found.
pub async fn end(app: &App, who: &Who, id: Uuid) -> Result<()> {
    match sessions::revoke(&app.store, who.user.id, Which::One(id), app.clock.now()).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// Ends all sessions of a user, inside a transaction that changes what they rest on.
pub(crate) async fn end_all(db: &impl Db, user: Uuid, now: UnixMs) -> Result<()> {
    sessions::revoke(db, user, Which::All, now).await?;
    Ok(())
}
