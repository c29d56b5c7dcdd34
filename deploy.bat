@echo off
rem All of it is in the program: docs/DEPLOY_WINDOWS.md.
cargo run --quiet --release --package mirai --no-default-features --features deploy -- deploy %*
