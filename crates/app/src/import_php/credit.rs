//! Credit, and who brought in whom.

use domain::ledger::{Account, Kind, Movement};
use domain::money::Currency;
use domain::reward::State;
use store::foreign::Row;
use store::{imported, sponsorships, users};
use uuid::Uuid;

use super::{Import, Refusal, Stop, integer, no, text};
use crate::{Error, Result, ledger};

impl Import<'_> {
    /// What a user had as credit is the opening entry; who brought them in is kept.
    pub(super) async fn credit_and_sponsor(&mut self, row: &Row) -> Result<()> {
        let Some(old) = text(row, &["id"]) else { return Ok(()) };
        let Some(user) = self.known("users", old).await? else { return Ok(()) };
        let amount = integer(row, &["credits_cents"]).unwrap_or(0);
        let movement = format!("php:credits:{old}");
        if amount != 0 && imported::get(&self.tx, &movement).await?.is_none() {
            let entry = Movement::new(Kind::Opening, &movement, Currency::USD)
                .with(Account::Opening, Account::CustomerCredit, amount)
                .map_err(|error| Error::Internal(Box::new(error)))?;
            ledger::post(self.app, &self.tx, user, &entry, None, self.now).await?;
            imported::insert(&self.tx, &movement, user, self.now).await?;
            *self.report.taken.entry("credit_ledger").or_default() += 1;
        }
        if let Some(sponsor) = text(row, &["sponsor_id"]) {
            let done = self.bring(sponsor, user, old).await;
            match done {
                Ok(true) => *self.report.taken.entry("sponsorships").or_default() += 1,
                Ok(false) => {}
                Err(Stop::Refused(why)) => {
                    self.report.refused.push(Refusal { table: "users", id: old.to_owned(), why });
                }
                Err(Stop::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) async fn sponsorship(&self, row: &Row) -> std::result::Result<bool, Stop> {
        let (Some(sponsor), Some(sponsored)) =
            (text(row, &["sponsor_id"]), text(row, &["sponsored_id", "user_id", "referred_id"]))
        else {
            return no("it names no two accounts");
        };
        let Some(user) = self.known("users", sponsored).await? else {
            return no(format!("account {sponsored} was not taken over"));
        };
        self.bring(sponsor, user, sponsored).await
    }

    /// One sponsor in a life: who is known to have one keeps it.
    async fn bring(&self, sponsor: &str, user: Uuid, old: &str) -> std::result::Result<bool, Stop> {
        let source = format!("php:sponsor:{old}");
        if imported::get(&self.tx, &source).await?.is_some() {
            return Ok(false);
        }
        let Some(sponsor_id) = self.known("users", sponsor).await? else {
            return no(format!("its sponsor {sponsor} was not taken over"));
        };
        if sponsor_id == user {
            return no("it is its own sponsor");
        }
        let Some(mut row) = users::lock(&self.tx, user).await? else { return no("it is gone") };
        row.referred_by = Some(sponsor_id);
        let created_at = row.created_at;
        users::save(&self.tx, row).await?;
        let id = self.app.dice.id(self.now);
        let state = State::Imported.as_str().to_owned();
        let row = sponsorships::Model {
            id,
            sponsor_id,
            user_id: user,
            state,
            created_at,
            invoice: None,
            amount: 0,
            currency: None,
            due_at: None,
            reason: None,
            updated_at: self.now,
        };
        sponsorships::insert(&self.tx, &row).await?;
        imported::insert(&self.tx, &source, id, self.now).await?;
        Ok(true)
    }
}
