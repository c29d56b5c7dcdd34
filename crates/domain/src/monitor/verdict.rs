//! What one look at something says.

use std::str::FromStr;

/// Three values, since "we could not look" is neither of the other two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It works.
    Ok,
    /// It does not.
    Fail,
    /// Nobody knows: nothing was seen, or the one who looked could see nothing at all.
    Unknown,
}

/// A word that is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a verdict")]
pub struct UnknownVerdict;

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 3] = [Verdict::Ok, Verdict::Fail, Verdict::Unknown];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Fail => "fail",
            Verdict::Unknown => "unknown",
        }
    }
}

impl FromStr for Verdict {
    type Err = UnknownVerdict;

    fn from_str(word: &str) -> Result<Verdict, UnknownVerdict> {
        Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word).ok_or(UnknownVerdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_back() {
        for verdict in Verdict::ALL {
            assert_eq!(verdict.as_str().parse(), Ok(verdict));
        }
        assert_eq!("OK".parse::<Verdict>(), Err(UnknownVerdict));
    }
}
