//! Which release this program is.

use std::path::Path;

/// The release that this program was installed as: the name of its folder, where the deploy tool has put a manifest. A copy
/// of the program elsewhere, or one that was built here, is none.
pub(crate) fn own() -> Option<String> {
    // The link that was started leads to the folder, so the links are followed.
    let program = std::env::current_exe().and_then(std::fs::canonicalize).ok()?;
    of(&program)
}

fn of(program: &Path) -> Option<String> {
    let folder = program.parent()?.parent()?;
    let is_release = folder.join("manifest.json").is_file() && folder.parent()?.ends_with("releases");
    is_release.then(|| folder.file_name()?.to_str().map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_in_a_releases_folder_with_a_manifest_is_a_release() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        let folder = dir.path().join("releases/20261127T123501Z-0123456789ab");
        std::fs::create_dir_all(folder.join("bin"))?;
        let program = folder.join("bin/mirai");
        assert_eq!(of(&program), None);
        std::fs::write(folder.join("manifest.json"), "{}")?;
        assert_eq!(of(&program).as_deref(), Some("20261127T123501Z-0123456789ab"));
        std::fs::write(dir.path().join("manifest.json"), "{}")?;
        assert_eq!(of(&dir.path().join("bin/mirai")), None);
        Ok(())
    }
}
