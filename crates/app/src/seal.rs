//! Secrets at rest: AES-256-GCM under DATA_KEYS. The first key seals, all open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::Dice;

/// Layout: version 1, key id (4 bytes), nonce (12), ciphertext and tag.
const VERSION: u8 = 1;

/// Why the keys or a sealed value can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealerError {
    /// The setting is wrong.
    #[error("DATA_KEYS takes one or more keys of 32 bytes in base64, separated by commas (`openssl rand -base64 32`)")]
    BadKeys,
    /// None of the keys opens it, or it was changed, or it belongs elsewhere.
    #[error("a sealed value can't be opened with the keys in DATA_KEYS")]
    CannotOpen,
}

struct Key {
    id: [u8; 4],
    key: LessSafeKey,
}

/// Seals and opens values.
pub struct Sealer {
    keys: Vec<Key>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({} keys)", self.keys.len())
    }
}

impl Sealer {
    /// From the setting `DATA_KEYS`: base64 keys of 32 bytes, separated by commas.
    pub fn from_setting(text: &str) -> Result<Sealer, SealerError> {
        let keys: Result<Vec<Key>, SealerError> = text.split(',').map(str::trim).map(parse_key).collect();
        Ok(Sealer { keys: keys? })
    }

    /// Seals `plain` for `place` (such as `psk:{device}`): it opens nowhere else.
    pub fn seal(&self, plain: &[u8], place: &str, dice: &Dice) -> Vec<u8> {
        let key = &self.keys[0];
        let nonce: [u8; 12] = dice.bytes();
        let mut sealed = plain.to_vec();
        key.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .expect("the value is far below the cipher's limit");
        let mut out = vec![VERSION];
        out.extend_from_slice(&key.id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Whether a value was sealed with the key that seals now.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.get(1..5) == Some(&self.keys[0].id[..])
    }

    /// Opens what was sealed for `place`.
    pub fn open(&self, sealed: &[u8], place: &str) -> Result<Vec<u8>, SealerError> {
        let (head, body) = sealed.split_at_checked(17).ok_or(SealerError::CannotOpen)?;
        if head[0] != VERSION {
            return Err(SealerError::CannotOpen);
        }
        let nonce: [u8; 12] = head[5..].try_into().map_err(|_| SealerError::CannotOpen)?;
        for key in self.keys.iter().filter(|key| key.id == head[1..5]) {
            let mut plain = body.to_vec();
            let opened =
                key.key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut plain);
            if let Ok(opened) = opened {
                return Ok(opened.to_vec());
            }
        }
        Err(SealerError::CannotOpen)
    }
}

fn parse_key(text: &str) -> Result<Key, SealerError> {
    let bytes = STANDARD.decode(text).map_err(|_| SealerError::BadKeys)?;
    if bytes.len() != 32 {
        return Err(SealerError::BadKeys);
    }
    let digest = Sha256::digest(&bytes);
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| SealerError::BadKeys)?;
    Ok(Key { id: [digest[0], digest[1], digest[2], digest[3]], key: LessSafeKey::new(key) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    #[test]
    fn a_value_opens_in_its_place_with_any_known_key_and_nowhere_else() {
        let dice = Dice::seeded(1);
        let old = Sealer::from_setting(&key(1)).expect("keys");
        let rotated = Sealer::from_setting(&format!("{}, {}", key(2), key(1))).expect("keys");
        let stranger = Sealer::from_setting(&key(3)).expect("keys");
        let sealed = old.seal(b"secret", "psk:1", &dice);
        assert_eq!(rotated.open(&sealed, "psk:1").expect("opens"), b"secret");
        assert!(old.is_current(&sealed) && !rotated.is_current(&sealed) && !old.is_current(b""));
        assert_eq!(rotated.open(&sealed, "psk:2"), Err(SealerError::CannotOpen));
        assert_eq!(stranger.open(&sealed, "psk:1"), Err(SealerError::CannotOpen));
        assert_eq!(old.open(&rotated.seal(b"new", "x", &dice), "x"), Err(SealerError::CannotOpen));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(old.open(&changed, "psk:1"), Err(SealerError::CannotOpen), "byte {at}");
        }
        assert_eq!(old.open(b"", "psk:1"), Err(SealerError::CannotOpen));
    }

    #[test]
    fn weak_keys_are_refused() {
        for text in ["", "c2hvcnQ=", "not base64!", &format!("{},", key(1))] {
            assert!(Sealer::from_setting(text).is_err(), "{text:?}");
        }
    }
}
