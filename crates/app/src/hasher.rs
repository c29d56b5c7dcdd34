//! Passwords: Argon2id on blocking threads, at most as many at once as there are cores.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use domain::account::Password;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{Dice, Error, Result};

/// How long a login waits for a free core before it is told to come back.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// What comes of checking a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Wrong.
    Wrong,
    /// Right.
    Right,
    /// Right, and the hash is of an old kind: hash the password anew.
    RightButOld,
}

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Hasher {
    cores: Arc<Semaphore>,
    /// Checked for an address that has no account, so that both answers take the same time.
    dummy: Arc<str>,
}

impl Hasher {
    /// A hasher whose dummy hash has the prevailing parameters.
    pub fn new(dice: &Dice) -> Hasher {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Hasher { cores: Arc::new(Semaphore::new(cores)), dummy: of_no_password(dice).into() }
    }

    /// Argon2id in PHC form.
    pub async fn hash(&self, password: &Password, salt: [u8; 16]) -> Result<String> {
        let password = password.clone();
        self.on_a_core(move || argon2_hash(password.expose().as_bytes(), &salt)).await?
    }

    /// Checks a password against a stored hash: Argon2 in PHC form, or bcrypt (`$2a$`, `$2b$`, `$2y$`). Without a
    /// hash it takes the same time and is wrong.
    pub async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<Verdict> {
        let password = password.clone();
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        let verdict = self.on_a_core(move || verify(password.expose(), &hash)).await?;
        Ok(if known { verdict } else { Verdict::Wrong })
    }

    /// Runs work that takes a while where it keeps nobody waiting but the other such work.
    pub(crate) async fn on_a_core<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::Busy { what: "the sign-in service", source: None };
        let permit = tokio::time::timeout(QUEUE_TIMEOUT, self.cores.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        let done = spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        done.await.map_err(|e| Error::Internal(Box::new(e)))
    }
}

fn argon2_hash(password: &[u8], salt: &[u8; 16]) -> Result<String> {
    let hash = Argon2::default().hash_password_with_salt(password, salt);
    hash.map(|phc| phc.to_string()).map_err(|e| Error::internal(format!("argon2: {e}")))
}

/// A hash with the prevailing parameters that was not made of any password: to make one would take 19 MiB, which a process
/// that checks no password, such as the bot, has no other use for.
fn of_no_password(dice: &Dice) -> String {
    let argon2 = Argon2::default();
    let phc = PasswordHash {
        algorithm: argon2::Algorithm::default().ident(),
        version: Some(argon2::Version::default().into()),
        params: argon2.params().try_into().expect("the default parameters are valid"),
        hash: Some(Output::new(&dice.bytes::<32>()).expect("32 bytes are neither few nor many")),
        salt: Some(Salt::new(&dice.bytes::<16>()).expect("so are 16 for a salt")),
    };
    phc.to_string()
}

fn verify(password: &str, hash: &str) -> Verdict {
    if hash.starts_with("$2") {
        // bcrypt looks at 72 bytes only; what PHP cut off then is cut off here, and the new hash covers all of it.
        return match bcrypt::verify(password, hash) {
            Ok(true) => Verdict::RightButOld,
            _ => Verdict::Wrong,
        };
    }
    let Ok(parsed) = PasswordHash::new(hash) else { return Verdict::Wrong };
    if Argon2::default().verify_password(password.as_bytes(), &parsed).is_err() {
        return Verdict::Wrong;
    }
    let wanted = argon2::Params::default();
    let current = argon2::Params::try_from(&parsed)
        .is_ok_and(|p| (p.m_cost(), p.t_cost(), p.p_cost()) == (wanted.m_cost(), wanted.t_cost(), wanted.p_cost()));
    if current && parsed.algorithm.as_str() == "argon2id" { Verdict::Right } else { Verdict::RightButOld }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let dice = Dice::seeded(1);
        let hasher = Hasher::new(&dice);
        let password = Password::parse("correct horse").expect("valid");
        let other = Password::parse("correct horsf").expect("valid");
        let hash = hasher.hash(&password, dice.bytes()).await.expect("hashes");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(hasher.verify(&password, Some(&hash)).await.expect("runs"), Verdict::Right);
        assert_eq!(hasher.verify(&other, Some(&hash)).await.expect("runs"), Verdict::Wrong);
        assert_eq!(hasher.verify(&password, None).await.expect("runs"), Verdict::Wrong);
        // As much work as a real one.
        assert!(hasher.dummy.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hasher.dummy);
        assert_eq!(hasher.dummy.len(), hash.len());
        assert!(PasswordHash::new(&hasher.dummy).is_ok_and(|dummy| argon2::Params::try_from(&dummy).is_ok()));
    }

    #[tokio::test]
    async fn hashes_written_by_php_are_right_and_old() {
        let hasher = Hasher::new(&Dice::seeded(1));
        // php > echo password_hash('correct horse', PASSWORD_BCRYPT, ['cost' => 4]);  the prefix is PHP's.
        let made = bcrypt::hash("correct horse", 4).expect("hashes");
        let php = made.replacen("$2b$", "$2y$", 1);
        let password = Password::parse("correct horse").expect("valid");
        assert_eq!(hasher.verify(&password, Some(&php)).await.expect("runs"), Verdict::RightButOld);
        assert_eq!(hasher.verify(&password, Some("$2y$nonsense")).await.expect("runs"), Verdict::Wrong);
    }
}
