//! Child processes: what they see, what they say, how they end.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;
use testkit::process::Bin;

const SECOND: Duration = Duration::from_secs(10);

fn sh(script: &str) -> testkit::process::Launch {
    Bin::at("/bin/sh").unwrap().launch().args(["-c", script])
}

#[tokio::test]
async fn a_process_sees_only_what_it_is_given() {
    let done = sh("env; cat; pwd").env("APP_ENV", "test").current_dir("/").input("typed").run(SECOND).await.unwrap();
    assert_eq!(done.code, Some(0));
    assert!(done.stdout.contains("APP_ENV=test") && done.stdout.contains("LANG=C.UTF-8"));
    assert!(!done.stdout.contains("CARGO"), "nothing of cargo's environment leaks in: {}", done.stdout);
    assert!(done.stdout.ends_with("typed/\n"));
}

#[tokio::test]
async fn a_line_on_either_stream_is_waited_for() {
    let mut running = sh("echo one; sleep 0.1; echo two words >&2; exec sleep 60").start().await.unwrap();
    assert_eq!(running.wait_for_line("one", SECOND).await.unwrap(), "one");
    assert_eq!(running.wait_for_line("two", SECOND).await.unwrap(), "two words");
    let refusal = running.wait_for_line("three", Duration::from_millis(50)).await.unwrap_err().to_string();
    assert!(refusal.contains("three") && refusal.contains("two words"), "{refusal}");
    let done = running.kill9().await.unwrap();
    assert_eq!((done.code, done.signal), (None, Some(9)));
}

#[tokio::test]
async fn a_process_that_ends_early_says_what_it_said() {
    let mut running = sh("echo 'no such setting' >&2; exit 3").start().await.unwrap();
    let refusal = running.wait_for_line("ready", SECOND).await.unwrap_err().to_string();
    assert!(refusal.contains("no such setting") && refusal.contains("ended"), "{refusal}");
}

#[tokio::test]
async fn sigterm_lets_it_say_goodbye() {
    let mut running = sh("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done").start().await.unwrap();
    running.wait_for_line("up", SECOND).await.unwrap();
    running.terminate().unwrap();
    let done = running.wait(SECOND).await.unwrap();
    assert_eq!(done.code, Some(0));
    assert!(done.stdout.ends_with("bye\n"));
}

#[tokio::test]
async fn dropping_it_kills_it() {
    let mut running = sh("echo up; exec sleep 60").start().await.unwrap();
    running.wait_for_line("up", SECOND).await.unwrap();
    let proc = format!("/proc/{}/stat", running.pid().unwrap());
    drop(running);
    let gone = || std::fs::read_to_string(&proc).map_or(true, |stat| stat.contains(") Z"));
    for _ in 0..500 {
        if gone() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the process outlived its owner");
}

#[tokio::test]
async fn the_built_mirai_is_found() {
    let bin = Bin::mirai().await.unwrap();
    assert!(bin.path().is_file() && bin.path().ends_with("mirai"));
    assert!(Bin::at("/no/such/program").is_err());
}
