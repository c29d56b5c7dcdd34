//! What is in the file of a backup. From outside in: age, gzip, and then
//!
//! ```text
//! -- mirai-backup {"format":1,"engine":"sqlite", …}
//! the database: a SQLite file as it is, or SQL
//! -- mirai-backup-end sha256=… bytes=…
//! ```
//!
//! so that `age --decrypt | gunzip` and a text editor are enough where this program is not at hand. age finds every changed
//! byte and an end that is missing; the last line tells, beside that, that whoever wrote the file came to its end.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor};
use domain::time::UnixMs;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::key::{Identities, Recipients};
use super::name::Engine;
use super::{BackupError, Result, Stop, refused};

/// The form that this program writes and reads.
const FORMAT: u32 = 1;
const HEAD: &[u8] = b"-- mirai-backup ";
/// The header is a line of a few hundred bytes; rows by table make it some thousands.
const LONGEST_HEAD: u64 = 1 << 20;
/// Bytes of `-- mirai-backup-end sha256=<64> bytes=<20>\n`.
const END: usize = 27 + 64 + 7 + 20 + 1;
/// How much is held at a time.
const PIECE: usize = 1 << 16;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// See [`FORMAT`].
    format: u32,
    /// What it is of.
    pub engine: Engine,
    /// Version of the program that made it.
    pub program: String,
    /// Name of the last migration that was applied.
    pub migration: Option<String>,
    /// As of when it is, in Unix milliseconds.
    pub taken_at: UnixMs,
    /// Rows by table, where they were counted.
    pub rows: Option<BTreeMap<String, u64>>,
}

impl Header {
    /// A header of the form that this program writes.
    #[must_use]
    pub fn new(engine: Engine, contents: store::backup::Contents, taken_at: UnixMs) -> Header {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Header { format: FORMAT, engine, program, migration: contents.migration, taken_at, rows: contents.rows }
    }
}

/// What was between header and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

impl Content {
    fn line(&self) -> String {
        format!("-- mirai-backup-end sha256={} bytes={:020}\n", self.sha256, self.bytes)
    }
}

/// Reads all of it, with its fingerprint.
///
/// # Errors
/// Of reading, and of `into`.
pub(super) fn pour(from: &mut dyn Read, into: &mut dyn Write, stop: &Stop) -> Result<Content> {
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        stop.check()?;
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(Content { sha256: hex(hash), bytes }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(BackupError::io("the database's copy can't be read", error)),
        };
        hash.update(&piece[..count]);
        bytes += count as u64;
        into.write_all(&piece[..count]).map_err(|error| BackupError::io("the copy can't be written", error))?;
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a parcel around what `from` gives.
///
/// # Errors
/// Of reading, and of `into`.
pub fn pack<W: Write>(
    header: &Header,
    from: &mut dyn Read,
    recipients: &Recipients,
    into: W,
    stop: &Stop,
) -> Result<(W, Content)> {
    let wrong = |error| BackupError::io("the backup can't be written", error);
    let keys = recipients.0.iter().map(|key| key as &dyn age::Recipient);
    let sealed = Encryptor::with_recipients(keys).map_err(|error| refused(format!("age: {error}")))?;
    let sealed: StreamWriter<W> = sealed.wrap_output(into).map_err(wrong)?;
    let mut packed = GzEncoder::new(sealed, Compression::fast());
    let head = serde_json::to_string(header).map_err(|error| refused(error.to_string()))?;
    packed.write_all(&[HEAD, head.as_bytes(), b"\n"].concat()).map_err(wrong)?;
    let content = pour(from, &mut packed, stop)?;
    packed.write_all(content.line().as_bytes()).map_err(wrong)?;
    let into = packed.finish().and_then(StreamWriter::finish).map_err(wrong)?;
    Ok((into, content))
}

/// A parcel that has been opened as far as its header.
pub struct Parcel<R: Read> {
    /// What it says of itself.
    pub header: Header,
    packed: BufReader<GzDecoder<BufReader<StreamReader<R>>>>,
    called: String,
}

/// Opens a parcel. `called` is how the file is called in errors.
///
/// # Errors
/// When it is none, no key fits, or it is damaged.
pub fn open<R: Read>(from: R, called: &str, identities: &Identities) -> Result<Parcel<R>> {
    let keys = identities.0.iter().map(|key| key as &dyn age::Identity);
    let opened = Decryptor::new(from).and_then(|sealed| sealed.decrypt(keys)).map_err(|error| of_age(error, called))?;
    let mut packed = BufReader::with_capacity(PIECE, GzDecoder::new(BufReader::with_capacity(PIECE, opened)));
    let mut line = Vec::new();
    let read = (&mut packed).take(LONGEST_HEAD).read_until(b'\n', &mut line);
    read.map_err(|error| of_reading(error, called))?;
    let stranger = || BackupError::Damaged(format!("{called} is a file of age, but no backup of this program"));
    let json = line.strip_prefix(HEAD).ok_or_else(stranger)?;
    let format = serde_json::from_slice::<serde_json::Value>(json).map_err(|_| stranger())?["format"].as_u64();
    if format != Some(u64::from(FORMAT)) {
        return Err(refused(format!("{called} was made by a newer program than {}", env!("CARGO_PKG_VERSION"))));
    }
    let header = serde_json::from_slice(json).map_err(|_| stranger())?;
    Ok(Parcel { header, packed, called: called.to_owned() })
}

impl<R: Read> Parcel<R> {
    /// Writes the content into `into`, and looks at fingerprint, end and seal. What was written counts only once this has
    /// returned.
    ///
    /// # Errors
    /// When the parcel is damaged or cut short, or `into` takes no more.
    pub fn unpack(mut self, into: &mut dyn Write, stop: &Stop) -> Result<(Header, Content)> {
        let mut inside = HeldBack { packed: &mut self.packed, held: Vec::new(), failed: false };
        let content = match pour(&mut inside, into, stop) {
            Err(BackupError::Io { source, .. }) if inside.failed => return Err(of_reading(source, &self.called)),
            content => content?,
        };
        if inside.held != content.line().as_bytes() {
            return Err(self.damaged("it does not end as it should"));
        }
        // What is sealed but not packed: the seal of the last piece is looked at where reading comes to the end.
        let mut sealed = self.packed.into_inner().into_inner();
        match sealed.read(&mut [0]) {
            Ok(0) => Ok((self.header, content)),
            Ok(_) => Err(BackupError::Damaged(format!("{} is damaged: more follows after its end", self.called))),
            Err(error) => Err(of_reading(error, &self.called)),
        }
    }

    fn damaged(&self, how: &str) -> BackupError {
        BackupError::Damaged(format!("{} is damaged or cut short: {how}", self.called))
    }
}

/// Gives what is inside but for the last line, which is held back.
struct HeldBack<'a> {
    packed: &'a mut dyn Read,
    held: Vec<u8>,
    failed: bool,
}

impl Read for HeldBack<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.held.len() > END {
                let count = into.len().min(self.held.len() - END);
                into[..count].copy_from_slice(&self.held[..count]);
                self.held.drain(..count);
                return Ok(count);
            }
            let before = self.held.len();
            self.held.resize(before + PIECE, 0);
            let read = self.packed.read(&mut self.held[before..]);
            self.held.truncate(before + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Ok(0),
                Ok(_) => {}
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
    }
}

fn of_age(error: DecryptError, called: &str) -> BackupError {
    match error {
        DecryptError::Io(error) => of_reading(error, called),
        DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            BackupError::Refused(format!(
                "the key does not open {called}: it was sealed for another key, or its first lines are damaged"
            ))
        }
        _ => BackupError::Damaged(format!("{called} is no backup of this program, or its first lines are damaged")),
    }
}

/// What age and gzip find wrong comes as an error of reading, and so does a disk that fails.
fn of_reading(error: io::Error, called: &str) -> BackupError {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match error.kind() {
        UnexpectedEof => BackupError::Damaged(format!("{called} is cut short: its end is missing")),
        InvalidData | InvalidInput => {
            BackupError::Damaged(format!("{called} is damaged: it is not what was written, or it is cut short"))
        }
        _ => BackupError::io(format!("{called} can't be read"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::x25519::Identity;

    fn keys() -> (Recipients, Identities) {
        let pair = Identity::generate();
        (Recipients(vec![pair.to_public()]), Identities(vec![pair]))
    }

    fn header() -> Header {
        let contents = store::backup::Contents { migration: Some("m0001".into()), rows: None };
        Header::new(Engine::Mysql, contents, 1_795_782_610_500)
    }

    fn packed(content: &[u8], recipients: &Recipients) -> Vec<u8> {
        pack(&header(), &mut &content[..], recipients, Vec::new(), &Stop::default()).unwrap().0
    }

    fn unpacked(file: &[u8], identities: &Identities) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let (told, _) = open(file, "b.age", identities)?.unpack(&mut content, &Stop::default())?;
        assert_eq!(told, header());
        Ok(content)
    }

    #[test]
    fn what_is_packed_comes_out_again_whatever_its_length() {
        let (recipients, identities) = keys();
        for length in [0, 1, END - 1, END, END + 1, PIECE - 1, PIECE, 3 * PIECE + 17] {
            let content: Vec<u8> = (0..length).map(|n| (n * 7 % 251) as u8).collect();
            assert_eq!(unpacked(&packed(&content, &recipients), &identities).unwrap(), content, "{length}");
        }
        assert_eq!(END, Content { sha256: "0".repeat(64), bytes: u64::MAX }.line().len());
    }

    #[test]
    fn no_flipped_bit_and_no_missing_end_goes_unseen() {
        let (recipients, identities) = keys();
        let file = packed("a row; ".repeat(40).as_bytes(), &recipients);
        for at in 0..file.len() {
            let mut broken = file.clone();
            broken[at] ^= 1;
            assert!(unpacked(&broken, &identities).is_err(), "byte {at}");
        }
        for length in 0..file.len() {
            assert!(unpacked(&file[..length], &identities).is_err(), "{length} bytes");
        }
        let more = [&file[..], b"x"].concat();
        assert!(unpacked(&more, &identities).is_err());
    }

    #[test]
    fn whoever_stops_writing_early_leaves_no_backup() {
        let (recipients, identities) = keys();
        // Sealed and packed whole, but its writer never came to the last line.
        let sealed = Encryptor::with_recipients(recipients.0.iter().map(|key| key as _)).unwrap();
        let mut gz = GzEncoder::new(sealed.wrap_output(Vec::new()).unwrap(), Compression::fast());
        let head = [HEAD, serde_json::to_string(&header()).unwrap().as_bytes(), b"\nhalf of the rows"].concat();
        gz.write_all(&head).unwrap();
        let file = gz.finish().unwrap().finish().unwrap();
        let said = unpacked(&file, &identities).unwrap_err().to_string();
        assert!(said.contains("b.age is damaged or cut short"), "{said}");
    }

    #[test]
    fn another_key_and_another_file_are_told_apart() {
        let (recipients, identities) = keys();
        let file = packed(b"rows", &recipients);
        let said = unpacked(&file, &keys().1).unwrap_err().to_string();
        assert!(said.contains("the key does not open b.age"), "{said}");
        let said = unpacked(b"hello", &identities).unwrap_err().to_string();
        assert!(said.contains("b.age"), "{said}");
    }
}
