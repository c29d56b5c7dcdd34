//! Asking a release, over its own socket, as nginx would: one request, one connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

const READY: &str = "/backend/api/readyz";
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any page of ours.
const MOST: u64 = 4 << 20;

/// What `/readyz` says.
#[derive(Debug, Deserialize)]
pub(super) struct Readiness {
    pub(super) ok: bool,
    #[serde(default)]
    pub(super) release: Option<String>,
    #[serde(default)]
    database: String,
}

impl Readiness {
    /// What is wrong with it, for one that should be `release`.
    pub(super) fn trouble(&self, release: &str) -> String {
        match &self.release {
            Some(own) if own == release => format!("it is not ready: its database is {}", self.database),
            Some(own) => format!("it says that it is {own}"),
            None => "it does not say which release it is".to_owned(),
        }
    }
}

/// Asks whether it is ready.
pub(super) fn readiness(socket: &Path) -> io::Result<Readiness> {
    let (status, body) = get(socket, READY)?;
    // A 503 says why.
    match serde_json::from_slice(&body) {
        Ok(ready) => Ok(ready),
        Err(_) => Err(io::Error::other(format!("{READY} answers {status}"))),
    }
}

/// The status and the body of a page.
pub(super) fn get(socket: &Path, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    ask(stream, path)
}

/// The same from a port of this host.
pub(super) fn get_from_port(port: u16, path: &str) -> io::Result<(u16, Vec<u8>)> {
    let stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    ask(stream, path)
}

fn ask(mut stream: impl Read + Write, path: &str) -> io::Result<(u16, Vec<u8>)> {
    // HTTP/1.0, so that the answer is plain bytes until the connection ends.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "what came is no HTTP");
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").ok_or_else(bad)?;
    let status = answer.get(9..12).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok()).ok_or_else(bad)?;
    Ok((status, answer.split_off(head + 4)))
}

/// Answers so far and those among them that were the program's fault, as `/metrics` counts them.
pub(super) fn answers(port: u16) -> io::Result<(u64, u64)> {
    let (_, body) = get_from_port(port, "/metrics")?;
    Ok(count(&String::from_utf8_lossy(&body)))
}

fn count(metrics: &str) -> (u64, u64) {
    let lines = metrics.lines().filter(|line| line.starts_with("mirai_http_requests_total{"));
    lines.fold((0, 0), |(all, faults), line| {
        let n = line.rsplit(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) as u64;
        (all + n, faults + if line.contains("status=\"5") { n } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_beside_all_answers() {
        let metrics = "# TYPE mirai_http_requests_total counter\n\
                       mirai_http_requests_total{route=\"/\",status=\"200\"} 90\n\
                       mirai_http_requests_total{route=\"/\",status=\"404\"} 5\n\
                       mirai_http_requests_total{route=\"/user/me\",status=\"500\"} 4\n\
                       mirai_http_request_seconds_count{route=\"/\"} 95\n";
        assert_eq!(count(metrics), (99, 4));
    }
}
