//! The rules of the house, as functions from facts to a list of sentences; `tests/house.rs` holds the lists empty.
//!
//! Facts come from cargo itself and from the files that git would commit, never from a build folder.

pub mod graph;
pub mod licence;
pub mod sources;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root folder.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// What `cargo metadata` says, as far as the rules ask.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// Every package of the lock file that any platform or feature could use.
    pub packages: Vec<Package>,
    /// Ids of the workspace's own packages.
    pub workspace_members: Vec<String>,
}

/// One package.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Cargo's opaque id.
    pub id: String,
    /// Name as in `Cargo.toml`.
    pub name: String,
    /// Version as in the lock file.
    pub version: String,
    /// SPDX expression; absent when the package names a file instead.
    pub license: Option<String>,
    /// Dependencies as declared, optional ones included.
    pub dependencies: Vec<Dependency>,
}

/// One declared dependency.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's real name.
    pub name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub kind: Option<String>,
}

impl Metadata {
    /// Asks cargo about the workspace.
    ///
    /// # Errors
    /// When cargo refuses, for one when `Cargo.lock` does not fit the manifests.
    pub fn load() -> anyhow::Result<Self> {
        let json = cargo(&["metadata", "--format-version", "1", "--locked"])?;
        serde_json::from_str(&json).context("cargo metadata has another shape than expected")
    }

    /// The workspace's own packages.
    pub fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}

/// The packages that are really built, as (name, version), for any platform, with the features in use.
///
/// `cargo metadata` cannot tell: its graph has no weak features, so crates appear in it that no build ever compiles.
///
/// # Errors
/// When cargo refuses.
pub fn built_packages() -> anyhow::Result<BTreeSet<(String, String)>> {
    in_tree(&["--workspace", "--target", "all", "--edges", "normal,build,dev"])
}

/// The packages that are linked into the agent's own build, for a VPN server.
///
/// # Errors
/// When cargo refuses.
pub fn packages_of_a_gateway() -> anyhow::Result<BTreeSet<(String, String)>> {
    in_tree(&["--package", "mirai", "--no-default-features", "--features", "gateway", "--edges", "normal"])
}

fn in_tree(what: &[&str]) -> anyhow::Result<BTreeSet<(String, String)>> {
    let tree = cargo(&[&["tree", "--locked", "--prefix", "none", "--format", "{p}"], what].concat())?;
    let built = tree.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next().unwrap_or(rest).to_owned()))
    });
    Ok(built.collect())
}

fn cargo(args: &[&str]) -> anyhow::Result<String> {
    let program = crate::setting::setting("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(args).current_dir(root()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// One file that git tracks or would add.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path from the repository's root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All text files of the repository, sorted by path; without git, all that lie outside ignored folders.
///
/// # Errors
/// When a folder cannot be read.
pub fn repository_files() -> anyhow::Result<Vec<SourceFile>> {
    let root = root();
    let listed = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard", "-z"])
        .current_dir(&root)
        .output()
        .ok()
        .filter(|output| output.status.success() && !output.stdout.is_empty())
        .map(|output| String::from_utf8_lossy(&output.stdout).split('\0').map(str::to_owned).collect());
    let mut paths: Vec<String> = match listed {
        Some(paths) => paths,
        None => walk(&root)?,
    };
    paths.sort();
    paths.dedup();
    let read = |path: String| {
        // Deleted files are still listed, and pictures are not text: neither is of interest.
        let text = String::from_utf8(std::fs::read(root.join(&path)).ok()?).ok()?;
        Some(SourceFile { path, text })
    };
    Ok(paths.into_iter().filter(|path| !path.is_empty()).filter_map(read).collect())
}

fn walk(root: &Path) -> anyhow::Result<Vec<String>> {
    const LEFT_OUT: [&str; 4] = [".git", "target", "node_modules", "data"];
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(root)?.to_string_lossy().into_owned());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_without_git_sees_what_git_sees() {
        let walked = walk(&root()).unwrap();
        assert!(walked.iter().any(|path| path == "crates/testkit/src/house.rs"));
        assert!(walked.iter().all(|path| !path.starts_with("target/") && !path.starts_with(".git/")));
    }
}
