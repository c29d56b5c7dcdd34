//! What serves, works or administers: with a runtime, TLS and the handles of a Linux machine.

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::cli::Command;
#[cfg(feature = "dev")]
use crate::dev;
#[cfg(feature = "gateway")]
use crate::gateway_command;
use crate::out;
#[cfg(feature = "control")]
use crate::{admin, backup_command, bot_command, config_command, import, serve, systemd};

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> ExitCode {
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return fail(&anyhow::anyhow!("the TLS library could not be set up"));
    }
    take_handles();
    take_small_pages();
    #[cfg(feature = "control")]
    let passed = systemd::Passed::take();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let done = carry_out(
        command,
        #[cfg(feature = "control")]
        passed,
    );
    match runtime.block_on(done) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Takes all the file handles that the system grants: each connection needs one.
fn take_handles() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::debug!(%error, "the limit of file handles stays as it is");
    }
}

/// Pages of two megabytes, which many systems hand out unasked, nearly double the memory of a gateway while it loads its
/// peers. The allocator's own setting only keeps it from asking for them.
fn take_small_pages() {
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "the system's page sizes stay as they are");
    }
}

async fn carry_out(command: Command, #[cfg(feature = "control")] passed: systemd::Passed) -> anyhow::Result<()> {
    #[cfg(all(debug_assertions, feature = "control"))]
    arm_failpoint()?;
    match command {
        #[cfg(feature = "dev")]
        Command::Dev(options) => dev::run(options).await,
        #[cfg(feature = "control")]
        Command::Serve(options) => serve::run(&options, passed).await,
        #[cfg(feature = "control")]
        Command::Bot(options) => bot_command::run(options).await,
        #[cfg(feature = "control")]
        Command::Migrate => serve::migrate().await,
        #[cfg(feature = "control")]
        Command::Config(options) => config_command::run(&options),
        #[cfg(feature = "gateway")]
        Command::Gateway(command) => gateway_command::run(command).await,
        #[cfg(feature = "control")]
        Command::Import(command) => import::run(command).await,
        #[cfg(feature = "control")]
        Command::Backup(command) => backup_command::run(command).await,
        #[cfg(feature = "control")]
        Command::Admin(command) => admin::run(command).await,
        // It is no part of this: `main` has seen to it.
        #[cfg(feature = "deploy")]
        Command::Deploy(_) => Ok(()),
    }
}

/// A test chooses where this process dies. It is no setting: a release build knows nothing of it.
#[cfg(all(debug_assertions, feature = "control"))]
#[expect(clippy::disallowed_methods, reason = "this binary is where the environment comes in")]
fn arm_failpoint() -> anyhow::Result<()> {
    match std::env::var("FAILPOINT") {
        Ok(setting) => app::failpoint::arm(&setting).map_err(anyhow::Error::msg),
        Err(_) => Ok(()),
    }
}

/// One clear line on stderr.
fn fail(error: &anyhow::Error) -> ExitCode {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    out::error(&format!("mirai: {}", chain.join(": ")));
    ExitCode::FAILURE
}
