//! The one error of all use cases, cut by what the caller is told.

use clients::stripe::StripeError;
use store::StoreError;

/// Result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// A refused field: which one, why, and what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field in the request.
    pub field: &'static str,
    /// Stable, snake_case.
    pub code: &'static str,
    /// What would be accepted, in a plain sentence.
    pub detail: String,
}

/// Why a use case did not do what was asked. Nothing was half done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing is not there, or is another's: the two look the same.
    #[error("not found")]
    NotFound,
    /// Who asks is not known.
    #[error("{detail}")]
    Unauthorized {
        /// Stable, snake_case.
        code: &'static str,
        /// A plain sentence.
        detail: &'static str,
    },
    /// Who asks is known, and may not.
    #[error("{detail}")]
    Forbidden {
        /// Stable, snake_case.
        code: &'static str,
        /// A plain sentence.
        detail: &'static str,
    },
    /// It does not fit the state of things, or another was faster.
    #[error("{detail}")]
    Conflict {
        /// Stable, snake_case.
        code: &'static str,
        /// A plain sentence.
        detail: String,
    },
    /// Another request is at it; the same one may be tried again in a moment.
    #[error("{detail}")]
    Locked {
        /// Stable, snake_case.
        code: &'static str,
        /// A plain sentence.
        detail: &'static str,
    },
    /// Fields are missing or wrong.
    #[error("{} field(s) refused", .0.len())]
    Invalid(Vec<FieldError>),
    /// It needs a paid subscription.
    #[error("{detail}")]
    PaymentRequired {
        /// Stable, snake_case.
        code: &'static str,
        /// A plain sentence.
        detail: &'static str,
    },
    /// Too often.
    #[error("too many requests")]
    TooMany {
        /// When to try again, in milliseconds from now.
        retry_after_ms: i64,
    },
    /// Not possible right now: the database or an outside service is away.
    #[error("{what} is not answering right now")]
    Busy {
        /// Who is away: `the database`, `the payment service` …
        what: &'static str,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The same transaction may be tried again at once; [`crate::App::retrying`] does.
    #[error("the database is busy")]
    Contention(#[source] StoreError),
    /// A defect of ours.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One refused field.
    pub fn invalid(field: &'static str, code: &'static str, detail: impl Into<String>) -> Error {
        Error::Invalid(vec![FieldError { field, code, detail: detail.into() }])
    }

    /// It does not fit the state of things.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Error {
        Error::Conflict { code, detail: detail.into() }
    }

    /// A defect, in words for the log.
    pub fn internal(words: impl Into<String>) -> Error {
        Error::Internal(words.into().into())
    }

    /// The stable code that a program can act on.
    pub fn code(&self) -> &'static str {
        match self {
            Error::NotFound => "not_found",
            Error::Unauthorized { code, .. }
            | Error::Forbidden { code, .. }
            | Error::Locked { code, .. }
            | Error::Conflict { code, .. }
            | Error::PaymentRequired { code, .. } => code,
            Error::Invalid(_) => "invalid",
            Error::TooMany { .. } => "too_many_requests",
            Error::Busy { .. } | Error::Contention(_) => "unavailable",
            Error::Internal(_) => "internal",
        }
    }

    /// The error and its causes, for a log line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Contention(_) => Error::Contention(error),
            StoreError::Away(_) => Error::Busy { what: "the database", source: Some(Box::new(error)) },
            other => Error::Internal(Box::new(other)),
        }
    }
}

impl From<StripeError> for Error {
    fn from(error: StripeError) -> Error {
        if error.is_retryable() {
            Error::Busy { what: "the payment service", source: Some(Box::new(error)) }
        } else {
            Error::Internal(Box::new(error))
        }
    }
}
