//! Secrets that are handed out once and recognised by their hash: links in mails, session cookies, API keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// A secret of 256 random bits, as 43 characters of base64url without padding.
pub struct Token(Zeroizing<String>);

impl Token {
    /// A token of these random bytes.
    pub fn from_random(mut bytes: [u8; 32]) -> Token {
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
        bytes.zeroize();
        Token(text)
    }

    /// The secret itself, for the one who may have it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// SHA-256 of a token's text: what is stored and looked up. The tokens are random, so no salt is needed.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_43_characters_that_need_no_escaping_in_a_link() {
        let token = Token::from_random([0xfb; 32]);
        assert_eq!(token.text(), "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
        assert_eq!(token.text().len(), 43);
        assert_ne!(Token::from_random([1; 32]).text(), Token::from_random([2; 32]).text());
    }

    #[test]
    fn debug_does_not_show_it() {
        let token = Token::from_random([7; 32]);
        assert!(!format!("{token:?}").contains(token.text()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        let expected = [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea];
        assert_eq!(hash("abc")[..8], expected);
    }
}
