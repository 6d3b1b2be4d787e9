#!/usr/bin/env bash
# A service under load on a Redis that is hurt now and then, for an hour: fails if anything stale is served, if a
# computation gets stuck, or if memory, threads or open files grow. Prints a line a minute and a table in the end.
#
#   scripts/soak.sh [seconds, 3600] [seed, 1]
set -euo pipefail
cd "$(dirname "$0")/.."

cargo run --release --package cache-memoize-tests --bin soak --quiet -- "${1:-3600}" "${2:-1}"
