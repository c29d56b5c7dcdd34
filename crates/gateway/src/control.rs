//! The control plane, as a gateway speaks with it.

use std::time::Duration;

use api::gateway::{
    Ack, DecodeError, Decoder, Enrol, Enrolled, Follow, Frame, Looks, Report, Reported, Rotate, ToLook,
};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

/// How long an answer may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);
/// Silence after which a stream is given up: three heartbeats.
const SILENCE: Duration = Duration::from_secs(15);

/// Why the control plane can't be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It has no address.
    #[error("`{0}` is no address of a control plane: it is https://HOST, or http:// on this machine alone")]
    Address(String),
    /// It is away.
    #[error("the control plane can't be reached: {0}")]
    Away(String),
    /// It refuses.
    #[error("the control plane refuses ({status}): {detail}")]
    Refused {
        /// Status.
        status: u16,
        /// Why, and what to do.
        detail: String,
    },
    /// What it says can't be understood.
    #[error("the control plane says {0}")]
    Nonsense(#[from] DecodeError),
}

impl From<reqwest::Error> for ControlError {
    fn from(error: reqwest::Error) -> ControlError {
        // The library's own words are the least of it: what went wrong is the innermost.
        let error = error.without_url();
        let mut innermost: &dyn std::error::Error = &error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        ControlError::Away(innermost.to_string())
    }
}

impl ControlError {
    /// Whether another agent has taken this one's place.
    pub fn is_superseded(&self) -> bool {
        matches!(self, ControlError::Refused { status: 409, .. })
    }
}

/// A way to the control plane.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    base: String,
    http: Client,
}

#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Control {
    pub(crate) fn new(base: &str) -> Result<Control, ControlError> {
        let is_here = |url: &Url| matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        // Over http the credential and the peers' secrets would be anybody's on the way.
        let is_safe = |url: &Url| url.scheme() == "https" || url.scheme() == "http" && is_here(url);
        if !Url::parse(base).is_ok_and(|url| is_safe(&url)) {
            return Err(ControlError::Address(base.to_owned()));
        }
        let http = Client::builder().connect_timeout(PATIENCE).read_timeout(SILENCE).build()?;
        Ok(Control { base: base.trim_end_matches('/').to_owned(), http })
    }

    pub(crate) async fn enrol(&self, asked: &Enrol) -> Result<Enrolled, ControlError> {
        let request = self.http.post(format!("{}/gateway/v1/enrol", self.base)).json(asked).timeout(PATIENCE);
        Ok(accepted(request.send().await?).await?.json().await?)
    }

    pub(crate) async fn ack(&self, credential: &str, ack: &Ack) -> Result<(), ControlError> {
        let request = self.http.post(format!("{}/gateway/v1/ack", self.base)).bearer_auth(credential).json(ack);
        accepted(request.timeout(PATIENCE).send().await?).await?;
        Ok(())
    }

    pub(crate) async fn rotate(&self, credential: &str, next: &Rotate) -> Result<(), ControlError> {
        let request = self.http.post(format!("{}/gateway/v1/rotate", self.base)).bearer_auth(credential).json(next);
        accepted(request.timeout(PATIENCE).send().await?).await?;
        Ok(())
    }

    pub(crate) async fn report(&self, credential: &str, report: &Report) -> Result<Reported, ControlError> {
        let request = self.http.post(format!("{}/gateway/v1/report", self.base)).bearer_auth(credential).json(report);
        Ok(accepted(request.timeout(PATIENCE).send().await?).await?.json().await?)
    }

    pub(crate) async fn look(&self, credential: &str, looks: &Looks) -> Result<ToLook, ControlError> {
        let request = self.http.post(format!("{}/gateway/v1/look", self.base)).bearer_auth(credential).json(looks);
        Ok(accepted(request.timeout(PATIENCE).send().await?).await?.json().await?)
    }

    pub(crate) async fn stream(&self, credential: &str, follow: &Follow) -> Result<Stream, ControlError> {
        let request = self.http.get(format!("{}/gateway/v1/stream", self.base)).bearer_auth(credential).query(follow);
        Ok(Stream { response: accepted(request.send().await?).await?, decoder: Decoder::default() })
    }
}

async fn accepted(response: Response) -> Result<Response, ControlError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let said = response.json::<Problem>().await.map(|problem| problem.detail);
    let detail = said.unwrap_or_else(|_| "no reason was given; is this the address of the control plane?".to_owned());
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            Err(ControlError::Away(detail))
        }
        _ => Err(ControlError::Refused { status: status.as_u16(), detail }),
    }
}

/// What the control plane says, frame by frame.
pub(crate) struct Stream {
    response: Response,
    decoder: Decoder,
}

impl Stream {
    /// The next frame. Not to be dropped half-way: what was read by then is kept, so that it may be.
    pub(crate) async fn next(&mut self) -> Result<Frame, ControlError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(frame);
            }
            match self.response.chunk().await? {
                Some(bytes) => self.decoder.push(&bytes),
                None => return Err(ControlError::Away("it ended the stream".to_owned())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_not_off_this_machine() {
        for good in ["https://vpn.example.net", "https://vpn.example.net/", "http://127.0.0.1:8080", "http://[::1]:1"] {
            assert!(Control::new(good).is_ok(), "{good}");
        }
        for bad in ["vpn.example.net", "http://vpn.example.net", "http://127.0.0.1.example.net", "ftp://[::1]", ""] {
            let error = Control::new(bad).expect_err(bad).to_string();
            assert!(error.contains("https://HOST"), "{error}");
        }
    }
}
