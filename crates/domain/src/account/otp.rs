//! One-time codes: six digits of an authenticator app, or a recovery code.

use crate::token;

/// Letters of a recovery code: none that is misread for another (Crockford's base 32, lower case).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters in a recovery code; five bits each, 80 in all, so that a hash of it can't be searched through.
const LENGTH: usize = 16;

/// A recovery code, shown once as four groups of four letters.
pub struct RecoveryCode([u8; LENGTH]);

impl RecoveryCode {
    /// A code of these random bytes, of which five bits each count.
    pub fn from_random(bytes: [u8; LENGTH]) -> RecoveryCode {
        RecoveryCode(bytes.map(|byte| LETTERS[usize::from(byte % 32)]))
    }

    /// `7k2m-…`, for the one who may have it.
    pub fn text(&self) -> String {
        let groups: Vec<&str> = self.0.chunks(4).map(|four| str::from_utf8(four).unwrap_or_default()).collect();
        groups.join("-")
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> [u8; 32] {
        token::hash(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl std::fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// A code as typed at a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypedCode {
    /// Six digits of an authenticator app.
    App(String),
    /// The hash of what may be a recovery code.
    Recovery([u8; 32]),
}

impl TypedCode {
    /// Reads a code: spaces, hyphens and capitals do not matter, nor the letters that are easily misread. `None` for
    /// what can be neither kind.
    pub fn parse(text: &str) -> Option<TypedCode> {
        let plain: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .take(LENGTH + 1)
            .map(|letter| match letter.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(TypedCode::App(plain));
        }
        let may_be = plain.len() == LENGTH && plain.bytes().all(|byte| LETTERS.contains(&byte));
        may_be.then(|| TypedCode::Recovery(token::hash(&plain)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recovery_code_is_recognised_however_it_is_typed() {
        let code = RecoveryCode::from_random([0, 1, 2, 3, 33, 65, 97, 129, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(code.text(), "0123-1111-89ab-cdez");
        for typed in ["0123-1111-89ab-cdez", " o1 23 iLl1 89AB CDEZ", "0123111189abcdez"] {
            assert_eq!(TypedCode::parse(typed), Some(TypedCode::Recovery(code.hash())), "{typed}");
        }
        assert!(!format!("{code:?}").contains("0123"));
    }

    #[test]
    fn six_digits_are_of_the_app_and_all_else_is_nothing() {
        assert_eq!(TypedCode::parse("123 456"), Some(TypedCode::App("123456".into())));
        for typed in
            ["", "12345", "1234567", "abcdef", "0123-1111-89ab-cde!", "0123-1111-89ab-cdezz", "u123111189abcdez"]
        {
            assert_eq!(TypedCode::parse(typed), None, "{typed}");
        }
    }
}
