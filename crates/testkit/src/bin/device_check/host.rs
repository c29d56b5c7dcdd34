//! What only the kernel's interface can do: be there already, be somebody else's, and go.

use anyhow::ensure;
use gateway::network::{Network, tear_down};
use gateway::{Device, DeviceError, Kernel};

use crate::{ip, say};

pub(crate) async fn all(interface: &str) -> anyhow::Result<()> {
    let taken = Kernel::open("lo").await;
    ensure!(matches!(taken, Err(DeviceError::Taken(_))), "the loopback was taken for a device: {taken:?}");

    let device = Device::Kernel(Kernel::open(interface).await?);
    tear_down(&around(interface).before().await?).await?;
    let gone = device.dump(0).await;
    ensure!(matches!(gone, Err(DeviceError::Stopped(_))), "a device without interface: {gone:?}");

    ip(&format!("link add {interface} type wireguard"))?;
    ensure!(device.dump(0).await.is_err(), "an interface of the same name is taken for the one that is gone");
    let device = Device::Kernel(Kernel::open(interface).await?);
    tear_down(&around(interface).before().await?).await?;
    ensure!(device.dump(0).await.is_ok(), "an interface that another made was taken away");
    say("ok: an interface that was made here is taken away, and one that was there stays");
    Ok(())
}

fn around(interface: &str) -> Network {
    let (interface, egress) = (interface.to_owned(), "lo".to_owned());
    let (v4, v6) = (([10, 64, 0, 1].into(), 10), ([0xfd09, 0, 0, 0, 0, 0, 0, 1].into(), 64));
    Network { interface, egress, resolvers: Vec::new(), v4, v6 }
}
