//! Support tickets.

use domain::page::Place;
use domain::ticket::{Category, Life, Priority, Side, State};
use domain::time::UnixMs;
use sea_orm::entity::prelude::*;
use sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use crate::{Db, Result, StoreError, Tx, seek};

/// A row of `tickets`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tickets")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What people call it by: 1, 2, 3 …
    pub number: i64,
    /// Whose it is.
    pub user_id: Uuid,
    /// What it is about, in one line.
    pub subject: String,
    /// A word of [`Category`].
    pub category: String,
    /// A word of [`Priority`].
    pub priority: String,
    /// A word of [`State`].
    pub state: String,
    /// Where it was opened: `site`, `api` or `discord`.
    pub source: String,
    /// The way through the help that led to it: names of nodes, by dots.
    pub way: Option<String>,
    /// Who of the team has it.
    pub claimed_by: Option<Uuid>,
    /// Since when the customer waits, while it is open.
    pub asked_at: UnixMs,
    /// Until when an answer is promised; NULL unless the customer waits for one.
    pub answer_by: Option<UnixMs>,
    /// When the team wrote first.
    pub first_response_at: Option<UnixMs>,
    /// When the customer is to be warned, or the ticket to be closed.
    pub due_at: Option<UnixMs>,
    /// When the customer was warned.
    pub warned_at: Option<UnixMs>,
    /// When it was closed.
    pub closed_at: Option<UnixMs>,
    /// A word of [`Side`].
    pub closed_by: Option<String>,
    /// Why.
    pub close_reason: Option<String>,
    /// The customer's verdict, 1 to 5.
    pub rating: Option<i64>,
    /// In words.
    pub rating_note: Option<String>,
    /// When it was opened.
    pub created_at: UnixMs,
    /// When anything was last written or done in it.
    pub updated_at: UnixMs,
}

/// No relations are declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

fn word<T: std::str::FromStr>(column: &str, word: &str) -> Result<T> {
    word.parse().map_err(|_| StoreError::Unusable(format!("tickets.{column} holds an unknown word")))
}

impl Model {
    /// One that is opened now, before it is known what it is about, where it is opened and where it stands.
    pub fn begun(id: Uuid, user: Uuid, now: UnixMs) -> Model {
        Model {
            id,
            number: 0,
            user_id: user,
            subject: String::new(),
            category: String::new(),
            priority: String::new(),
            state: String::new(),
            source: String::new(),
            way: None,
            claimed_by: None,
            asked_at: now,
            answer_by: None,
            first_response_at: None,
            due_at: None,
            warned_at: None,
            closed_at: None,
            closed_by: None,
            close_reason: None,
            rating: None,
            rating_note: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// What changes in its life.
    pub fn life(&self) -> Result<Life> {
        Ok(Life {
            state: word("state", &self.state)?,
            priority: word("priority", &self.priority)?,
            claimed_by: self.claimed_by,
            first_response_at: self.first_response_at,
            asked_at: self.asked_at,
            due_at: self.due_at,
            warned_at: self.warned_at,
            closed_at: self.closed_at,
            closed_by: self.closed_by.as_deref().map(|side| word::<Side>("closed_by", side)).transpose()?,
        })
    }

    /// Takes over what has changed.
    pub fn set_life(&mut self, life: &Life) {
        life.state.as_str().clone_into(&mut self.state);
        life.priority.as_str().clone_into(&mut self.priority);
        self.claimed_by = life.claimed_by;
        self.first_response_at = life.first_response_at;
        self.asked_at = life.asked_at;
        self.answer_by = life.answer_by();
        self.due_at = life.due_at;
        self.warned_at = life.warned_at;
        self.closed_at = life.closed_at;
        self.closed_by = life.closed_by.map(|side| side.as_str().to_owned());
    }
}

/// Adds a ticket under the next free number, which it returns. Two at the same moment may meet on one number: then one
/// of them is to be tried again.
pub async fn insert(tx: &Tx, mut row: Model) -> Result<i64> {
    let last: Option<i64> = Entity::find()
        .select_only()
        .column(Column::Number)
        .order_by_desc(Column::Number)
        .limit(1)
        .into_tuple()
        .one(tx.conn())
        .await?;
    row.number = last.unwrap_or(0) + 1;
    let number = row.number;
    match Entity::insert(row.into_active_model()).exec_without_returning(tx.conn()).await.map_err(StoreError::from) {
        Ok(_) => Ok(number),
        Err(error) if error.is_duplicate_of("number") => {
            Err(StoreError::Contention(DbErr::Custom("another ticket has just got this number".into())))
        }
        Err(error) => Err(error),
    }
}

/// By id.
pub async fn by_id(db: &impl Db, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(db.conn()).await?)
}

/// By number.
pub async fn by_number(db: &impl Db, number: i64) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Number.eq(number)).one(db.conn()).await?)
}

/// By id, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(tx.conn()).await?)
}

/// Saves all columns of a row that was loaded with [`lock`].
pub async fn save(tx: &Tx, row: Model) -> Result<()> {
    row.into_active_model().reset_all().update(tx.conn()).await?;
    Ok(())
}

/// A page of a customer's, newest first: those after `after`.
pub async fn of_user(db: &impl Db, user: Uuid, after: Option<Place>, limit: u64) -> Result<Vec<Model>> {
    let query = Entity::find().filter(Column::UserId.eq(user));
    Ok(seek::newest_first(query, Column::CreatedAt, Column::Id, after, limit).all(db.conn()).await?)
}

/// How many of a customer's are not closed.
pub async fn count_open(db: &impl Db, user: Uuid) -> Result<u64> {
    let query = Entity::find().filter(Column::UserId.eq(user)).filter(Column::State.ne(State::Closed.as_str()));
    Ok(query.count(db.conn()).await?)
}

/// How many a customer has opened since `since`.
pub async fn count_since(db: &impl Db, user: Uuid, since: UnixMs) -> Result<u64> {
    Ok(Entity::find().filter(Column::UserId.eq(user)).filter(Column::CreatedAt.gte(since)).count(db.conn()).await?)
}

/// Whose tickets one of the team wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// Everybody's.
    #[default]
    All,
    /// Those that nobody has.
    Nobody,
    /// One's own.
    Of(Uuid),
}

/// Which tickets one of the team wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// Where they stand.
    pub state: State,
    /// Who has them.
    pub whose: Whose,
    /// What they are about.
    pub category: Option<Category>,
    /// How soon they are to be answered.
    pub priority: Option<Priority>,
}

impl Filter {
    /// The queue: what waits for an answer.
    pub const QUEUE: Filter = Filter { state: State::Open, whose: Whose::All, category: None, priority: None };

    /// Whether the page is in the order in which answers are promised; all others have the newest first.
    fn is_queue(self) -> bool {
        self.state == State::Open
    }

    /// The place of a row on the page.
    pub fn place(self, row: &Model) -> Place {
        let at = if self.is_queue() { row.answer_by.unwrap_or_default() } else { row.updated_at };
        Place { at, id: row.id }
    }

    fn query(self) -> Select<Entity> {
        let mut query = Entity::find().filter(Column::State.eq(self.state.as_str()));
        match self.whose {
            Whose::All => {}
            Whose::Nobody => query = query.filter(Column::ClaimedBy.is_null()),
            Whose::Of(id) => query = query.filter(Column::ClaimedBy.eq(id)),
        }
        if let Some(category) = self.category {
            query = query.filter(Column::Category.eq(category.as_str()));
        }
        if let Some(priority) = self.priority {
            query = query.filter(Column::Priority.eq(priority.as_str()));
        }
        query
    }
}

/// A page for the team: what waits for an answer in the order in which it is promised, all else newest first.
pub async fn page(db: &impl Db, filter: Filter, after: Option<Place>, limit: u64) -> Result<Vec<Model>> {
    let query = filter.query();
    let query = if filter.is_queue() {
        let after = after.unwrap_or(Place { at: i64::MIN, id: Uuid::nil() });
        seek::oldest_first(query, Column::AnswerBy, Column::Id, after, limit)
    } else {
        seek::newest_first(query, Column::UpdatedAt, Column::Id, after, limit)
    };
    Ok(query.all(db.conn()).await?)
}

/// How many there are of which a filter speaks.
pub async fn count(db: &impl Db, filter: Filter) -> Result<u64> {
    Ok(filter.query().count(db.conn()).await?)
}

/// The ids of those for which something is due.
pub async fn due(db: &impl Db, now: UnixMs, limit: u64) -> Result<Vec<Uuid>> {
    let query = Entity::find().select_only().column(Column::Id).filter(Column::DueAt.lte(now));
    Ok(query.order_by_asc(Column::DueAt).limit(limit).into_tuple().all(db.conn()).await?)
}

/// Forgets all tickets of a customer, with what was written in them.
pub async fn delete_of(tx: &Tx, user: Uuid) -> Result<()> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(tx.conn()).await?;
    Ok(())
}

/// Takes one who leaves the team off all tickets.
pub async fn release_all_of(tx: &Tx, helper: Uuid) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::ClaimedBy, Expr::value(Option::<Uuid>::None))
        .filter(Column::ClaimedBy.eq(helper))
        .exec(tx.conn())
        .await?;
    Ok(())
}
