//! Making a backup.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::time::UnixMs;
use store::Backend;
use store::backup::{Access, Dump, kind_of, mysql, sqlite};

use super::key::Recipients;
use super::name::{self, Engine};
use super::parcel::{Content, Header, pack};
use super::work::{Work, door, new_file, sync};
use super::{BackupError, Result, Setup, names_in, refused, wait_for};
use crate::failpoint;

/// A backup that has been made.
#[derive(Debug, Clone)]
pub struct Created {
    /// The file.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// What it is of.
    pub engine: Engine,
    /// As of when it is.
    pub taken_at: UnixMs,
    /// What is inside.
    pub content: Content,
    /// Rows by table, where they were counted.
    pub rows: Option<BTreeMap<String, u64>>,
    /// How long it took.
    pub took: Duration,
    /// Names of the older backups that went.
    pub removed: Vec<String>,
}

/// Where the content comes from.
enum Source {
    Copy(PathBuf),
    Server(Box<Access>),
}

/// Makes a backup of the database as it is at one moment, and removes the oldest ones when there are more than `keep`.
///
/// # Errors
/// When it can't be made; then nothing of it is left, and the older ones are as they were.
pub async fn create(setup: &Setup, recipients: Recipients, keep: usize) -> Result<Created> {
    let began = Instant::now();
    let work = Work::new(&setup.dir, &setup.dice)?;
    let taken_at = setup.clock.now();
    let (header, source) = match kind_of(&setup.database)? {
        Backend::Sqlite => {
            let copy = work.path().join("mirai.db");
            // SQLite fills an empty file; a new one of its own making could be read by others.
            new_file(&copy).map_err(|error| BackupError::io(format!("{} can't be made", copy.display()), error))?;
            sqlite::snapshot(&setup.database, &copy).await?;
            (Header::new(Engine::Sqlite, sqlite::contents(&copy).await?, taken_at), Source::Copy(copy))
        }
        Backend::MySql => {
            let access = Box::new(Access::of(&setup.database)?);
            (Header::new(Engine::Mysql, mysql::contents(&access).await?, taken_at), Source::Server(access))
        }
    };
    failpoint::pass("backup.copied");
    if header.migration.is_none() {
        return Err(refused("the database holds no tables of this program: `mirai migrate` makes them"));
    }
    let setup = setup.clone();
    wait_for(move || {
        let (part, content) = write(&setup, &work, &header, source, &recipients)?;
        failpoint::pass("backup.packed");
        let file = give_name(&setup.dir, &part, &header)?;
        failpoint::pass("backup.named");
        let removed = remove_oldest(&setup.dir, &file, keep)?;
        let bytes = file.metadata().map_or(0, |meta| meta.len());
        let Header { engine, taken_at, rows, .. } = header;
        Ok(Created { file, bytes, engine, taken_at, content, rows, took: began.elapsed(), removed })
    })
    .await
}

/// Writes the whole backup into a file that does not count yet, down to the disk.
fn write(
    setup: &Setup,
    work: &Work,
    header: &Header,
    source: Source,
    recipients: &Recipients,
) -> Result<(PathBuf, Content)> {
    let (part, file) = work.file("backup.part")?;
    let pack = |from: &mut dyn Read| pack(header, from, recipients, BufWriter::new(file), &setup.stop);
    let (file, content) = match source {
        Source::Copy(path) => {
            let mut copy = File::open(&path)
                .map_err(|error| BackupError::io(format!("{} can't be read", path.display()), error))?;
            pack(&mut copy)?
        }
        Source::Server(access) => {
            let mut dump = Dump::start(&access, &setup.tools, work.path())?;
            let packed = pack(&mut dump)?;
            dump.finish()?;
            packed
        }
    };
    let flushed = file.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(|file| file.sync_all());
    flushed.map_err(|error| BackupError::io("the backup can't be written", error))?;
    Ok((part, content))
}

/// From here on the backup is one. The name of a second that is taken goes to the next.
fn give_name(dir: &Path, part: &Path, header: &Header) -> Result<PathBuf> {
    let _door = door(dir)?;
    let names = (0..).map(|second| dir.join(name::of(header.taken_at + second * 1000, header.engine)));
    let mut free = names.filter(|path| !path.exists());
    let path = free.next().ok_or_else(|| refused("no name is free"))?;
    std::fs::rename(part, &path)
        .map_err(|error| BackupError::io(format!("{} can't be written", path.display()), error))?;
    sync(dir)?;
    Ok(path)
}

fn remove_oldest(dir: &Path, new: &Path, keep: usize) -> Result<Vec<String>> {
    let new = new.file_name().unwrap_or_default().to_string_lossy();
    let _door = door(dir)?;
    let old = name::to_remove(&names_in(dir)?, &new, keep);
    for name in &old {
        std::fs::remove_file(dir.join(name)).map_err(|error| {
            BackupError::io(format!("the backup {new} was made, but the old one {name} can't be removed"), error)
        })?;
    }
    if !old.is_empty() {
        sync(dir)?;
    }
    Ok(old)
}
