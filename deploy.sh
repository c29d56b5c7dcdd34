#!/bin/sh
# All of it is in the program: docs/deploy.md.
exec cargo run --quiet --release --package mirai --no-default-features --features deploy -- deploy "$@"
