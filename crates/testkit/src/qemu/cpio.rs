//! The kind of archive that the kernel unpacks at its start (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::collections::HashSet;

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_000;

/// An archive that grows. Folders of files are made by themselves.
#[derive(Debug, Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    known: HashSet<String>,
    count: u32,
}

impl Archive {
    pub(super) fn folder(&mut self, path: &str) {
        if self.known.insert(path.to_owned()) {
            self.entry(path, FOLDER, b"");
        }
    }

    /// What is there already stays.
    pub(super) fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        for (end, _) in path.match_indices('/') {
            self.folder(&path[..end]);
        }
        if self.known.insert(path.to_owned()) {
            self.entry(path, FILE | mode, content);
        }
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, b"");
        self.bytes
    }

    /// A head of thirteen numbers, the name with a zero, the content; each padded to a multiple of four.
    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.count += 1;
        let [name, size] = [path.len() + 1, content.len()].map(|length| u32::try_from(length).unwrap_or(u32::MAX));
        let head = [self.count, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name, 0];
        self.bytes.extend_from_slice(b"070701");
        for number in head {
            self.bytes.extend_from_slice(format!("{number:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
