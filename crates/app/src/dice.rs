//! All randomness: ids, tokens, keys, salts.

use std::sync::{Mutex, PoisonError};

use domain::id::uuid_v7;
use domain::time::UnixMs;
use domain::token::Token;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use uuid::Uuid;

/// Where random bytes come from.
#[derive(Debug)]
pub enum Dice {
    /// The operating system.
    System,
    /// A seeded stream: the same run again, for tests and simulations.
    Seeded(Box<Mutex<ChaCha20Rng>>),
}

impl Dice {
    /// A repeatable stream.
    pub fn seeded(seed: u64) -> Dice {
        Dice::Seeded(Box::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            // Without the system's randomness no key and no token is safe, and none may be made.
            Dice::System => getrandom::fill(&mut bytes).expect("the operating system gives randomness"),
            Dice::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A new UUIDv7.
    pub fn id(&self, now: UnixMs) -> Uuid {
        uuid_v7(now, self.bytes())
    }

    /// A new token of 256 bits.
    pub fn token(&self) -> Token {
        Token::from_random(self.bytes())
    }
}
