//! The books in double entry, see [`domain::ledger`]: lines are added and never changed. Beside them each customer's
//! wallets have a balance, so that reading one is reading a row, and so that of many who spend it at once one does.

use domain::ledger::{Account, Movement};
use domain::page::Place;
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Alias, Expr};
use sea_orm::{DbBackend, ExprTrait as _, IntoActiveModel, QueryOrder, QuerySelect, Statement};

use crate::{Db, Result, Tx, seek};

/// A row of `credit_ledger`: one line of a movement.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_ledger")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose money.
    pub user_id: Uuid,
    /// In minor units; above zero is owed by us or earned, below zero held or spent.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// Why, a word of [`domain::ledger::Kind`].
    pub kind: String,
    /// The movement's own name: its lines have it in common, and it happens once.
    pub movement: String,
    /// When.
    pub created_at: UnixMs,
    /// A word of [`Account`]; once in a movement.
    pub account: String,
    /// The Stripe invoice, or the subscription paid with credit, that it is about.
    pub about: Option<String>,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Books a movement of a customer's money; `id` makes the ids of its lines. False, and nothing may be committed, if it
/// would leave a wallet below zero that must not be. Duplicate of `movement` is an error: it has happened.
pub async fn post(
    tx: &Tx,
    mut id: impl FnMut() -> Uuid,
    user: Uuid,
    movement: &Movement,
    about: Option<&str>,
    now: UnixMs,
) -> Result<bool> {
    let line = |(account, amount): (Account, i64)| Model {
        id: id(),
        user_id: user,
        amount,
        currency: movement.currency.as_str().to_owned(),
        kind: movement.kind.as_str().to_owned(),
        movement: movement.name.clone(),
        created_at: now,
        account: account.as_str().to_owned(),
        about: about.map(str::to_owned),
    };
    let lines: Vec<ActiveModel> = movement.lines().map(line).map(IntoActiveModel::into_active_model).collect();
    if lines.is_empty() {
        return Ok(true);
    }
    Entity::insert_many(lines).exec_without_returning(tx.conn()).await?;
    for (account, amount) in movement.lines().filter(|(account, _)| account.is_wallet()) {
        let may_fall = amount > 0 || movement.kind.may_overdraw();
        let currency = movement.currency.as_str();
        let moved = if may_fall {
            add(tx, user, account, currency, amount).await?;
            true
        } else {
            take(tx, user, account, currency, amount).await?
        };
        if !moved {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn add(tx: &Tx, user: Uuid, account: Account, currency: &str, amount: i64) -> Result<()> {
    let backend = tx.conn().get_database_backend();
    let more = match backend {
        DbBackend::Sqlite => {
            "ON CONFLICT (user_id, account, currency) DO UPDATE SET balance = balance + excluded.balance"
        }
        _ => "ON DUPLICATE KEY UPDATE balance = balance + VALUES(balance)",
    };
    let sql = format!("INSERT INTO ledger_balances (user_id, account, currency, balance) VALUES (?, ?, ?, ?) {more}");
    let values = [user.into(), account.as_str().into(), currency.into(), amount.into()];
    tx.conn().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Adds an amount below zero to a balance that has it; false if it has not.
async fn take(tx: &Tx, user: Uuid, account: Account, currency: &str, amount: i64) -> Result<bool> {
    let sql = "UPDATE ledger_balances SET balance = balance + ? \
               WHERE user_id = ? AND account = ? AND currency = ? AND balance + ? >= 0";
    let backend = tx.conn().get_database_backend();
    let values = [amount.into(), user.into(), account.as_str().into(), currency.into(), amount.into()];
    let done = tx.conn().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// How many movements have a name that begins so and a line in this account. Names are ASCII.
pub async fn count_named(tx: &Tx, beginning: &str, account: Account) -> Result<u64> {
    let query = Entity::find().filter(Column::Movement.gte(beginning)).filter(Column::Account.eq(account.as_str()));
    let query = query.filter(Column::Movement.lt(format!("{beginning}\u{7f}")));
    Ok(query.count(tx.conn()).await?)
}

/// What the movement of this name is about, by its line in this account.
pub async fn about(tx: &Tx, movement: &str, account: Account) -> Result<Option<String>> {
    let query = Entity::find().select_only().column(Column::About).filter(Column::Movement.eq(movement));
    let query = query.filter(Column::Account.eq(account.as_str()));
    Ok(query.into_tuple::<Option<String>>().one(tx.conn()).await?.flatten())
}

/// The line of the movement of this name in this account.
pub async fn line(db: &impl Db, movement: &str, account: Account) -> Result<Option<Model>> {
    let query = Entity::find().filter(Column::Movement.eq(movement)).filter(Column::Account.eq(account.as_str()));
    Ok(query.one(db.conn()).await?)
}

/// What an account has about one thing, in each currency.
pub async fn sum_about(tx: &Tx, about: &str, account: Account) -> Result<Vec<(String, i64)>> {
    let query = Entity::find().select_only().column(Column::Currency).column_as(sum(), "total");
    let query = query.filter(Column::About.eq(about)).filter(Column::Account.eq(account.as_str()));
    Ok(query.group_by(Column::Currency).into_tuple().all(tx.conn()).await?)
}

/// MariaDB adds integers up to a decimal number.
fn sum() -> Expr {
    Expr::col(Column::Amount).sum().cast_as(Alias::new("SIGNED"))
}

/// What is in each account, by account and currency: a trial balance, whose currencies each sum to zero.
pub async fn totals(db: &impl Db) -> Result<Vec<(String, String, i64)>> {
    let query = Entity::find().select_only().column(Column::Account).column(Column::Currency);
    let query = query.column_as(sum(), "total").group_by(Column::Account).group_by(Column::Currency);
    let query = query.order_by_asc(Column::Account).order_by_asc(Column::Currency);
    Ok(query.into_tuple().all(db.conn()).await?)
}

/// All lines about a user's money.
pub async fn of_user(db: &impl Db, user: Uuid) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).limit(10_000).all(db.conn()).await?)
}

/// A page of what moved a user's wallet, newest first: those after `after`.
pub async fn page(db: &impl Db, user: Uuid, account: Account, after: Option<Place>, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user)).filter(Column::Account.eq(account.as_str()));
    let query = seek::newest_first(query, Column::CreatedAt, Column::Id, after, limit);
    Ok(query.all(db.conn()).await?)
}

/// The rows of `ledger_balances`: what each wallet has.
mod balances {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_balances")]
    pub(super) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub account: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub currency: String,
        pub balance: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(super) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a user's wallet has in each currency, by currency.
pub async fn balances(db: &impl Db, user: Uuid, account: Account) -> Result<Vec<(String, i64)>> {
    let rows = balances::Entity::find()
        .filter(balances::Column::UserId.eq(user))
        .filter(balances::Column::Account.eq(account.as_str()))
        .order_by_asc(balances::Column::Currency)
        .all(db.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.currency, row.balance)).collect())
}

/// What a user's wallet has in one currency.
pub async fn balance(db: &impl Db, user: Uuid, account: Account, currency: &str) -> Result<i64> {
    let key = (user, account.as_str().to_owned(), currency.to_owned());
    Ok(balances::Entity::find_by_id(key).one(db.conn()).await?.map_or(0, |row| row.balance))
}
