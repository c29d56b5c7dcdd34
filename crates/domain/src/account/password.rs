//! A password as typed.

use zeroize::Zeroizing;

/// Least number of characters (ASVS 6.2.1).
const MIN_CHARS: usize = 8;
/// Most bytes: what hashing is willing to read.
const MAX_BYTES: usize = 1024;

/// A password: the bytes as they were typed, neither trimmed nor normalised nor cut. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// At least 8 characters and at most 1024 bytes, of any kind but NUL.
    pub fn parse(text: &str) -> Result<Password, PasswordError> {
        if text.len() > MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        if text.contains('\0') {
            return Err(PasswordError::Nul);
        }
        if text.chars().count() < MIN_CHARS {
            return Err(PasswordError::TooShort);
        }
        Ok(Password(Zeroizing::new(text.to_owned())))
    }

    /// The password itself, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a text can't be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Under 8 characters.
    #[error("a password has at least 8 characters")]
    TooShort,
    /// Over 1024 bytes.
    #[error("a password has at most 1024 bytes")]
    TooLong,
    /// Holds a NUL character, at which old hashes would stop reading.
    #[error("a password can have any characters except NUL")]
    Nul,
}

impl PasswordError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            PasswordError::TooShort => "password_too_short",
            PasswordError::TooLong => "password_too_long",
            PasswordError::Nul => "password_has_nul",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(), PasswordError>) {
        assert_eq!(Password::parse(text).map(|_| ()), expected, "{} bytes", text.len());
    }

    #[test]
    fn lengths_are_counted_in_characters_below_and_in_bytes_above() {
        check("", Err(PasswordError::TooShort));
        check("1234567", Err(PasswordError::TooShort));
        check("12345678", Ok(()));
        check("未来未来未来未", Err(PasswordError::TooShort));
        check("未来未来未来未来", Ok(()));
        check(&"x".repeat(73), Ok(()));
        check(&"é".repeat(64), Ok(()));
        check(&"x".repeat(1024), Ok(()));
        check(&"x".repeat(1025), Err(PasswordError::TooLong));
        check(&"x".repeat(1 << 20), Err(PasswordError::TooLong));
        check("12345678\0", Err(PasswordError::Nul));
    }

    #[test]
    fn every_byte_counts() {
        let spaced = Password::parse("  secret \u{301} ").unwrap();
        assert_eq!(spaced.expose(), "  secret \u{301} ");
    }

    #[test]
    fn debug_does_not_show_it() {
        let password = Password::parse("correct horse").unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }
}
