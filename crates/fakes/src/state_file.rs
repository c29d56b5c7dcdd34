//! The state of a fake on disk: one JSON file, replaced whole.

use crate::FakeError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads the state, or gives a new one where there is no file yet.
pub(crate) fn load<T: DeserializeOwned + Default>(path: Option<&Path>) -> Result<T, FakeError> {
    let Some(path) = path else { return Ok(T::default()) };
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|source| FakeError::State { path: path.display().to_string(), source }),
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(source) => Err(FakeError::io(format!("reading {}", path.display()), source)),
    }
}

/// Writes beside the file and renames, so that a process killed half-way leaves the old state whole.
pub(crate) fn save<T: Serialize>(path: Option<&Path>, state: &T) -> Result<(), FakeError> {
    let Some(path) = path else { return Ok(()) };
    let io = |source| FakeError::io(format!("writing {}", path.display()), source);
    let bytes = serde_json::to_vec(state).map_err(|wrong| io(std::io::Error::other(wrong)))?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes).map_err(io)?;
    std::fs::rename(&beside, path).map_err(io)
}
