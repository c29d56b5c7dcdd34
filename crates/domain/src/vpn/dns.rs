//! Who tells a device the addresses of names.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Most resolvers of one kind: more than any device asks.
const MOST: usize = 4;

/// Which resolvers a device's file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dns {
    /// The gateway at the other end of the tunnel, which filters nothing.
    #[default]
    Plain,
    /// Without advertising and trackers.
    AdBlocking,
    /// Without advertising, trackers and adult content.
    Family,
}

impl Dns {
    /// All of them.
    pub const ALL: [Dns; 3] = [Dns::Plain, Dns::AdBlocking, Dns::Family];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Dns::Plain => "plain",
            Dns::AdBlocking => "ad_blocking",
            Dns::Family => "family",
        }
    }
}

/// Why a choice of resolvers, or a list of them, is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// Another word.
    #[error("dns is one of: plain, ad_blocking, family")]
    Unknown,
    /// The operator has named no resolvers of this kind.
    #[error("this choice of DNS is not offered here; leave dns out, or choose plain")]
    NotOffered,
    /// More than four.
    #[error("at most four addresses of resolvers")]
    TooMany,
}

impl DnsError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            DnsError::Unknown => "dns_unknown",
            DnsError::NotOffered => "dns_not_offered",
            DnsError::TooMany => "dns_too_many",
        }
    }
}

impl FromStr for Dns {
    type Err = DnsError;

    fn from_str(word: &str) -> Result<Dns, DnsError> {
        Dns::ALL.into_iter().find(|dns| dns.as_str() == word).ok_or(DnsError::Unknown)
    }
}

/// The resolvers that an operator offers beside the gateway's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolvers {
    ad_blocking: Vec<IpAddr>,
    family: Vec<IpAddr>,
}

impl Resolvers {
    /// Those of the two kinds; a kind without any is not offered.
    pub fn new(ad_blocking: Vec<IpAddr>, family: Vec<IpAddr>) -> Result<Resolvers, DnsError> {
        if ad_blocking.len() > MOST || family.len() > MOST {
            return Err(DnsError::TooMany);
        }
        Ok(Resolvers { ad_blocking, family })
    }

    /// Whether a device may choose this kind.
    pub fn offers(&self, dns: Dns) -> Result<(), DnsError> {
        match dns {
            Dns::AdBlocking if self.ad_blocking.is_empty() => Err(DnsError::NotOffered),
            Dns::Family if self.family.is_empty() => Err(DnsError::NotOffered),
            _ => Ok(()),
        }
    }

    /// The addresses in the file of a device with this choice. A kind that is offered no longer is the gateway again.
    pub fn of(&self, dns: Dns, gateway: (Ipv4Addr, Ipv6Addr)) -> Vec<IpAddr> {
        match dns {
            Dns::AdBlocking if !self.ad_blocking.is_empty() => self.ad_blocking.clone(),
            Dns::Family if !self.family.is_empty() => self.family.clone(),
            _ => vec![IpAddr::V4(gateway.0), IpAddr::V6(gateway.1)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_that_is_offered_no_longer_is_the_gateway_again() {
        let gateway = (Ipv4Addr::new(10, 64, 0, 1), "fd6d:6972:6169::1".parse().unwrap());
        let own = vec![IpAddr::V4(gateway.0), IpAddr::V6(gateway.1)];
        let quiet: Vec<IpAddr> = vec!["94.140.14.14".parse().unwrap(), "2a10:50c0::ad1:ff".parse().unwrap()];
        let some = Resolvers::new(quiet.clone(), Vec::new()).unwrap();
        for (dns, offered, expected) in [
            (Dns::Plain, Ok(()), &own),
            (Dns::AdBlocking, Ok(()), &quiet),
            (Dns::Family, Err(DnsError::NotOffered), &own),
        ] {
            assert_eq!((some.offers(dns), &some.of(dns, gateway)), (offered, expected), "{dns:?}");
            assert_eq!(dns.as_str().parse(), Ok(dns));
        }
        assert_eq!("Plain".parse::<Dns>(), Err(DnsError::Unknown));
        assert_eq!(Resolvers::new(vec![quiet[0]; 5], Vec::new()), Err(DnsError::TooMany));
    }
}
