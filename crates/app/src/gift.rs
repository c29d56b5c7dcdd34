//! Gift codes, redeemed: credit for whoever types one in first.

use domain::gift::{GiftCode, GiftError};
use domain::ledger::Movement;
use domain::money::Money;
use domain::time::UnixMs;
use store::{gift_batches, gift_codes, users};

use crate::credit::refused;
use crate::limiter::Subject;
use crate::session::Who;
use crate::{App, Error, LimitClass, Result, failpoint, ledger};

/// Books a code's worth as credit of the one who types it in, once; returns what it was worth. Tries are counted, as codes
/// are worth guessing.
pub async fn redeem(app: &App, who: &Who, typed: &str) -> Result<Money> {
    let account = who.user.id.to_string();
    app.limiter.check(LimitClass::Credential, Subject::Account(&account), app.clock.now()).await?;
    let hash = GiftCode::hash_of(typed).ok_or_else(|| gives_nothing(GiftError::Unknown))?;
    app.retrying(|| redeem_once(app, who, &hash)).await
}

async fn redeem_once(app: &App, who: &Who, hash: &[u8]) -> Result<Money> {
    let now = app.clock.now();
    let tx = app.store.write_txn().await?;
    let user = users::lock(&tx, who.user.id).await?.filter(|user| user.deleted_at.is_none()).ok_or(Error::NotFound)?;
    let mut row = gift_codes::lock_by_hash(&tx, hash).await?.ok_or_else(|| gives_nothing(GiftError::Unknown))?;
    let batch = gift_batches::lock(&tx, row.batch_id).await?.ok_or(Error::NotFound)?;
    check(&row, &batch, now).map_err(gives_nothing)?;
    let worth = Money::new(batch.amount, ledger::currency(&batch.currency)?);
    let about = row.id.simple().to_string();
    let movement = Movement::gift(&format!("gift:{about}"), worth).map_err(refused)?;
    row.redeemed_by = Some(user.id);
    row.redeemed_at = Some(now);
    gift_codes::save(&tx, row).await?;
    ledger::post(app, &tx, user.id, &movement, Some(&about), now).await?;
    failpoint::pass("gift.saved");
    tx.commit().await?;
    failpoint::pass("gift.committed");
    Ok(worth)
}

fn check(row: &gift_codes::Model, batch: &gift_batches::Model, now: UnixMs) -> std::result::Result<(), GiftError> {
    if row.redeemed_at.is_some() {
        return Err(GiftError::Redeemed);
    }
    let is_over = batch.voided_at.is_some() || batch.expires_at.is_some_and(|at| at <= now);
    if is_over { Err(GiftError::Over) } else { Ok(()) }
}

fn gives_nothing(error: GiftError) -> Error {
    match error {
        GiftError::Unknown => Error::invalid("code", error.code(), error.to_string()),
        GiftError::Redeemed | GiftError::Over => Error::conflict(error.code(), error.to_string()),
    }
}
