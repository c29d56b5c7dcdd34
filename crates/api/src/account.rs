//! Accounts and sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Sign up.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Address, at most 254 characters.
    #[schema(example = "mika@example.net", max_length = 254)]
    pub email: String,
    /// 8 characters or more, at most 1024 bytes.
    #[schema(min_length = 8, max_length = 1024)]
    pub password: String,
    /// `en`, `fr`, `ja`, `de` or `es`; `en` if left out.
    pub language: Option<String>,
    /// A friend's code.
    #[schema(max_length = 32)]
    pub referral_code: Option<String>,
}

/// A token from a mail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// As in the link.
    pub token: String,
}

/// An address.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailOnly {
    /// Address, at most 254 characters.
    #[schema(max_length = 254)]
    pub email: String,
}

/// Log in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Address.
    pub email: String,
    /// Password.
    pub password: String,
    /// One-time code, where the account asks for one.
    pub otp: Option<String>,
}

/// Exchange a refresh token.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token; left out by a browser that has it in a cookie.
    pub refresh_token: Option<String>,
}

/// Set a new password with a token from a mail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// As in the link.
    pub token: String,
    /// 8 characters or more, at most 1024 bytes.
    #[schema(min_length = 8, max_length = 1024)]
    pub new_password: String,
}

/// Tokens. The two texts are left out where they were set as cookies.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenReply {
    /// Access token, for `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Life of the access token, in seconds.
    pub expires_in: i64,
    /// Refresh token; good for one use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

/// Tokens and the account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LoginReply {
    /// Tokens.
    #[serde(flatten)]
    pub tokens: TokenReply,
    /// The account.
    pub user: User,
}

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// UUIDv7.
    pub id: Uuid,
    /// Address as typed at sign-up.
    pub email: String,
    /// `user`, `support` or `admin`.
    pub role: String,
    /// Two-letter code.
    pub language: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// What to give to friends.
    pub referral_code: String,
    /// Sign-up.
    pub created_at: String,
}

/// What can be changed of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMe {
    /// `en`, `fr`, `ja`, `de` or `es`.
    pub language: String,
}

/// A session.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// UUIDv7.
    pub id: Uuid,
    /// `site` or `api`.
    pub kind: String,
    /// Browser family; no address is kept.
    pub client: String,
    /// The day it was last seen (start of the UTC day).
    pub seen: String,
    /// When it began.
    pub created_at: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Sessions, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    /// Live sessions.
    pub sessions: Vec<Session>,
    /// How to ask for the next page; null at the end.
    pub next_cursor: Option<String>,
}
