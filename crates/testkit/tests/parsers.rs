//! Every input that the fuzzers were given or found, once more: `cargo xtask fuzz` makes new ones.

use std::path::Path;

use testkit::house::root;
use testkit::parsers::{ALL, Promise};

/// Fewer than this is no corpus.
const FEWEST: usize = 10;

fn replay(folder: &Path, promise: Promise) -> anyhow::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let data = std::fs::read(&path)?;
        let held = std::panic::catch_unwind(|| promise(&data)).is_ok();
        anyhow::ensure!(held, "the promise is broken by {}", path.display());
        count += 1;
    }
    Ok(count)
}

#[test]
fn s64_the_parsers_keep_their_promises_for_every_input_of_the_corpora() -> anyhow::Result<()> {
    for (name, promise) in ALL {
        let folder = root().join("fuzz/corpus").join(name);
        let count = replay(&folder, promise).map_err(|error| error.context(format!("the corpus `{name}`")))?;
        anyhow::ensure!(count >= FEWEST, "fuzz/corpus/{name} has {count} files; {FEWEST} are the least");
    }
    Ok(())
}

#[test]
fn s64_a_broken_promise_and_a_missing_corpus_are_seen() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    assert!(replay(&dir.path().join("none"), |_| {}).is_err());
    std::fs::write(dir.path().join("seed"), "x")?;
    assert_eq!(replay(dir.path(), |_| {})?, 1);
    assert!(replay(dir.path(), |data| assert!(data.is_empty())).is_err());
    Ok(())
}

#[test]
fn every_promise_has_its_fuzz_target() -> anyhow::Result<()> {
    let manifest: toml::Table = std::fs::read_to_string(root().join("fuzz/Cargo.toml"))?.parse()?;
    let targets = manifest["bin"].as_array().map(|bins| bins.iter().filter_map(|bin| bin["name"].as_str()).collect());
    assert_eq!(targets, Some(ALL.map(|(name, _)| name).to_vec()));
    Ok(())
}
