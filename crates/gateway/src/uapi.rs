//! A WireGuard program in userspace, spoken with over its socket (<https://www.wireguard.com/xplatform/>).

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::vpn::key::{PresharedKey, PrivateKey};
use domain::vpn::peer_diff::{Activity, FoundPeer, PeerOp};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use crate::device::{DeviceError, Failed};

/// Where such programs make their sockets.
const FOLDER: &str = "/var/run/wireguard";
/// How long an answer may take; ten thousand peers take a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(5);
/// Steps in one request: an error is looked for among these one by one.
const BATCH: usize = 64;

/// A device behind a socket.
#[derive(Debug, Clone)]
pub struct Uapi {
    socket: PathBuf,
}

impl Uapi {
    /// The device of this interface.
    pub fn new(interface: &str) -> Uapi {
        Uapi { socket: Path::new(FOLDER).join(format!("{interface}.sock")) }
    }

    /// A port that it has already is not set again: wireguard-go would open its socket anew, and lose what comes meanwhile.
    pub(crate) async fn set_up(&self, key: &PrivateKey, port: u16) -> Result<(), DeviceError> {
        let key = Zeroizing::new(hex::encode(key.bytes()));
        let wanted = format!("listen_port={port}");
        let lines = Zeroizing::new(self.ask("get=1\n\n").await?);
        let has_port = lines.iter().take_while(|line| !line.starts_with("public_key=")).any(|line| *line == wanted);
        let port = if has_port { String::new() } else { format!("{wanted}\n") };
        self.set(&Zeroizing::new(format!("private_key={}\n{port}", *key))).await
    }

    pub(crate) async fn apply(&self, ops: &[PeerOp<'_>]) -> Result<Vec<Failed>, DeviceError> {
        let mut failed = Vec::new();
        for batch in ops.chunks(BATCH) {
            match self.set(&lines(batch)).await {
                Ok(()) => {}
                Err(DeviceError::Refused(_)) => {
                    // Some step of these: each is asked for by itself, and those that were done are done again.
                    for op in batch {
                        match self.set(&lines(std::slice::from_ref(op))).await {
                            Ok(()) => {}
                            Err(error @ DeviceError::Refused(_)) => failed.push((op.key(), error)),
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(failed)
    }

    pub(crate) async fn dump(&self) -> Result<Vec<FoundPeer>, DeviceError> {
        let mut peers: Vec<FoundPeer> = Vec::new();
        for line in self.ask("get=1\n\n").await? {
            let nonsense = || DeviceError::Nonsense(line.split('=').next().unwrap_or_default().to_owned());
            let (name, value) = line.split_once('=').ok_or_else(nonsense)?;
            match (name, peers.last_mut()) {
                ("public_key", _) => {
                    let key = key_bytes(value).ok_or_else(nonsense)?;
                    let preshared_key = PresharedKey::from_bytes([0; 32]);
                    let activity = Activity::default();
                    peers.push(FoundPeer { key, preshared_key, allowed_ips: Vec::new(), activity });
                }
                ("preshared_key", Some(peer)) => {
                    peer.preshared_key = PresharedKey::from_bytes(key_bytes(value).ok_or_else(nonsense)?);
                }
                ("allowed_ip", Some(peer)) => peer.allowed_ips.push(value.parse().map_err(|_| nonsense())?),
                ("rx_bytes", Some(peer)) => peer.activity.rx = value.parse().map_err(|_| nonsense())?,
                ("tx_bytes", Some(peer)) => peer.activity.tx = value.parse().map_err(|_| nonsense())?,
                ("last_handshake_time_sec", Some(peer)) => {
                    let seconds: i64 = value.parse().map_err(|_| nonsense())?;
                    peer.activity.handshake_at = (seconds > 0).then_some(seconds * 1_000);
                }
                // That there is one; which one, nobody here wants to know.
                ("endpoint", Some(peer)) => peer.activity.has_endpoint = true,
                _ => {}
            }
        }
        Ok(peers)
    }

    async fn set(&self, lines: &str) -> Result<(), DeviceError> {
        self.ask(&Zeroizing::new(format!("set=1\n{lines}\n"))).await.map(drop)
    }

    /// Asks, and returns the lines of the answer before its `errno`. A program that hangs must not hold up the agent.
    async fn ask(&self, request: &str) -> Result<Vec<String>, DeviceError> {
        let hangs = || DeviceError::Away(self.socket.display().to_string(), io::ErrorKind::TimedOut.into());
        tokio::time::timeout(PATIENCE, self.answer(request)).await.map_err(|_| hangs())?
    }

    async fn answer(&self, request: &str) -> Result<Vec<String>, DeviceError> {
        let away = |error: io::Error| DeviceError::Away(self.socket.display().to_string(), error);
        let mut stream = UnixStream::connect(&self.socket).await.map_err(away)?;
        stream.write_all(request.as_bytes()).await.map_err(away)?;
        let (mut answer, mut lines) = (BufReader::new(stream).lines(), Vec::new());
        while let Some(line) = answer.next_line().await.map_err(away)? {
            match line.strip_prefix("errno=") {
                Some("0") => return Ok(lines),
                Some(number) => {
                    return Err(number.parse().map_or_else(|_| DeviceError::Nonsense(line), DeviceError::Refused));
                }
                None => lines.push(line),
            }
        }
        Err(away(io::ErrorKind::UnexpectedEof.into()))
    }
}

fn key_bytes(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

fn lines(ops: &[PeerOp<'_>]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name}={value}");
    };
    for op in ops {
        line("public_key", &hex::encode(op.key()));
        match op {
            PeerOp::Remove { .. } => line("remove", &true),
            PeerOp::Silence { .. } => {
                line("update_only", &true);
                line("replace_allowed_ips", &true);
            }
            PeerOp::Upsert { preshared_key, allowed_ips, .. } => {
                line("preshared_key", &*Zeroizing::new(hex::encode(preshared_key.bytes())));
                line("replace_allowed_ips", &true);
                for network in allowed_ips {
                    line("allowed_ip", network);
                }
            }
        }
    }
    text
}
