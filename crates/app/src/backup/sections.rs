//! The parts of a dump, a table each, with a fingerprint of each: so that a difference has a name.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::mem;

use sha2::{Digest as _, Sha256};
use store::backup::dump::TABLE;

/// As much of a line as tells whether a part begins there.
const LOOK: usize = 256;

/// Fingerprints by table; what stands before the first one is under the empty name.
pub(super) type Prints = BTreeMap<String, [u8; 32]>;

/// Takes a dump in, whatever the pieces.
#[derive(Debug, Default)]
pub(super) struct Sections {
    done: Prints,
    name: String,
    hash: Sha256,
    line: Vec<u8>,
}

impl Sections {
    pub(super) fn finish(mut self) -> Prints {
        self.turn(String::new());
        self.done
    }

    fn turn(&mut self, next: String) {
        let name = mem::replace(&mut self.name, next);
        self.done.insert(name, mem::take(&mut self.hash).finalize().into());
    }
}

impl Write for Sections {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        for piece in data.split_inclusive(|&byte| byte == b'\n') {
            self.hash.update(piece);
            let room = LOOK.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                let line = mem::take(&mut self.line);
                if let Some(name) = table(&line) {
                    self.turn(name);
                }
            }
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn table(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(TABLE.as_bytes())?;
    Some(String::from_utf8_lossy(rest).trim_end().trim_end_matches('`').to_owned())
}

/// Names of the tables that are not the same in both.
pub(super) fn different(one: &Prints, other: &Prints) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differs = |name: &&&String| one.get(**name) != other.get(**name);
    let shown =
        |name: &String| if name.is_empty() { "(what stands before the tables)".to_owned() } else { name.clone() };
    names.iter().filter(differs).map(|name| shown(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "/*!40101 SET NAMES utf8mb4 */;\n--\n-- Table structure for table `a`\n--\nCREATE a;\nINSERT 1;\n--\n\
        -- Table structure for table `b``c`\n--\nINSERT 2;\n-- Dump completed\n";

    fn prints(dump: &str, piece: usize) -> Prints {
        let mut sections = Sections::default();
        for part in dump.as_bytes().chunks(piece) {
            sections.write_all(part).unwrap();
        }
        sections.finish()
    }

    #[test]
    fn a_difference_is_found_and_named_whatever_the_pieces() {
        let whole = prints(DUMP, DUMP.len());
        assert_eq!(whole.keys().collect::<Vec<_>>(), ["", "a", "b``c"]);
        for piece in [1, 2, 3, 7, 64] {
            assert_eq!(prints(DUMP, piece), whole, "{piece}");
        }
        assert_eq!(different(&whole, &prints(&DUMP.replace("INSERT 1", "INSERT 3"), 5)), ["a"]);
        assert_eq!(different(&whole, &prints(&DUMP.replace("INSERT 2", "INSERT 3"), 5)), ["b``c"]);
        assert!(different(&whole, &whole).is_empty());
    }

    #[test]
    fn a_row_that_quotes_a_heading_begins_no_part() {
        let long = format!("INSERT '{}{TABLE}x`';\n", "y".repeat(LOOK * 2));
        assert_eq!(prints(&long, 100).len(), 1);
    }
}
