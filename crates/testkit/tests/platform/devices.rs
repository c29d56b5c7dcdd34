//! Every kind of WireGuard device does the same for the gateway: one program checks it, in a network of its own, and the
//! kernel's on an emulated machine, because not every kernel that tests run on has WireGuard.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use domain::vpn::key::{PresharedKey, PrivateKey};
use gateway::{Identity, Kept};
use testkit::missing::{asked_for_long, need};
use testkit::netns::Machines;
use testkit::process::{Bin, Launch};
use testkit::qemu::Emulated;

const CHECK: &str = env!("CARGO_BIN_EXE_device_check");
/// How long the checks may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same where every instruction is emulated.
const EMULATED: Duration = Duration::from_secs(280);
/// Starts an agent, and waits until it serves.
const SERVE: &str = "serve() {
    rm -f /log
    mirai gateway run --state /state --interface mvd1 --egress lo --resolver 192.0.2.53 >/log 2>&1 &
    until grep -qs 'is serving' /log || ! kill -0 $!; do sleep 1; done
    cat /log
}
";
/// Peers that figures are taken with.
const MANY: u32 = 10_000;

async fn check(launch: Launch, driver: &str, interface: &str) -> anyhow::Result<()> {
    let done = launch.args([driver, interface]).run(PATIENCE).await?;
    ensure!(done.code == Some(0), "{}{}", done.stdout, done.stderr);
    ensure!(done.stdout.contains(&format!("the {driver} device does all that it should")), "{}", done.stdout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_device_in_this_process_does_all_that_a_device_should() -> anyhow::Result<()> {
    let Some(machines) = Machines::lay().await? else { return Ok(()) };
    check(machines.launch(&machines.gateway, CHECK)?, "embedded", "mvd0").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_the_device_of_another_program() -> anyhow::Result<()> {
    if need("wireguard-go", "wireguard-go")?.is_none() {
        return Ok(());
    }
    let Some(machines) = Machines::lay().await? else { return Ok(()) };
    // Its socket has the interface's name, and is seen from every network.
    let name = format!("mvd{}", std::process::id());
    let wireguard = machines.launch(&machines.gateway, "wireguard-go")?.args(["-f", &name]).start().await?;
    let began = Instant::now();
    while !std::fs::exists(format!("/var/run/wireguard/{name}.sock"))? {
        ensure!(began.elapsed() < PATIENCE, "wireguard-go did not start: {}", wireguard.stderr());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    check(machines.launch(&machines.gateway, CHECK)?, "uapi", &name).await
}

/// A whole agent on the kernel's device is killed, started again, and taken away; then the kernel has no WireGuard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emulated_so_does_the_kernels_which_an_agent_leaves_as_it_is() -> anyhow::Result<()> {
    let Some(mut machine) = machine().await? else { return Ok(()) };
    enrol(&mut machine, 3)?;
    let script = format!(
        "{SERVE}device_check kernel mvd0\nip link del mvd0\n\
         serve\nkill -9 $!\nip link show mvd1 && echo the interface outlives its agent\n\
         serve\nkill -9 $!\nmirai gateway teardown --state /state\nip link show mvd1 || echo the interface is gone\n\
         rmmod wireguard\necho and now without\nserve\nkill $!\n"
    );
    let said = machine.run(&script, EMULATED).await?;
    for line in [
        "the kernel device does all that it should",
        "the interface outlives its agent",
        "the interface is gone",
        "the kernel has no WireGuard",
    ] {
        ensure!(said.contains(line), "`{line}` is missing:\n{said}");
    }
    let (with, without) = said.split_once("and now without").unwrap_or_default();
    ensure!(with.matches(r#""driver":"kernel""#).count() == 2, "{said}");
    ensure!(without.contains(r#""driver":"embedded""#), "{said}");
    Ok(())
}

/// How the kernel's device is loaded, and what an agent with as many peers keeps in memory. The machine ends with all of
/// them: to take them away would take longer than to load them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_emulated_figures_of_the_kernels_device() -> anyhow::Result<()> {
    if !asked_for_long()? {
        return Ok(());
    }
    let Some(mut machine) = machine().await? else { return Ok(()) };
    enrol(&mut machine, MANY)?;
    let memory = "echo figure agent $(grep -E 'VmHWM|RssAnon|RssFile|RssShmem' /proc/$!/status)";
    let script = format!("{SERVE}device_check figures mvf {MANY}\nserve\n{memory}\nkill -9 $!\n");
    let said = machine.run(&script, EMULATED).await?;
    // The first line is behind what the console was told at the start.
    for figure in said.lines().filter_map(|line| line.find("figure ").map(|at| line[at..].trim())) {
        show(figure);
    }
    ensure!(said.contains("figure kernel_load_one_by_one_ms") && said.contains("figure agent VmHWM:"), "{said}");
    Ok(())
}

/// A machine with the programs, and no rules: these are not what is looked at here, so nft takes anything.
async fn machine() -> anyhow::Result<Option<Emulated>> {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(mut machine) = Emulated::with_modules(&["wireguard", "tun"], cache).await? else { return Ok(None) };
    machine.program("bin/device_check", Path::new(CHECK)).await?;
    machine.program("bin/mirai", Bin::mirai().await?.path()).await?;
    // An agent does not start without anybody to trust.
    machine.file("etc/ssl/certs/ca-certificates.crt", &std::fs::read("/etc/ssl/certs/ca-certificates.crt")?);
    machine.file("bin/nft", b"#!/bin/sh\ncat >/dev/null\n");
    Ok(Some(machine))
}

/// What an agent finds that was enrolled and has so many peers. Its control plane is away: it serves what it has kept.
fn enrol(machine: &mut Emulated, count: u32) -> anyhow::Result<()> {
    let identity = Identity {
        control: "http://127.0.0.1:9".to_owned(),
        server_id: uuid::Uuid::nil(),
        name: "here-1".to_owned(),
        private_key: PrivateKey::from_random([3; 32]).expose().to_string(),
        credential: String::new(),
        address_v4: ([10, 64, 0, 1].into(), 10),
        address_v6: ("fd09::1".parse()?, 64),
        credential_since: 0,
        next_credential: None,
        generation: 0,
    };
    let valid_until = app::Clock::System.now() + 3_600_000;
    let peer = |n: u32| {
        let mut bytes = [5; 32];
        bytes[4..8].copy_from_slice(&n.to_le_bytes());
        let public_key = PrivateKey::from_random(bytes).public().to_string();
        let preshared_key = PresharedKey::from_bytes(bytes).expose().to_string();
        let v4 = Ipv4Addr::from_bits(Ipv4Addr::new(10, 64, 0, 2).to_bits() + n);
        let v6 = Ipv6Addr::from_bits(Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, 2).to_bits() + u128::from(n));
        let (grant, speed_mbit, is_probe) = (None, None, false);
        api::gateway::Peer { public_key, preshared_key, v4, v6, valid_until, grant, speed_mbit, is_probe }
    };
    let kept = Kept { revision: 1, whole_at: valid_until - 3_600_000, peers: (0..count).map(peer).collect() };
    machine.file("state/identity.json", &serde_json::to_vec(&identity)?);
    machine.file("state/peers.json", &serde_json::to_vec(&kept)?);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "figures are for whoever asked for them")]
fn show(line: &str) {
    eprintln!("{line}");
}
