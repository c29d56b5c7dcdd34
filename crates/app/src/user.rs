//! The account itself.

use domain::account::Language;
use store::users;

use crate::session::Who;
use crate::{App, Error, Result};

/// Changes the language of mails and pages.
pub async fn set_language(app: &App, who: &Who, language: Language) -> Result<users::Model> {
    let now = app.clock.now();
    app.retrying(|| async {
        let tx = app.store.write_txn().await?;
        let mut user = users::lock(&tx, who.user.id).await?.ok_or(Error::NotFound)?;
        user.language = language.as_str().to_owned();
        user.updated_at = now;
        users::save(&tx, user.clone()).await?;
        tx.commit().await?;
        Ok(user)
    })
    .await
}
