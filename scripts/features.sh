#!/usr/bin/env bash
# Compiles the library with each of its features alone, and with each beside `testing`, without a warning.
#
#     scripts/features.sh
set -euo pipefail
cd "$(dirname "$0")/.."

features=$(sed -n '/^\[features\]/,/^\[dependencies\]/s/^\([a-z-]*\) = .*/\1/p' cache-memoize/Cargo.toml)
for feature in $features; do
    [ "$feature" != default ] || continue
    for together in "$feature" "$feature,testing"; do
        [ "$together" != testing,testing ] || continue
        echo "$together"
        cargo clippy --quiet --package cache-memoize --no-default-features --features "$together" -- -D warnings
    done
done
