//! What nobody has read of a request's body, by the time its answer is there.
//!
//! A request that is refused early, for its size or its sender, leaves a body that is still on its way. Were the connection
//! closed on it, whoever sends it could see the break before the answer: nginx then answers 502 itself, and a browser says
//! that the connection was reset. So the rest is read, and thrown away.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use hyper::body::{Frame, SizeHint};

/// Most of it that is read, in bytes: what nginx lets through, see `ops/nginx/mirai.conf`.
const MOST: usize = 15 << 20;
/// How long for, and how long nothing may come meanwhile.
const LONGEST: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(1);

/// A body, and a hand on it for when it is let go of.
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut Body) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}

/// What may be left of a body.
pub(crate) struct Rest(Option<Shared>);

/// Takes note of a request's body, if it has one that comes unasked.
pub(crate) fn of(request: &mut Request) -> Rest {
    if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
        return Rest(None);
    }
    let body = Arc::new(Mutex::new(std::mem::take(request.body_mut())));
    *request.body_mut() = Body::new(Shared(body.clone()));
    Rest(Some(Shared(body)))
}

impl Rest {
    /// Reads it to its end, or for as long as one reads what nobody wants.
    pub(crate) async fn read_away(self) {
        let Some(mut rest) = self.0 else { return };
        let all = async {
            let mut seen = 0;
            while seen <= MOST && !rest.is_end_stream() {
                let next = std::future::poll_fn(|cx| Pin::new(&mut rest).poll_frame(cx));
                let Ok(Some(Ok(frame))) = tokio::time::timeout(IDLE, next).await else { break };
                seen += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        // One that takes longer is closed on.
        let _ = tokio::time::timeout(LONGEST, all).await;
    }
}
