//! The part of `deploy.toml` that makes a host a VPN server.

use std::net::IpAddr;

use serde::Deserialize;

use super::ClientError;
use super::config::{FILE, Target, plain};
use crate::wire::NewServer;

/// What carries the traffic of a VPN server, as `mirai gateway run --driver` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// The kernel's WireGuard.
    Kernel,
    /// The agent itself.
    Embedded,
    /// A WireGuard program beside it.
    Uapi,
}

/// A VPN server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpn {
    /// The part of `deploy.toml` with its site, which makes it one of its servers.
    #[serde(default)]
    pub site: Option<String>,
    /// The site's address, where that is not `https://` and the site's name.
    #[serde(default)]
    pub control: Option<String>,
    /// Its name; that of its part of `deploy.toml` if left out.
    #[serde(default)]
    pub name: String,
    /// Region, such as `jp`.
    #[serde(default)]
    pub region: Option<String>,
    /// Country, two letters.
    #[serde(default)]
    pub country: Option<String>,
    /// City.
    #[serde(default)]
    pub city: Option<String>,
    /// `host:port` that clients connect to; the host's name and `listen_port` if left out.
    #[serde(default)]
    pub endpoint: String,
    /// The port that clients connect to.
    #[serde(default = "listen_port")]
    pub listen_port: u16,
    /// Devices that it is meant for.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Traffic that it is meant for, in Mbit/s each way.
    #[serde(default)]
    pub bandwidth_mbit: Option<u32>,
    /// What carries the traffic; the kernel where it has WireGuard, else the agent, if left out.
    #[serde(default)]
    pub driver: Option<Driver>,
    /// The interface that leads out; that of the default route if left out.
    #[serde(default)]
    pub egress: Option<String>,
    /// Where DNS is answered, once for each family; as the host does if left out.
    #[serde(default)]
    pub resolvers: Vec<IpAddr>,
}

fn listen_port() -> u16 {
    51820
}

fn wanted(what: &str) -> ClientError {
    ClientError::Config(format!("{FILE}: {what}"))
}

impl Vpn {
    /// What follows from the name of its part and from the host.
    pub(super) fn complete(&mut self, part: &str, host: &str) {
        if self.name.is_empty() {
            self.name = part.to_owned();
        }
        if self.endpoint.is_empty() {
            self.endpoint = match host.parse() {
                Ok(IpAddr::V6(address)) => format!("[{address}]:{}", self.listen_port),
                _ => format!("{host}:{}", self.listen_port),
            };
        }
    }

    /// What stands in a unit's command line must be nothing but what it is.
    pub(super) fn check(&self) -> Result<(), ClientError> {
        plain("gateway.name", &self.name, "-")?;
        self.egress.as_deref().map_or(Ok(()), |egress| plain("gateway.egress", egress, "._-@"))?;
        self.control.as_deref().map_or(Ok(()), |control| plain("gateway.control", control, ":/.-"))
    }

    /// The site's address.
    pub(super) fn control(&self, site: Option<&Target>) -> Result<String, ClientError> {
        match (&self.control, site) {
            (Some(control), _) => Ok(control.clone()),
            (None, Some(site)) => Ok(format!("https://{}", site.domain())),
            (None, None) => Err(wanted("a VPN server needs `site = \"production\"`, the part with its site")),
        }
    }

    /// What `mirai gateway run` is given.
    pub(super) fn options(&self) -> String {
        let mut options = vec![format!("--listen-port {}", self.listen_port)];
        let driver = self.driver.map(|driver| match driver {
            Driver::Kernel => "kernel",
            Driver::Embedded => "embedded",
            Driver::Uapi => "uapi",
        });
        options.extend(driver.map(|driver| format!("--driver {driver}")));
        options.extend(self.egress.as_ref().map(|egress| format!("--egress {egress}")));
        options.extend(self.resolvers.iter().map(|resolver| format!("--resolver {resolver}")));
        options.join(" ")
    }

    /// As its site is to know it.
    pub(super) fn server(&self) -> Result<NewServer, ClientError> {
        let part = |name: &str, value: &Option<String>| {
            value.clone().ok_or_else(|| wanted(&format!("the site wants to know the `{name}` of a VPN server")))
        };
        Ok(NewServer {
            name: self.name.clone(),
            region: part("region", &self.region)?,
            country: part("country", &self.country)?,
            city: part("city", &self.city)?,
            endpoint: self.endpoint.clone(),
            capacity: self.capacity,
            bandwidth_mbit: self.bandwidth_mbit,
        })
    }
}
