//! What the bot on Discord has to remember. Ids of Discord are its snowflakes, which fit 63 bits.

pub mod blocks;
pub mod boards;
pub mod buckets;
pub mod codes;
pub mod links;
pub mod posts;
pub mod sessions;
pub mod threads;
pub mod undo;
