//! The archive of a release: a `tar.zst` whose first entry says what the others are. The same files make the same bytes.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::manifest::{self, File, Manifest};

/// How hard it is pressed: a program of 60 MB becomes 17 in ten seconds.
const LEVEL: i32 = 12;
/// The largest manifest.
const MOST_MANIFEST: u64 = 1 << 20;
/// What all files together may come to: an archive that unpacks to more is none of ours.
const MOST_UNPACKED: u64 = 2 << 30;

/// Why an archive is not taken, or not made.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is damaged, cut off, or made to do harm.
    #[error("the archive is refused: {0}")]
    Refused(String),
    /// A file could not be read or written.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
}

fn refused(why: impl Into<String>) -> ArchiveError {
    ArchiveError::Refused(why.into())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ArchiveError + '_ {
    move |error| ArchiveError::Io(path.display().to_string(), error)
}

/// What a file holds, for a manifest: its path in the release is `path`, and it lies at `from`.
///
/// # Errors
/// When it can't be read.
pub fn describe(path: &str, from: &Path, is_program: bool) -> Result<File, ArchiveError> {
    let (sha256, size) = fs::File::open(from).and_then(digest).map_err(at(from))?;
    Ok(File { path: path.to_owned(), is_program, size, sha256 })
}

/// SHA-256, in hexadecimal, and length of all that can be read.
pub(crate) fn digest(from: impl Read) -> io::Result<(String, u64)> {
    let mut held = Counted { inner: from, hash: Sha256::new(), size: 0 };
    io::copy(&mut held, &mut io::sink())?;
    Ok((hex::encode(held.hash.finalize()), held.size))
}

/// Writes the archive of what `manifest` lists, each file from where `from` says it lies.
///
/// # Errors
/// When a file can't be read, is no longer what the manifest says, or nothing can be written.
pub fn pack<W: Write>(
    manifest: &Manifest,
    from: impl Fn(&File) -> std::path::PathBuf,
    out: W,
) -> Result<W, ArchiveError> {
    let failed = |error: io::Error| ArchiveError::Io("the archive".to_owned(), error);
    let mut press = zstd::Encoder::new(out, LEVEL).map_err(failed)?;
    press.include_checksum(true).map_err(failed)?;
    let mut tar = tar::Builder::new(press);
    let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::from).map_err(failed)?;
    tar.append(&header(manifest::NAME, text.len() as u64, 0o644).map_err(failed)?, text.as_slice()).map_err(failed)?;
    for file in &manifest.files {
        let path = from(file);
        let held = fs::File::open(&path).map_err(at(&path))?;
        let mut held = Counted { inner: held.take(file.size), hash: Sha256::new(), size: 0 };
        tar.append(&header(&file.path, file.size, file.mode()).map_err(failed)?, &mut held).map_err(at(&path))?;
        if held.size != file.size || hex::encode(held.hash.finalize()) != file.sha256 {
            return Err(refused(format!("{} has changed while it was packed", path.display())));
        }
    }
    tar.into_inner().and_then(zstd::Encoder::finish).map_err(failed)
}

/// A header that says nothing of when, where and by whom it was packed.
fn header(path: &str, size: u64, mode: u32) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path)?;
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header.set_cksum();
    Ok(header)
}

/// Reads a whole archive and says what it holds. Nothing is written.
///
/// # Errors
/// When anything in it is not as its manifest says, or could lead out of a release's folder.
pub fn verify<R: Read>(archive: R) -> Result<Manifest, ArchiveError> {
    walk(archive, |_| Ok(io::sink()), |_, _| Ok(()))
}

/// Puts the files of an archive into an empty folder, durably, the manifest beside them.
///
/// # Errors
/// As [`verify`], and when something can't be written: the folder then holds a part.
pub fn unpack<R: Read>(archive: R, into: &Path) -> Result<Manifest, ArchiveError> {
    let manifest = walk(
        archive,
        |file| {
            let path = into.join(&file.path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(at(folder))?;
            }
            fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(at(&path))
        },
        |file, written| {
            let path = into.join(&file.path);
            set_mode(&path, file.mode()).map_err(at(&path))?;
            written.sync_all().map_err(at(&path))
        },
    )?;
    let path = into.join(manifest::NAME);
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::from).map_err(at(&path))?;
    fs::write(&path, text).and_then(|()| fs::File::open(&path)?.sync_all()).map_err(at(&path))?;
    Ok(manifest)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Goes through an archive. `open` gives the place for a file's bytes, `close` ends it.
fn walk<R: Read, W: Write>(
    archive: R,
    mut open: impl FnMut(&File) -> Result<W, ArchiveError>,
    mut close: impl FnMut(&File, W) -> Result<(), ArchiveError>,
) -> Result<Manifest, ArchiveError> {
    let damaged = |error: io::Error| refused(format!("it is damaged or cut off ({error})"));
    let unpressed = zstd::Decoder::new(archive).map_err(damaged)?;
    // Whatever it says of itself, no more than this is read of it.
    let mut tar = tar::Archive::new(unpressed.take(MOST_UNPACKED + (MOST_MANIFEST << 4)));
    // Raw: long names and the like, which would be read into memory whole, are entries like any other, and refused.
    let mut entries = tar.entries().map_err(damaged)?.raw(true);
    let first = entries.next().ok_or_else(|| refused("it is empty"))?.map_err(damaged)?;
    let manifest = read_manifest(first)?;
    for file in &manifest.files {
        let entry = entries.next().ok_or_else(|| refused(format!("{} is missing", file.path)))?;
        let mut entry = entry.map_err(damaged)?;
        is_as_listed(&entry, file)?;
        let mut place = open(file)?;
        let mut held = Counted { inner: &mut entry, hash: Sha256::new(), size: 0 };
        copy(&mut held, &mut place, file)?;
        if held.size != file.size || hex::encode(held.hash.finalize()) != file.sha256 {
            return Err(refused(format!("{} is not what the manifest says", file.path)));
        }
        close(file, place)?;
    }
    if let Some(more) = entries.next() {
        let more = more.map_err(damaged)?;
        return Err(refused(format!("{} is not in its manifest", String::from_utf8_lossy(&more.path_bytes()))));
    }
    // What follows the last entry is read to its end, so that a cut there is seen too.
    let mut rest = tar.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(damaged)?;
    Ok(manifest)
}

/// Tells a damaged archive, which is read, from a full disk, which is written to.
fn copy(from: &mut impl Read, to: &mut impl Write, file: &File) -> Result<(), ArchiveError> {
    let mut block = vec![0; 1 << 16];
    loop {
        let count = from.read(&mut block).map_err(|error| refused(format!("it is damaged or cut off ({error})")))?;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&block[..count]).map_err(|error| ArchiveError::Io(file.path.clone(), error))?;
    }
}

fn read_manifest<R: Read>(entry: tar::Entry<'_, R>) -> Result<Manifest, ArchiveError> {
    let is_manifest = entry.path_bytes().as_ref() == manifest::NAME.as_bytes();
    if !is_manifest || !entry.header().entry_type().is_file() || entry.size() > MOST_MANIFEST {
        return Err(refused("it does not begin with a manifest; is this an archive of `mirai deploy build`?"));
    }
    let manifest: Manifest =
        serde_json::from_reader(entry).map_err(|error| refused(format!("its manifest can't be read ({error})")))?;
    if manifest.format != manifest::FORMAT {
        return Err(refused(format!("its form is {}, and this program reads {}", manifest.format, manifest::FORMAT)));
    }
    if let Some(file) =
        manifest.files.iter().find(|file| !manifest::is_inside(&file.path) || file.path == manifest::NAME)
    {
        return Err(refused(format!("{:?} is no path inside a release", file.path)));
    }
    if !manifest.files.is_sorted_by(|a, b| a.path < b.path) {
        return Err(refused("its files are not in order, or one is there twice"));
    }
    if manifest
        .files
        .iter()
        .try_fold(0_u64, |sum, file| sum.checked_add(file.size))
        .is_none_or(|sum| sum > MOST_UNPACKED)
    {
        return Err(refused("it would unpack to more than 2 GiB"));
    }
    if !manifest.files.iter().any(|file| file.path == manifest::PROGRAM && file.is_program) {
        return Err(refused(format!("it has no {}", manifest::PROGRAM)));
    }
    Ok(manifest)
}

fn is_as_listed<R: Read>(entry: &tar::Entry<'_, R>, file: &File) -> Result<(), ArchiveError> {
    let (path, kind) = (entry.path_bytes(), entry.header().entry_type());
    if path.as_ref() != file.path.as_bytes() {
        let found = String::from_utf8_lossy(&path).into_owned();
        return Err(refused(format!("{found:?} stands where {} should", file.path)));
    }
    if kind != tar::EntryType::Regular {
        return Err(refused(format!("{} is no plain file", file.path)));
    }
    if entry.size() != file.size {
        return Err(refused(format!("{} is not what the manifest says", file.path)));
    }
    Ok(())
}

/// Counts and hashes what is read through it.
struct Counted<R> {
    inner: R,
    hash: Sha256,
    size: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(block)?;
        self.hash.update(&block[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
