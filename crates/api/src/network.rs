//! Servers and devices.

use domain::vpn::config;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A VPN server.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Server {
    /// UUIDv7.
    pub id: Uuid,
    /// `osaka-1`.
    pub name: String,
    /// `jp`.
    pub region: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// City.
    pub city: String,
    /// `up`, `draining` or `down`.
    pub status: String,
    /// 0..1.
    pub load: f64,
    /// Round trip in milliseconds; null until measured.
    pub ping_ms: Option<i64>,
}

/// Servers, by region and name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ServerList {
    /// Servers.
    pub servers: Vec<Server>,
}

/// Let the balancer pick a server.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChooseServer {
    /// Region; any if left out.
    pub region: Option<String>,
}

/// MTU of the tunnel: the number 1420, 1380 or 1280.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum Mtu {
    /// For most networks.
    #[default]
    M1420,
    /// For mobile networks and tunnels in tunnels.
    M1380,
    /// The least that IPv6 allows.
    M1280,
}

impl TryFrom<u16> for Mtu {
    type Error = &'static str;

    fn try_from(mtu: u16) -> Result<Mtu, &'static str> {
        match mtu {
            1420 => Ok(Mtu::M1420),
            1380 => Ok(Mtu::M1380),
            1280 => Ok(Mtu::M1280),
            _ => Err("the MTU is 1420, 1380 or 1280"),
        }
    }
}

impl From<Mtu> for u16 {
    fn from(mtu: Mtu) -> u16 {
        match mtu {
            Mtu::M1420 => 1420,
            Mtu::M1380 => 1380,
            Mtu::M1280 => 1280,
        }
    }
}

impl From<Mtu> for config::Mtu {
    fn from(mtu: Mtu) -> config::Mtu {
        match mtu {
            Mtu::M1420 => config::Mtu::M1420,
            Mtu::M1380 => config::Mtu::M1380,
            Mtu::M1280 => config::Mtu::M1280,
        }
    }
}

/// What goes through the tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Routes {
    /// Everything.
    #[default]
    All,
    /// Everything but the local networks (printers, shares).
    AllButLocal,
}

impl From<Routes> for config::Routes {
    fn from(routes: Routes) -> config::Routes {
        match routes {
            Routes::All => config::Routes::All,
            Routes::AllButLocal => config::Routes::AllButLocal,
        }
    }
}

/// Whom the device asks for names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dns {
    /// The server at the other end of the tunnel, without a filter.
    #[default]
    Plain,
    /// Without advertising and trackers, where the operator offers it.
    AdBlocking,
    /// Without advertising, trackers and adult content, where the operator offers it.
    Family,
}

impl From<Dns> for domain::vpn::dns::Dns {
    fn from(dns: Dns) -> Self {
        match dns {
            Dns::Plain => Self::Plain,
            Dns::AdBlocking => Self::AdBlocking,
            Dns::Family => Self::Family,
        }
    }
}

impl From<domain::vpn::dns::Dns> for Dns {
    fn from(dns: domain::vpn::dns::Dns) -> Self {
        match dns {
            domain::vpn::dns::Dns::Plain => Self::Plain,
            domain::vpn::dns::Dns::AdBlocking => Self::AdBlocking,
            domain::vpn::dns::Dns::Family => Self::Family,
        }
    }
}

/// Add a device.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Up to 40 characters.
    #[schema(max_length = 40)]
    pub name: Option<String>,
    /// Region; the best server in it is chosen.
    pub region: Option<String>,
    /// A certain server instead.
    pub server_id: Option<Uuid>,
    /// The client's own WireGuard key (base64). Without one the server makes a pair for this reply alone.
    #[schema(min_length = 44, max_length = 44)]
    pub public_key: Option<String>,
    /// 1420 (if left out), 1380 or 1280.
    #[serde(default)]
    #[schema(value_type = Option<u16>, example = 1420)]
    pub mtu: Mtu,
    /// What goes through the tunnel.
    #[serde(default)]
    pub routes: Routes,
    /// Whom the device asks for names.
    #[serde(default)]
    pub dns: Dns,
}

/// A device.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// UUIDv7.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// The subscription that pays for it.
    pub subscription_id: Uuid,
    /// Server.
    pub server_id: Uuid,
    /// Name of the server.
    pub server: String,
    /// Region of the server.
    pub region: String,
    /// WireGuard public key (base64).
    pub public_key: String,
    /// Address in the tunnel.
    pub address_v4: String,
    /// Address in the tunnel.
    pub address_v6: String,
    /// Whom it asks for names.
    pub dns: Dns,
    /// Whether it is on the network: its subscription is paid, and its plan has room for it.
    pub served: bool,
    /// When it was made.
    pub created_at: String,
}

/// Devices, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeviceList {
    /// Own devices.
    pub devices: Vec<Device>,
    /// How to ask for the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// A device and its file.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeviceMade {
    /// The device.
    pub device: Device,
    /// A complete wg-quick file; the private key is a marked blank where the client made its own.
    pub config: String,
    /// The file as a QR code (SVG); only where the file holds its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    /// True in a reply that is given again under an idempotency key: a private key that was in the first is not in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

/// Change a device; what is left out stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeDevice {
    /// Up to 40 characters.
    #[schema(max_length = 40)]
    pub name: Option<String>,
    /// Whom it asks for names: this stands in its file, so put the new file on it.
    pub dns: Option<Dns>,
}

/// Give a device another key.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rekey {
    /// The client's own WireGuard key (base64). Without one the server makes a pair for this reply alone.
    pub public_key: Option<String>,
}

/// Move a device to another server.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveDevice {
    /// Region; the best server in it is chosen.
    pub region: Option<String>,
    /// A certain server instead.
    pub server_id: Option<Uuid>,
}
