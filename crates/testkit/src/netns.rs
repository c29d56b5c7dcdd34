//! Three machines on this one, as network namespaces: a client, a gateway between, and a host on the internet that knows
//! no way to the tunnel's addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::missing::{find_program, need, say_skipped};
use crate::process::{Bin, Launch};
use crate::setting::skip_missing;

/// The gateway, as the client reaches it.
pub const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The gateway, as the internet sees it.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);
/// The host on the internet.
pub const HOST_V4: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// The same.
pub const HOST_V6: &str = "2001:db8:100::1";

/// How long a step of the set-up may take.
const STEP: Duration = Duration::from_secs(20);

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
    ip: Bin,
}

impl Machines {
    /// Sets them up; `None` where namespaces can't be had and that may be skipped.
    ///
    /// # Errors
    /// When a step fails.
    pub async fn lay() -> anyhow::Result<Option<Machines>> {
        let Some(ip) = need("ip", "iproute2")? else { return Ok(None) };
        if !rustix::process::getuid().is_root() {
            ensure!(
                skip_missing(),
                "this test needs root for network namespaces, or `cargo xtask test --skip-missing`"
            );
            say_skipped("network namespaces need root")?;
            return Ok(None);
        }
        let of = |what: &str| Machine(format!("mirai-{}-{what}", std::process::id()));
        let machines = Machines { client: of("cl"), gateway: of("gw"), internet: of("in"), ip: Bin::at(ip)? };
        machines.set_up().await?;
        Ok(Some(machines))
    }

    async fn set_up(&self) -> anyhow::Result<()> {
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
        for step in steps.lines() {
            let done = self.ip.launch().args(step.split(' ')).run(STEP).await?;
            ensure!(done.code == Some(0), "ip {step}: {}", done.stderr);
        }
        Ok(())
    }

    /// A program on one of the machines.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn launch(&self, on: &Machine, program: &str) -> anyhow::Result<Launch> {
        let path = find_program(program).with_context(|| format!("{program} is not installed"))?;
        let launch = self.ip.launch().env("PATH", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin");
        Ok(launch.args(["netns", "exec", on.0.as_str()]).arg(path))
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for machine in [&self.client, &self.gateway, &self.internet] {
            // What can't be taken away is empty, and goes with the machine.
            let _ = std::process::Command::new(self.ip.path()).args(["netns", "del", &machine.0]).output();
            let _ = std::fs::remove_dir_all(machine.files());
        }
    }
}

impl Machine {
    /// The folder whose files programs on this machine see in `/etc`.
    #[must_use]
    pub fn files(&self) -> std::path::PathBuf {
        std::path::Path::new("/etc/netns").join(&self.0)
    }

    /// Does something on this machine, on a thread of its own: a socket stays where it was made.
    ///
    /// # Errors
    /// What `work` says, or that there is no such machine.
    pub async fn inside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let place = std::fs::File::open(format!("/var/run/netns/{}", self.0))?;
        let (tell, done) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let moved = move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network));
            // Nobody waits any more: the test has ended.
            let _ = tell.send(moved.map_err(io::Error::from).and_then(|()| work()));
        });
        Ok(done.await??)
    }

    /// Connects over TCP and reads to the end; an error when that does not come about within `limit`.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn read(&self, from: SocketAddr, limit: Duration) -> anyhow::Result<String> {
        self.inside(move || {
            let stream = TcpStream::connect_timeout(&from, limit)?;
            stream.set_read_timeout(Some(limit))?;
            io::read_to_string(stream)
        })
        .await
    }

    /// Serves at this address on this machine: whoever connects is told its own address.
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn tell_who_comes(&self, at: SocketAddr) -> anyhow::Result<()> {
        let listener = self.inside(move || std::net::TcpListener::bind(at)).await?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(async move {
            while let Ok((mut stream, from)) = listener.accept().await {
                let text = from.ip().to_canonical().to_string();
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, text.as_bytes()).await;
            }
        });
        Ok(())
    }

    /// Answers every question for an IPv4 address with `answer`, as a DNS server at this address (RFC 1035, section 4).
    ///
    /// # Errors
    /// When the address can't be listened on.
    pub async fn answer_names(&self, at: IpAddr, answer: Ipv4Addr) -> anyhow::Result<()> {
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
    pub async fn lead_to(&self, target: SocketAddr) -> anyhow::Result<SocketAddr> {
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
