//! A host with MariaDB.

use testkit::missing::need;

use super::site::{self, Site, program};

/// As Debian's package `mariadb-server` brings it, which a machine of tests need not have: the server listens on the socket of
/// that package, and lets `root` in without a password.
const UNIT: &str = "\
[Unit]
Description=MariaDB
[Service]
Type=notify
User=mysql
RuntimeDirectory=mysqld
StateDirectory=mysql
ExecStartPre=/bin/sh -c 'test -d /var/lib/mysql/mysql || mariadb-install-db --skip-test-db --datadir=/var/lib/mysql'
ExecStart=/usr/sbin/mariadbd --socket=/run/mysqld/mysqld.sock --bind-address=127.0.0.1 --innodb-log-file-size=16M
[Install]
WantedBy=multi-user.target
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deploy_makes_a_database_in_the_hosts_mariadb_and_backs_it_up() -> anyhow::Result<()> {
    for (program, package) in [("mariadbd", "mariadb-server-core"), ("mariadb-dump", "mariadb-client")] {
        if need(program, package)?.is_none() {
            return Ok(());
        }
    }
    let Some(mut site) = Site::bare(false).await? else { return Ok(()) };
    std::fs::write(site.machine.file("/etc/systemd/system/mariadb.service"), UNIT)?;
    let has_user = site.machine.launch("id").arg("mysql").run(site::PATIENCE).await?.code == Some(0);
    if !has_user {
        site.machine.run("useradd", &["--system", "--home-dir", "/nonexistent", "mysql"]).await?;
    }
    site.use_mariadb()?;
    let provision = ["provision", "--artifact", &site.first];
    let (code, said) = site.deploy(&provision).await?;
    assert_eq!(code, 0, "{said}");
    let before = site.tree().await?;
    let (code, said) = site.deploy(&provision).await?;
    assert!(code == 0 && said.contains("nothing was to be done"), "{said}");
    assert_eq!(site.tree().await?, before);

    let first = site.first.clone();
    let (code, said) = site.deploy(&["release", "--artifact", &first]).await?;
    assert_eq!(code, 0, "{said}");
    site.serves(&site::id_of(&first)).await?;
    let second = site.build("second", &program().await?).await?;
    let (code, said) = site.deploy(&["release", "--artifact", &second]).await?;
    assert_eq!(code, 0, "{said}");
    site.serves(&site::id_of(&second)).await?;
    let tables = site.machine.run("mariadb", &["--batch", "-e", "SHOW TABLES IN mirai"]).await?.stdout;
    assert!(tables.contains("wireguard_peers"), "{tables}");
    let saved = site.machine.run("ls", &["/srv/mirai/shared/backups"]).await?.stdout;
    assert_eq!(saved.lines().filter(|name| name.ends_with(".mirai.age")).count(), 1, "{saved}");
    // Its user may do what a drill needs.
    std::fs::copy(site.dir.join("backup-key.txt"), site.machine.file("/srv/mirai/shared/key"))?;
    site.machine.run("chown", &["mirai", "/srv/mirai/shared/key"]).await?;
    let drill = site.on_host("backup drill --identity key").run(site::PATIENCE).await?;
    assert_eq!(drill.code, Some(0), "{}{}", drill.stdout, drill.stderr);
    let (code, said) = site.deploy(&["rollback"]).await?;
    assert_eq!(code, 0, "{said}");
    site.serves(&site::id_of(&first)).await
}
