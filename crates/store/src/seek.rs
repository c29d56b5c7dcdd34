//! Pages of lists that are ordered by time and id, newest first.

use domain::page::Place;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// At most `limit` rows of a query, newest first: those after `after`.
pub(crate) fn newest_first<E: EntityTrait>(
    mut query: Select<E>,
    at: E::Column,
    id: E::Column,
    after: Option<Place>,
    limit: u64,
) -> Select<E> {
    if let Some(last) = after {
        let same_moment = Condition::all().add(at.eq(last.at)).add(id.lt(last.id));
        query = query.filter(Condition::any().add(at.lt(last.at)).add(same_moment));
    }
    query.order_by_desc(at).order_by_desc(id).limit(limit)
}
