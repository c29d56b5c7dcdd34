//! The agent on each VPN server: it follows the list of peers that its server should serve, and keeps the WireGuard device
//! like that.
//!
//! `control` and `talk` speak with the control plane, `wanted` is what it said, `device` is what does the work, `meters`
//! is what peers have carried, `health` how the machine is, `state` what outlives the process, `vantage` looks at other gateways, and `agent` brings
//! them together. What it was told is served without the control plane too, each peer until its lease ends.
//!
//! Invariant: a peer that stays is changed in place; nothing here takes all peers away to add them again, and nothing
//! knows a client's address.

mod agent;
mod control;
mod device;
mod embedded;
mod enrol;
mod health;
mod kernel;
mod limits;
mod meters;
pub mod network;
mod state;
mod talk;
mod uapi;
mod vantage;
mod wanted;

pub use agent::{Agent, AgentError, Pace, Setting, Status};
pub use control::ControlError;
pub use device::{Device, DeviceError, Failed, FakeDevice};
pub use embedded::Embedded;
pub use enrol::{EnrolError, enrol};
pub use kernel::Kernel;
pub use limits::Limits;
pub use state::{Identity, Kept, Place, StateError};
pub use uapi::Uapi;

use std::sync::Arc;

use domain::time::UnixMs;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> UnixMs + Send + Sync>;

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the door through which time comes into an agent")]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| UnixMs::try_from(since.as_millis()).unwrap_or(UnixMs::MAX))
    })
}
