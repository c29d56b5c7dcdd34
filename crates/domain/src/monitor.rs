//! What is watched, how one knows that it works, and what people are told of it.
//!
//! A check looks at one thing again and again. Several places may look at it: [`round`] makes one verdict of theirs.
//! [`watch`] makes a state of verdicts, [`incident`] an incident of the states of all checks that share a cause,
//! [`rollup`] the figures of a span of time, [`component`] what the status page says, and [`news`] what is told of an
//! incident.

pub mod component;
pub mod incident;
pub mod latency;
pub mod maintenance;
pub mod news;
pub mod rollup;
pub mod round;
pub mod target;
pub mod verdict;
pub mod watch;
