//! What Discord's refusals mean.

use twilight_http::api_error::ApiError;
use twilight_http::error::ErrorType;

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

fn code(error: &twilight_http::Error) -> Option<u64> {
    match error.kind() {
        ErrorType::Response { error: ApiError::General(error), .. } => Some(error.code),
        _ => None,
    }
}

/// Whether it may be otherwise in a moment.
pub(crate) fn is_passing(error: &twilight_http::Error) -> bool {
    match error.kind() {
        ErrorType::Response { status, .. } => status.get() >= 500,
        // A gateway before Discord answers with a page where there should be JSON.
        ErrorType::Parsing { .. } => true,
        ErrorType::RequestError | ErrorType::RequestTimedOut | ErrorType::RequestCanceled => true,
        _ => false,
    }
}

/// Whether an interaction has its first answer.
pub(crate) fn is_answered(error: &twilight_http::Error) -> bool {
    code(error) == Some(ALREADY_ACKNOWLEDGED)
}

/// Whether the channel is gone.
pub(crate) fn is_channel_gone(error: &twilight_http::Error) -> bool {
    code(error) == Some(UNKNOWN_CHANNEL)
}

/// Whether somebody has no rights of their own in the channel.
pub(crate) fn is_overwrite_gone(error: &twilight_http::Error) -> bool {
    code(error) == Some(UNKNOWN_OVERWRITE)
}

/// Whether the message is gone.
pub(crate) fn is_message_gone(error: &twilight_http::Error) -> bool {
    code(error) == Some(UNKNOWN_MESSAGE)
}

/// Whether the person is not, or not any more, in the guild.
pub(crate) fn is_nobody(error: &twilight_http::Error) -> bool {
    matches!(code(error), Some(UNKNOWN_MEMBER | UNKNOWN_USER))
}

/// Whether nobody can be told by this token any more.
pub(crate) fn is_token_over(error: &twilight_http::Error) -> bool {
    matches!(code(error), Some(UNKNOWN_WEBHOOK | INVALID_WEBHOOK_TOKEN | UNKNOWN_MESSAGE))
}

/// An error with its causes, without the address, in which there is a token.
pub(crate) fn words(error: &twilight_http::Error) -> String {
    match error.kind() {
        ErrorType::Response { status, error, .. } => format!("{status}: {error}"),
        // The variant alone: with it comes a body, in which there is what people wrote.
        kind => {
            let mut words = match kind {
                ErrorType::RequestTimedOut => "no answer in time",
                ErrorType::RequestError => "no connection",
                ErrorType::Unauthorized => "the token is refused",
                ErrorType::Parsing { .. } => "an answer that can't be read",
                _ => "the request could not be made",
            }
            .to_owned();
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                words = format!("{words}: {cause}");
                source = cause.source();
            }
            words
        }
    }
}
