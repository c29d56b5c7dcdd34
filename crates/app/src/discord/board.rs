//! Messages of the bot that it keeps as they should be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use store::discord::boards;

use super::Snowflake;
use crate::{App, Result};

/// A message that is there.
pub use store::discord::boards::Model as BoardRow;

/// What a message should be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its name here.
    pub name: &'a str,
    /// Where it should be.
    pub channel: Snowflake,
    /// What it should say, in any form that changes with it.
    pub content: &'a str,
}

/// What is to be done about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is as it should be.
    Nothing,
    /// There is none.
    Post,
    /// It says something else.
    Edit(Snowflake),
}

/// What is to be done.
pub async fn step(app: &App, wanted: Wanted<'_>) -> Result<Step> {
    let known = boards::by_name(&app.store, wanted.name).await?;
    Ok(match known.filter(|known| known.channel_id == wanted.channel) {
        None => Step::Post,
        Some(known) if known.shown == mark(wanted.content) => Step::Nothing,
        Some(known) => Step::Edit(known.message_id),
    })
}

/// It is as it should be now.
pub async fn settled(app: &App, wanted: Wanted<'_>, message: Snowflake) -> Result<()> {
    let row = BoardRow {
        name: wanted.name.to_owned(),
        channel_id: wanted.channel,
        message_id: message,
        shown: mark(wanted.content),
        updated_at: app.clock.now(),
    };
    Ok(boards::put(&app.store, row).await?)
}

/// Somebody deleted a message, one of these or another.
pub async fn gone(app: &App, message: Snowflake) -> Result<()> {
    Ok(boards::forget_message(&app.store, message).await?)
}

fn mark(content: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(content))
}
