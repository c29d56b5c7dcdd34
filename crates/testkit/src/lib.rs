//! Real parts for tests: a private MariaDB server, a headless Chromium, child processes that end with the test, and the
//! rules of the house itself (crate edges, licences, what a source file may say).
//!
//! Nothing here stands in for anything: a suite drives the real database, the real browser and the real binary. Every
//! helper process hangs on a lifeline, so that it ends even when the test process is killed.
//!
//! Invariant: testkit is linked into tests and tools only, and it ends only processes that it started itself.

pub mod acme;
pub mod app;
pub mod browser;
pub mod caller;
pub mod dev;
pub mod discord;
pub mod fleet;
pub mod gate;

pub mod house;
mod lifeline;
pub mod machine;
pub mod mariadb;
pub mod missing;
pub mod netns;
pub mod nginx;
pub mod parsers;
pub mod ports;
pub mod private_dir;
pub mod process;
pub mod qemu;
pub mod redis;
pub mod setting;
pub mod small_disk;
pub mod template;
pub mod traces;
pub mod wg;
