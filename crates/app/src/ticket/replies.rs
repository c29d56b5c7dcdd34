//! Answers that the team keeps ready.

use domain::ticket::{Body, Subject};
use store::ticket_replies;
use uuid::Uuid;

use super::ReplyRow;
use crate::{App, Error, Result, admin};

/// Most of them: more can't be looked through.
const MOST: usize = 200;

/// All of them, by name.
pub async fn replies(app: &App) -> Result<Vec<ReplyRow>> {
    Ok(ticket_replies::all(&app.store).await?)
}

/// Keeps an answer; under a name that is known it takes the place of the other.
pub async fn add_reply(app: &App, actor: &str, name: &str, body: &str) -> Result<()> {
    let name = Subject::parse(name).ok().filter(|name| name.as_str().chars().count() <= 60);
    let name =
        name.ok_or_else(|| Error::invalid("name", "ticket_reply_name", "a name is one line of 3 to 60 characters"))?;
    let body = Body::parse(body).map_err(|error| Error::invalid("body", error.code(), error.to_string()))?;
    app.retrying(|| async {
        let now = app.clock.now();
        let tx = app.store.write_txn().await?;
        let known = ticket_replies::all(&tx).await?;
        let (name, body) = (name.as_str().to_owned(), body.as_str().to_owned());
        match known.iter().find(|row| row.name == name) {
            Some(row) => ticket_replies::save(&tx, ReplyRow { body, updated_at: now, ..row.clone() }).await?,
            None if known.len() >= MOST => {
                return Err(Error::conflict(
                    "ticket_replies_full",
                    "there are as many answers as one can look through",
                ));
            }
            None => {
                let row = ReplyRow { id: app.dice.id(now), name: name.clone(), body, updated_at: now };
                ticket_replies::insert(&tx, row).await?;
            }
        }
        admin::audit(app, &tx, actor, "ticket_reply.set", &name, "", now).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Forgets an answer.
pub async fn delete_reply(app: &App, actor: &str, id: Uuid) -> Result<()> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let row = ticket_replies::by_id(&tx, id).await?.ok_or(Error::NotFound)?;
    ticket_replies::delete(&tx, id).await?;
    admin::audit(app, &tx, actor, "ticket_reply.delete", &row.name, "", now).await?;
    Ok(tx.commit().await?)
}
