//! The deploy tool: one program, two halves. The half on a laptop builds, packs, uploads and decides; the half on the host (the
//! `agent`) holds the lock, unpacks, tries, switches, watches and goes back. They speak in frames over one `ssh`.
//!
//! Facts are read, a plan is made from them by a pure function, the plan is shown, and that plan is what is applied.
//!
//! Invariant: a release that was good keeps serving until a newer one has proved itself, whatever dies in between. Nothing
//! here speaks SQL, reads the environment, or hands a secret to an argument list.

#[cfg(unix)]
pub mod agent;
pub mod archive;
pub mod client;

pub mod id;
pub mod layout;
mod logs;
pub mod manifest;
pub mod outcome;
pub mod plan;
pub mod provision;
pub mod role;
pub mod state;
pub mod wire;
