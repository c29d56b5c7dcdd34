//! What was done, in a file for each time and on both sides. The oldest go.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

/// Files that are kept in a folder.
const KEPT: usize = 200;

/// Begins a file; `now_ms` (Unix milliseconds) stands before its name. What can't be written is not worth a failed deployment.
pub(crate) fn begin(folder: &Path, now_ms: i64, name: &str) -> Option<File> {
    fs::create_dir_all(folder).ok()?;
    let mut all: Vec<(i64, PathBuf)> =
        fs::read_dir(folder).ok()?.filter_map(|entry| timed(entry.ok()?.path())).collect();
    all.sort_unstable();
    for (_, path) in all.iter().rev().skip(KEPT - 1) {
        let _ = fs::remove_file(path);
    }
    OpenOptions::new().create(true).append(true).open(folder.join(format!("{now_ms}_{name}"))).ok()
}

/// One of these files, with its time. Others' files are none.
fn timed(path: PathBuf) -> Option<(i64, PathBuf)> {
    let name = path.file_name()?.to_str()?;
    let (ms, _) = name.split_once('_')?;
    let is_ours = name.ends_with(".log") || name.ends_with(".jsonl");
    Some((ms.parse().ok().filter(|_| is_ours)?, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_what_others_put_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("notes.txt"), "").unwrap();
        let count = i64::try_from(KEPT).unwrap();
        // A name that is longer by a digit is not older.
        for ms in 0..count + 20 {
            assert!(begin(dir.path(), ms, "release.jsonl").is_some());
        }
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), KEPT + 1);
        let has = |name: &str| names.iter().any(|there| there == name);
        assert!(has("notes.txt") && has("20_release.jsonl") && !has("19_release.jsonl"));
    }
}
