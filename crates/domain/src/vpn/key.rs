//! WireGuard's keys: 32 bytes each, written as 44 characters of base64.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x25519_dalek::StaticSecret;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Characters of a key in base64.
const TEXT_LEN: usize = 44;
/// 2^255 - 19, little end first: the field in which a public key is a number.
const FIELD: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed;
    bytes[31] = 0x7f;
    bytes
};

/// The points of small order in that field (<https://cr.yp.to/ecdh.html#validate>): any private key takes them to zero.
/// A list, since finding out by a multiplication costs more than all else that a key goes through; a test does.
const SMALL_ORDER: [[u8; 32]; 5] = {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = FIELD;
    minus_one[0] -= 1;
    [
        [0; 32],
        one,
        minus_one,
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
            0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
            0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
    ]
};

/// A device's or a server's public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads a key as `wg pubkey` writes it: canonical base64 of 44 characters. A key that no private key can belong
    /// to is refused: all zero, the other points of small order (RFC 7748, section 6.1), numbers outside the field.
    pub fn parse(text: &str) -> Result<PublicKey, KeyError> {
        if text.len() != TEXT_LEN {
            return Err(KeyError::Format);
        }
        let bytes = STANDARD.decode(text).map_err(|_| KeyError::Format)?;
        PublicKey::from_bytes(bytes.try_into().map_err(|_| KeyError::Format)?)
    }

    /// A key of these bytes, held to the same rule.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<PublicKey, KeyError> {
        if bytes.iter().rev().ge(FIELD.iter().rev()) {
            return Err(KeyError::Weak);
        }
        if SMALL_ORDER.contains(&bytes) { Err(KeyError::Weak) } else { Ok(PublicKey(bytes)) }
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<PublicKey, KeyError> {
        PublicKey::parse(text)
    }
}

/// A private key, wiped from memory when dropped. It can't be copied or printed by accident.
#[derive(ZeroizeOnDrop)]
pub struct PrivateKey([u8; 32]);

impl PrivateKey {
    /// A key of 32 random bytes, clamped (RFC 7748, section 5) as `wg genkey` does.
    pub fn from_random(mut bytes: [u8; 32]) -> PrivateKey {
        let mut key = PrivateKey(bytes);
        bytes.zeroize();
        key.0[0] &= 0b1111_1000;
        key.0[31] &= 0b0111_1111;
        key.0[31] |= 0b0100_0000;
        key
    }

    /// A key as `wg genkey` writes it.
    pub fn parse(text: &str) -> Result<PrivateKey, KeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyError::Format)?);
        Ok(PrivateKey::from_random(bytes.as_slice().try_into().map_err(|_| KeyError::Format)?))
    }

    /// The 32 bytes, for the device that uses them.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its public key.
    pub fn public(&self) -> PublicKey {
        PublicKey(x25519_dalek::PublicKey::from(&StaticSecret::from(self.0)).to_bytes())
    }

    /// The key in base64, for the file of its owner.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// A secret that a device and its server share beside their keys, wiped from memory when dropped.
#[derive(ZeroizeOnDrop)]
pub struct PresharedKey([u8; 32]);

impl PresharedKey {
    /// A key of these 32 bytes: random ones for a new key, stored ones for a known key.
    pub fn from_bytes(mut bytes: [u8; 32]) -> PresharedKey {
        let key = PresharedKey(bytes);
        bytes.zeroize();
        key
    }

    /// A key as `wg genpsk` writes it.
    pub fn parse(text: &str) -> Result<PresharedKey, KeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text).map_err(|_| KeyError::Format)?);
        Ok(PresharedKey::from_bytes(bytes.as_slice().try_into().map_err(|_| KeyError::Format)?))
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key in base64, for the file of its owner.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PresharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresharedKey(…)")
    }
}

/// Why a text is no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not 44 characters of base64.
    #[error("a key is 44 characters of base64, as `wg` prints it")]
    Format,
    /// No private key belongs to it.
    #[error("this public key belongs to no private key; make a new pair")]
    Weak,
}

impl KeyError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            KeyError::Format => "public_key_invalid",
            KeyError::Weak => "public_key_weak",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The points of small order and their other spellings (curve25519's own pages list them).
    const NOBODYS: [&str; 7] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];

    fn bytes(hex: &str) -> [u8; 32] {
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    #[test]
    fn the_pair_of_the_rfc() {
        // RFC 7748, section 6.1: Bob.
        let private =
            PrivateKey::from_random(bytes("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
        let public = bytes("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
        assert_eq!(private.public().bytes(), public);
        assert_eq!(PublicKey::from_bytes(public).unwrap().bytes(), public);
    }

    #[test]
    fn keys_that_belong_to_nobody_are_refused() {
        for hex in NOBODYS {
            assert_eq!(PublicKey::from_bytes(bytes(hex)), Err(KeyError::Weak), "{hex}");
            let mut with_high_bit = bytes(hex);
            with_high_bit[31] |= 0x80;
            assert_eq!(PublicKey::from_bytes(with_high_bit), Err(KeyError::Weak), "{hex}, high bit");
        }
        assert_eq!(PublicKey::from_bytes([0xff; 32]), Err(KeyError::Weak));
        assert!(PublicKey::from_bytes(bytes(&format!("09{}", "00".repeat(31)))).is_ok());
    }

    #[test]
    fn the_list_is_of_the_points_that_a_private_key_takes_to_zero() {
        // A clamped private key is a multiple of 8, so it takes exactly the points of small order to zero.
        let is_taken = |point: [u8; 32]| !StaticSecret::from([1; 32]).diffie_hellman(&point.into()).was_contributory();
        assert!(SMALL_ORDER.into_iter().all(is_taken));
        let near = |mut point: [u8; 32]| {
            point[0] ^= 4;
            point
        };
        assert!(!SMALL_ORDER.map(near).into_iter().any(is_taken));
    }

    #[test]
    fn texts_that_are_no_key() {
        let good = PrivateKey::from_random([1; 32]).public().to_string();
        assert_eq!(good.len(), 44);
        assert_eq!(PublicKey::parse(&good).unwrap().to_string(), good);
        // The last character before the = carries only four bits: another one decodes to the same bytes elsewhere.
        let sloppy = format!("{}{}=", &good[..42], char::from(good.as_bytes()[42] + 1));
        let table = [
            "",
            "abc",
            &good[..43],
            &format!("{good} "),
            &good.replace('=', "A"),
            &sloppy,
            &"ü".repeat(22),
            &good[1..],
        ];
        for text in table {
            assert_eq!(PublicKey::parse(text), Err(KeyError::Format), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let private = PrivateKey::from_random([5; 32]);
        let shared = PresharedKey::from_bytes([6; 32]);
        let shown = format!("{private:?} {shared:?}");
        assert_eq!(shown, "PrivateKey(…) PresharedKey(…)");
    }

    proptest! {
        #[test]
        fn a_made_key_is_clamped_and_its_public_key_is_accepted(random: [u8; 32]) {
            let private = PrivateKey::from_random(random);
            let text = private.expose();
            let bytes = STANDARD.decode(text.as_bytes()).unwrap();
            prop_assert_eq!((bytes[0] & 7, bytes[31] & 0xc0), (0, 0x40));
            let public = private.public();
            prop_assert_eq!(PublicKey::parse(&public.to_string()), Ok(public));
        }

        #[test]
        fn any_text_is_survived(text in "[A-Za-z0-9+/]{43}=|.{0,50}") {
            if let Ok(key) = PublicKey::parse(&text) {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
