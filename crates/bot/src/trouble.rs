//! Why Discord does not do something, and what its refusals mean.

use std::time::Duration;

use serde_json::Value;

/// Codes of things that are not there any more.
const UNKNOWN_CHANNEL: u64 = 10_003;
const UNKNOWN_MEMBER: u64 = 10_007;
const UNKNOWN_MESSAGE: u64 = 10_008;
const UNKNOWN_OVERWRITE: u64 = 10_009;
const UNKNOWN_USER: u64 = 10_013;
const UNKNOWN_WEBHOOK: u64 = 10_015;
const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
/// An interaction that has its first answer.
const ALREADY_ACKNOWLEDGED: u64 = 40_060;

/// Why something did not work. Its words have no address, in which there may be a token, and nothing that people wrote.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Discord refuses it.
    #[error("{status}: {message} ({code})")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// Discord's own code; 0 where it has none.
        code: u64,
        /// Its words.
        message: String,
    },
    /// The bot's token is refused.
    #[error("the token is refused")]
    TokenRefused,
    /// It is to be asked for so much later that it is not waited for.
    #[error("Discord wants to be asked later, in {} s", .0.as_secs())]
    Limited(Duration),
    /// No answer came in time.
    #[error("no answer in time")]
    Silent,
    /// There is no connection.
    #[error("no connection: {0}")]
    Away(String),
    /// What stands between Discord and us answers in its place, with this status.
    #[error("{0}, and not by Discord")]
    Foreign(u16),
    /// An answer can't be read.
    #[error("an answer that can't be read")]
    Unreadable,
}

impl Trouble {
    pub(crate) fn of_connection(error: reqwest::Error) -> Trouble {
        if error.is_timeout() {
            return Trouble::Silent;
        }
        let error = error.without_url();
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        Trouble::Away(words)
    }

    pub(crate) fn refused(status: u16, body: &[u8]) -> Trouble {
        match serde_json::from_slice::<Value>(body) {
            Ok(said) if said.is_object() => Trouble::Refused {
                status,
                code: said["code"].as_u64().unwrap_or_default(),
                message: said["message"].as_str().unwrap_or_default().to_owned(),
            },
            _ => Trouble::Foreign(status),
        }
    }

    fn code(&self) -> Option<u64> {
        match self {
            Trouble::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether it may be otherwise in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Trouble::Refused { status, .. } => *status >= 500,
            Trouble::TokenRefused => false,
            _ => true,
        }
    }

    /// Whether an interaction has its first answer.
    pub(crate) fn is_answered(&self) -> bool {
        self.code() == Some(ALREADY_ACKNOWLEDGED)
    }

    /// Whether the channel is gone.
    pub(crate) fn is_channel_gone(&self) -> bool {
        self.code() == Some(UNKNOWN_CHANNEL)
    }

    /// Whether the message is gone.
    pub(crate) fn is_message_gone(&self) -> bool {
        self.code() == Some(UNKNOWN_MESSAGE)
    }

    /// Whether somebody has no rights of their own in the channel.
    pub(crate) fn is_overwrite_gone(&self) -> bool {
        self.code() == Some(UNKNOWN_OVERWRITE)
    }

    /// Whether the person is not, or not any more, in the guild.
    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self.code(), Some(UNKNOWN_MEMBER | UNKNOWN_USER))
    }

    /// Whether nobody can be told by this token any more.
    pub(crate) fn is_token_over(&self) -> bool {
        matches!(self.code(), Some(UNKNOWN_WEBHOOK | INVALID_WEBHOOK_TOKEN | UNKNOWN_MESSAGE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_discords_own_word_passes_and_a_refusal_does_not() {
        let refused = Trouble::refused(404, br#"{"message": "Unknown Channel", "code": 10003}"#);
        assert!(refused.is_channel_gone() && !refused.is_passing());
        assert_eq!(refused.to_string(), "404: Unknown Channel (10003)");
        assert!(Trouble::refused(403, b"<html>blocked</html>").is_passing());
        assert!(Trouble::refused(502, b"").is_passing());
        assert!(Trouble::refused(500, br#"{"message": "500", "code": 0}"#).is_passing());
        assert!(!Trouble::TokenRefused.is_passing());
    }
}
