//! Probes of pages that are served with TLS, by a program that is not ours.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clients::probe::{Prober, Trouble};
use domain::monitor::target::{Kind, Target, Wants};
use domain::monitor::verdict::Verdict;
use testkit::missing::need;
use testkit::ports::free_port;
use testkit::private_dir::PrivateDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Runs openssl in a folder.
async fn openssl(program: &Path, dir: &Path, line: &str) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    let done = command.args(line.split(' ')).current_dir(dir).stdin(Stdio::null()).output().await?;
    ensure!(done.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Serves its own pages with a certificate, until it is dropped.
async fn serve(program: &Path, dir: &Path, name: &str) -> anyhow::Result<(Child, SocketAddr)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let line = format!("s_server -accept {address} -cert {name}.pem -key key.pem -www -quiet");
    let mut command = Command::new(program);
    command.args(line.split(' ')).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let server = command.kill_on_drop(true).spawn()?;
    for _ in 0..500 {
        if TcpStream::connect(address).await.is_ok() {
            return Ok((server, address));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("openssl does not serve")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_with_tls_is_judged_by_its_certificate_too() -> anyhow::Result<()> {
    let Some(program) = need("openssl", "openssl")? else { return Ok(()) };
    let dir = PrivateDir::new("probe")?;
    let dir = dir.path();
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&program, dir, &format!("{new} -keyout ca.key -out ca.pem -days 3650 -subj /CN=issuer")).await?;
    openssl(&program, dir, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out key.pem").await?;
    for (name, days, host) in [("good", 30, "IP:127.0.0.1"), ("other", 30, "DNS:other.test")] {
        let line = format!(
            "req -x509 -key key.pem -CA ca.pem -CAkey ca.key -out {name}.pem -days {days} -subj /CN=leaf \
             -addext subjectAltName={host} -addext basicConstraints=critical,CA:FALSE"
        );
        openssl(&program, dir, &line.replace("  ", " ")).await?;
    }
    let (_good, good) = serve(&program, dir, "good").await?;
    let (_other, other) = serve(&program, dir, "other").await?;
    let believing = Prober::believing(&std::fs::read(dir.join("ca.pem"))?)?;
    let stranger = Prober::default();
    let now = app::Clock::System.now();
    let days = |days| Wants { certificate_days: Some(days), ..Wants::default() };
    for (prober, address, wants, expect) in [
        (&believing, good, Wants::default(), (Verdict::Ok, None)),
        (&believing, good, days(28), (Verdict::Ok, None)),
        (&believing, good, days(31), (Verdict::Fail, Some(Trouble::Certificate))),
        (&believing, other, Wants::default(), (Verdict::Fail, Some(Trouble::Tls))),
        (&stranger, good, Wants::default(), (Verdict::Fail, Some(Trouble::Tls))),
    ] {
        let target = Target::new(Kind::Http, &format!("https://{address}/"), wants.clone())?;
        let look = prober.look(&target, Duration::from_secs(10), now, 1).await;
        assert_eq!((look.verdict, look.trouble), expect, "{wants:?}");
        if expect.1 != Some(Trouble::Tls) {
            let left = look.certificate_days.context("a certificate was seen")?;
            assert!((29..=30).contains(&left), "{left} days");
        }
    }
    Ok(())
}
