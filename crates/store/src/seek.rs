//! Pages of lists that are ordered by time and id.

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

/// The same the other way round. The first page begins after a place that no row has.
pub(crate) fn oldest_first<E: EntityTrait>(
    query: Select<E>,
    at: E::Column,
    id: E::Column,
    after: Place,
    limit: u64,
) -> Select<E> {
    let same_moment = Condition::all().add(at.eq(after.at)).add(id.gt(after.id));
    // The bound that both have in common is said first: by it the rows are found in an index.
    let query = query.filter(at.gte(after.at)).filter(Condition::any().add(at.gt(after.at)).add(same_moment));
    query.order_by_asc(at).order_by_asc(id).limit(limit)
}
