//! A host that gets its certificate as a newcomer's does, from a pretend Let's Encrypt, by Debian's certbot.

use std::net::Ipv4Addr;

use anyhow::Context as _;
use reqwest::{Certificate, Client};
use testkit::acme::Acme;
use testkit::missing::need;
use tokio::net::TcpListener;

use super::site::{self, DOMAIN, PATIENCE, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_gets_a_certificate_that_is_trusted_and_renews_itself() -> anyhow::Result<()> {
    if need("certbot", "certbot")?.is_none() {
        return Ok(());
    }
    let Some(mut site) = Site::bare(false).await? else { return Ok(()) };
    let host: Ipv4Addr = site.machine.address.parse()?;
    // Its other end of the cable.
    let here = Ipv4Addr::from(u32::from(host) - 1);
    let acme = Acme::start(TcpListener::bind((here, 0)).await?).await?;
    let settings = site.machine.file("/etc/letsencrypt/cli.ini");
    std::fs::create_dir_all(settings.parent().context("a folder")?)?;
    std::fs::write(settings, format!("server = {}\n", acme.directory()))?;
    site.use_certbot()?;
    let provision = ["provision", "--artifact", &site.first];

    // The name does not lead here yet, as with many a newcomer.
    let (code, said) = site.deploy(&provision).await?;
    assert_eq!(code, 20, "{said}");
    assert!(said.contains("could not get a certificate for mirai.test"), "{said}");
    assert!(said.contains("NXDOMAIN") && said.contains("the name has to lead to this host"), "{said}");
    let sites = site.machine.run("ls", &["/etc/nginx/sites-enabled"]).await?.stdout;
    assert!(!sites.contains("mirai"), "{sites}");

    acme.leads(DOMAIN, (host, 80).into());
    let (code, said) = site.deploy(&provision).await?;
    assert_eq!(code, 0, "{said}");
    let before = site.tree().await?;
    let (code, said) = site.deploy(&provision).await?;
    assert!(code == 0 && said.contains("nothing was to be done"), "{said}");
    assert_eq!((site.tree().await?, acme.given()), (before, 1));

    let first = site.first.clone();
    let (code, said) = site.deploy(&["release", "--artifact", &first]).await?;
    assert_eq!(code, 0, "{said}");
    // A browser that trusts this authority and no other.
    let root = Certificate::from_pem(&acme.root()?)?;
    let visit = async || {
        let client = Client::builder().resolve(DOMAIN, (host, 443).into()).tls_certs_only([root.clone()]);
        let client = client.timeout(PATIENCE).tls_info(true).build()?;
        let answer = client.get(format!("https://{DOMAIN}/backend/api/readyz")).send().await?.error_for_status()?;
        let tls = answer.extensions().get::<reqwest::tls::TlsInfo>().context("TLS")?;
        anyhow::Ok(tls.peer_certificate().context("a certificate")?.to_vec())
    };
    let shown = visit().await?;

    site.machine.run("systemctl", &["is-enabled", "certbot.timer"]).await?;
    // As certbot's own timer does in two months, and nginx shows the new one without being told by anybody else.
    site.machine.run("certbot", &["renew", "--force-renewal", "--no-random-sleep-on-renew"]).await?;
    assert_eq!(acme.given(), 2);
    let began = std::time::Instant::now();
    while visit().await? == shown {
        assert!(began.elapsed() < PATIENCE, "nginx keeps the old certificate");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let (code, said) = site.deploy(&provision).await?;
    assert!(code == 0 && said.contains("nothing was to be done"), "{said}");
    site.serves(&site::id_of(&first)).await
}
