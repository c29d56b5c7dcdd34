use std::process::{Command, Output};

use proptest::prelude::*;

use super::*;

const SERVER: &str = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";

fn file<'a>(key: Option<&'a PrivateKey>, psk: &'a PresharedKey, routes: Routes) -> ConfigFile<'a> {
    ConfigFile {
        private_key: key,
        address_v4: "10.64.0.2".parse().unwrap(),
        address_v6: "fd4d:6972:6169::2".parse().unwrap(),
        dns: vec!["10.64.0.1".parse().unwrap(), "fd4d:6972:6169::1".parse().unwrap()],
        mtu: Mtu::M1380,
        server_key: PublicKey::parse(SERVER).unwrap(),
        preshared_key: psk,
        endpoint: "vpn1.example.net:51820".to_owned(),
        routes,
        title: "MiraiVPN - phone (osaka-1)".to_owned(),
    }
}

#[test]
fn the_file_line_by_line() {
    let key = PrivateKey::from_random([1; 32]);
    let psk = PresharedKey::from_bytes([2; 32]);
    let expected = "\
# MiraiVPN - phone (osaka-1)
[Interface]
PrivateKey = AAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAUE=
Address = 10.64.0.2/32, fd4d:6972:6169::2/128
DNS = 10.64.0.1, fd4d:6972:6169::1
MTU = 1380

[Peer]
PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=
PresharedKey = AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=
Endpoint = vpn1.example.net:51820
AllowedIPs = 0.0.0.0/0, ::/0
PersistentKeepalive = 25
";
    assert_eq!(file(Some(&key), &psk, Routes::All).render(), expected);
}

#[test]
fn a_key_that_only_its_owner_holds_is_a_marked_blank() {
    let psk = PresharedKey::from_bytes([2; 32]);
    let text = file(None, &psk, Routes::All).render();
    assert!(text.contains("\nPrivateKey = <your private key>\n"));
}

#[test]
fn debug_shows_no_key() {
    let key = PrivateKey::from_random([1; 32]);
    let psk = PresharedKey::from_bytes([2; 32]);
    let shown = format!("{:?}", file(Some(&key), &psk, Routes::All));
    assert!(!shown.contains(key.expose().as_str()) && !shown.contains(psk.expose().as_str()));
}

/// Runs a WireGuard tool on the file; `None` where the tools are not installed.
fn run(tool: &str, before: &str, text: &str) -> Option<Output> {
    // wg-quick insists on a file name that could be an interface's.
    let dir = std::env::temp_dir().join(format!("mirai-config-{}-{}", std::process::id(), tool));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("mirai0.conf");
    std::fs::write(&path, text).unwrap();
    let mut command = Command::new(tool);
    command.arg(before);
    if tool == "wg" {
        command.arg("mirai-none");
    }
    let output = command.arg(&path).output().ok();
    std::fs::remove_dir_all(&dir).unwrap();
    output
}

/// One test, as both tools write to the same place.
#[test]
fn the_real_tools_accept_it() {
    let key = PrivateKey::from_random([1; 32]);
    let psk = PresharedKey::from_bytes([2; 32]);
    for routes in [Routes::All, Routes::AllButLocal] {
        // By address, because `wg` looks names up.
        let endpoint = "[2001:db8::1]:51820".to_owned();
        let text = ConfigFile { endpoint, ..file(Some(&key), &psk, routes) }.render();
        let Some(stripped) = run("wg-quick", "strip", &text) else { return };
        assert!(stripped.status.success(), "{}", String::from_utf8_lossy(&stripped.stderr));
        let stripped = String::from_utf8(stripped.stdout).unwrap();
        assert!(!stripped.contains("Address") && stripped.contains("AllowedIPs"), "{stripped}");
        // There is no such interface, so `wg` fails; but it reads the file first, and says so if it can't.
        let Some(set) = run("wg", "setconf", &stripped) else { return };
        let complaint = String::from_utf8_lossy(&set.stderr).into_owned();
        assert!(!complaint.contains("parsing") && !complaint.contains("nrecognized"), "{complaint}");
        let broken = run("wg", "setconf", &stripped.replace("AllowedIPs = ", "AllowedIPs = x")).unwrap();
        assert_ne!(complaint, String::from_utf8_lossy(&broken.stderr), "the tool tells good from bad");
    }
}

proptest! {
    #[test]
    fn no_title_can_add_a_line(title in any::<String>()) {
        let psk = PresharedKey::from_bytes([2; 32]);
        let file = ConfigFile { title: title.clone(), ..file(None, &psk, Routes::All) };
        let text = file.render();
        prop_assert_eq!(text.lines().count(), 13);
        prop_assert!(text.lines().next().unwrap().starts_with('#'));
        prop_assert!(text.lines().nth(1) == Some("[Interface]"));
        prop_assert!(!text.contains('\r'));
    }
}
