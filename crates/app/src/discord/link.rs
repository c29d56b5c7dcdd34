//! A customer's account on Discord: linked by a code from the dashboard, so that only who has both can link them.

use domain::time::UnixMs;
use domain::token;
use store::discord::links::Model as LinkRow;
use store::discord::{codes, links, threads, undo};
use store::sessions::Live;
use store::{Tx, users};
use uuid::Uuid;

use super::Snowflake;
use crate::session::Who;
use crate::{App, Error, Result, admin};

/// How long a code can be used.
pub const CODE_MS: i64 = 10 * 60_000;
/// Characters of a code: forty bits, of which nobody guesses one in ten minutes.
const CODE_CHARS: usize = 8;
/// Letters and digits that can't be taken for each other (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A new code for an account, `4K7Q-M2XR`; for its owner's eyes alone. The last one is of no use any more.
pub async fn code(app: &App, user_id: Uuid) -> Result<String> {
    let random: [u8; CODE_CHARS] = app.dice.bytes();
    let text: String = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        // Two that are asked for at once come one after the other.
        users::lock(&tx, user_id).await?.ok_or(Error::NotFound)?;
        let expires_at = app.clock.now() + CODE_MS;
        let code_hash = token::hash(&text).to_vec();
        codes::replace(&tx, codes::Model { code_hash, user_id, expires_at }).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    let (first, second) = text.split_at(CODE_CHARS / 2);
    Ok(format!("{first}-{second}"))
}

/// Letters as they are read: small ones, and those that look like others.
fn canonical(code: &str) -> String {
    let read = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    code.chars().filter(|letter| letter.is_ascii_alphanumeric()).map(read).collect()
}

/// Links an account on Discord with the account that a code is from. Whoever has both decides anew: a former link of
/// either is gone.
pub async fn link(app: &App, discord: Snowflake, code: &str) -> Result<Who> {
    let hash = token::hash(&canonical(code));
    let user = app.retrying(|| link_once(app, discord, &hash)).await?;
    who_of(app, user).await?.ok_or_else(refused)
}

fn refused() -> Error {
    let detail = "this code is unknown or too old; get a new one on your dashboard";
    Error::invalid("code", "discord_code_invalid", detail)
}

async fn link_once(app: &App, discord: Snowflake, hash: &[u8]) -> Result<Uuid> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let code = codes::lock(&tx, hash).await?.filter(|code| now < code.expires_at).ok_or_else(refused)?;
    codes::delete(&tx, hash).await?;
    let user = users::lock(&tx, code.user_id).await?.filter(users::Model::may_sign_in).ok_or_else(refused)?;
    let known = links::of_user(&tx, user.id).await?;
    if known.as_ref().is_some_and(|known| known.discord_id == discord) {
        tx.commit().await?;
        return Ok(user.id);
    }
    for old in known.into_iter().chain(links::of_discord(&tx, discord).await?) {
        drop_link(app, &tx, &old, now).await?;
    }
    // Who comes back to their own threads stays in them.
    for thread in threads::of_user(&tx, user.id).await? {
        if let Some(channel) = thread.channel_id.filter(|_| thread.discord_id == discord) {
            undo::done(&tx, "member", channel).await?;
        }
    }
    links::insert(&tx, LinkRow { user_id: user.id, discord_id: discord, has_role: None, linked_at: now }).await?;
    admin::audit(app, &tx, &user.id.to_string(), "discord.link", &user.id.to_string(), "", now).await?;
    tx.commit().await?;
    Ok(user.id)
}

/// Removes a link; what the account on Discord has by it is taken back.
async fn drop_link(app: &App, tx: &Tx, link: &LinkRow, now: UnixMs) -> Result<()> {
    let due = |kind: &str, target| undo::Model { kind: kind.to_owned(), target, due_at: now };
    // Also where none was noted: it may be given at this moment.
    undo::put(tx, due("role", link.discord_id)).await?;
    for thread in threads::of_user(tx, link.user_id).await? {
        if let Some(channel) = thread.channel_id.filter(|_| thread.discord_id == link.discord_id) {
            undo::put(tx, due("member", channel)).await?;
        }
    }
    links::delete(tx, link.user_id).await?;
    let user = link.user_id.to_string();
    admin::audit(app, tx, &user, "discord.unlink", &user, "", now).await
}

/// Removes the caller's link; false if there is none.
pub async fn unlink(app: &App, who: &Who) -> Result<bool> {
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let link = links::of_user(&tx, who.user.id).await?;
        if let Some(link) = &link {
            drop_link(app, &tx, link, app.clock.now()).await?;
        }
        tx.commit().await?;
        Ok(link.is_some())
    })
    .await
}

/// An account is deleted: its threads on Discord go too, and its conversations in the team's log.
pub(crate) async fn forget(app: &App, tx: &Tx, user: Uuid, now: UnixMs) -> Result<()> {
    if let Some(link) = links::of_user(tx, user).await? {
        drop_link(app, tx, &link, now).await?;
    }
    for thread in threads::of_user(tx, user).await? {
        for (kind, target) in [("thread", thread.channel_id), ("log", thread.log_id)] {
            if let Some(target) = target {
                undo::put(tx, undo::Model { kind: kind.to_owned(), target, due_at: now }).await?;
            }
        }
    }
    Ok(())
}

/// Since when the caller's account is linked.
pub async fn since(app: &App, who: &Who) -> Result<Option<UnixMs>> {
    Ok(links::of_user(&app.store, who.user.id).await?.map(|link| link.linked_at))
}

/// The account that someone on Discord has with us, if they may sign in.
pub async fn who(app: &App, discord: Snowflake) -> Result<Option<Who>> {
    match links::of_discord(&app.store, discord).await? {
        Some(link) => who_of(app, link.user_id).await,
        None => Ok(None),
    }
}

/// As by a session that was proved long ago: what needs a fresh proof is not done on Discord.
async fn who_of(app: &App, user: Uuid) -> Result<Option<Who>> {
    let user = users::by_id(&app.store, user).await?.filter(users::Model::may_sign_in);
    let session = Live { id: Uuid::nil(), seen_day: app.clock.now(), proved_at: 0 };
    Ok(user.map(|user| Who { session, user: user.into() }))
}

/// The account on Discord of one of ours.
pub async fn discord_of(app: &App, user: Uuid) -> Result<Option<Snowflake>> {
    Ok(links::of_user(&app.store, user).await?.map(|link| link.discord_id))
}
