//! What a backup needs of a database: a copy of it as it is at one moment, a place to put such a copy into, and a look at
//! what came out.
//!
//! SQLite copies itself into a file ([`sqlite`]); MariaDB and MySQL are read and written by their own programs
//! ([`dump`], [`load`]), whose path comes with [`Tools`] and whose password goes through a file ([`access`]).

pub mod access;
pub mod dump;
pub mod load;
pub mod mysql;
pub mod sqlite;
pub mod tools;

pub use access::Access;
pub use dump::Dump;
pub use load::Load;
pub use tools::Tools;

use std::collections::BTreeMap;

use crate::connect::backend_of;
use crate::migration::Migrator;
use crate::{Backend, Result, Settings, StoreError};
use sea_orm_migration::MigratorTrait as _;

/// What a database holds, as far as it is cheap to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Name of the last migration that was applied.
    pub migration: Option<String>,
    /// Rows by table, where the copy can be counted.
    pub rows: Option<BTreeMap<String, u64>>,
}

/// The kind of database that a URL names.
///
/// # Errors
/// When it is none that this program knows.
pub fn kind_of(settings: &Settings) -> Result<Backend> {
    backend_of(&settings.url)
}

/// Name of the last migration that this program knows.
#[must_use]
pub fn newest_migration() -> Option<String> {
    Migrator::migrations().last().map(|step| step.name().to_owned())
}

fn unusable(words: impl Into<String>) -> StoreError {
    StoreError::Unusable(words.into())
}
