//! The clients against servers in this process: what they send, and what they make of bad days.

mod mail;
mod stripe;
mod support;
