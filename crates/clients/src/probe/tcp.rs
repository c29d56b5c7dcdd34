//! Whether something takes connections.

use std::time::Instant;

use tokio::net::TcpStream;

use super::{Answer, Trouble, addresses};

pub(super) async fn look(endpoint: &str) -> Result<Answer, Trouble> {
    let mut last = Trouble::Resolve;
    for address in addresses(endpoint).await? {
        let began = Instant::now();
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(Answer::after(began, address.ip())),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}
