//! A real nginx.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::missing::need;
use crate::ports::free_port;
use crate::process::{Bin, Running};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running nginx with one server on a port of its own.
pub struct Nginx {
    /// The process.
    pub process: Running,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl Nginx {
    /// Starts one in a folder; `server` is what stands in the server's block. `None` where nginx may be missing.
    ///
    /// # Errors
    /// When it can't be started, or does not take the configuration.
    pub async fn start(folder: &Path, server: &str) -> anyhow::Result<Option<Nginx>> {
        let port = free_port()?;
        Nginx::with(folder, port, &format!("server {{ listen 127.0.0.1:{port};\n{server}\n}}")).await
    }

    /// Starts one whose `http` block holds what is given, and which listens on `127.0.0.1:port` among others.
    ///
    /// # Errors
    /// When it can't be started, or does not take the configuration.
    pub async fn with(folder: &Path, port: u16, http: &str) -> anyhow::Result<Option<Nginx>> {
        let Some(program) = need("nginx", "nginx-light")? else { return Ok(None) };
        std::fs::create_dir_all(folder)?;
        let dir = folder.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
            .collect();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {dir}/error.log;\nevents {{}}\nhttp {{\n\
             types {{ text/css css; text/javascript js; image/svg+xml svg; application/json json; }}\n\
             access_log off;\n{temporary}{http} }}\n"
        );
        std::fs::write(folder.join("nginx.conf"), config)?;
        let launch = Bin::at(program)?.launch().arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        let nginx = Nginx { process: launch.start().await?, address: format!("127.0.0.1:{port}") };
        let began = Instant::now();
        while tokio::net::TcpStream::connect(&nginx.address).await.is_err() {
            anyhow::ensure!(began.elapsed() < PATIENCE, "nginx: {}", nginx.process.stderr());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(Some(nginx))
    }
}
