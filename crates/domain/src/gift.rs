//! Gift codes: credit that is handed on as 16 letters. Whoever types them in gets it.

use crate::account::{RecoveryCode, TypedCode};

/// A code of 80 random bits, in the letters of recovery codes but as capitals: `7K2M-…`.
pub struct GiftCode(RecoveryCode);

impl GiftCode {
    /// A code of these random bytes, of which five bits each count.
    pub fn from_random(bytes: [u8; 16]) -> GiftCode {
        GiftCode(RecoveryCode::from_random(bytes))
    }

    /// The code itself, for the one who may have it.
    pub fn text(&self) -> String {
        self.0.text().to_ascii_uppercase()
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> [u8; 32] {
        self.0.hash()
    }

    /// The hash of what somebody has typed, however they did: spaces, hyphens and capitals do not matter, nor the letters
    /// that are easily misread. `None` for what can be no code.
    pub fn hash_of(typed: &str) -> Option<[u8; 32]> {
        match TypedCode::parse(typed) {
            Some(TypedCode::Recovery(hash)) => Some(hash),
            Some(TypedCode::App(_)) | None => None,
        }
    }
}

/// Why a code gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GiftError {
    /// None of ours.
    #[error("there is no such gift code; look again at its letters")]
    Unknown,
    /// Somebody has it.
    #[error("this gift code was redeemed already")]
    Redeemed,
    /// Its time is over, or it was taken out of use.
    #[error("this gift code can be redeemed no more")]
    Over,
}

impl GiftError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            GiftError::Unknown => "gift_unknown",
            GiftError::Redeemed => "gift_redeemed",
            GiftError::Over => "gift_over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gift_code_is_recognised_however_it_is_typed() {
        let code = GiftCode::from_random([0, 1, 2, 3, 33, 65, 97, 129, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(code.text(), "0123-1111-89AB-CDEZ");
        for typed in ["0123-1111-89AB-CDEZ", " o1 23 iLl1 89ab cdez ", "0123111189ABCDEZ"] {
            assert_eq!(GiftCode::hash_of(typed), Some(code.hash()), "{typed}");
        }
        for typed in ["", "123456", "0123-1111-89AB-CDE", "0123-1111-89AB-CDEU", "0123-1111-89AB-CDEZ-0"] {
            assert_eq!(GiftCode::hash_of(typed), None, "{typed}");
        }
    }
}
