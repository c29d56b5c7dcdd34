//! What a site's host needs around the program.

use serde::Deserialize;

use super::{FAIL2BAN, Resource, Then, file, firewall, folder, folders, jail, program, shipped, unit};

/// Where the shipped files say the site's name.
const NAME: &str = "vpn.example.net";
/// Where they say that everything lies.
const ROOT: &str = "/srv/mirai";

/// Who makes the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Let's Encrypt, by certbot.
    Certbot,
    /// The host itself.
    SelfSigned,
}

/// Where the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Database {
    /// MariaDB on this host.
    Mariadb,
    /// A file.
    Sqlite,
}

/// A site's host, as the settings want it.
#[derive(Debug, Clone)]
pub struct SiteHost<'a> {
    /// Where everything lies.
    pub root: &'a str,
    /// The site's name.
    pub domain: &'a str,
    /// Whom Let's Encrypt warns.
    pub email: Option<&'a str>,
    /// Who makes the certificate.
    pub tls: &'a Tls,
    /// Where the rows are.
    pub database: Database,
    /// To whom backups are encrypted.
    pub backup_recipient: Option<&'a str>,
    /// The port of its sshd.
    pub ssh_port: u16,
    /// The port of a VPN server on the same host.
    pub vpn_port: Option<u16>,
    /// VPN servers, from which nobody is banned.
    pub vpn_servers: &'a [String],
    /// Whether it has a firewall, fail2ban and Prometheus of ours.
    pub has_guards: bool,
}

/// The units: name and text.
const UNITS: [(&str, &str); 9] = [
    ("mirai.socket", shipped!("systemd/mirai.socket")),
    ("mirai@.service", shipped!("systemd/mirai@.service")),
    ("mirai@a.service.d/metrics.conf", shipped!("systemd/mirai@a.service.d/metrics.conf")),
    ("mirai@b.service.d/metrics.conf", shipped!("systemd/mirai@b.service.d/metrics.conf")),
    ("mirai-candidate.service", shipped!("systemd/mirai-candidate.service")),
    ("mirai-guard.service", shipped!("systemd/mirai-guard.service")),
    ("mirai-guard.timer", shipped!("systemd/mirai-guard.timer")),
    ("mirai-backup.service", shipped!("systemd/mirai-backup.service")),
    ("mirai-backup.timer", shipped!("systemd/mirai-backup.timer")),
];

/// By this nginx shows Let's Encrypt what it looks for, while a certificate is being got.
pub const FOR_CERTBOT: &str = "/etc/nginx/sites-enabled/mirai-acme.conf";

/// What a site's host should have, in the order in which it is made.
pub fn site(host: &SiteHost<'_>) -> Vec<Resource> {
    let mut all = Vec::new();
    programs(host, &mut all);
    let user = "mirai".to_owned();
    all.push(Resource::User { name: user.clone(), home: format!("{}/shared", host.root) });
    folders(host.root, &mut all);
    all.push(folder(format!("{}/shared", host.root), 0o700, Some(&user)));
    all.push(folder(format!("{}/status", host.root), 0o755, Some(&user)));
    all.push(settings(host, user));
    // The program looks for them where it works.
    all.push(Resource::Link { path: format!("{}/shared/.env", host.root), to: format!("{}/host.env", host.root) });
    for (name, text) in UNITS {
        all.push(file(&format!("/etc/systemd/system/{name}"), placed(host, text), Then::Units));
    }
    all.push(unit("mirai.socket"));
    all.push(unit("mirai-guard.timer"));
    // At boot it starts what should be live, before anybody asks.
    all.push(unit("mirai-guard.service"));
    if host.backup_recipient.is_some() {
        all.push(unit("mirai-backup.timer"));
    }
    nginx(host, &mut all);
    if host.has_guards {
        guards(host, &mut all);
    }
    all
}

fn programs(host: &SiteHost<'_>, all: &mut Vec<Resource>) {
    let mut needed = vec![("nginx", "nginx"), ("openssl", "openssl"), ("logrotate", "logrotate")];
    if *host.tls == Tls::Certbot {
        // By its timer: one that was installed otherwise has another, and would not be renewed.
        needed.push(("/usr/lib/systemd/system/certbot.timer", "certbot"));
    }
    if host.database == Database::Mariadb {
        needed.extend([("mariadbd", "mariadb-server"), ("mariadb-dump", "mariadb-client")]);
    }
    if host.has_guards {
        needed.extend(FAIL2BAN);
        needed.extend([("nft", "nftables"), ("prometheus", "prometheus")]);
    }
    all.extend(needed.into_iter().map(program));
}

fn settings(host: &SiteHost<'_>, group: String) -> Resource {
    let given = [
        ("APP_ENV", Some("production".to_owned())),
        ("APP_URL", Some(format!("https://{}", host.domain))),
        ("STATUS_DIR", Some(format!("{}/status", host.root))),
        (
            "DATABASE_URL",
            (host.database == Database::Sqlite).then(|| format!("sqlite://{}/shared/mirai.db", host.root)),
        ),
        ("BACKUP_DIR", Some(format!("{}/shared/backups", host.root))),
        ("BACKUP_RECIPIENTS", host.backup_recipient.map(str::to_owned)),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let has_mariadb = host.database == Database::Mariadb;
    Resource::Settings { path: format!("{}/host.env", host.root), group, given, has_mariadb }
}

fn nginx(host: &SiteHost<'_>, all: &mut Vec<Resource>) {
    let folder = match host.tls {
        Tls::Certbot => format!("/etc/letsencrypt/live/{}", host.domain),
        Tls::SelfSigned => format!("{}/tls", host.root),
    };
    let domain = host.domain.to_owned();
    all.push(match host.tls {
        Tls::Certbot => Resource::Certbot { domain, email: host.email.unwrap_or_default().to_owned() },
        Tls::SelfSigned => Resource::OwnCertificate { folder: folder.clone(), domain },
    });
    if *host.tls == Tls::Certbot {
        // It renews what there is, months after anybody looks.
        all.push(unit("certbot.timer"));
    }
    all.push(Resource::Absent { path: "/etc/nginx/sites-enabled/default".to_owned(), then: Then::Nothing });
    // What certbot's step leaves that was cut off.
    all.push(Resource::Absent { path: FOR_CERTBOT.to_owned(), then: Then::Nginx });
    let text = shipped!("nginx/mirai.conf").replace(&format!("/etc/letsencrypt/live/{NAME}"), &folder);
    let text = text.replace("/var/lib/mirai/status", &format!("{}/status", host.root)).replace(NAME, host.domain);
    all.push(file("/etc/nginx/sites-enabled/mirai.conf", text, Then::Nginx));
    all.push(unit("nginx.service"));
    all.push(file("/etc/logrotate.d/mirai", shipped!("logrotate/mirai").to_owned(), Then::Nothing));
    let hourly = shipped!("logrotate/hourly.conf").to_owned();
    all.push(file("/etc/systemd/system/logrotate.timer.d/mirai.conf", hourly, Then::Units));
}

fn guards(host: &SiteHost<'_>, all: &mut Vec<Resource>) {
    let port = host.ssh_port;
    let mut rules = shipped!("nftables/mirai.nft").replace("{ 22, 80, 443 }", &format!("{{ {port}, 80, 443 }}"));
    if let Some(port) = host.vpn_port {
        rules = rules.replace(
            "80, 443 } accept\n",
            &format!("80, 443 }} accept\n        udp dport {port} accept\n        iifname \"mirai0\" accept\n"),
        );
    }
    firewall(&rules, port, all);
    for (path, text) in [
        ("filter.d/mirai-refused.conf", shipped!("fail2ban/filter.d/mirai-refused.conf")),
        ("fail2ban.d/mirai.local", shipped!("fail2ban/fail2ban.d/mirai.local")),
    ] {
        all.push(file(&format!("/etc/fail2ban/{path}"), text.to_owned(), Then::Fail2ban));
    }
    let spared = [&["ignoreip = 127.0.0.1/8 ::1".to_owned()], host.vpn_servers].concat().join(" ");
    let text = shipped!("fail2ban/jail.d/mirai.local").replace("ignoreip = 127.0.0.1/8 ::1", &spared);
    jail("mirai.local", &text, port, all);
    all.push(unit("fail2ban.service"));
    let rules = shipped!("prometheus/mirai.rules.yml").to_owned();
    all.push(file("/etc/prometheus/mirai.rules.yml", rules, Then::Prometheus));
    all.push(file(
        "/etc/prometheus/prometheus.yml",
        shipped!("prometheus/prometheus.yml").to_owned(),
        Then::Prometheus,
    ));
    all.push(unit("prometheus.service"));
}

/// A shipped file with this host's places in it.
fn placed(host: &SiteHost<'_>, text: &str) -> String {
    let text = text.replace("/usr/local/bin/mirai", &format!("{}/current/bin/mirai", host.root));
    let text = text.replace("/var/lib/mirai", &format!("{}/shared", host.root));
    // The backup's service lets systemd make its folder by this, which lies elsewhere here.
    let text = text.replace("StateDirectory=mirai\nStateDirectoryMode=0700\n", "ReadWritePaths=/srv/mirai/shared\n");
    text.replace(ROOT, host.root)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host<'a>(tls: &'a Tls, root: &'a str) -> SiteHost<'a> {
        SiteHost {
            root,
            domain: "mirai.test",
            email: Some("ops@mirai.test"),
            tls,
            database: Database::Mariadb,
            backup_recipient: Some("age1recipient"),
            ssh_port: 2222,
            vpn_port: None,
            vpn_servers: &[],
            has_guards: true,
        }
    }

    fn text(all: &[Resource], path: &str) -> String {
        let found = all.iter().find_map(|resource| match resource {
            Resource::File { path: at, content, .. } if at == path => Some(content.clone()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{path} is not there"))
    }

    #[test]
    fn no_file_keeps_the_example_name_or_another_root() {
        for tls in [Tls::Certbot, Tls::SelfSigned] {
            for resource in site(&host(&tls, "/opt/vpn")) {
                let Resource::File { path, content, .. } = resource else { continue };
                let lines = content.lines().filter(|line| !line.trim_start().starts_with('#'));
                for line in lines {
                    assert!(
                        !line.contains(NAME) && !line.contains(ROOT) && !line.contains("/var/lib/mirai"),
                        "{path}: {line}"
                    );
                    assert!(!line.contains("/usr/local/bin/mirai"), "{path}: {line}");
                }
            }
        }
    }

    #[test]
    fn an_sshd_on_another_port_is_let_in_and_watched_there() {
        let all = site(&host(&Tls::Certbot, ROOT));
        let firewall = text(&all, "/etc/nftables.conf");
        assert!(
            firewall.contains("tcp dport { 2222, 80, 443 } accept") && firewall.contains("tcp dport 2222 ct state new")
        );
        assert!(!firewall.contains("dport 22 "));
        assert!(text(&all, "/etc/fail2ban/jail.d/mirai.local").contains("[sshd]\nport = 2222\n"));
    }

    #[test]
    fn without_a_recipient_there_is_no_timer_of_backups() {
        let tls = Tls::Certbot;
        let all = site(&SiteHost { backup_recipient: None, ..host(&tls, ROOT) });
        assert!(!all.contains(&unit("mirai-backup.timer")));
        assert!(site(&host(&tls, ROOT)).contains(&unit("mirai-backup.timer")));
    }

    #[test]
    fn nobody_is_banned_who_comes_from_a_vpn_server() {
        let servers = ["vpn1.example.net".to_owned(), "198.51.100.7".to_owned()];
        let all = site(&SiteHost { vpn_servers: &servers, ..host(&Tls::Certbot, ROOT) });
        let jail = text(&all, "/etc/fail2ban/jail.d/mirai.local");
        assert!(jail.contains("\nignoreip = 127.0.0.1/8 ::1 vpn1.example.net 198.51.100.7\n"), "{jail}");
    }
}
