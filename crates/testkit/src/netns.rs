//! Network namespaces as three machines, where the tests may have them.

use std::ops::Deref;

use anyhow::{Context as _, ensure};
pub use fakes::machines::{GATEWAY, HOST_V4, HOST_V6, Machine, OUTSIDE};

use crate::missing::{find_program, need, say_skipped};
use crate::process::{Bin, Launch};
use crate::setting::skip_missing;

/// A client, a gateway and the internet; they go when this is dropped.
#[derive(Debug)]
pub struct Machines {
    machines: fakes::machines::Machines,
    ip: Bin,
}

impl Deref for Machines {
    type Target = fakes::machines::Machines;

    fn deref(&self) -> &fakes::machines::Machines {
        &self.machines
    }
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
        let machines = fakes::machines::Machines::lay(&ip, &format!("mirai-{}", std::process::id())).await?;
        Ok(Some(Machines { machines, ip: Bin::at(ip)? }))
    }

    /// A program on one of the machines.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn launch(&self, on: &Machine, program: &str) -> anyhow::Result<Launch> {
        let path = find_program(program).with_context(|| format!("{program} is not installed"))?;
        let launch = self.ip.launch().env("PATH", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin");
        Ok(launch.args(["netns", "exec", on.name()]).arg(path))
    }
}
