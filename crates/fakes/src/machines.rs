//! Three machines on this one, as network namespaces: a client, a gateway between, and a host on the internet that knows
//! no way to the tunnel's addresses. Linux, and root.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// The gateway, as the client reaches it.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The gateway, as the internet sees it.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);
/// The host on the internet.
pub const HOST_V4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// The same.
pub const HOST_V6: &str = "2001:db8:100::1";

/// One of the three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine(String);

/// All three; they go when this is dropped.
#[derive(Debug)]
pub struct Machines {
    /// Where the customer is.
    pub client: Machine,
    /// The VPN server.
    pub gateway: Machine,
    /// The rest of the world.
    pub internet: Machine,
    ip: PathBuf,
}

impl Machines {
    /// Sets them up with the program `ip` (of iproute2), under names that begin with `prefix`. What was left of others
    /// with these names is taken away first.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn lay(ip: &Path, prefix: &str) -> io::Result<Machines> {
        let of = |what: &str| Machine(format!("{prefix}-{what}"));
        let ip = ip.to_owned();
        let machines = Machines { client: of("client"), gateway: of("gateway"), internet: of("internet"), ip };
        machines.take_away();
        machines.set_up().await?;
        Ok(machines)
    }

    /// Gives the host on the internet another address, which the gateway alone has a way to.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn route_from_gateway(&self, to: Ipv4Addr) -> io::Result<()> {
        let steps = format!(
            "-n {} addr add {to}/32 dev lo\n-n {} route add {to}/32 via 198.18.0.1\n",
            self.internet.0, self.gateway.0
        );
        self.steps(&steps).await
    }

    async fn set_up(&self) -> io::Result<()> {
        let (client, gateway, internet) = (&self.client.0, &self.gateway.0, &self.internet.0);
        let mut steps = format!(
            "netns add {client}\nnetns add {gateway}\nnetns add {internet}\n\
             -n {client} link add out type veth peer name home netns {gateway}\n\
             -n {gateway} link add out type veth peer name home netns {internet}\n"
        );
        for machine in [client, gateway, internet] {
            steps.push_str(&format!("-n {machine} link set lo up\n"));
        }
        let links = [
            (client, "out", "192.0.2.2/24", "2001:db8:1::2/64"),
            (gateway, "home", "192.0.2.1/24", "2001:db8:1::1/64"),
            (gateway, "out", "198.18.0.2/24", "2001:db8:2::2/64"),
            (internet, "home", "198.18.0.1/24", "2001:db8:2::1/64"),
        ];
        for (machine, link, v4, v6) in links {
            steps.push_str(&format!(
                "-n {machine} link set {link} up\n-n {machine} addr add {v4} dev {link}\n\
                 -n {machine} addr add {v6} dev {link} nodad\n"
            ));
        }
        steps.push_str(&format!(
            "-n {internet} addr add {HOST_V4}/32 dev lo\n-n {internet} addr add {HOST_V6}/128 dev lo nodad\n\
             -n {client} route add default via {GATEWAY}\n-n {client} -6 route add default via 2001:db8:1::1\n\
             -n {gateway} route add default via 198.18.0.1\n-n {gateway} -6 route add default via 2001:db8:2::1\n"
        ));
        self.steps(&steps).await
    }

    /// Gives the client the address of the host on the internet, where something may then listen: as if there were a way to it
    /// past the gateway.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn give_client_a_way(&self) -> io::Result<()> {
        self.steps(&format!("-n {} addr add {HOST_V4}/32 dev lo\n", self.client.0)).await
    }

    /// Pulls the gateway's cable to the internet, or puts it back.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn set_gateways_cable(&self, is_in: bool) -> io::Result<()> {
        let gateway = &self.gateway.0;
        if !is_in {
            return self.steps(&format!("-n {gateway} link set out down\n")).await;
        }
        // The way went with the cable.
        self.steps(&format!("-n {gateway} link set out up\n-n {gateway} route add default via 198.18.0.1\n")).await
    }

    async fn steps(&self, steps: &str) -> io::Result<()> {
        for step in steps.lines() {
            let done = Command::new(&self.ip).args(step.split(' ')).stdin(Stdio::null()).output().await?;
            if !done.status.success() {
                let said = String::from_utf8_lossy(&done.stderr);
                return Err(io::Error::other(format!("ip {step}: {}", said.trim())));
            }
        }
        Ok(())
    }

    fn take_away(&self) {
        for machine in [&self.client, &self.gateway, &self.internet] {
            // What can't be taken away is empty, and goes with the computer.
            let _ = std::process::Command::new(&self.ip).args(["netns", "del", &machine.0]).output();
            let _ = fs::remove_dir_all(machine.files());
        }
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        self.take_away();
    }
}

impl Machine {
    /// Its name, for `ip netns exec`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The folder whose files programs on this machine see in `/etc`.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.0)
    }

    /// Does something on this machine, on a thread of its own: a socket stays where it was made.
    ///
    /// # Errors
    /// What `work` says, or that there is no such machine.
    pub async fn inside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let place = std::fs::File::open(format!("/var/run/netns/{}", self.0))?;
        let (tell, done) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let moved = move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network));
            // Nobody waits any more.
            let _ = tell.send(moved.map_err(io::Error::from).and_then(|()| work()));
        });
        done.await.map_err(io::Error::other)?
    }

    /// What an HTTP server there says; an error when that does not come about within `limit`.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn read(&self, from: SocketAddr, limit: Duration) -> io::Result<String> {
        self.inside(move || {
            let mut stream = TcpStream::connect_timeout(&from, limit)?;
            stream.set_read_timeout(Some(limit))?;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            let mut said = String::new();
            stream.read_to_string(&mut said)?;
            Ok(said.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
        })
        .await
    }

    /// Serves HTTP at this address on this machine: whoever asks is told its own address.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn tell_who_comes(&self, at: SocketAddr) -> io::Result<()> {
        let listener = self.inside(move || std::net::TcpListener::bind(at)).await?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(async move {
            while let Ok((mut stream, from)) = listener.accept().await {
                tokio::spawn(async move {
                    let text = from.ip().to_canonical().to_string();
                    // One that asks and goes away is not missed.
                    let _ = stream.read(&mut [0; 1500]).await;
                    let head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n";
                    let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
                });
            }
        });
        Ok(())
    }

    /// Answers every question for an IPv4 address with `answer`, as a DNS server at this address (RFC 1035, section 4).
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn answer_names(&self, at: IpAddr, answer: Ipv4Addr) -> io::Result<()> {
        let socket = self.inside(move || std::net::UdpSocket::bind((at, 53))).await?;
        socket.set_nonblocking(true)?;
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        tokio::spawn(async move {
            let mut bytes = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
                if let Some(reply) = reply_to(&bytes[..length], answer) {
                    let _ = socket.send_to(&reply, from).await;
                }
            }
        });
        Ok(())
    }

    /// A port of this machine's loopback that leads to an address of this process's network.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn lead_to(&self, target: SocketAddr) -> io::Result<SocketAddr> {
        let listener = self.inside(|| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).await?;
        listener.set_nonblocking(true)?;
        let (address, listener) = (listener.local_addr()?, tokio::net::TcpListener::from_std(listener)?);
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                tokio::spawn(async move {
                    if let Ok(mut there) = tokio::net::TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                    }
                });
            }
        });
        Ok(address)
    }
}

/// A question's name is followed by its type and class; an answer repeats the question and points at its name.
fn reply_to(question: &[u8], answer: Ipv4Addr) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    const TYPE_A: [u8; 2] = [0, 1];
    let name = question.get(HEADER..)?.iter().position(|byte| *byte == 0)? + HEADER + 1;
    let end = name + 4;
    let is_a = question.get(name..name + 2)? == TYPE_A;
    let mut reply = question.get(..end)?.to_vec();
    reply[2..HEADER].copy_from_slice(&[0x81, 0x80, 0, 1, 0, u8::from(is_a), 0, 0, 0, 0]);
    if is_a {
        reply.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(answer.octets());
    }
    Some(reply)
}
