//! What a VPN server needs around the program.

use super::{FAIL2BAN, Resource, Then, file, firewall, folder, folders, jail, program, shipped, unit};
use crate::role::Role;

/// Where the gateway keeps who it is: its key and its credential stay there whatever is deployed.
pub const STATE: &str = "/var/lib/mirai-gateway";
/// Whom the gateway runs as.
pub const USER: &str = "mirai-gateway";
/// The setting that holds what the gateway is started with.
pub const OPTIONS: &str = "GATEWAY_OPTIONS";
/// The one-time token in the operator's own settings.
pub const TOKEN: &str = "ENROL_TOKEN";

/// A VPN server, as the settings want it.
#[derive(Debug, Clone)]
pub struct GatewayHost<'a> {
    /// Where everything lies.
    pub root: &'a str,
    /// The site's address.
    pub control: &'a str,
    /// What `mirai gateway run` is given.
    pub options: String,
    /// The port that clients connect to.
    pub listen_port: u16,
    /// The port of its sshd.
    pub ssh_port: u16,
    /// Whether it has a firewall and fail2ban of ours.
    pub has_guards: bool,
}

/// The units: name and text.
const UNITS: [(&str, &str); 3] = [
    ("mirai-gateway@.service", shipped!("systemd/mirai-gateway@.service")),
    ("mirai-gateway-guard.service", shipped!("systemd/mirai-gateway-guard.service")),
    ("mirai-gateway-guard.timer", shipped!("systemd/mirai-gateway-guard.timer")),
];

/// What a VPN server should have, in the order in which it is made.
pub fn gateway(host: &GatewayHost<'_>) -> Vec<Resource> {
    let root = host.root;
    let mut all = vec![program(("nft", "nftables"))];
    if host.has_guards {
        all.extend(FAIL2BAN.map(program));
    }
    all.push(Resource::User { name: USER.to_owned(), home: STATE.to_owned() });
    folders(root, &mut all);
    all.push(folder(STATE.to_owned(), 0o700, Some(USER)));
    all.push(file(&format!("{root}/role"), "gateway\n".to_owned(), Then::Nothing));
    all.push(file(&format!("{root}/host.env"), format!("{OPTIONS}=\"{}\"\n", host.options), Then::Nothing));
    for (name, text) in UNITS {
        let text = text.replace(Role::Gateway.root(), root);
        all.push(file(&format!("/etc/systemd/system/{name}"), text, Then::Units));
    }
    if host.has_guards {
        let rules = shipped!("nftables/gateway.nft")
            .replace("tcp dport 22 accept", &format!("tcp dport {} accept", host.ssh_port));
        let rules = rules.replace("udp dport 51820", &format!("udp dport {}", host.listen_port));
        firewall(&rules, host.ssh_port, &mut all);
        jail("mirai.local", shipped!("fail2ban/gateway/jail.d/mirai.local"), host.ssh_port, &mut all);
        all.push(unit("fail2ban.service"));
    }
    all.push(Resource::Enrolled { control: host.control.to_owned(), state: STATE.to_owned() });
    all.push(unit("mirai-gateway-guard.timer"));
    // At boot it starts what should be live.
    all.push(unit("mirai-gateway-guard.service"));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vpn_server_lets_its_own_ports_in_and_nothing_keeps_the_shipped_places() {
        let host = GatewayHost {
            root: "/opt/vpn",
            control: "https://mirai.test",
            options: "--listen-port 443 --egress eth0".to_owned(),
            listen_port: 443,
            ssh_port: 2222,
            has_guards: true,
        };
        let all = gateway(&host);
        let texts = all.iter().filter_map(|resource| match resource {
            Resource::File { path, content, .. } => Some((path.as_str(), content.as_str())),
            _ => None,
        });
        for (path, text) in texts.clone() {
            let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            lines.for_each(|line| assert!(!line.contains("/srv/") && !line.contains("51820"), "{path}: {line}"));
        }
        let text = |wanted: &str| texts.clone().find(|(path, _)| *path == wanted).unwrap().1;
        let firewall = text("/etc/nftables.conf");
        assert!(firewall.contains("tcp dport 2222 accept") && firewall.contains("udp dport 443 accept"), "{firewall}");
        assert!(firewall.contains("tcp dport 2222 ct state new") && !firewall.contains("dport 22 "), "{firewall}");
        assert!(text("/opt/vpn/host.env").contains("--egress eth0"));
    }
}
