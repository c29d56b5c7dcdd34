//! Looking a backup through from end to end, without putting it anywhere.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::backup::{dump, sqlite};

use super::key::Identities;
use super::name::Engine;
use super::parcel::{Content, Header, Parcel, open};
use super::sections::{Prints, Sections};
use super::work::Work;
use super::{BackupError, Result, Setup, Stop, wait_for};

/// A backup that is whole.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The file.
    pub file: PathBuf,
    /// What it says of itself.
    pub header: Header,
    /// What is inside.
    pub content: Content,
    /// How long it took.
    pub took: Duration,
}

/// Opens all of a backup, and looks at its seal, its fingerprint, its end, and for SQLite at the database itself.
///
/// # Errors
/// When no key fits, or anything is not as it was written.
pub async fn verify(setup: &Setup, file: &Path, identities: Arc<Identities>) -> Result<Verified> {
    let began = Instant::now();
    let (header, content) = match opened(file, &identities)?.header.engine {
        Engine::Mysql => {
            let (header, content, _) = whole_sql(file, &identities, &setup.stop).await?;
            (header, content)
        }
        Engine::Sqlite => {
            let work = Work::new(&setup.dir, &setup.dice)?;
            let (path, copy) = work.file("mirai.db")?;
            let (header, content) = unpack_into(file, &identities, copy, &setup.stop).await?;
            sound(&path, &header, file).await?;
            (header, content)
        }
    };
    Ok(Verified { file: file.to_owned(), header, content, took: began.elapsed() })
}

/// A backup, opened as far as its header.
pub(super) fn opened(file: &Path, identities: &Identities) -> Result<Parcel<BufReader<File>>> {
    let called = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let reader =
        File::open(file).map_err(|error| BackupError::io(format!("{} can't be read", file.display()), error))?;
    open(BufReader::new(reader), &called, identities)
}

/// Unpacks a backup into `into`, down to the disk.
pub(super) async fn unpack_into(
    file: &Path,
    identities: &Arc<Identities>,
    into: File,
    stop: &Stop,
) -> Result<(Header, Content)> {
    let (file, identities, stop) = (file.to_owned(), Arc::clone(identities), stop.clone());
    wait_for(move || {
        let mut into = BufWriter::new(into);
        let unpacked = opened(&file, &identities)?.unpack(&mut into, &stop)?;
        let flushed = into.into_inner().map_err(io::IntoInnerError::into_error).and_then(|into| into.sync_all());
        flushed.map_err(|error| BackupError::io("the copy can't be written", error))?;
        Ok(unpacked)
    })
    .await
}

/// Looks through a backup of SQL, with a fingerprint of each table.
pub(super) async fn whole_sql(
    file: &Path,
    identities: &Arc<Identities>,
    stop: &Stop,
) -> Result<(Header, Content, Prints)> {
    let (file, identities, stop) = (file.to_owned(), Arc::clone(identities), stop.clone());
    wait_for(move || {
        let mut seen = Seen::default();
        let (header, content) = opened(&file, &identities)?.unpack(&mut seen, &stop)?;
        if seen.tail != dump::COMPLETE {
            return Err(BackupError::Damaged(format!("{} holds a dump that is not complete", file.display())));
        }
        Ok((header, content, seen.sections.finish()))
    })
    .await
}

/// Looks at a SQLite file that came out of a backup.
pub(super) async fn sound(copy: &Path, header: &Header, file: &Path) -> Result<()> {
    let wrong = |how: String| BackupError::Damaged(format!("{} holds a database that {how}", file.display()));
    let defects = sqlite::defects(copy).await.map_err(|error| wrong(format!("can't be opened: {error}")))?;
    if !defects.is_empty() {
        return Err(wrong(format!("is damaged: {}", defects.join("; "))));
    }
    let contents = sqlite::contents(copy).await?;
    if contents.rows != header.rows || contents.migration != header.migration {
        return Err(wrong("has other rows than it says".to_owned()));
    }
    Ok(())
}

/// Sees SQL go by.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) sections: Sections,
    pub(super) tail: Vec<u8>,
}

impl Write for Seen {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.tail.extend_from_slice(&data[data.len().saturating_sub(dump::COMPLETE.len())..]);
        let extra = self.tail.len().saturating_sub(dump::COMPLETE.len());
        self.tail.drain(..extra);
        self.sections.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
