//! A step that has been released is never edited: whoever has run it has what it said then.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Steps and their SHA-256, a line each. A new step is added here with the commit that lands it.
const RELEASED: &str = include_str!("released.txt");

#[test]
fn released_steps_are_what_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/migration");
    let released: BTreeMap<&str, &str> = RELEASED.lines().filter_map(|line| line.split_once(' ')).collect();
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with(['m', 'c']) && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
            let digest = Sha256::digest(std::fs::read(path).unwrap());
            found.insert(name, digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        }
    }
    for (name, digest) in &found {
        assert_eq!(
            released.get(name.as_str()),
            Some(&digest.as_str()),
            "{name}: a step that was released is not edited, make another one; a new one gets the line `{name} {digest}` \
             in released.txt"
        );
    }
    assert_eq!(released.len(), found.len(), "a released step is gone");
}
