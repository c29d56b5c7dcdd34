//! Proof of presence, password, address, second factor.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What shows that it is the owner who acts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The account's password.
    pub password: String,
    /// A code of the authenticator app or a recovery code, where the second factor is on; not needed again within ten
    /// minutes of the last.
    pub otp: Option<String>,
}

/// Another password.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password that is valid now.
    pub password: String,
    /// 8 characters or more, at most 1024 bytes, not easily guessed.
    #[schema(min_length = 8, max_length = 1024)]
    pub new_password: String,
    /// See [`Proof`].
    pub otp: Option<String>,
}

/// Another address.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    /// The new address, at most 254 characters.
    #[schema(example = "mika@example.org", max_length = 254)]
    pub email: String,
    /// The account's password.
    pub password: String,
    /// See [`Proof`].
    pub otp: Option<String>,
}

/// How the second factor stands.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SecondFactor {
    /// Whether a login needs a code.
    pub on: bool,
    /// Since when.
    pub since: Option<String>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u64,
}

/// For an authenticator app. It counts once its first code has come back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Enrolment {
    /// The secret in base 32, for typing. SHA-1, six digits, thirty seconds.
    pub secret: String,
    /// `otpauth://totp/…`, for a QR code.
    pub uri: String,
}

/// A code.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six digits of the authenticator app.
    pub otp: String,
}

/// Each stands in for the authenticator app once. They are shown this one time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RecoveryCodes {
    /// Sixteen letters and digits in groups of four; hyphens and capitals do not matter.
    pub recovery_codes: Vec<String>,
}
