//! What a WireGuard device of the gateway's has to do, checked on a real one: `device_check DRIVER INTERFACE`, where
//! nothing else uses the interface. Every driver meets the same checks. `device_check figures INTERFACE COUNT` measures
//! the kernel's instead. Needs root, and a network of its own.

mod checks;
mod client;
mod figures;
mod host;
mod peers;

use std::process::Command;

use anyhow::{Context as _, bail, ensure};
use gateway::{Device, Embedded, Kernel, Uapi};

/// The device's port.
const PORT: u16 = 51820;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["figures", interface, count] => figures::measure(interface, count.parse()?).await,
        [driver, interface] => {
            let device = open(driver, interface).await?;
            ip(&format!("link set {interface} up"))?;
            checks::all(&device, interface).await?;
            if driver == "kernel" {
                host::all(interface).await?;
            }
            say(&format!("the {driver} device does all that it should"));
            Ok(())
        }
        _ => bail!("usage: device_check DRIVER INTERFACE, or device_check figures INTERFACE COUNT"),
    }
}

async fn open(driver: &str, interface: &str) -> anyhow::Result<Device> {
    Ok(match driver {
        "kernel" => Device::Kernel(Kernel::open(interface).await?),
        "embedded" => Device::Embedded(Embedded::open(interface)?),
        "uapi" => Device::Uapi(Uapi::new(interface)),
        _ => bail!("there is no driver {driver}"),
    })
}

fn ip(arguments: &str) -> anyhow::Result<()> {
    let done = Command::new("ip").args(arguments.split(' ')).output().context("ip can't be run")?;
    ensure!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what was found is this program's purpose")]
fn say(line: &str) {
    println!("{line}");
}
