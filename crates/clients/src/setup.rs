//! Why a client can't be made from its settings.

/// Why a client can't be made from its settings. The text names no secret.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A base URL that requests can't be sent to.
    #[error("the address of an outside service is an http or https URL, for example https://api.stripe.com")]
    Base,
    /// The system's certificates or its TLS can't be used.
    #[error("no HTTP client can be made on this machine: {0}")]
    Http(String),
    /// An SMTP URL that is not one.
    #[error("an SMTP server is smtp://user:password@host:port or smtps://…: {0}")]
    SmtpUrl(&'static str),
    /// A Redis URL that is not one.
    #[error("Redis is redis://[user:password@]host:port[/database], or rediss://… with TLS")]
    Redis,
}
