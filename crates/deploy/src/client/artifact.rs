//! The archive of a release on the laptop: built from a commit, or taken from where it was built.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ClientError;
use crate::archive;
use crate::id::ReleaseId;
use crate::manifest::{self, Manifest};
use crate::plan::Wanted;
use crate::role::Role;

/// Where archives lie.
pub const FOLDER: &str = "deploy-artifacts";
/// What a program runs on that is built here.
const TARGET: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-unknown-linux-gnu" } else { "x86_64-unknown-linux-gnu" };

/// An archive, verified.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Where it lies.
    pub path: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// As the host needs to know it.
    pub wanted: Wanted,
}

/// A commit, as git has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub revision: String,
    /// Its time, `20261127T123501Z`.
    pub stamp: String,
    /// Its time in Unix seconds.
    pub epoch: String,
    /// Files that are not as they are in it.
    pub changed: Vec<String>,
}

fn failed(cause: impl Into<String>, remedy: impl Into<String>) -> ClientError {
    ClientError::Artifact { cause: cause.into(), remedy: remedy.into() }
}

/// Reads and verifies an archive.
///
/// # Errors
/// When it can't be read, or is damaged.
pub fn open(path: &Path) -> Result<Artifact, ClientError> {
    let again = "build it again: `mirai deploy build`";
    let read = || File::open(path).map_err(|error| failed(format!("{} can't be read: {error}", path.display()), again));
    let manifest = archive::verify(BufReader::new(read()?)).map_err(|error| failed(error.to_string(), again))?;
    let (sha256, size) = archive::digest(read()?).map_err(|error| failed(error.to_string(), again))?;
    let unpacked = manifest.files.iter().map(|file| file.size).sum();
    Ok(Artifact { path: path.to_owned(), wanted: Wanted { id: manifest.id.clone(), sha256, size, unpacked }, manifest })
}

/// What is checked out in a folder.
///
/// # Errors
/// When git is not there, or this is no checkout.
pub fn commit(folder: &Path) -> Result<Commit, ClientError> {
    let line = git(folder, &["log", "-1", "--format=%H %cd %ct", "--date=format-local:%Y%m%dT%H%M%SZ"])?;
    let mut parts = line.split_whitespace().map(str::to_owned);
    let (Some(revision), Some(stamp), Some(epoch)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(failed("this checkout has no commit", "commit what is to be deployed"));
    };
    let changed = git(folder, &["status", "--porcelain", "--untracked-files=no"])?;
    Ok(Commit { revision, stamp, epoch, changed: changed.lines().map(|line| line.trim().to_owned()).collect() })
}

fn git(folder: &Path, args: &[&str]) -> Result<String, ClientError> {
    let done = Command::new("git").args(args).current_dir(folder).env("TZ", "UTC0").stdin(Stdio::null()).output();
    match done {
        Ok(done) if done.status.success() => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        Ok(done) => Err(failed(
            format!("git says: {}", String::from_utf8_lossy(&done.stderr).trim()),
            "run this in the checkout, or give an archive: `--artifact FILE`",
        )),
        Err(error) => {
            Err(failed(format!("git can't be run: {error}"), "install git, or give an archive: `--artifact FILE`"))
        }
    }
}

/// The commit to build from; one with changes beside it only where that is allowed.
///
/// # Errors
/// When there are changes, or git can't tell.
pub fn clean_commit(folder: &Path, allow_dirty: bool) -> Result<Commit, ClientError> {
    let commit = commit(folder)?;
    if allow_dirty || commit.changed.is_empty() {
        return Ok(commit);
    }
    let shown: Vec<&str> = commit.changed.iter().take(3).map(String::as_str).collect();
    Err(failed(
        format!("{} file(s) are not as committed: {}", commit.changed.len(), shown.join(", ")),
        "commit them (`git commit -a`), or build with them under a name of its own: `--allow-dirty`",
    ))
}

/// Where the archive of a commit without changes lies.
pub fn place(folder: &Path, id: &ReleaseId, role: Role) -> PathBuf {
    let more = if role.is_site() { "" } else { "-gateway" };
    folder.join(FOLDER).join(format!("{id}{more}.tar.zst"))
}

/// Builds the program of a commit. Neither the clock nor a folder of this machine goes into it, so that the same program comes of the
/// same commit on machines with the same compilers.
///
/// # Errors
/// When cargo can't be run, or fails: it has said why itself.
pub fn build(folder: &Path, commit: &Commit, role: Role) -> Result<PathBuf, ClientError> {
    if !cfg!(target_os = "linux") {
        return Err(failed(
            "a release for Linux is built on Linux",
            "take the archive that CI has built from this commit: `--artifact FILE`",
        ));
    }
    let folders = folders(folder)?;
    let flags = folders.iter().map(|(place, name)| format!("--remap-path-prefix={place}={name}"));
    let flags = flags.collect::<Vec<_>>().join("\x1f");
    // In quotes for the crate that calls the C compiler: a folder's name may have spaces.
    let of_c =
        folders.iter().map(|(place, name)| format!("'-ffile-prefix-map={}={name}'", place.replace('\'', "'\\''")));
    let of_c = of_c.collect::<Vec<_>>().join(" ");
    let done = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "mirai",
            "--no-default-features",
            "--features",
            role.features(),
        ])
        .args(["--message-format=json-render-diagnostics"])
        .current_dir(folder)
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CFLAGS", of_c)
        .env("CC_SHELL_ESCAPED_FLAGS", "1")
        .env("SOURCE_DATE_EPOCH", &commit.epoch)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(format!("cargo can't be run: {error}"), "install Rust: https://rustup.rs"))?;
    if !done.status.success() {
        return Err(failed("cargo could not build the program", "mend what cargo names above"));
    }
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let messages = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let built = messages.filter(|message| message["target"]["name"] == "mirai");
    let mut programs = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    let program = programs.next();
    program.ok_or_else(|| failed("cargo built the program and did not say where", "build again: `mirai deploy build`"))
}

/// The folders of this machine that a compiler would write into the program, and what stands there for each.
fn folders(checkout: &Path) -> Result<Vec<(String, &'static str)>, ClientError> {
    let asked = |program: &str, args: &[&str]| {
        let done = Command::new(program).args(args).current_dir(checkout).stdin(Stdio::null()).output();
        let done = done
            .map_err(|error| failed(format!("{program} can't be run: {error}"), "install Rust: https://rustup.rs"))?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            return Err(failed(format!("{program} says: {said}"), "mend what it names"));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let known = asked("cargo", &["metadata", "--locked", "--format-version", "1"])?;
    let known: serde_json::Value = serde_json::from_str(&known).unwrap_or_default();
    // Where cargo keeps what it has fetched.
    let sources = known["packages"].as_array().into_iter().flatten().filter_map(|one| one["manifest_path"].as_str());
    let cargo = sources.filter_map(|path| path.split_once("/registry/src/")).map(|(home, _)| home.to_owned()).next();
    let compiler = asked("rustc", &["--print", "sysroot"])?;
    let mut all = vec![(checkout.display().to_string(), "/src"), (compiler.trim().to_owned(), "/rust")];
    all.extend(cargo.map(|cargo| (cargo, "/cargo")));
    all.extend(known["target_directory"].as_str().map(|target| (target.to_owned(), "/target")));
    // Of two that fit, the compilers take the last: the one that lies deeper.
    all.sort_by_key(|(place, _)| place.len());
    Ok(all)
}

/// Packs a program as the release of a commit. The same program and commit make the same archive.
///
/// # Errors
/// When something can't be read or written.
pub fn pack(
    folder: &Path,
    commit: &Commit,
    role: Role,
    program: &Path,
    version: &str,
) -> Result<Artifact, ClientError> {
    let again = "see that there is room on the disk, and build again: `mirai deploy build`";
    let file = archive::describe(manifest::PROGRAM, program, true).map_err(|error| failed(error.to_string(), again))?;
    let dirty = (!commit.changed.is_empty()).then_some(file.sha256.as_str());
    let id = ReleaseId::of(&commit.stamp, &commit.revision, dirty).map_err(|error| failed(error.to_string(), again))?;
    let manifest = Manifest {
        format: manifest::FORMAT,
        id: id.clone(),
        revision: commit.revision.clone(),
        version: version.to_owned(),
        target: TARGET.to_owned(),
        role,
        files: vec![file],
    };
    let (path, part) = (place(folder, &id, role), place(folder, &id, role).with_extension("part"));
    let written = || {
        fs::create_dir_all(folder.join(FOLDER)).map_err(|error| error.to_string())?;
        let out = File::create(&part).map_err(|error| error.to_string())?;
        let out = archive::pack(&manifest, |_| program.to_owned(), out).map_err(|error| error.to_string())?;
        out.sync_all().and_then(|()| fs::rename(&part, &path)).map_err(|error| error.to_string())
    };
    written().map_err(|error| failed(format!("the archive could not be written: {error}"), again))?;
    open(&path)
}
