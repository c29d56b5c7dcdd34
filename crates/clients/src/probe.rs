//! One look at something that is watched: a page, a port, a name, an echo. What was seen has no host and no text of an
//! error in it: it goes to pages that everybody reads.

mod certificate;
mod dns;
mod http;
mod ping;
mod tcp;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use domain::monitor::target::Target;
use domain::monitor::verdict::Verdict;
use domain::time::UnixMs;
use reqwest::{Certificate, Client};

/// What was wrong, as a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The name has no address.
    Resolve,
    /// Nobody listens there.
    Refused,
    /// There is no way there.
    Unreachable,
    /// No answer came in time.
    Timeout,
    /// No secure connection came about: a wrong name, an unknown issuer, a certificate that has expired.
    Tls,
    /// The certificate runs out sooner than it should.
    Certificate,
    /// Another status.
    Status,
    /// The text is not in it.
    Text,
    /// What came is no answer to what was asked.
    Answer,
    /// The connection broke off.
    Broken,
    /// This machine does not let us look.
    NotPermitted,
}

impl Trouble {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Trouble::Resolve => "resolve",
            Trouble::Refused => "refused",
            Trouble::Unreachable => "unreachable",
            Trouble::Timeout => "timeout",
            Trouble::Tls => "tls",
            Trouble::Certificate => "certificate",
            Trouble::Status => "status",
            Trouble::Text => "text",
            Trouble::Answer => "answer",
            Trouble::Broken => "broken",
            Trouble::NotPermitted => "not_permitted",
        }
    }

    /// What follows for the thing: nothing, where we could not look.
    fn verdict(self) -> Verdict {
        if self == Trouble::NotPermitted { Verdict::Unknown } else { Verdict::Fail }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Trouble::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Trouble::Unreachable,
            io::ErrorKind::TimedOut => Trouble::Timeout,
            io::ErrorKind::PermissionDenied => Trouble::NotPermitted,
            _ => Trouble::Broken,
        }
    }
}

/// What a look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it works.
    pub verdict: Verdict,
    /// What is wrong, if something is.
    pub trouble: Option<Trouble>,
    /// How long the answer took, in microseconds; `None` without one.
    pub latency_us: Option<u64>,
    /// Whole days for which its certificate is good, where one was seen.
    pub certificate_days: Option<i64>,
    /// Whether the answer came from another machine, out in the internet: who gets such a one has a network.
    pub is_from_afar: bool,
}

/// An answer.
struct Answer {
    latency: Duration,
    from: Option<IpAddr>,
    certificate_days: Option<i64>,
    trouble: Option<Trouble>,
}

impl Answer {
    fn after(began: Instant, from: IpAddr) -> Answer {
        Answer { latency: began.elapsed(), from: Some(from), certificate_days: None, trouble: None }
    }
}

/// Whoever looks.
#[derive(Debug, Clone)]
pub struct Prober {
    /// None where this machine's certificates can't be used: it then fetches nothing, and knows nothing.
    http: Option<Client>,
}

impl Default for Prober {
    fn default() -> Prober {
        Prober { http: http::client(None).ok() }
    }
}

impl Prober {
    /// One that believes this issuer (PEM) beside those that the system does.
    ///
    /// # Errors
    /// When that is no certificate.
    pub fn believing(pem: &[u8]) -> Result<Prober, crate::SetupError> {
        let issuer = Certificate::from_pem(pem).and_then(|issuer| http::client(Some(issuer)));
        issuer
            .map(|http| Prober { http: Some(http) })
            .map_err(|error| crate::SetupError::Http(crate::http::describe(error)))
    }

    /// Looks once, for no longer than `timeout`. `nonce` is a random number that an answer is known by.
    pub async fn look(&self, target: &Target, timeout: Duration, now: UnixMs, nonce: u64) -> Look {
        let looking = async {
            match target {
                Target::Http { url, wants } => http::look(self.http.as_ref(), url, wants, now).await,
                Target::Tcp { endpoint } => tcp::look(endpoint.as_str()).await,
                Target::Dns { name, resolver } => dns::look(name, *resolver, nonce, timeout / TRIES).await,
                Target::Ping { host } => ping::look(host, nonce, timeout / TRIES).await,
            }
        };
        seen(tokio::time::timeout(timeout, looking).await.unwrap_or(Err(Trouble::Timeout)))
    }
}

/// How often a datagram is sent, each on its own may be lost on the way.
const TRIES: u32 = 3;

fn seen(answer: Result<Answer, Trouble>) -> Look {
    match answer {
        Ok(answer) => Look {
            verdict: answer.trouble.map_or(Verdict::Ok, Trouble::verdict),
            trouble: answer.trouble,
            latency_us: Some(u64::try_from(answer.latency.as_micros()).unwrap_or(u64::MAX)),
            certificate_days: answer.certificate_days,
            is_from_afar: answer.from.is_some_and(is_afar),
        },
        Err(trouble) => Look {
            verdict: trouble.verdict(),
            trouble: Some(trouble),
            latency_us: None,
            certificate_days: None,
            is_from_afar: false,
        },
    }
}

/// The addresses of `host:port`.
async fn addresses(endpoint: &str) -> Result<Vec<SocketAddr>, Trouble> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host(endpoint).await.map_err(|_| Trouble::Resolve)?.collect();
    if found.is_empty() { Err(Trouble::Resolve) } else { Ok(found) }
}

/// Whether an address is another machine's, in the internet. One of our own answers with the cable cut, and so may one in
/// the same rack.
fn is_afar(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_near = match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified() || is_shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    !is_near && !is_own(address)
}

/// Whether this machine has the address: the way to it then begins at itself. Nothing is sent.
fn is_own(address: IpAddr) -> bool {
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let from = UdpSocket::bind(any).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    from.is_ok_and(|from| from.ip() == address)
}
