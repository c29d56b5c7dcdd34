//! What is held about people.

/// The tables with rows about people.
pub fn tables() -> impl Iterator<Item = &'static str> {
    store::held::HELD.iter().map(|held| held.table)
}
