//! The command line of a gateway.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Format;

/// Where a gateway keeps who it is and what it serves.
const GATEWAY_STATE: &str = "/var/lib/mirai-gateway";

#[derive(Subcommand)]
pub(crate) enum GatewayCommand {
    /// Make this machine the gateway of a server: a WireGuard key and a credential are made here and stay here
    #[command(
        after_help = "Example:\n  mirai gateway enroll --control https://vpn.example.net --token TOKEN\n\nThe token comes from `mirai admin server add` or `mirai admin server token`, and is good for 15 minutes, once."
    )]
    Enroll {
        /// Address of the site
        #[arg(long)]
        control: String,
        /// One-time enrolment token; `-` reads it from standard input, where no other user of the machine sees it
        #[arg(long)]
        token: String,
        /// Folder of this gateway's state
        #[arg(long, default_value = GATEWAY_STATE)]
        state: PathBuf,
        /// What will carry the traffic; kernel where it has WireGuard, else embedded, if left out
        #[arg(long, value_enum)]
        driver: Option<Driver>,
    },
    /// Serve: set up addresses, forwarding and firewall rules around the WireGuard device, and keep its peers as wanted
    #[command(
        after_help = "Example:\n  mirai gateway run --egress eth0\n\nIt goes on without the control plane. What it sets up stays when it stops; `mirai gateway teardown` takes it away."
    )]
    Run(GatewayRun),
    /// Take away what `run` has set up: rules, addresses, kernel settings, the kernel's interface. Clients are cut off
    #[command(after_help = "Example:\n  mirai gateway teardown")]
    Teardown {
        /// Folder of this gateway's state
        #[arg(long, default_value = GATEWAY_STATE)]
        state: PathBuf,
    },
    /// What the gateway of this machine is doing
    #[command(after_help = "Example:\n  mirai gateway status --json")]
    Status {
        /// Folder of this gateway's state
        #[arg(long, default_value = GATEWAY_STATE)]
        state: PathBuf,
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Args)]
pub(crate) struct GatewayRun {
    /// Folder of this gateway's state
    #[arg(long, default_value = GATEWAY_STATE)]
    pub(crate) state: PathBuf,
    /// What carries the traffic; kernel where it has WireGuard, else embedded, if left out
    #[arg(long, value_enum)]
    pub(crate) driver: Option<Driver>,
    /// The WireGuard interface
    #[arg(long, default_value = "mirai0")]
    pub(crate) interface: String,
    /// The port that clients connect to
    #[arg(long, default_value_t = 51820)]
    pub(crate) listen_port: u16,
    /// The interface that leads out; that of the default route if left out
    #[arg(long)]
    pub(crate) egress: Option<String>,
    /// Where DNS at the tunnel address is answered, once for each family; as in /etc/resolv.conf if left out
    #[arg(long)]
    pub(crate) resolver: Vec<std::net::IpAddr>,
    /// The site's address, if it has moved since the enrolment
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) control: Option<String>,
    /// Print the firewall rules, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What carries a gateway's traffic.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Driver {
    /// The kernel's WireGuard: the fastest; the interface stays when this program stops, and clients notice nothing
    Kernel,
    /// This program itself; the interface is made at the start and goes with the program
    Embedded,
    /// A WireGuard program that runs already, through its socket in /var/run/wireguard
    Uapi,
}

impl Driver {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Driver::Kernel => "kernel",
            Driver::Embedded => "embedded",
            Driver::Uapi => "uapi",
        }
    }
}
