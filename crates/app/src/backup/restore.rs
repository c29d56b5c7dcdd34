//! Putting a backup into an empty place, and comparing what is there then with the backup, byte by byte.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use store::backup::{Access, Dump, Load, kind_of, mysql, newest_migration, sqlite};
use store::{Backend, Settings};

use super::key::Identities;
use super::name::Engine;
use super::parcel::{Content, Header, pour};
use super::sections::different;
use super::verify::{Seen, opened, sound, unpack_into, whole_sql};
use super::work::{Work, new_file, sync};
use super::{BackupError, Result, Setup, Stop, refused, wait_for};

/// A backup that was put back, and is equal to what is there now.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What it says of itself.
    pub header: Header,
    /// What was put back.
    pub content: Content,
    /// The SQLite file, or the name of the database.
    pub place: String,
    /// How much is lost: the time from the backup to now (the recovery point).
    pub age: Duration,
    /// How long it took until it was compared (the recovery time).
    pub took: Duration,
    /// Whether this program has migrations that the backup has not.
    pub is_older: bool,
}

/// Puts a backup into the empty place `into`.
///
/// # Errors
/// When the place is not empty (then it is untouched), the backup is not whole, or what came out is not equal to it.
pub async fn restore(setup: &Setup, file: &Path, identities: Arc<Identities>, into: &Settings) -> Result<Restored> {
    let began = Instant::now();
    let engine = known(file, &identities)?;
    let (header, content, place) = match (engine, kind_of(into)?) {
        (Engine::Sqlite, Backend::Sqlite) => {
            let target = sqlite::file_of(into)?;
            let (header, content) = into_file(file, &identities, &target, &setup.stop).await?;
            (header, content, target.display().to_string())
        }
        (Engine::Mysql, Backend::MySql) => {
            let access = Access::of(into)?;
            if let tables @ [first, ..] = &mysql::tables(&access).await?[..] {
                return Err(refused(format!(
                    "the database {} is not empty: it holds {} table(s) (`{first}` for one). A backup goes into an empty one",
                    access.database(),
                    tables.len()
                )));
            }
            let work = Work::new(&setup.dir, &setup.dice)?;
            let (header, content) = match into_server(setup, file, &identities, &access, &work).await {
                Ok(done) => done,
                Err(why) => return Err(with_what_is_left(why, &access).await),
            };
            (header, content, access.database().to_owned())
        }
        (Engine::Sqlite, Backend::MySql) => return Err(refused("a backup of SQLite can't go into MariaDB or MySQL")),
        (Engine::Mysql, Backend::Sqlite) => return Err(refused("a backup of MariaDB or MySQL can't go into SQLite")),
    };
    let took = began.elapsed();
    let is_older = header.migration < newest_migration();
    Ok(Restored { age: age(setup, &header), took, is_older, header, content, place })
}

/// What a backup is of, unless it is of a newer program, whose tables this one can't serve.
pub(super) fn known(file: &Path, identities: &Identities) -> Result<Engine> {
    let header = opened(file, identities)?.header;
    match header.migration {
        // Names of migrations begin with their number.
        Some(last) if Some(&last) > newest_migration().as_ref() => Err(refused(format!(
            "{} is of a newer program ({last} is not known here): update this one first",
            file.display()
        ))),
        _ => Ok(header.engine),
    }
}

/// From the backup to now.
pub(super) fn age(setup: &Setup, header: &Header) -> Duration {
    Duration::from_millis(u64::try_from(setup.clock.now() - header.taken_at).unwrap_or(0))
}

/// Makes the SQLite file `target`. It has its name once it has been compared, and not before.
async fn into_file(file: &Path, identities: &Arc<Identities>, target: &Path, stop: &Stop) -> Result<(Header, Content)> {
    let beside = |end: &str| PathBuf::from(format!("{}{end}", target.display()));
    if let Some(taken) = [target.to_owned(), beside("-wal"), beside("-shm")].iter().find(|path| path.exists()) {
        return Err(refused(format!("{} is there already: a backup goes into an empty place", taken.display())));
    }
    let wrong = |error| BackupError::io(format!("{} can't be written", target.display()), error);
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(wrong)?;
    let part = Part(beside(".restoring"));
    // What a killed restore has left.
    let _ = std::fs::remove_file(&part.0);
    let copy = new_file(&part.0).map_err(wrong)?;
    let (header, content) = unpack_into(file, identities, copy, stop).await?;
    equal(&part.0, &content, stop).await?;
    sound(&part.0, &header, file).await?;
    name(&part.0, target).map_err(wrong)?;
    sync(folder)?;
    Ok((header, content))
}

/// Reads a file again, from the disk, and compares it.
pub(super) async fn equal(path: &Path, content: &Content, stop: &Stop) -> Result<()> {
    let (path, content, stop) = (path.to_owned(), content.clone(), stop.clone());
    wait_for(move || {
        let mut again =
            File::open(&path).map_err(|error| BackupError::io(format!("{} can't be read", path.display()), error))?;
        match pour(&mut again, &mut io::sink(), &stop)? == content {
            true => Ok(()),
            false => Err(BackupError::Damaged(format!("{} is not what was written into it", path.display()))),
        }
    })
    .await
}

/// Gives a file its name, unless there is one of that name.
fn name(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can.
        Err(Errno::INVAL | Errno::NOSYS) if !to.exists() => std::fs::rename(from, to),
        done => Ok(done?),
    }
}

/// A file that goes away unless it was given another name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes a backup of SQL into an empty database, dumps that, and compares the two.
pub(super) async fn into_server(
    setup: &Setup,
    file: &Path,
    identities: &Arc<Identities>,
    access: &Access,
    work: &Work,
) -> Result<(Header, Content)> {
    // Read through once before the first statement: a damaged backup leaves the place empty.
    let (header, content, wanted) = whole_sql(file, identities, &setup.stop).await?;
    let (setup, file, identities) = (setup.clone(), file.to_owned(), Arc::clone(identities));
    let (access, folder) = (access.clone(), work.path().to_owned());
    wait_for(move || {
        load(&setup, &file, &identities, &access, &folder)?;
        let mut dump = Dump::start(&access, &setup.tools, &folder)?;
        let mut seen = Seen::default();
        let found = pour(&mut dump, &mut seen, &setup.stop)?;
        dump.finish()?;
        if found == content {
            return Ok((header, content));
        }
        let names = different(&wanted, &seen.sections.finish()).join(", ");
        Err(BackupError::Damaged(format!(
            "the database {} is not equal to the backup: {names} differ. A server of another kind or version writes \
             its tables down differently: restore to one like that of the backup",
            access.database()
        )))
    })
    .await
}

fn load(setup: &Setup, file: &Path, identities: &Identities, access: &Access, folder: &Path) -> Result<()> {
    let mut load = Load::start(access, &setup.tools, folder)?;
    let unpacked = opened(file, identities)?.unpack(&mut load, &setup.stop);
    let unpacked = unpacked.and_then(|_| load.flush().map_err(|error| BackupError::io("the database", error)));
    match unpacked {
        Ok(()) => Ok(load.finish()?),
        // Where the program has ended, it has said why; that a pipe is broken says nothing.
        Err(why @ BackupError::Io { .. }) => load.finish().map_err(BackupError::from).and(Err(why)),
        // What it was not given is not to be taken for an end: it is ended.
        Err(why) => Err(why),
    }
}

/// What a restore that failed has left in a place that was empty before.
async fn with_what_is_left(why: BackupError, access: &Access) -> BackupError {
    match mysql::tables(access).await {
        Ok(tables) if tables.is_empty() => why,
        _ => refused(format!(
            "{why}. The database {} may hold a part of the backup now: drop it, make it anew and try again",
            access.database()
        )),
    }
}
