//! The half on the laptop: Windows, macOS or Linux, with git, cargo (or an archive that was built elsewhere) and `ssh`.

pub mod artifact;
pub mod config;
pub mod log;
mod session;
mod ssh;
pub mod vpn;

pub use session::{Options, Report, carry_out, logs, provide, status};

/// Why the half on the laptop can't go on. Nothing was changed by it.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The settings.
    #[error("{0}")]
    Config(String),
    /// git, cargo, or the archive.
    #[error("{cause}")]
    Artifact {
        /// What is wrong.
        cause: String,
        /// What to type.
        remedy: String,
    },
    /// The connection.
    #[error("{cause}")]
    Ssh {
        /// What is wrong.
        cause: String,
        /// What `ssh` and the host said.
        evidence: Vec<String>,
        /// What to type.
        remedy: String,
    },
}

impl ClientError {
    /// As the end of a command.
    pub fn ending(self) -> crate::outcome::Ending {
        use crate::outcome::Ending;
        match self {
            ClientError::Config(cause) => Ending::refused(cause, "see docs/deploy.md for the settings"),
            ClientError::Artifact { cause, remedy } => Ending::refused(cause, remedy),
            ClientError::Ssh { cause, evidence, remedy } => Ending { evidence, ..Ending::refused(cause, remedy) },
        }
    }
}
