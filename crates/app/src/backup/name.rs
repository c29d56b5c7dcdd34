//! What a backup is called, and which ones are kept.

use domain::time::{UnixMs, rfc3339};
use serde::{Deserialize, Serialize};

/// With what every name ends.
const END: &str = ".mirai.age";

/// What a backup is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A SQLite file.
    Sqlite,
    /// The SQL of a MariaDB or MySQL database.
    Mysql,
}

impl Engine {
    /// As names and headers write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Mysql => "mysql",
        }
    }
}

/// `20261127T123010Z-sqlite.mirai.age`: the order of names is the order of time (UTC).
#[must_use]
pub fn of(taken_at: UnixMs, engine: Engine) -> String {
    let second: String = rfc3339(taken_at).chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{second}Z-{}{END}", engine.as_str())
}

/// The engine that a name of ours tells of; `None` for any other name.
#[must_use]
pub fn parse(name: &str) -> Option<Engine> {
    let (stamp, engine) = name.strip_suffix(END)?.split_once("Z-")?;
    let (day, time) = stamp.split_once('T')?;
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(day, 8) || !digits(time, 6) {
        return None;
    }
    [Engine::Sqlite, Engine::Mysql].into_iter().find(|one| one.as_str() == engine)
}

/// Which of these names go, when `new` has just been made and `keep` are to stay: the oldest. Names that are not ours are
/// never among them, nor is the new one, whatever its clock said.
#[must_use]
pub fn to_remove(names: &[String], new: &str, keep: usize) -> Vec<String> {
    let mut ours: Vec<&String> = names.iter().filter(|name| parse(name).is_some() && *name != new).collect();
    // The same second on two engines is in either order.
    ours.sort();
    let stay = keep.saturating_sub(1);
    ours.iter().take(ours.len().saturating_sub(stay)).map(|name| (*name).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_time_and_engine_and_nothing_else_is_one() {
        let name = of(1_795_782_610_500, Engine::Sqlite);
        assert_eq!(name, "20261127T123010Z-sqlite.mirai.age");
        assert_eq!(parse(&name), Some(Engine::Sqlite));
        assert_eq!(parse(&of(0, Engine::Mysql)), Some(Engine::Mysql));
        for other in [
            "notes.txt",
            "20261127T123010Z-sqlite.mirai.age.part",
            "20261127T123010Z-postgres.mirai.age",
            "2026-11-27T12:30:10Z-sqlite.mirai.age",
            "20261127T12301Z-sqlite.mirai.age",
            "20261127T123010Z-sqlite.mirai",
            "x20261127T123010Z-sqlite.mirai.age",
            ".mirai.age",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_oldest_go_and_strangers_and_the_new_one_stay() {
        let at = |n: i64| of(n * 86_400_000, if n % 2 == 0 { Engine::Sqlite } else { Engine::Mysql });
        let table: [(&[String], String, usize, &[String]); 6] = [
            (&[], at(9), 5, &[]),
            (&[at(1), at(2), at(3), at(4), at(5)], at(5), 5, &[]),
            (&[at(1), at(2), at(3), at(4), at(5), at(6)], at(6), 5, &[at(1)]),
            (&[at(3), at(1), "a.txt".into(), at(2)], at(3), 1, &[at(1), at(2)]),
            // The clock was set back: what has just been made is not what goes.
            (&[at(1), at(7), at(8)], at(1), 2, &[at(7)]),
            (&[at(1), at(2)], at(2), 0, &[at(1)]),
        ];
        for (names, new, keep, expect) in table {
            assert_eq!(to_remove(names, &new, keep), expect, "{names:?}, keep {keep}");
        }
    }
}
