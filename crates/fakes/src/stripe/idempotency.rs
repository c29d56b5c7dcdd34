//! Idempotency keys: the first reply under a key is the reply to every later request that is the same.

use super::errors::ApiError;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The longest key that Stripe takes.
const LONGEST: usize = 255;

/// A reply that is kept, 24 hours long.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// Method and path of the first request.
    endpoint: String,
    /// Its parameters, in canonical order.
    params: String,
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) request_id: String,
    pub(crate) at: i64,
}

impl Saved {
    pub(crate) fn new(endpoint: &str, params: String, status: u16, body: String, request_id: &str, at: i64) -> Saved {
        Saved { endpoint: endpoint.to_owned(), params, status, body, request_id: request_id.to_owned(), at }
    }

    /// Whether this reply may answer another request under the same key.
    pub(crate) fn fits(&self, key: &str, endpoint: &str, params: &str) -> Result<(), ApiError> {
        if self.endpoint != endpoint {
            return Err(ApiError::idempotency(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{endpoint}' vs '{}'). \
                 Try using a key other than '{key}' if you meant to execute a different request.",
                self.endpoint
            )));
        }
        if self.params != params {
            return Err(ApiError::idempotency(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a \
                 key other than '{key}' if you meant to execute a different request."
            )));
        }
        Ok(())
    }
}

/// The keys whose first request has begun and not ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<HashSet<String>>>);

impl Running {
    /// Takes the key from the moment the request's head is read; it is free again when the guard is dropped, also by a
    /// client that went away.
    pub(crate) fn begin(&self, key: &str) -> Result<Guard, ApiError> {
        if key.is_empty() || key.len() > LONGEST {
            let message = format!("Idempotency keys may be at most {LONGEST} characters long and not empty.");
            return Err(ApiError::idempotency(message));
        }
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.insert(key.to_owned()) {
            return Err(ApiError::key_in_use(key));
        }
        Ok(Guard { keys: Arc::clone(&self.0), key: key.to_owned() })
    }
}

/// A key in use.
#[derive(Debug)]
pub(crate) struct Guard {
    keys: Arc<Mutex<HashSet<String>>>,
    key: String,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_use_until_its_request_ends() {
        let running = Running::default();
        let first = running.begin("k").unwrap();
        assert_eq!(running.begin("k").unwrap_err().status, 409);
        drop(first);
        assert!(running.begin("k").is_ok());
    }

    #[test]
    fn a_key_is_at_most_255_characters() {
        let running = Running::default();
        assert!(running.begin(&"k".repeat(255)).is_ok());
        assert!(running.begin(&"k".repeat(256)).is_err());
        assert!(running.begin("").is_err());
    }
}
