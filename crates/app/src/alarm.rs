//! Alarms: mails to those who run the company, when the program finds what a person must look at.

use domain::account::Role;
use store::{marks, users};

use crate::letter::Letter;
use crate::{App, Result, mail};

/// The same alarm is not raised again for so long.
const QUIET_MS: i64 = 20 * 3_600_000;

/// Most findings that a mail lists; all of them are in the log.
const MOST: usize = 50;

/// Tells all admins what was found, unless the same alarm was raised a short while ago. What is found again tomorrow is told
/// again.
pub(crate) async fn raise(app: &App, name: &str, lines: &[String]) -> Result<()> {
    app.retrying(|| raise_once(app, name, lines)).await?;
    app.wake_worker();
    Ok(())
}

async fn raise_once(app: &App, name: &str, lines: &[String]) -> Result<()> {
    let (now, mark) = (app.clock.now(), format!("alarm:{name}"));
    let tx = app.store.write_txn().await?;
    if marks::get(&tx, &mark).await?.is_some_and(|at| now - at < QUIET_MS) {
        return Ok(());
    }
    marks::advance(&tx, &mark, now).await?;
    let mut found: Vec<String> = lines.iter().take(MOST).cloned().collect();
    if lines.len() > MOST {
        found.push(format!("and {} more: see the log", lines.len() - MOST));
    }
    let letter = Letter::Alarm { found, link: app.config.link("/admin") };
    for user in users::of_role(&tx, Role::Admin).await? {
        mail::write(app, &tx, &user.email, user.language(), &letter, now).await?;
    }
    Ok(tx.commit().await?)
}
