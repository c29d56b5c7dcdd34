//! Sums over time for the operators' figures: each in one reading of a table, cut at moments that the caller gives.

use domain::ledger::Account;
use domain::time::UnixMs;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::{Db, Result};

/// What an account of the books gained in each span, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gained {
    /// A word of [`Account`].
    pub account: String,
    /// ISO 4217, lower case.
    pub currency: String,
    /// In minor units, span by span.
    pub amounts: Vec<i64>,
}

/// What these accounts gained between each two of `cuts`, by account and currency. None if there are no two.
pub async fn gained(db: &impl Db, accounts: &[Account], cuts: &[UnixMs]) -> Result<Vec<Gained>> {
    let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else { return Ok(Vec::new()) };
    let spans: Vec<(UnixMs, UnixMs)> = cuts.iter().copied().zip(cuts.iter().copied().skip(1)).collect();
    // MariaDB adds integers up to a decimal number.
    let sum = "CAST(SUM(CASE WHEN created_at >= ? AND created_at < ? THEN amount ELSE 0 END) AS SIGNED)";
    let sums: String = spans.iter().map(|_| format!(", {sum}")).collect();
    let places = vec!["?"; accounts.len()].join(", ");
    let sql = format!(
        "SELECT account, currency{sums} FROM credit_ledger WHERE account IN ({places}) AND created_at >= ? \
         AND created_at < ? GROUP BY account, currency ORDER BY account, currency"
    );
    let values = spans.iter().flat_map(|(from, to)| [Value::from(*from), Value::from(*to)]);
    let values = values.chain(accounts.iter().map(|account| account.as_str().into()));
    let values: Vec<Value> = values.chain([(*first).into(), (*last).into()]).collect();
    let rows = db.conn().query_all_raw(Statement::from_sql_and_values(db.conn().get_database_backend(), sql, values));
    let mut gained = Vec::new();
    for row in rows.await? {
        let amounts: std::result::Result<Vec<i64>, _> =
            (0..spans.len()).map(|span| row.try_get_by_index(2 + span)).collect();
        gained.push(Gained {
            account: row.try_get_by_index(0)?,
            currency: row.try_get_by_index(1)?,
            amounts: amounts?,
        });
    }
    Ok(gained)
}

/// Subscriptions in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Running when it began.
    pub before: i64,
    /// That began in it.
    pub began: i64,
    /// That ended in it.
    pub ended: i64,
}

/// Which subscriptions ever served: one that Stripe knows has a paid invoice, and one paid with credit serves at once.
const SERVED: &str = "(s.stripe_customer_id = '' OR EXISTS (\
     SELECT 1 FROM invoices i WHERE i.subscription_id = s.id AND i.status = 'paid'))";

/// How subscriptions came and went between each two of `cuts`.
pub async fn subscriptions(db: &impl Db, cuts: &[UnixMs]) -> Result<Vec<Span>> {
    let spans: Vec<(UnixMs, UnixMs)> = cuts.iter().copied().zip(cuts.iter().copied().skip(1)).collect();
    let count = |what: &str| format!("CAST(COALESCE(SUM(CASE WHEN {what} THEN 1 ELSE 0 END), 0) AS SIGNED)");
    let three = [
        count("s.created_at < ? AND (s.ended_at IS NULL OR s.ended_at >= ?)"),
        count("s.created_at >= ? AND s.created_at < ?"),
        count("s.ended_at >= ? AND s.ended_at < ?"),
    ];
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    let columns = vec![three.join(", "); spans.len()].join(", ");
    let sql = format!("SELECT {columns} FROM subscriptions s WHERE {served}", served = SERVED);
    let of_span = |(from, to): &(UnixMs, UnixMs)| [*from, *from, *from, *to, *from, *to].map(Value::from);
    let values: Vec<Value> = spans.iter().flat_map(of_span).collect();
    let statement = Statement::from_sql_and_values(db.conn().get_database_backend(), sql, values);
    let Some(row) = db.conn().query_one_raw(statement).await? else { return Ok(Vec::new()) };
    let span = |at: usize| {
        let number = |place: usize| row.try_get_by_index::<i64>(at * 3 + place);
        Ok(Span { before: number(0)?, began: number(1)?, ended: number(2)? })
    };
    (0..spans.len()).map(span).collect()
}

/// What the network carried on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Traffic {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// Bytes from the devices.
    pub rx: i64,
    /// Bytes to the devices.
    pub tx: i64,
}

/// What all devices together have carried on each day since `day` on which they carried anything, oldest first.
pub async fn traffic(db: &impl Db, day: i64) -> Result<Vec<Traffic>> {
    let sql = "SELECT day, CAST(SUM(rx) AS SIGNED) AS rx, CAST(SUM(tx) AS SIGNED) AS tx FROM usage_days \
               WHERE day >= ? GROUP BY day ORDER BY day";
    let statement = Statement::from_sql_and_values(db.conn().get_database_backend(), sql, [day.into()]);
    Ok(Traffic::find_by_statement(statement).all(db.conn()).await?)
}

/// How many subscriptions are in each state, by plan and state.
pub async fn standing(db: &impl Db) -> Result<Vec<(String, String, i64)>> {
    let sql = "SELECT plan, status, COUNT(*) FROM subscriptions WHERE status <> 'ended' GROUP BY plan, status \
               ORDER BY plan, status";
    let rows = db.conn().query_all_raw(Statement::from_string(db.conn().get_database_backend(), sql)).await?;
    let line =
        |row: sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    rows.into_iter().map(line).collect()
}
