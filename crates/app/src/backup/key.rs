//! Keys of backups, as age has them: public ones that seal, on the machine that makes the backups, and a secret one that
//! opens, which is better kept elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::str::FromStr as _;

use age::x25519;
use secrecy::{ExposeSecret as _, SecretString};

use super::{BackupError, Result, refused};

/// What a secret key begins with.
const SECRET: &str = "AGE-SECRET-KEY-";

/// A file of keys is a few lines.
const LARGEST: u64 = 64 * 1024;

/// Public keys for which backups are sealed: one of them is enough to open.
#[derive(Debug, Clone)]
pub struct Recipients(pub(super) Vec<x25519::Recipient>);

impl Recipients {
    /// Reads `age1…,age1…`.
    ///
    /// # Errors
    /// A line that says what to type, when there is none or one is wrong. It never repeats what was set: that may be a secret.
    pub fn parse(text: &str) -> Result<Recipients> {
        let mut keys = Vec::new();
        for (at, key) in text.split(',').map(str::trim).filter(|key| !key.is_empty()).enumerate() {
            if key.to_ascii_uppercase().starts_with(SECRET) {
                return Err(refused(
                    "BACKUP_RECIPIENTS holds a secret key: it takes public ones (age1…); \
                     make a new pair with `mirai backup key --out FILE`",
                ));
            }
            let wrong = |_| refused(format!("BACKUP_RECIPIENTS: number {} is no public key of age (age1…)", at + 1));
            keys.push(x25519::Recipient::from_str(key).map_err(wrong)?);
        }
        if keys.is_empty() {
            return Err(refused(
                "BACKUP_RECIPIENTS is not set, and no backup is made that anybody could read: \
                 make a key with `mirai backup key --out FILE`",
            ));
        }
        Ok(Recipients(keys))
    }
}

/// Secret keys that open backups.
pub struct Identities(pub(super) Vec<x25519::Identity>);

impl Identities {
    /// Reads a file as `mirai backup key` and `age-keygen` write it.
    ///
    /// # Errors
    /// When it can't be read, others can read it too, or it holds no key.
    pub fn read(path: &Path) -> Result<Identities> {
        let shown = path.display();
        let unreadable = |error| BackupError::io(format!("the key file {shown} can't be read"), error);
        let file = File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(refused(format!(
                "the key file {shown} can be read by others (mode {:03o}): type `chmod 600 {shown}`",
                mode & 0o777
            )));
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).map_err(unreadable)?;
        let text = SecretString::from(text);
        let mut keys = Vec::new();
        for line in text.expose_secret().lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |_| refused(format!("the key file {shown} has a line that is no secret key ({SECRET}…)"));
            keys.push(x25519::Identity::from_str(line).map_err(wrong)?);
        }
        if keys.is_empty() {
            return Err(refused(format!("the key file {shown} holds no secret key ({SECRET}…)")));
        }
        Ok(Identities(keys))
    }
}

/// Makes a pair, writes the secret half into the new file `out` that only this user can read, and returns the public half.
///
/// # Errors
/// When the file is there already, or can't be written.
pub fn make(out: &Path) -> Result<String> {
    let pair = x25519::Identity::generate();
    let public = pair.to_public().to_string();
    let wrong = |error| BackupError::io(format!("the key file {} can't be made", out.display()), error);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(wrong)?;
    let text = SecretString::from(format!(
        "# The secret key of backups of MiraiVPN. Without it no backup can be opened.\n\
         # public key: {public}\n{}\n",
        pair.to_string().expose_secret()
    ));
    let written = file.write_all(text.expose_secret().as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = std::fs::remove_file(out);
        return Err(wrong(error));
    }
    Ok(public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_public_key_is_refused_without_being_repeated() {
        let pair = x25519::Identity::generate();
        let public = pair.to_public().to_string();
        assert_eq!(Recipients::parse(&format!(" {public} ,{public},")).unwrap().0.len(), 2);
        let secret = pair.to_string();
        for (text, words) in [
            ("", "mirai backup key --out FILE"),
            (" , ", "mirai backup key --out FILE"),
            (secret.expose_secret(), "secret key"),
            (&secret.expose_secret().to_lowercase(), "secret key"),
            (&format!("{public},age1nonsense"), "number 2"),
        ] {
            let said = Recipients::parse(text).unwrap_err().to_string();
            assert!(said.contains(words) && said.contains("BACKUP_RECIPIENTS"), "{said}");
            assert!(!said.contains("nonsense") && !said.contains(secret.expose_secret()), "{said}");
        }
    }
}
