#!/usr/bin/env bash
# Everything that must hold before a change lands. Runs on a bare machine with Rust; see CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; }

step "a real server to test against"
bash scripts/install-redis.sh

step "format"
cargo fmt --all --check
cargo fmt --manifest-path benches/Cargo.toml --all --check

step "lints"
cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings
cargo clippy --package cache-memoize --quiet -- -D warnings

step "each feature alone"
scripts/features.sh

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --quiet

step "a crate of its own, as a newcomer has it"
cargo test --manifest-path tests/newcomer/Cargo.toml --quiet

step "the main job"
cargo run --quiet --example quickstart

step "models of flight and memory"
scripts/model.sh short

step "what a hit costs, counted"
scripts/guard.sh

step "default features"
cargo test --package cache-memoize --quiet

step "optimised, as users have it"
# What the optimiser makes of it was once an endless loop: hence the limit.
timeout 1200 cargo test --release --package cache-memoize-tests --test histories --quiet -- threads::

step "the packages, and the examples of the documentation in the unpacked one"
scripts/package.sh

step "all tests"
cargo test --workspace --all-features
