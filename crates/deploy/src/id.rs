//! The name of a release.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a release: when its commit was made and which one it is, as `20261127T123501Z-0123456789ab`, with a mark
/// at its end (`-dirty01234567`, of the program's hash) where what was built was not that commit. It is a folder's name too,
/// so that nothing else can stand in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId(String);

/// What is no release's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no release; a release looks like 20261127T123501Z-0123456789ab, and `mirai deploy status` lists them"
)]
pub struct NoRelease(String);

/// Length of a commit's hash in a name.
const SHORT: usize = 12;
/// Length of the hash of what was built from a changed folder.
const DIRTY: usize = 8;

impl ReleaseId {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<ReleaseId, NoRelease> {
        let refused = || NoRelease(text.chars().take(80).collect());
        let mut parts = text.splitn(3, '-');
        let (stamp, commit, dirty) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""), parts.next());
        let is_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let is_clean = dirty.is_none_or(|mark| mark.strip_prefix("dirty").is_some_and(|hash| is_hex(hash, DIRTY)));
        if is_stamp(stamp) && is_hex(commit, SHORT) && is_clean {
            return Ok(ReleaseId(text.to_owned()));
        }
        Err(refused())
    }

    /// The name of what was built from a commit: `stamp` is its time (`20261127T123501Z`), `revision` its whole hash, `dirty` the
    /// hash of the program where the folder held changes.
    ///
    /// # Errors
    /// When one of them is not that.
    pub fn of(stamp: &str, revision: &str, dirty: Option<&str>) -> Result<ReleaseId, NoRelease> {
        let commit: String = revision.chars().take(SHORT).collect();
        let mark = dirty.map(|hash| format!("-dirty{}", hash.chars().take(DIRTY).collect::<String>()));
        ReleaseId::parse(&format!("{stamp}-{commit}{}", mark.unwrap_or_default()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `20261127T123501Z`.
fn is_stamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 16
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 => *byte == b'T',
            15 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        })
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = NoRelease;

    fn try_from(text: String) -> Result<ReleaseId, NoRelease> {
        ReleaseId::parse(&text)
    }
}

impl From<ReleaseId> for String {
    fn from(id: ReleaseId) -> String {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_time_and_a_commit_and_nothing_that_leads_out_of_a_folder() {
        for good in ["20261127T123501Z-0123456789ab", "20261127T123501Z-0123456789ab-dirty0123abcd"] {
            assert_eq!(ReleaseId::parse(good).map(String::from).as_deref(), Ok(good));
        }
        let bad = [
            "",
            "..",
            "20261127T123501Z-0123456789ab/..",
            "20261127T123501Z-0123456789AB",
            "20261127T123501Z-0123456789abc",
            "20261127 123501Z-0123456789ab",
            "20261127T123501Z-0123456789ab-dirty",
            "20261127T123501Z-0123456789ab-dirty0123abcd-x",
            "20261127T123501Z",
        ];
        for text in bad {
            assert!(ReleaseId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_same_commit_has_the_same_name() {
        let of = |dirty| ReleaseId::of("20261127T123501Z", "0123456789abcdef0123456789abcdef01234567", dirty);
        assert_eq!(of(None).map(String::from).as_deref(), Ok("20261127T123501Z-0123456789ab"));
        let marked = of(Some("ffeeddccbbaa")).map(String::from);
        assert_eq!(marked.as_deref(), Ok("20261127T123501Z-0123456789ab-dirtyffeeddcc"));
    }
}
