//! The network-wide pool of tunnel addresses.
//!
//! An address is a number, the same one in the IPv4 and in the IPv6 network: 0 is the network itself, 1 the gateway's
//! end of every tunnel, and devices have 2 and up. Who holds which number, the database knows; here is which one is next.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::time::UnixMs;

/// How long a freed address rests before another device gets it: an hour, so that a server that has not heard of the
/// deletion yet can't send the old device's traffic to the new one.
pub const REST_MS: i64 = 3_600_000;

const GATEWAY: i64 = 1;
const FIRST_DEVICE: i64 = 2;

/// The two networks that tunnel addresses come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    v4: Ipv4Net,
    v6: Ipv6Net,
}

impl Pool {
    /// A pool of an IPv4 network of /30 or larger and an IPv6 network with at least as many addresses, both written by
    /// their first address.
    pub fn new(v4: Ipv4Net, v6: Ipv6Net) -> Result<Pool, PoolError> {
        if v4.prefix_len() > 30 {
            return Err(PoolError::V4TooSmall);
        }
        if 128 - v6.prefix_len() < 32 - v4.prefix_len() {
            return Err(PoolError::V6TooSmall);
        }
        if v4.addr() != v4.network() || v6.addr() != v6.network() {
            return Err(PoolError::HostBits);
        }
        Ok(Pool { v4, v6 })
    }

    /// The IPv4 network.
    pub fn v4(&self) -> Ipv4Net {
        self.v4
    }

    /// The IPv6 network.
    pub fn v6(&self) -> Ipv6Net {
        self.v6
    }

    /// How many devices have room: all addresses but the network's, the gateway's and the broadcast address.
    pub fn capacity(&self) -> i64 {
        (1_i64 << (32 - self.v4.prefix_len())) - 3
    }

    /// The addresses of the device with this number; `None` for a number that no device can have.
    pub fn addresses(&self, index: i64) -> Option<(Ipv4Addr, Ipv6Addr)> {
        (FIRST_DEVICE..FIRST_DEVICE + self.capacity()).contains(&index).then(|| self.at(index))
    }

    /// The gateway's end of every tunnel, which is also where devices ask for names.
    pub fn gateway(&self) -> (Ipv4Addr, Ipv6Addr) {
        self.at(GATEWAY)
    }

    /// The number of the device with this address; `None` for an address that no device can have.
    pub fn index_of(&self, address: Ipv4Addr) -> Option<i64> {
        let index = i64::from(address.to_bits()) - i64::from(self.v4.network().to_bits());
        self.addresses(index).map(|_| index)
    }

    /// The same for an IPv6 address.
    pub fn index_of_v6(&self, address: Ipv6Addr) -> Option<i64> {
        let index = address.to_bits().checked_sub(self.v6.network().to_bits())?;
        let index = i64::try_from(index).ok()?;
        self.addresses(index).map(|_| index)
    }

    /// `index` is between 0 and the size of the IPv4 network, so neither sum leaves its network.
    fn at(&self, index: i64) -> (Ipv4Addr, Ipv6Addr) {
        let v4 = i64::from(self.v4.network().to_bits()) + index;
        let v6 = self.v6.network().to_bits() + u128::from(index.unsigned_abs());
        (Ipv4Addr::from_bits(u32::try_from(v4).unwrap_or(u32::MAX)), Ipv6Addr::from_bits(v6))
    }
}

/// Why two networks are no pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// Under four IPv4 addresses.
    #[error("the IPv4 pool is a network of /30 or larger, for example 10.64.0.0/10")]
    V4TooSmall,
    /// Fewer IPv6 than IPv4 addresses.
    #[error("the IPv6 pool has at least as many addresses as the IPv4 pool, for example fd4d:6972:6169::/48")]
    V6TooSmall,
    /// `10.64.0.1/10`.
    #[error("a pool is written by its first address, for example 10.64.0.0/10, not 10.64.0.1/10")]
    HostBits,
}

impl PoolError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            PoolError::V4TooSmall => "pool_v4_too_small",
            PoolError::V6TooSmall => "pool_v6_too_small",
            PoolError::HostBits => "pool_has_host_bits",
        }
    }
}

/// An address that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freed {
    /// Its number.
    pub index: i64,
    /// When its device was removed.
    pub freed_at: UnixMs,
}

/// The number that the next device gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A rested one: to be taken out of the list of freed ones.
    Reuse(i64),
    /// One never used: the new high-water mark.
    Fresh(i64),
}

/// The high-water marks after which there is a number never used: what [`next`] says of them, unless a freed one has rested.
pub fn marks_with_room(capacity: i64) -> std::ops::RangeInclusive<i64> {
    FIRST_DEVICE - 1..=FIRST_DEVICE - 2 + capacity
}

/// Every address is in use or resting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no address is free right now")]
pub struct PoolExhausted;

impl PoolExhausted {
    /// The stable code.
    pub fn code(self) -> &'static str {
        "pool_exhausted"
    }
}

/// The number for the next device: that of the address freed first, if it has rested for [`REST_MS`], else the one after
/// the high-water mark (the highest number ever given out; 1 or less if none was). `capacity` is the pool's. A freed
/// number beyond the capacity (the pool was made smaller) is never given out.
pub fn next(oldest_freed: Option<Freed>, high_water: i64, capacity: i64, now: UnixMs) -> Result<Next, PoolExhausted> {
    let devices = FIRST_DEVICE..FIRST_DEVICE.saturating_add(capacity);
    if let Some(Freed { index, freed_at }) = oldest_freed
        && devices.contains(&index)
        && freed_at.saturating_add(REST_MS) <= now
    {
        return Ok(Next::Reuse(index));
    }
    let fresh = high_water.saturating_add(1).max(FIRST_DEVICE);
    if devices.contains(&fresh) { Ok(Next::Fresh(fresh)) } else { Err(PoolExhausted) }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};

    use proptest::prelude::*;

    use super::*;

    fn pool(v4: &str, v6: &str) -> Result<Pool, PoolError> {
        Pool::new(v4.parse().unwrap(), v6.parse().unwrap())
    }

    #[test]
    fn the_pool_of_the_contract() {
        let pool = pool("10.64.0.0/10", "fd4d:6972:6169::/48").unwrap();
        assert_eq!(pool.capacity(), 4_194_301);
        assert_eq!(pool.gateway(), ("10.64.0.1".parse().unwrap(), "fd4d:6972:6169::1".parse().unwrap()));
        let addresses = |v4: &str, v6: &str| Some((v4.parse().unwrap(), v6.parse().unwrap()));
        assert_eq!(pool.addresses(2), addresses("10.64.0.2", "fd4d:6972:6169::2"));
        assert_eq!(pool.addresses(257), addresses("10.64.1.1", "fd4d:6972:6169::101"));
        assert_eq!(pool.addresses(4_194_302), addresses("10.127.255.254", "fd4d:6972:6169::3f:fffe"));
        for index in [i64::MIN, -1, 0, 1, 4_194_303, i64::MAX] {
            assert_eq!(pool.addresses(index), None, "{index}");
        }
        assert_eq!(pool.index_of("10.64.1.1".parse().unwrap()), Some(257));
        for outside in ["10.63.255.255", "10.64.0.0", "10.64.0.1", "10.127.255.255", "10.128.0.0", "0.0.0.0"] {
            assert_eq!(pool.index_of(outside.parse().unwrap()), None, "{outside}");
        }
    }

    #[test]
    fn networks_that_are_no_pool() {
        assert_eq!(pool("10.64.0.0/30", "fd00::/126").unwrap().capacity(), 1);
        assert_eq!(pool("0.0.0.0/0", "::/0").unwrap().capacity(), 4_294_967_293);
        assert_eq!(pool("10.64.0.0/31", "fd00::/48"), Err(PoolError::V4TooSmall));
        assert_eq!(pool("10.64.0.0/29", "fd00::/126"), Err(PoolError::V6TooSmall));
        assert_eq!(pool("10.64.0.1/10", "fd00::/48"), Err(PoolError::HostBits));
        assert_eq!(pool("10.64.0.0/10", "fd00::1/48"), Err(PoolError::HostBits));
    }

    #[test]
    fn a_mark_with_room_is_one_after_which_a_fresh_one_comes() {
        for capacity in [1, 5, 100] {
            for mark in 1..capacity + 4 {
                let is_fresh = next(None, mark, capacity, 0) == Ok(Next::Fresh(mark + 1));
                assert_eq!(marks_with_room(capacity).contains(&mark), is_fresh, "{mark} of {capacity}");
            }
        }
    }

    #[test]
    fn the_oldest_rested_one_first_then_a_fresh_one() {
        let freed = |freed_at| Some(Freed { index: 3, freed_at });
        let table = [
            (None, 0, 0, Ok(Next::Fresh(2))),
            (None, 1, 0, Ok(Next::Fresh(2))),
            (None, 5, 0, Ok(Next::Fresh(6))),
            (None, 6, 0, Err(PoolExhausted)),
            (None, i64::MAX, 0, Err(PoolExhausted)),
            (freed(0), 5, REST_MS - 1, Ok(Next::Fresh(6))),
            (freed(0), 5, REST_MS, Ok(Next::Reuse(3))),
            (freed(0), 6, REST_MS - 1, Err(PoolExhausted)),
            (freed(0), 6, REST_MS, Ok(Next::Reuse(3))),
            (freed(i64::MAX), 6, 0, Err(PoolExhausted)),
            (Some(Freed { index: 7, freed_at: 0 }), 5, REST_MS, Ok(Next::Fresh(6))),
        ];
        for (oldest, high_water, now, expected) in table {
            assert_eq!(next(oldest, high_water, 5, now), expected, "{oldest:?} {high_water} {now}");
        }
    }

    proptest! {
        #[test]
        fn no_address_is_given_twice_or_too_early(
            prefix in 24_u8..=30,
            steps in proptest::collection::vec((any::<bool>(), 0_i64..1_000_000, any::<prop::sample::Index>()), 1..400),
        ) {
            let pool = pool(&format!("10.64.0.0/{prefix}"), "fd00::/48").unwrap();
            let (mut now, mut high_water) = (0, 1);
            let mut held = BTreeSet::new();
            let mut freed: VecDeque<Freed> = VecDeque::new();
            for (take, pause, pick) in steps {
                now += pause;
                if !take && !held.is_empty() {
                    let index = *held.iter().nth(pick.index(held.len())).unwrap();
                    held.remove(&index);
                    freed.push_back(Freed { index, freed_at: now });
                    continue;
                }
                match next(freed.front().copied(), high_water, pool.capacity(), now) {
                    Ok(Next::Reuse(index)) => {
                        let rested = freed.pop_front().unwrap();
                        prop_assert_eq!(rested.index, index);
                        prop_assert!(now - rested.freed_at >= REST_MS);
                        prop_assert!(held.insert(index));
                        prop_assert!(pool.addresses(index).is_some());
                    }
                    Ok(Next::Fresh(index)) => {
                        prop_assert_eq!(index, high_water + 1);
                        high_water = index;
                        prop_assert!(held.insert(index));
                        prop_assert!(pool.addresses(index).is_some());
                    }
                    Err(PoolExhausted) => {
                        prop_assert_eq!(i64::try_from(held.len() + freed.len()).unwrap(), pool.capacity());
                        prop_assert!(freed.front().is_none_or(|oldest| now - oldest.freed_at < REST_MS));
                    }
                }
            }
        }

        #[test]
        fn a_number_and_its_address_belong_together(index in 2_i64..4_194_303) {
            let pool = pool("10.64.0.0/10", "fd00::/48").unwrap();
            let (v4, v6) = pool.addresses(index).unwrap();
            prop_assert_eq!((pool.index_of(v4), pool.index_of_v6(v6)), (Some(index), Some(index)));
            prop_assert!(pool.v4().contains(&v4) && pool.v6().contains(&v6));
        }
    }
}
