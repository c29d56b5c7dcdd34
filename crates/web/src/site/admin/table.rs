//! Tables: what every list of these pages is made of.

/// A cell of a table.
pub(super) struct Cell {
    pub(super) text: String,
    /// Where it leads; nowhere if empty.
    pub(super) href: String,
    /// Class of the cell.
    pub(super) class: &'static str,
    /// Class of the text in it.
    pub(super) mark: &'static str,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), href: String::new(), class: "", mark: "" }
    }

    pub(super) fn number(text: impl Into<String>) -> Cell {
        Cell { class: "num", ..Cell::text(text) }
    }

    pub(super) fn link(text: impl Into<String>, href: impl Into<String>) -> Cell {
        Cell { href: href.into(), ..Cell::text(text) }
    }

    /// A state, with the shape of `status status-up` and the like.
    pub(super) fn state(text: impl Into<String>, mark: &'static str) -> Cell {
        Cell { mark, ..Cell::text(text) }
    }
}

/// A column's head.
pub(super) struct Head {
    pub(super) label: String,
    pub(super) class: &'static str,
}

/// A table with its title.
pub(super) struct Table {
    /// None where the page's title says it.
    pub(super) title: String,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// What stands there instead of no rows.
    pub(super) empty: String,
}

impl Table {
    pub(super) fn new(title: impl Into<String>, heads: Vec<String>, empty: String, rows: Vec<Vec<Cell>>) -> Table {
        let class = |at: usize| rows.first().and_then(|row| row.get(at)).map_or("", |cell| cell.class);
        let heads = heads.into_iter().enumerate().map(|(at, label)| Head { label, class: class(at) }).collect();
        Table { title: title.into(), heads, rows, empty }
    }

    /// Each row's cells with the labels of their columns.
    pub(super) fn lines(&self) -> impl Iterator<Item = Vec<(&Cell, &str)>> {
        let labels = || self.heads.iter().map(|head| head.label.as_str());
        self.rows.iter().map(move |row| row.iter().zip(labels()).collect())
    }
}
