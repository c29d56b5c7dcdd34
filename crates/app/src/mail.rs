//! Mails: written into the outbox in the transaction that gives rise to them, sent by a job afterwards.

use clients::mail::{MailError, Message};
use domain::account::{Email, Language};
use domain::time::UnixMs;
use serde::{Deserialize, Serialize};
use store::{Tx, outbox, users};
use uuid::Uuid;

use crate::jobs::{self, Failure, Job};
use crate::letter::{self, Letter};
use crate::{App, Result, failpoint};

/// A mail as it is sealed in the outbox.
#[derive(Serialize, Deserialize)]
struct Sealed {
    to: String,
    subject: String,
    text: String,
    html: String,
    #[serde(default)]
    unsubscribe: Option<String>,
}

/// Where a mail that waits is sealed.
pub(crate) fn place(id: Uuid) -> String {
    format!("outbox:{id}")
}

/// Writes a letter to `to` in their language, and the job that sends it.
pub async fn write(app: &App, tx: &Tx, to: &str, language: Language, letter: &Letter, now: UnixMs) -> Result<()> {
    let id = app.dice.id(now);
    let rendered = letter::render(letter, language, &app.config.brand.name);
    let content = Sealed {
        to: to.to_owned(),
        subject: rendered.subject,
        text: rendered.text,
        html: rendered.html,
        unsubscribe: letter.unsubscribe().map(str::to_owned),
    };
    let plain = serde_json::to_vec(&content).map_err(|e| crate::Error::Internal(Box::new(e)))?;
    let sealed = app.sealer.seal(&plain, &place(id), &app.dice);
    let user_id = match Email::parse(to) {
        Ok(email) => users::by_email(tx, email.canonical()).await?.map(|user| user.id),
        Err(_) => None,
    };
    let letter = letter.name().to_owned();
    let row = outbox::Model { id, letter, sealed: Some(sealed), created_at: now, sent_at: None, user_id };
    outbox::insert(tx, &row).await?;
    jobs::enqueue(app, tx, &Job::MailSend { mail: id }, now).await
}

/// The job: sends one mail. The mail service gets the row's id as its idempotency key, so a retry sends no second.
pub(crate) async fn send(app: &App, id: Uuid) -> std::result::Result<(), Failure> {
    let Some(row) = outbox::by_id(&app.store, id).await? else { return Ok(()) };
    let Some(sealed) = row.sealed else { return Ok(()) };
    let plain = app.sealer.open(&sealed, &place(id)).map_err(|e| Failure::Permanent(e.to_string()))?;
    let content: Sealed = serde_json::from_slice(&plain).map_err(|e| Failure::Permanent(e.to_string()))?;
    let message = Message {
        id: id.to_string(),
        from: app.config.mail_from.clone(),
        to: content.to,
        subject: content.subject,
        text: content.text,
        html: content.html,
        unsubscribe: content.unsubscribe,
    };
    match app.mailer.send(&message).await {
        Ok(()) => {
            failpoint::pass("mail.taken");
            outbox::sent(&app.store, id, app.clock.now()).await?;
            metrics::counter!("mirai_mails_sent_total").increment(1);
            Ok(())
        }
        Err(error @ MailError::Refused(..)) => Err(Failure::Permanent(error.to_string())),
        Err(error) => Err(Failure::Temporary(error.to_string())),
    }
}
