//! The files that are shipped for systemd and nginx, as these read them.

use std::time::Duration;

use testkit::house::root;
use testkit::missing::need;
use testkit::private_dir::PrivateDir;
use testkit::process::Bin;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn nginx_takes_the_shipped_configuration_which_writes_no_clients_address() -> anyhow::Result<()> {
    let Some(program) = need("nginx", "nginx-light")? else { return Ok(()) };
    let dir = PrivateDir::new("nginx")?;
    let shipped = root().join("packaging/nginx/mirai.conf");
    let (whole, pid) = (dir.join("nginx.conf"), dir.join("pid"));
    let text = format!("pid {};\nevents {{}}\nhttp {{ include {}; }}\n", pid.display(), shipped.display());
    std::fs::write(&whole, text)?;
    let done = Bin::at(program)?.launch().arg("-t").arg("-c").arg(&whole).run(PATIENCE).await?;
    anyhow::ensure!(done.code == Some(0), "{}", done.stderr);
    let text = std::fs::read_to_string(shipped)?;
    assert!(text.contains("access_log off;") && text.contains("error_log stderr emerg;"));
    Ok(())
}

#[tokio::test]
async fn systemd_takes_the_shipped_units() -> anyhow::Result<()> {
    let Some(program) = need("systemd-analyze", "systemd")? else { return Ok(()) };
    let dir = PrivateDir::new("units")?;
    for unit in ["mirai.service", "mirai-gateway.service", "mirai-backup.service", "mirai-backup.timer"] {
        let text = std::fs::read_to_string(root().join("packaging/systemd").join(unit))?;
        // The program need not be installed to read the unit.
        let here = dir.join(unit);
        std::fs::write(&here, text.replace("/usr/local/bin/mirai", "/bin/true"))?;
        let done = Bin::at(&program)?.launch().arg("verify").arg(&here).run(PATIENCE).await?;
        anyhow::ensure!(done.code == Some(0) && done.stderr.trim().is_empty(), "{unit}: {}", done.stderr);
    }
    Ok(())
}
