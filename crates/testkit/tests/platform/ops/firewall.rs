//! The shipped firewalls, loaded on a machine that somebody else tries to reach.

use std::time::Duration;

use testkit::house::root;
use testkit::missing::need;
use testkit::netns::{GATEWAY, Machines};

use super::PATIENCE;

/// How curl ends.
#[derive(Debug, PartialEq, Eq)]
enum Door {
    /// The packet came in, and nobody listens.
    Open,
    /// Nothing came back.
    Shut,
}

/// Whether the firewall lets a connection to a port in: nobody listens there, so one that is let in is refused.
async fn door(machines: &Machines, host: &str, port: u16) -> anyhow::Result<Door> {
    let url = format!("telnet://{host}:{port}");
    let curl = machines.launch(&machines.client, "curl")?.args(["--silent", "--connect-timeout", "0.5", &url]);
    match curl.run(PATIENCE).await?.code {
        Some(7) => Ok(Door::Open),
        Some(28) => Ok(Door::Shut),
        other => anyhow::bail!("curl ended with {other:?}"),
    }
}

/// Machines of which the gateway has this firewall, loaded twice: the second time changes nothing.
async fn guarded(rules: &str) -> anyhow::Result<Option<Machines>> {
    for (program, package) in [("nft", "nftables"), ("curl", "curl"), ("ping", "iputils-ping")] {
        if need(program, package)?.is_none() {
            return Ok(None);
        }
    }
    let Some(machines) = Machines::lay().await? else { return Ok(None) };
    for _ in 0..2 {
        let nft = machines.launch(&machines.gateway, "nft")?.arg("-f").arg(root().join(rules));
        let done = nft.run(PATIENCE).await?;
        anyhow::ensure!(done.code == Some(0), "{}", done.stderr);
    }
    Ok(Some(machines))
}

#[tokio::test]
async fn the_firewall_of_a_vpn_server_lets_in_ssh_and_tunnels() -> anyhow::Result<()> {
    let Some(machines) = guarded("ops/nftables/gateway.nft").await? else { return Ok(()) };
    for host in [GATEWAY.to_string(), "[2001:db8:1::1]".to_owned()] {
        for (port, expected) in [(22, Door::Open), (80, Door::Shut), (443, Door::Shut), (51820, Door::Shut)] {
            assert_eq!(door(&machines, &host, port).await?, expected, "{host} {port}");
        }
    }
    // Whoever sends a datagram to a port where nobody listens is told so, if it is let in.
    for (port, is_let_in) in [(51820, true), (53, false)] {
        let send = format!("exec 3<>/dev/udp/{GATEWAY}/{port}; echo a >&3; sleep 0.3; echo b >&3");
        let sent = machines.launch(&machines.client, "bash")?.args(["-c", &send]).run(PATIENCE).await?;
        assert_eq!(sent.stderr.contains("refused"), is_let_in, "{port}: {}", sent.stderr);
    }
    Ok(())
}

#[tokio::test]
async fn the_firewall_of_the_site_lets_in_ssh_and_the_site_and_shuts_out_who_knocks_too_often() -> anyhow::Result<()> {
    let Some(machines) = guarded("ops/nftables/mirai.nft").await? else { return Ok(()) };
    for host in [GATEWAY.to_string(), "[2001:db8:1::1]".to_owned()] {
        for (port, expected) in [
            (80, Door::Open),
            (443, Door::Open),
            (3306, Door::Shut),
            (6379, Door::Shut),
            (8080, Door::Shut),
            (9464, Door::Shut),
        ] {
            assert_eq!(door(&machines, &host, port).await?, expected, "{host} {port}");
        }
        let mut knocks = Vec::new();
        // One more is let in every six seconds: a slow machine needs more knocks.
        while knocks.last() != Some(&Door::Shut) && knocks.len() < 30 {
            knocks.push(door(&machines, &host, 22).await?);
        }
        let is_open = |door: &Door| *door == Door::Open;
        assert!((10..30).contains(&knocks.iter().take_while(|door| is_open(door)).count()), "{host}: {knocks:?}");
        assert_eq!(door(&machines, &host, 443).await?, Door::Open, "the site is there for them all the same");
        let ping = ["-c", "1", "-W", "2", host.trim_matches(['[', ']'])];
        let echo = machines.launch(&machines.client, "ping")?.args(ping).run(Duration::from_secs(10)).await?;
        assert_eq!(echo.code, Some(0), "{host}: {}", echo.stdout);
    }
    // What goes out is answered.
    let out = ["-c", "1", "-W", "2", "192.0.2.2"];
    let echo = machines.launch(&machines.gateway, "ping")?.args(out).run(Duration::from_secs(10)).await?;
    assert_eq!(echo.code, Some(0), "{}", echo.stdout);
    Ok(())
}
