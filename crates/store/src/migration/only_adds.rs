//! Whether a step only adds (docs/decisions/0031): the release from before goes on beside it, and can come back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

use super::Migrator;
use crate::migrate::CONTRACT;

/// The last step of what was there when the rule began.
const FIRST_RELEASE: &str = "m0036_transcripts";

#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    kind: String,
    /// Whether a row can't be written without it.
    is_demanded: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeMap<String, Column>,
    /// Columns of which each combination may be there once.
    unique: BTreeSet<String>,
}

type Schema = BTreeMap<String, Table>;

/// What the release from before would stumble over.
fn breaks(before: &Schema, after: &Schema) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, table) in before {
        let Some(now) = after.get(name) else {
            wrong.push(format!("{name} is gone"));
            continue;
        };
        for (column, was) in &table.columns {
            match now.columns.get(column) {
                None => wrong.push(format!("{name}.{column} is gone")),
                Some(is) if is.kind != was.kind => {
                    wrong.push(format!("{name}.{column} was {}, and is {}", was.kind, is.kind))
                }
                Some(is) if is.is_demanded && !was.is_demanded => {
                    wrong.push(format!("{name}.{column} is demanded now"))
                }
                Some(_) => {}
            }
        }
        let new = now.columns.iter().filter(|(column, _)| !table.columns.contains_key(*column));
        wrong.extend(
            new.filter(|(_, is)| is.is_demanded).map(|(column, _)| format!("{name}.{column} is new and demanded")),
        );
        wrong.extend(now.unique.difference(&table.unique).map(|columns| format!("{name} ({columns}) is unique now")));
    }
    wrong
}

async fn rows(db: &DatabaseConnection, sql: String) -> Vec<sea_orm::QueryResult> {
    db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap()
}

async fn schema(db: &DatabaseConnection) -> Schema {
    let mut all = Schema::new();
    for row in rows(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'".into()).await
    {
        let name: String = row.try_get("", "name").unwrap();
        let mut table = Table::default();
        for row in
            rows(db, format!("SELECT name, type, \"notnull\" AS demanded, dflt_value FROM pragma_table_info('{name}')"))
                .await
        {
            let has_default = row.try_get::<Option<String>>("", "dflt_value").unwrap().is_some();
            let is_demanded = row.try_get::<i32>("", "demanded").unwrap() == 1 && !has_default;
            let kind = row.try_get("", "type").unwrap();
            table.columns.insert(row.try_get("", "name").unwrap(), Column { kind, is_demanded });
        }
        for row in rows(db, format!("SELECT name FROM pragma_index_list('{name}') WHERE \"unique\" = 1")).await {
            let index: String = row.try_get("", "name").unwrap();
            let columns = rows(db, format!("SELECT name FROM pragma_index_info('{index}')")).await;
            let names: Vec<String> = columns.iter().filter_map(|row| row.try_get("", "name").ok()).collect();
            table.unique.insert(names.join(", "));
        }
        all.insert(name, table);
    }
    all
}

#[tokio::test]
async fn a_step_only_adds_unless_its_name_says_otherwise() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    let mut before = Schema::new();
    for step in Migrator::migrations() {
        Migrator::up(&db, Some(1)).await.unwrap();
        let after = schema(&db).await;
        if step.name() > FIRST_RELEASE && !step.name().starts_with(CONTRACT) {
            assert_eq!(breaks(&before, &after), Vec::<String>::new(), "{}", step.name());
        }
        before = after;
    }
    assert!(before.len() > 60, "the tables were read");
}

/// What only MariaDB is told is not seen on SQLite, which can't change columns at all.
#[test]
fn a_step_has_no_statement_that_takes_away() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/migration");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with('m') || name == "mod" {
            continue;
        }
        seen += 1;
        if name.as_str() > FIRST_RELEASE {
            assert_eq!(takes_away(&std::fs::read_to_string(&path).unwrap()), None, "{name}");
        }
    }
    assert!(seen >= 35, "the steps were read");
}

fn takes_away(source: &str) -> Option<&'static str> {
    let up = source.split("async fn down").next().unwrap_or(source);
    let words = [
        "drop_table",
        "drop_column",
        "rename_",
        "modify_column",
        "DROP ",
        "RENAME ",
        "MODIFY ",
        "CHANGE ",
        "DELETE FROM",
    ];
    words.into_iter().find(|word| up.contains(word))
}

#[test]
fn what_takes_away_is_found_however_it_is_said() {
    let column = |kind: &str, is_demanded| Column { kind: kind.to_owned(), is_demanded };
    let table = |columns: &[(&str, Column)], unique: &[&str]| Table {
        columns: columns.iter().map(|(name, column)| ((*name).to_owned(), column.clone())).collect(),
        unique: unique.iter().map(|columns| (*columns).to_owned()).collect(),
    };
    let one = |table: Table| Schema::from([("users".to_owned(), table)]);
    let before = one(table(&[("email", column("varchar(254)", true)), ("name", column("varchar(40)", false))], &[]));
    let name = ("name", column("varchar(40)", false));
    let email = ("email", column("varchar(254)", true));
    let said = |after: &Schema| breaks(&before, after);
    assert_eq!(said(&before), Vec::<String>::new());
    assert_eq!(said(&Schema::new()), ["users is gone"]);
    assert_eq!(said(&one(table(std::slice::from_ref(&email), &[]))), ["users.name is gone"]);
    let narrow = ("name", column("varchar(20)", false));
    assert_eq!(said(&one(table(&[email.clone(), narrow], &[]))), ["users.name was varchar(40), and is varchar(20)"]);
    let demanded = ("name", column("varchar(40)", true));
    assert_eq!(said(&one(table(&[email.clone(), demanded], &[]))), ["users.name is demanded now"]);
    let new = ("role", column("varchar(8)", true));
    assert_eq!(said(&one(table(&[email.clone(), name.clone(), new], &[]))), ["users.role is new and demanded"]);
    assert_eq!(said(&one(table(&[email.clone(), name.clone()], &["email"]))), ["users (email) is unique now"]);
    let free = ("role", column("varchar(8)", false));
    let more = BTreeMap::from([
        ("users".to_owned(), table(&[email, name, free], &[])),
        ("notes".to_owned(), Table::default()),
    ]);
    assert_eq!(said(&more), Vec::<String>::new(), "what only adds");
    assert_eq!(takes_away("m.drop_table(Table::drop()"), Some("drop_table"));
    assert_eq!(takes_away("async fn up() {}\nasync fn down() { m.drop_table() }"), None);
}
