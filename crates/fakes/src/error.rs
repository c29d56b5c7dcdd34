//! What starting or steering a fake can fail with.

/// Why a fake did not start, or would not do what a test asked of it.
#[derive(Debug, thiserror::Error)]
pub enum FakeError {
    /// The listener or the state file could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The state file is not one that this version wrote.
    #[error("{path} is not a state file of this version ({source}); delete it to begin anew")]
    State {
        /// The file.
        path: String,
        /// Where reading stopped.
        source: serde_json::Error,
    },
    /// The real service would refuse this too; the sentence is the one it gives.
    #[error("{0}")]
    Refused(String),
    /// A webhook could not be posted at all.
    #[error("the webhook was not delivered: {0}")]
    Undelivered(String),
}

impl FakeError {
    pub(crate) fn io(what: impl Into<String>, source: std::io::Error) -> FakeError {
        FakeError::Io { what: what.into(), source }
    }
}
