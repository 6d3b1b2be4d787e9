#!/usr/bin/env bash
# Searches long for an interleaving in which a stale value is served: millions of random operations in memory, then
# hundreds of thousands on Redis servers that are hurt meanwhile. Stops at the first that is found, with its seed.
#
#   scripts/linearize.sh [operations in memory, for each of 17 subjects] [operations on Redis, for each of 4 stories]
set -euo pipefail
cd "$(dirname "$0")/.."

memory=${1:-200000}
redis=${2:-50000}
histories() { cargo test --release --package cache-memoize-tests --test histories --quiet -- --nocapture "$@"; }

echo "== in memory: $memory operations for each subject"
HISTORIES_OPERATIONS=$memory histories threads:: tasks::
echo "== on Redis: $redis operations for each story"
HISTORIES_OPERATIONS=$redis histories redis::
