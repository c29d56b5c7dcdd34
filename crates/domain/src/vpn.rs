//! The network: keys, addresses, the file that a device gets, and which server it connects to.

pub mod balancer;
pub mod client_file;
pub mod config;
pub mod dns;
pub mod key;
pub mod lease;
pub mod peer_diff;
pub mod pool;
