//! Programs that the suites drive, and the Debian packages that hold them.

use crate::run::{cargo, command, find_program, must, shown};
use crate::say;
use anyhow::{Context as _, bail};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// A program, the package it comes in, and what cannot be tested without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
    pub(crate) suite: &'static str,
}

/// For the tests.
pub(crate) const TESTS: [Need; 34] = [
    Need { program: "mariadbd", package: "mariadb-server-core", suite: "everything on MariaDB" },
    Need { program: "mariadb-install-db", package: "mariadb-server-core", suite: "everything on MariaDB" },
    Need { program: "mariadb", package: "mariadb-client-core", suite: "looking into a MariaDB by hand" },
    Need { program: "mariadb-dump", package: "mariadb-client", suite: "backups of a MariaDB" },
    Need { program: "openssl", package: "openssl", suite: "a MariaDB with TLS" },
    Need { program: "age", package: "age", suite: "opening a backup with another program" },
    Need { program: "redis-server", package: "redis-server", suite: "several processes that count together" },
    Need { program: "chromium", package: "chromium", suite: "the pages in a real browser" },
    Need { program: "chromedriver", package: "chromium-driver", suite: "the pages in a real browser" },
    Need { program: "wg", package: "wireguard-tools", suite: "reading our files with the real WireGuard tools" },
    Need { program: "wg-quick", package: "wireguard-tools", suite: "reading our files with the real WireGuard tools" },
    Need { program: "wireguard-go", package: "wireguard-go", suite: "real tunnels" },
    Need { program: "ping", package: "iputils-ping", suite: "real tunnels" },
    Need { program: "curl", package: "curl", suite: "real tunnels" },
    Need { program: "nginx", package: "nginx-light", suite: "gateways behind nginx" },
    Need { program: "testssl", package: "testssl.sh", suite: "looking for weaknesses of the site's TLS" },
    Need { program: "hexdump", package: "bsdextrautils", suite: "looking for weaknesses of the site's TLS" },
    Need { program: "host", package: "bind9-host", suite: "looking for weaknesses of the site's TLS" },
    Need { program: "fail2ban-regex", package: "fail2ban", suite: "the shipped jails" },
    Need {
        program: "/usr/lib/python3/dist-packages/systemd/journal.py",
        package: "python3-systemd",
        suite: "providing a host",
    },
    Need { program: "logrotate", package: "logrotate", suite: "the shipped jails" },
    Need { program: "promtool", package: "prometheus", suite: "the shipped alerts" },
    Need { program: "yq", package: "yq", suite: "reading what is shipped for containers" },
    Need { program: "systemd-analyze", package: "systemd", suite: "the shipped units" },
    Need { program: "certbot", package: "certbot", suite: "providing a host" },
    Need { program: "sshd", package: "openssh-server", suite: "deploying over a real sshd" },
    Need { program: "ssh", package: "openssh-client", suite: "deploying over a real sshd" },
    Need { program: "ip", package: "iproute2", suite: "real tunnels" },
    Need { program: "nft", package: "nftables", suite: "real tunnels" },
    Need { program: "resolvconf", package: "openresolv", suite: "real tunnels" },
    Need { program: "qemu-system-x86_64", package: "qemu-system-x86", suite: "the kernel's WireGuard" },
    Need { program: "busybox", package: "busybox-static", suite: "the kernel's WireGuard" },
    Need { program: "strip", package: "binutils", suite: "the kernel's WireGuard" },
    Need { program: "python3", package: "python3-venv", suite: "asking the API in ways that nobody would" },
];

/// For the figures.
pub(crate) const BENCH: [Need; 8] = [
    Need { program: "mariadbd", package: "mariadb-server-core", suite: "everything on MariaDB" },
    Need { program: "mariadb-install-db", package: "mariadb-server-core", suite: "everything on MariaDB" },
    Need { program: "wrk", package: "wrk", suite: "figures" },
    Need { program: "iperf3", package: "iperf3", suite: "figures of gateways" },
    Need { program: "ip", package: "iproute2", suite: "figures of gateways" },
    Need { program: "nft", package: "nftables", suite: "figures of gateways" },
    Need { program: "sysctl", package: "procps", suite: "figures of gateways" },
    Need { program: "wg", package: "wireguard-tools", suite: "figures of gateways" },
];

/// The oldest Node.js whose test runner and WebCrypto the browser modules' tests rely on.
const NODE_MAJOR: u32 = 20;

/// Programs that are not installed.
pub(crate) fn missing(of: &[Need]) -> Vec<Need> {
    // What is no program is named by its path.
    let is_there =
        |name: &str| if name.starts_with('/') { Path::new(name).is_file() } else { find_program(name).is_some() };
    of.iter().copied().filter(|need| !is_there(need.program)).collect()
}

/// Packages of these programs, each once, in order.
pub(crate) fn packages(needs: &[Need]) -> Vec<&'static str> {
    let mut packages: Vec<_> = needs.iter().map(|need| need.package).collect();
    packages.dedup();
    packages
}

/// Installs what is missing where that is allowed, and says what it does; else one error with the command to type.
pub(crate) fn install(needs: &[Need]) -> anyhow::Result<()> {
    let wanted = packages(&missing(needs));
    if wanted.is_empty() {
        return Ok(());
    }
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    if let Some(refusal) = refusal(&wanted, is_root, find_program("apt-get").is_some()) {
        bail!(refusal);
    }
    say::step(&format!("installing the Debian packages that this needs: {}", wanted.join(", ")));
    if must(&mut apt_install(&wanted)).is_err() {
        say::note("that failed; fetching the package lists and trying once more");
        must(&mut apt_get(&["update"]))?;
        must(&mut apt_install(&wanted)).context(
            "the Debian packages cannot be installed; `cargo xtask test --skip-missing` runs all that needs none of them",
        )?;
    }
    match missing(needs).first() {
        None => Ok(()),
        Some(need) => bail!("{} was installed, but there is still no `{}`", need.package, need.program),
    }
}

/// Why this process may not install packages, with the command to type instead; `None` when it may.
fn refusal(packages: &[&str], is_root: bool, has_apt: bool) -> Option<String> {
    let obstacle = match (has_apt, is_root) {
        (true, true) => return None,
        (true, false) => "only root may",
        (false, _) => "there is no apt-get",
    };
    Some(format!(
        "these Debian packages are missing: {}. They cannot be installed from here ({obstacle}); type\n    \
         sudo apt-get install --no-install-recommends {}\nthe tests alone run without them: `cargo xtask test --skip-missing`",
        packages.join(", "),
        packages.join(" ")
    ))
}

fn apt_install(packages: &[&str]) -> Command {
    let mut command = apt_get(&["install", "--yes", "--no-install-recommends"]);
    command.args(packages);
    say::note(&format!("    {}", shown(&command)));
    command
}

fn apt_get(args: &[&str]) -> Command {
    let mut command = command("apt-get", "", args);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Why the tests of the browser modules cannot run here; `None` when they can.
pub(crate) fn node_obstacle() -> Option<String> {
    let wanted = format!("Node.js {NODE_MAJOR} or newer with npm (Debian packages nodejs and npm)");
    if find_program("node").is_none() || find_program("npm").is_none() {
        return Some(format!("the browser modules' tests need {wanted}, which is not installed"));
    }
    let said = command("node", "", &["--version"]).output().ok()?;
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    match major(&version) {
        Some(found) if found >= NODE_MAJOR => None,
        _ => Some(format!("the browser modules' tests need {wanted}; here is {version}")),
    }
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// True when `cargo nextest` is installed.
pub(crate) fn has_nextest() -> bool {
    cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_asked_for_once() {
        assert_eq!(
            packages(&TESTS),
            [
                "mariadb-server-core",
                "mariadb-client-core",
                "mariadb-client",
                "openssl",
                "age",
                "redis-server",
                "chromium",
                "chromium-driver",
                "wireguard-tools",
                "wireguard-go",
                "iputils-ping",
                "curl",
                "nginx-light",
                "testssl.sh",
                "bsdextrautils",
                "bind9-host",
                "fail2ban",
                "python3-systemd",
                "logrotate",
                "prometheus",
                "yq",
                "systemd",
                "certbot",
                "openssh-server",
                "openssh-client",
                "iproute2",
                "nftables",
                "openresolv",
                "qemu-system-x86",
                "busybox-static",
                "binutils",
                "python3-venv"
            ]
        );
        assert!(packages(&[]).is_empty());
    }

    #[test]
    fn who_may_not_install_is_told_what_to_type() {
        let wanted = ["chromium", "wireguard-tools"];
        assert_eq!(refusal(&wanted, true, true), None);
        let plain_user = refusal(&wanted, false, true).unwrap();
        assert!(plain_user.contains("only root may"));
        assert!(plain_user.contains("\n    sudo apt-get install --no-install-recommends chromium wireguard-tools\n"));
        assert!(refusal(&wanted, true, false).unwrap().contains("no apt-get"));
    }

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("command not found"), None);
    }
}
