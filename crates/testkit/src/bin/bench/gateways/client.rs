//! A client with our own embedded WireGuard, the fastest here: what it takes itself is not the gateway's.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context as _;
use domain::vpn::key::{PresharedKey, PrivateKey, PublicKey};
use gateway::Embedded;
use testkit::netns::{GATEWAY, HOST_V4, Machines};
use testkit::process::{Bin, Running};

use super::{PATIENCE, PORT, ip};

/// The client's interface.
const INTERFACE: &str = "mvbc";
const READY: &str = "client: ready";

/// Who a client is, and of which gateway.
pub(super) struct Wish {
    pub(super) private_key: String,
    pub(super) address: Ipv4Addr,
    pub(super) server: PublicKey,
    pub(super) preshared_key: String,
}

impl Wish {
    /// As a customer's file says it.
    pub(super) fn of_file(text: &str) -> anyhow::Result<Wish> {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix("= "));
            line.with_context(|| format!("no {name} in the file"))
        };
        let address = field("Address")?.split(['/', ',']).next().unwrap_or_default();
        Ok(Wish {
            private_key: field("PrivateKey")?.to_owned(),
            address: address.parse()?,
            server: PublicKey::parse(field("PublicKey")?)?,
            preshared_key: field("PresharedKey")?.to_owned(),
        })
    }
}

/// Starts a client whose packets to the host on the internet go through the tunnel.
pub(super) async fn start(machines: &Machines, wish: &Wish) -> anyhow::Result<Running> {
    let client = &machines.client;
    let this = Bin::at(std::env::current_exe()?)?.path().display().to_string();
    let launch = machines.launch(client, &this)?.args(["client", &wish.server.to_string()]);
    // Not in the arguments, which everybody can read.
    let launch = launch.env("CLIENT_KEY", &wish.private_key).env("CLIENT_PRESHARED_KEY", &wish.preshared_key);
    let mut running = launch.start().await?;
    running.wait_for_line(READY, PATIENCE).await?;
    ip(machines, client, &format!("addr add {}/32 dev {INTERFACE}", wish.address)).await?;
    ip(machines, client, &format!("route replace {HOST_V4}/32 dev {INTERFACE}")).await?;
    Ok(running)
}

/// The client's process: carries until it is killed.
#[expect(clippy::print_stdout, reason = "the line on standard output is for the program that measures")]
pub(crate) async fn run(server: &str) -> anyhow::Result<()> {
    let secret = |name: &str| testkit::setting::setting(name).with_context(|| format!("no {name}"));
    let key = PrivateKey::parse(&secret("CLIENT_KEY")?)?;
    let preshared_key = PresharedKey::parse(&secret("CLIENT_PRESHARED_KEY")?)?;
    let device = Embedded::open(INTERFACE)?;
    let endpoint = SocketAddr::new(GATEWAY.into(), PORT);
    device.dial(&key, (&PublicKey::parse(server)?, &preshared_key), endpoint).await?;
    println!("{READY}");
    std::future::pending().await
}
