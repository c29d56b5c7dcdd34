//! Gift codes, by an operator's hand: made in batches and shown once.

use std::collections::HashMap;

use domain::gift::GiftCode;
use domain::money::Money;
use domain::time::DAY_MS;
use store::{StoreError, gift_batches, gift_codes};
use uuid::Uuid;

use super::audit;
use crate::credit::refused;
use crate::{App, Error, Result};

/// Most codes of a batch.
const MOST: u32 = 10_000;
/// Longest note, in characters.
const MOST_NOTE: usize = 200;
/// Most batches in the list.
const MANY: u64 = 1_000;

/// A batch, as `store` keeps it.
pub use store::gift_batches::Model as BatchRow;

/// What is wanted of a batch.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The batch's id, so that one that is asked for twice is made once.
    pub id: Option<Uuid>,
    /// How many codes, 1 to 10000.
    pub count: u32,
    /// What each is worth.
    pub worth: Money,
    /// For how many days they can be redeemed.
    pub days: Option<u32>,
    /// What they are for.
    pub note: &'a str,
}

/// A batch with how many of its codes are redeemed.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The batch.
    pub row: BatchRow,
    /// Codes that somebody has redeemed.
    pub redeemed: i64,
}

/// Makes a batch. This is the only time that its codes can be read.
pub async fn make(app: &App, actor: &str, new: &New<'_>) -> Result<(BatchRow, Vec<String>)> {
    domain::credit::check(new.worth).map_err(refused)?;
    if !(1..=MOST).contains(&new.count) {
        return Err(Error::invalid("count", "number_invalid", "a whole number from 1 to 10000"));
    }
    let note = new.note.trim();
    if note.chars().count() > MOST_NOTE || note.chars().any(char::is_control) {
        return Err(Error::invalid("note", "note_invalid", "at most 200 characters that can be seen"));
    }
    app.retrying(|| make_once(app, actor, new, note)).await
}

async fn make_once(app: &App, actor: &str, new: &New<'_>, note: &str) -> Result<(BatchRow, Vec<String>)> {
    let now = app.clock.now();
    let batch = BatchRow {
        id: new.id.unwrap_or_else(|| app.dice.id(now)),
        note: note.to_owned(),
        amount: new.worth.minor,
        currency: new.worth.currency.as_str().to_owned(),
        codes: i64::from(new.count),
        expires_at: new.days.map(|days| now + i64::from(days) * DAY_MS),
        voided_at: None,
        created_at: now,
    };
    let codes: Vec<GiftCode> = (0..new.count).map(|_| GiftCode::from_random(app.dice.bytes())).collect();
    let row = |code: &GiftCode| gift_codes::Model {
        id: app.dice.id(now),
        batch_id: batch.id,
        code_hash: code.hash().to_vec(),
        redeemed_by: None,
        redeemed_at: None,
    };
    let rows: Vec<_> = codes.iter().map(row).collect();
    let tx = app.store.write_txn().await?;
    gift_batches::insert(&tx, &batch).await.map_err(|error| match error {
        StoreError::Duplicate(_) => Error::conflict(
            "gift_batch_known",
            "these codes were made already and are shown once; void the batch if they were lost",
        ),
        other => other.into(),
    })?;
    gift_codes::insert_all(&tx, &rows).await?;
    let detail = format!("{} codes of {} {}: {note}", new.count, new.worth.decimal(), batch.currency);
    audit(app, &tx, actor, "gift.make", &batch.id.to_string(), &detail, now).await?;
    tx.commit().await?;
    Ok((batch, codes.iter().map(GiftCode::text).collect()))
}

/// All batches, newest first.
pub async fn list(app: &App) -> Result<Vec<Counted>> {
    let rows = gift_batches::newest(&app.store, MANY).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let redeemed: HashMap<Uuid, i64> = gift_codes::redeemed(&app.store, &ids).await?.into_iter().collect();
    let counted = |row: BatchRow| Counted { redeemed: redeemed.get(&row.id).copied().unwrap_or(0), row };
    Ok(rows.into_iter().map(counted).collect())
}

/// Takes the codes of a batch out of use that are not redeemed; what was redeemed stays the customers'.
pub async fn void(app: &App, actor: &str, id: Uuid) -> Result<BatchRow> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let mut batch = gift_batches::lock(&tx, id).await?.ok_or(Error::NotFound)?;
    if batch.voided_at.is_some() {
        return Err(Error::conflict("gift_batch_void", "this batch is out of use already"));
    }
    batch.voided_at = Some(now);
    gift_batches::save(&tx, batch.clone()).await?;
    audit(app, &tx, actor, "gift.void", &id.to_string(), "", now).await?;
    tx.commit().await?;
    Ok(batch)
}
