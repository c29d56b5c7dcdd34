//! The browser side: npm packages, the modules' tests, the style sheet.

use crate::run::{Heard, command, hear, must, root};
use crate::say;
use anyhow::{Context as _, bail};
use std::path::PathBuf;

const FOLDER: &str = "assets";
const STYLE_SHEET: &str = "assets/static/app.css";

/// True when there is a browser side at all.
pub(crate) fn exists() -> bool {
    root().join(FOLDER).join("package.json").is_file()
}

/// Installs exactly what the lock file says; nothing to do when that was done for this lock file already.
pub(crate) fn install() -> anyhow::Result<()> {
    let lock = std::fs::read(root().join(FOLDER).join("package-lock.json")).context("assets/package-lock.json")?;
    let note = installed_note();
    if std::fs::read(&note).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    must(&mut command("npm", FOLDER, &["ci", "--no-audit", "--no-fund"]))?;
    if let Some(folder) = note.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(note, lock)?;
    Ok(())
}

/// A copy of the lock file that the packages were installed from; `npm ci` removes it with the old packages.
fn installed_note() -> PathBuf {
    root().join(FOLDER).join("node_modules/.installed-from.json")
}

/// Runs the modules' tests.
pub(crate) fn test() -> anyhow::Result<Heard> {
    hear(&mut command("npm", FOLDER, &["test"]))
}

/// Builds the style sheet in place.
pub(crate) fn build_css() -> anyhow::Result<()> {
    if !exists() {
        bail!("there is no {FOLDER}/package.json");
    }
    install()?;
    must(&mut command("npm", FOLDER, &["run", "build:css"]))?;
    say::note(&format!("{STYLE_SHEET} is built"));
    Ok(())
}

/// Fails when the committed style sheet is not what its source gives. The file is left as it was found.
pub(crate) fn css_is_fresh() -> anyhow::Result<()> {
    let file = root().join(STYLE_SHEET);
    let committed = std::fs::read(&file).with_context(|| format!("{STYLE_SHEET} is not there"))?;
    let built = must(&mut command("npm", FOLDER, &["run", "build:css"])).and_then(|()| Ok(std::fs::read(&file)?));
    std::fs::write(&file, &committed)?;
    if built? != committed {
        bail!("{STYLE_SHEET} is stale: run `cargo xtask css` and commit the file");
    }
    Ok(())
}
