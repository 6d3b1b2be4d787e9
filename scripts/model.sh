#!/usr/bin/env bash
# Model checking: tries every order in which a few threads can go through `flight/` and `memory/`.
#
#   scripts/model.sh [short|full] [FILTER]
#
# `short` is for every change. `full` goes deeper, for a change of what is checked. Each search prints a row: how far it
# went, how many programs, in how many orders, the most for one program, and how long it took.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-short}" in
    short) also=() ;;
    full) also=(--include-ignored) ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac

# Not `--cfg loom`, to which other crates listen.
export RUSTFLAGS="--cfg cache_memoize_loom" CARGO_TARGET_DIR=target/model CARGO_INCREMENTAL=1
# What takes the time is loom; and this is built anew for each mechanism that `take-out.py --model` takes out.
quick=(--release --config profile.release.package.cache-memoize.opt-level=1
    --config profile.release.package.cache-memoize.debug-assertions=true)

# One after the other, for each of them uses all processors.
cargo test --package cache-memoize --lib --quiet "${quick[@]}" -- "model::${2:-}" --nocapture --test-threads=1 ${also[@]+"${also[@]}"}
