//! Trying a backup out: it is put into a place that is thrown away afterwards, compared, brought up to this program's tables,
//! and asked whether its books and its network agree.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::backup::{Access, kind_of, mysql, sqlite};
use store::integrity::{self, Finding};
use store::{Backend, Settings, Store};

use super::key::Identities;
use super::name::Engine;
use super::parcel::{Content, Header};
use super::restore::{age, equal, into_server, known};
use super::verify::{sound, unpack_into};
use super::work::Work;
use super::{Result, Setup, refused};

/// The longest name that MariaDB and MySQL give a database.
const LONGEST: usize = 64;

/// A backup that can be restored.
#[derive(Debug, Clone)]
pub struct Drilled {
    /// What it says of itself.
    pub header: Header,
    /// What was restored, and is equal to the backup.
    pub content: Content,
    /// How much would be lost: the time from the backup to now (the recovery point).
    pub age: Duration,
    /// How long it took until it was compared (the recovery time).
    pub took: Duration,
    /// Migrations that were applied to it afterwards, in the place that is gone now.
    pub migrated: usize,
    /// Every rule of the books and the network, with how many rows break it.
    pub findings: Vec<Finding>,
}

/// Restores a backup into a place of its own, and looks at it there. The database that serves is not touched.
///
/// # Errors
/// When it can't be restored, or what came out is not equal to it. Broken rules are in what is returned.
pub async fn drill(setup: &Setup, file: &Path, identities: Arc<Identities>) -> Result<Drilled> {
    let began = Instant::now();
    let engine = known(file, &identities)?;
    let work = Work::new(&setup.dir, &setup.dice)?;
    match (engine, kind_of(&setup.database)?) {
        (Engine::Sqlite, _) => {
            let (path, copy) = work.file("mirai.db")?;
            let (header, content) = unpack_into(file, &identities, copy, &setup.stop).await?;
            equal(&path, &content, &setup.stop).await?;
            sound(&path, &header, file).await?;
            let took = began.elapsed();
            let (migrated, findings) = look(&sqlite::settings_of(&path)?).await?;
            Ok(Drilled { age: age(setup, &header), header, content, took, migrated, findings })
        }
        (Engine::Mysql, Backend::MySql) => {
            let access = Access::of(&setup.database)?;
            let name = name(access.database(), setup.dice.number());
            mysql::create_database(&access, &name).await?;
            let done = on_server(setup, file, &identities, &access.with_database(&name)?, &work, began).await;
            // Whatever came of it.
            let dropped = mysql::drop_database(&access, &name).await;
            let drilled = done?;
            dropped.map_err(|error| {
                refused(format!("the drill went well, but its database {name} can't be dropped: {error}"))
            })?;
            Ok(drilled)
        }
        (Engine::Mysql, Backend::Sqlite) => Err(refused(
            "this is a backup of MariaDB or MySQL: the drill needs such a server, and the settings name a SQLite file",
        )),
    }
}

async fn on_server(
    setup: &Setup,
    file: &Path,
    identities: &Arc<Identities>,
    access: &Access,
    work: &Work,
    began: Instant,
) -> Result<Drilled> {
    let (header, content) = into_server(setup, file, identities, access, work).await?;
    let took = began.elapsed();
    let (migrated, findings) = look(access.settings()).await?;
    Ok(Drilled { age: age(setup, &header), header, content, took, migrated, findings })
}

/// Brings the copy up to date, as the program would at its start, and asks every rule.
async fn look(settings: &Settings) -> Result<(usize, Vec<Finding>)> {
    let store = Store::connect(settings).await?;
    let migrated = store.migrate().await?.applied;
    let mut findings = integrity::books(&store).await?;
    findings.extend(integrity::network(&store).await?);
    store.close().await?;
    Ok((migrated, findings))
}

/// A name that no other database has, and that tells whose it is.
fn name(database: &str, random: u64) -> String {
    let end = format!("_drill_{:08x}", random >> 32);
    let kept: String = database.chars().take(LONGEST - end.len()).collect();
    kept + &end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_throw_away_database_fits() {
        assert_eq!(name("mirai", 0xdead_beef_0000_0000), "mirai_drill_deadbeef");
        assert_eq!(name(&"x".repeat(64), 0).chars().count(), LONGEST);
    }
}
