#!/usr/bin/env bash
# Runs what needs no server, no network and no C library under Miri, which finds undefined behaviour and data races, in
# this crate and in what it is made of. Loops in those tests are shorter then, and it still takes long: give a filter.
#
#     scripts/miri.sh [filter …]
#
# Needs a nightly toolchain with Miri: `rustup toolchain install nightly --component miri,rust-src`.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "this needs Miri: rustup toolchain install nightly --component miri,rust-src" >&2
    exit 1
fi

# Clocks are the machine's. The thread for housekeeping outlives the tests, with what it looks after.
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-ignore-leaks ${MIRIFLAGS:-}"

# Megabytes of claims, and whatever measures allocations of whole formats, would take days.
skipped=(--skip hostile --skip damage --skip allocation)

echo "== the runtime's own tests"
cargo +nightly miri test --package cache-memoize --lib \
    --features bincode,json,messagepack,postcard,testing -- "${skipped[@]}" "$@"

echo "== the promises, in memory"
cargo +nightly miri test --package cache-memoize-tests --test promises -- "$@"
