//! S49: schemathesis asks every route of the OpenAPI document in ways that nobody would: no answer is a failure of ours,
//! and none breaks its schema.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::json;
use testkit::app::{Database, TestApp, Wanted};
use testkit::missing::need;
use testkit::setting::times;
use tokio::process::Command;

/// Pinned, so that a run finds tomorrow what it finds today.
const VERSION: &str = "4.32.5";

/// The program in a folder of its own; `None` where Python is missing and may be.
async fn schemathesis() -> anyhow::Result<Option<PathBuf>> {
    let Some(python) = need("python3", "python3-venv")? else { return Ok(None) };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    if !program.exists() {
        run(Command::new(python).args(["-m", "venv"]).arg(&folder)).await?;
        let wanted = format!("schemathesis=={VERSION}");
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &wanted])).await?;
    }
    Ok(Some(program))
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let done = command.stdin(Stdio::null()).output().await?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    anyhow::ensure!(done.status.success(), "{command:?}: {said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s49_no_request_breaks_the_api_or_its_document() -> anyhow::Result<()> {
    let Some(program) = schemathesis().await? else { return Ok(()) };
    let test = TestApp::start(&Wanted::on(Database::Sqlite)).await?.context("SQLite is never missing")?;
    let user = test.with_subscriber("mika", "vip").await?;
    test.post("/devices", Some(&user), &json!({ "name": "phone" })).await?;
    let base = format!("{}/backend/api", test.base);
    let examples = times(5, 100).to_string();
    let mut command = Command::new(program);
    command.current_dir(test.dir.path()).args(["run", &format!("{base}/openapi.json"), "--url", &base]);
    command.args(["-H", &format!("X-API-KEY: {}", testkit::caller::API_KEY)]);
    command.args(["-H", &format!("Authorization: Bearer {}", user.token)]);
    // Logging out would make every later answer a 401.
    command.args(["--exclude-path", "/auth/logout", "--max-examples", &examples, "--seed", "1", "--no-color"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--checks"]);
    command.arg("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance");
    run(&mut command).await?;
    test.all_is_well().await
}
