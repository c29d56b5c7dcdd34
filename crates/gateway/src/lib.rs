//! The agent on each VPN server: it follows the list of peers that its server should serve, and keeps the WireGuard device
//! like that.
//!
//! `control` talks to the control plane, `wanted` is what it said, `device` is what does the work, `state` is what
//! outlives the process, and `agent` brings them together. What it was told is served without the control plane too, each
//! peer until its lease ends.
//!
//! Invariant: a peer that stays is changed in place; nothing here takes all peers away to add them again, and nothing
//! knows a client's address.

mod agent;
mod control;
mod device;
mod embedded;
mod enrol;
pub mod network;
mod state;
mod uapi;
mod wanted;

pub use agent::{Agent, AgentError, Status};
pub use control::ControlError;
pub use device::{Device, DeviceError, FakeDevice};
pub use embedded::Embedded;
pub use enrol::{EnrolError, enrol};
pub use state::{Identity, Kept, Place, StateError};
pub use uapi::Uapi;

use std::sync::Arc;

use domain::time::UnixMs;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;
