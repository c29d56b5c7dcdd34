//! The release before this one, built from its commit: what is gone back to has to work on the tables of today.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::run::{command, must, root};
use crate::{rust, say};

/// Before there is a tag: the first commit that starts on tables which a later one has added to.
const FIRST: &str = "029f8fc";

/// Its program. It is built beside what else is built, in a checkout and a folder of its own, and kept for the next time.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let revision = revision()?;
    let folder = rust::target_folder()?.join("previous");
    let checkout = folder.join("checkout");
    say::step(&format!("building the release before this one ({revision})"));
    let text = checkout.display().to_string();
    let here = root().display().to_string();
    if checkout.join(".git").is_dir() {
        // It may be from before the release that is wanted now, and of another folder.
        must(&mut command("git", "", &["-C", &text, "fetch", "--quiet", "--tags", "--force", &here, "HEAD"]))?;
    } else {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        must(&mut command("git", "", &["clone", "--quiet", "--no-checkout", &here, &text]))?;
    }
    must(&mut command("git", "", &["-C", &text, "checkout", "--quiet", "--detach", &revision]))?;
    rust::build_in(&checkout, &folder.join("target"), "mirai")
}

/// The newest tag before this commit, or [`FIRST`].
fn revision() -> anyhow::Result<String> {
    let ask = |args: &[&str]| {
        let said = command("git", "", args).output().ok().filter(|said| said.status.success())?;
        Some(String::from_utf8_lossy(&said.stdout).trim().to_owned())
    };
    let tag = ask(&["describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^"]);
    let found = tag.or_else(|| ask(&["rev-parse", "--verify", "--quiet", &format!("{FIRST}^{{commit}}")]));
    let Some(found) = found else {
        bail!("the release before this one is not in this checkout: `git fetch --unshallow --tags`");
    };
    Ok(found)
}
