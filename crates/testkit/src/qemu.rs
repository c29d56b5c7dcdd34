//! A machine of its own for what only a kernel of Debian's can do: emulated in software, so that it runs anywhere, with
//! nothing on it but busybox, some modules, and the programs that a test brings.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::missing::{find_program, need, say_skipped};
use crate::private_dir::PrivateDir;
use crate::process::Bin;
use crate::setting::skip_missing;

mod cpio;

use cpio::Archive;

/// The package that stands for Debian's newest kernel for machines without hardware.
const PACKAGE: &str = "linux-image-cloud-amd64";
/// How long a download, or a step of the preparation, may take.
const STEP: Duration = Duration::from_secs(180);
/// What the machine's first process says last.
const ENDED: &str = "the script has ended";

/// A machine that has not been started.
#[derive(Debug)]
pub struct Emulated {
    qemu: PathBuf,
    kernel: PathBuf,
    files: Archive,
}

impl Emulated {
    /// A machine with these modules, and those that they need. The kernel is fetched from Debian into `cache`, once.
    /// `None` where something is missing and that may be skipped.
    ///
    /// # Errors
    /// When something is missing, or a step of the preparation fails.
    pub async fn with_modules(modules: &[&str], cache: &Path) -> anyhow::Result<Option<Emulated>> {
        if !cfg!(target_arch = "x86_64") {
            ensure!(skip_missing(), "the emulated machine is an x86-64 one: run `cargo xtask test --skip-missing`");
            say_skipped("the emulated machine is an x86-64 one")?;
            return Ok(None);
        }
        let Some(qemu) = need("qemu-system-x86_64", "qemu-system-x86")? else { return Ok(None) };
        let Some(busybox) = need("busybox", "busybox-static")? else { return Ok(None) };
        let kernel = match fetched(cache).await {
            Ok(kernel) => kernel,
            Err(error) if skip_missing() => {
                say_skipped(&format!("there is no kernel to emulate: {error:#}"))?;
                return Ok(None);
            }
            Err(error) => {
                return Err(error.context(format!("{PACKAGE} of Debian can't be fetched (or --skip-missing)")));
            }
        };
        let mut machine =
            Emulated { qemu, kernel: the_one(&kernel.join("boot"), "vmlinuz-")?, files: Archive::default() };
        for folder in ["bin", "dev", "etc", "proc", "sys", "tmp", "modules"] {
            machine.files.folder(folder);
        }
        let known = modules_in(&kernel.join("lib/modules"))?;
        let mut order = Vec::new();
        for module in modules {
            in_order(module, &known, &mut order)?;
        }
        for (place, (_, bytes)) in order.iter().enumerate() {
            machine.files.file(&format!("modules/{place:03}.ko"), 0o644, bytes);
        }
        machine.program("bin/busybox", &busybox).await?;
        Ok(Some(machine))
    }

    /// Puts a file there.
    pub fn file(&mut self, at: &str, bytes: &[u8]) {
        self.files.file(at, 0o755, bytes);
    }

    /// Puts a program there, without its notes for a debugger, with the libraries that it is linked with.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn program(&mut self, at: &str, program: &Path) -> anyhow::Result<()> {
        let dir = PrivateDir::new("strip")?;
        let stripped = dir.join("program");
        run("strip", [OsStr::new("-o"), stripped.as_os_str(), program.as_os_str()]).await?;
        self.files.file(at, 0o755, &std::fs::read(&stripped)?);
        let ldd = find_program("ldd").context("there is no ldd")?;
        // A static program is none that ldd knows.
        let libraries = Bin::at(ldd)?.launch().arg(program).run(STEP).await?.stdout;
        for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
            self.files.file(library.trim_start_matches('/'), 0o755, &std::fs::read(library)?);
        }
        Ok(())
    }

    /// Starts it, runs a shell script on it with its own loopback, and returns all that was said.
    ///
    /// # Errors
    /// When it does not come to the script's end within `limit`.
    pub async fn run(mut self, script: &str, limit: Duration) -> anyhow::Result<String> {
        let init = format!(
            "#!/bin/busybox sh\n/bin/busybox --install -s /bin\nexport PATH=/bin\nmount -t proc proc /proc\n\
             mount -t sysfs sys /sys\nmount -t devtmpfs dev /dev\nfor module in /modules/*; do insmod $module; done\n\
             ip link set lo up\n{script}\necho {ENDED}\nreboot -f\n"
        );
        self.files.file("init", 0o755, init.as_bytes());
        let dir = PrivateDir::new("qemu")?;
        let files = dir.join("files");
        std::fs::write(&files, self.files.end())?;
        // Always emulated: a machine that is itself a guest often has a /dev/kvm that does not work.
        let launch = Bin::at(self.qemu)?.launch().args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"]);
        let launch = launch.args(["-m", "2048", "-nographic", "-no-reboot", "-net", "none", "-append"]);
        let launch =
            launch.arg("console=ttyS0 quiet panic=-1").arg("-kernel").arg(self.kernel).arg("-initrd").arg(&files);
        let said = launch.run(limit).await?;
        ensure!(said.stdout.contains(ENDED), "the machine did not come to the end:\n{}\n{}", said.stdout, said.stderr);
        Ok(said.stdout)
    }
}

/// The folder of the unpacked kernel.
async fn fetched(cache: &Path) -> anyhow::Result<PathBuf> {
    let place = cache.join(PACKAGE);
    if place.is_dir() {
        return Ok(place);
    }
    std::fs::create_dir_all(cache)?;
    let dir = tempfile::tempdir_in(cache)?;
    if let Err(error) = download(dir.path()).await {
        run("apt-get", ["update"]).await.with_context(|| format!("{error:#}; and the package lists are old"))?;
        download(dir.path()).await?;
    }
    let package = the_one(dir.path(), "linux-image-")?;
    let unpacked = dir.path().join("unpacked");
    run("dpkg-deb", [OsStr::new("-x"), package.as_os_str(), unpacked.as_os_str()]).await?;
    // In one step: what is there is whole. Another test may have been faster.
    if let Err(error) = std::fs::rename(&unpacked, &place) {
        ensure!(place.is_dir(), "{}: {error}", place.display());
    }
    Ok(place)
}

async fn download(folder: &Path) -> anyhow::Result<()> {
    let depends = run("apt-cache", ["depends", PACKAGE]).await?;
    let name = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: ")).context("it is not known")?;
    let apt = find_program("apt-get").context("there is no apt-get")?;
    let done = Bin::at(apt)?.launch().args(["download", name]).current_dir(folder).run(STEP).await?;
    ensure!(done.code == Some(0), "{}", done.stderr);
    Ok(())
}

async fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> anyhow::Result<String> {
    let path = find_program(program).with_context(|| format!("there is no {program}"))?;
    let done = Bin::at(path)?.launch().args(arguments).run(STEP).await?;
    ensure!(done.code == Some(0), "{program}: {}", done.stderr);
    Ok(done.stdout)
}

fn the_one(folder: &Path, prefix: &str) -> anyhow::Result<PathBuf> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            return Ok(entry.path());
        }
    }
    bail!("there is no {prefix} in {}", folder.display())
}

/// Modules by their names, in which `-` and `_` are the same.
fn modules_in(folder: &Path) -> anyhow::Result<HashMap<String, PathBuf>> {
    let mut known = HashMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let (Some("ko"), Some(name)) = (path.extension().and_then(OsStr::to_str), path.file_stem()) {
                known.insert(name.to_string_lossy().replace('-', "_"), path);
            }
        }
    }
    Ok(known)
}

/// What a module needs comes before it.
fn in_order(name: &str, known: &HashMap<String, PathBuf>, order: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let name = name.replace('-', "_");
    if order.iter().any(|(module, _)| *module == name) {
        return Ok(());
    }
    let bytes = std::fs::read(known.get(&name).with_context(|| format!("the kernel has no module {name}"))?)?;
    for needed in needs_of(&bytes).split(',').filter(|needed| !needed.is_empty()) {
        in_order(needed, known, order)?;
    }
    order.push((name, bytes));
    Ok(())
}

/// A module says of itself what it needs: texts that each end with a zero, in its section `.modinfo`.
fn needs_of(module: &[u8]) -> String {
    const BEGINS: &[u8] = b"\0depends=";
    let at = module.windows(BEGINS.len()).position(|window| window == BEGINS);
    let text = at.map(|at| &module[at + BEGINS.len()..]).unwrap_or_default();
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&text[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::needs_of;

    #[test]
    fn what_a_module_needs_stands_in_it() {
        assert_eq!(
            needs_of(b"..\0license=GPL\0depends=udp_tunnel,libchacha\0name=wireguard\0"),
            "udp_tunnel,libchacha"
        );
        assert_eq!(needs_of(b"..\0depends=\0name=udp_tunnel\0"), "");
        assert_eq!(needs_of(b"no module"), "");
    }
}
