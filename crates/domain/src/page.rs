//! Lists in pages: which row is the last that a reader has, and what comes after it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::time::UnixMs;

/// Most rows of a page.
pub const MOST: u32 = 100;
/// Rows of a page, if nothing is said.
pub const USUAL: u32 = 50;

/// The place of a row in a list that is ordered by time and id. To readers it is a word without a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The row's time; 0 in lists that are ordered by id alone.
    pub at: UnixMs,
    /// The row's id.
    pub id: Uuid,
}

impl Place {
    /// The place of a row in a list that is ordered by id.
    pub fn of_id(id: Uuid) -> Place {
        Place { at: 0, id }
    }

    /// The cursor that stands for it, 32 characters.
    pub fn cursor(self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.at.to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn of_cursor(text: &str) -> Option<Place> {
        let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (at, id) = bytes.split_at(8);
        Some(Place { at: i64::from_be_bytes(at.try_into().ok()?), id: Uuid::from_slice(id).ok()? })
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Ascending.
    OldestFirst,
    /// Descending.
    NewestFirst,
}

/// Which page a reader asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// At most so many rows, 1 to [`MOST`].
    pub limit: u32,
    /// Those after this one.
    pub after: Option<Place>,
}

/// Why nobody can ask like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// 0, or more than [`MOST`].
    #[error("a page has 1 to 100 rows")]
    Limit,
    /// Not one of ours.
    #[error("the cursor is what a reply said in next_cursor; leave it out for the first page")]
    Cursor,
}

impl AskError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            AskError::Limit => "limit_invalid",
            AskError::Cursor => "cursor_invalid",
        }
    }
}

/// Some rows of a list, and where the next page goes on, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl Ask {
    /// The first page with this many rows.
    pub fn first(limit: u32) -> Ask {
        Ask { limit, after: None }
    }

    /// Reads what a reader has asked for.
    pub fn parse(limit: Option<u32>, cursor: Option<&str>) -> Result<Ask, AskError> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(AskError::Limit);
        }
        let place = |text| Place::of_cursor(text).ok_or(AskError::Cursor);
        Ok(Ask { limit, after: cursor.map(place).transpose()? })
    }

    /// The page from rows that begin where it begins: one row more than the limit tells that there is a next page.
    pub fn page<T>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> Place) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|row| place(row).cursor());
        Page { rows, next }
    }

    /// The page from all rows of a short list, in the list's order.
    pub fn cut<T>(&self, rows: Vec<T>, order: Order, place: impl Fn(&T) -> Place) -> Page<T> {
        let comes_after = |row: &T| match (self.after, order) {
            (None, _) => true,
            (Some(last), Order::OldestFirst) => place(row) > last,
            (Some(last), Order::NewestFirst) => place(row) < last,
        };
        self.page(rows.into_iter().filter(comes_after).collect(), place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(n: u128) -> Place {
        Place { at: i64::try_from(n / 3).unwrap(), id: Uuid::from_u128(n) }
    }

    fn read(all: &[Place], order: Order, limit: u32) -> Vec<Vec<Place>> {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let ask = Ask::parse(Some(limit), cursor.as_deref()).unwrap();
            let page = ask.cut(all.to_vec(), order, |place| *place);
            pages.push(page.rows);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn a_page_that_is_just_full_is_the_last_one() {
        let all: Vec<Place> = (0..6).map(place).collect();
        let sizes = |limit| read(&all, Order::OldestFirst, limit).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(3), [3, 3]);
        assert_eq!(sizes(4), [4, 2]);
        assert_eq!(sizes(6), [6]);
        assert_eq!(read(&[], Order::NewestFirst, 1), [Vec::new()]);
    }

    #[test]
    fn odd_questions_are_named() {
        assert_eq!(Ask::parse(None, None), Ok(Ask { limit: USUAL, after: None }));
        assert_eq!(Ask::parse(Some(0), None), Err(AskError::Limit));
        assert_eq!(Ask::parse(Some(101), None), Err(AskError::Limit));
        let long = "A".repeat(33);
        for cursor in ["", "1", "ä", long.as_str(), "' OR 1=1"] {
            assert_eq!(Ask::parse(None, Some(cursor)), Err(AskError::Cursor), "{cursor}");
        }
    }

    proptest! {
        #[test]
        fn every_row_is_on_one_page_in_order(rows in 0..40_u128, limit in 1..10_u32, newest_first: bool) {
            let mut all: Vec<Place> = (0..rows).map(place).collect();
            let order = if newest_first { Order::NewestFirst } else { Order::OldestFirst };
            if newest_first {
                all.reverse();
            }
            prop_assert_eq!(read(&all, order, limit).concat(), all);
        }
    }
}
