//! What a host is for.

use serde::{Deserialize, Serialize};

use crate::state::Slot;

/// What a host runs, and an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Site, API and jobs, behind nginx. The next release takes over the socket before the last one ends.
    #[default]
    Site,
    /// A VPN server: the agent alone. There is one device, so one release ends before the next begins.
    Gateway,
}

impl Role {
    /// Whether it is a site: archives without a word of it are.
    pub fn is_site(&self) -> bool {
        *self == Role::Site
    }

    /// For a person.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Site => "site",
            Role::Gateway => "VPN server",
        }
    }

    /// Where everything lies, if the settings name no other place. A host that is both has two.
    pub fn root(self) -> &'static str {
        match self {
            Role::Site => "/srv/mirai",
            Role::Gateway => "/srv/mirai-gateway",
        }
    }

    /// What its program is built with.
    pub fn features(self) -> &'static str {
        match self {
            Role::Site => "control,gateway,deploy",
            Role::Gateway => "gateway,deploy",
        }
    }

    /// The unit of a slot.
    pub fn unit(self, slot: Slot) -> &'static str {
        match (self, slot) {
            (Role::Site, Slot::A) => "mirai@a.service",
            (Role::Site, Slot::B) => "mirai@b.service",
            (Role::Gateway, Slot::A) => "mirai-gateway@a.service",
            (Role::Gateway, Slot::B) => "mirai-gateway@b.service",
        }
    }

    /// Both units, as systemd's programs take it.
    pub fn units(self) -> &'static str {
        match self {
            Role::Site => "mirai@*.service",
            Role::Gateway => "mirai-gateway@*.service",
        }
    }
}
