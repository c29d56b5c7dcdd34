//! Free loopback ports for programs that cannot be told to pick one themselves.

use std::net::{Ipv4Addr, TcpListener};

/// A TCP port on 127.0.0.1 that nobody listened on a moment ago. Another process may take it first: callers try again.
///
/// # Errors
/// When the system has no free port.
pub fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_can_be_listened_on() {
        let port = free_port().unwrap();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }
}
