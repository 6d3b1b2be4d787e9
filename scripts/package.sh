#!/usr/bin/env bash
# Packages both crates as they would be published, and runs the documentation tests in the unpacked package.
#
#     scripts/package.sh
#
# Both are packaged by one command, since neither is in a registry and the second needs the first.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo package --quiet --allow-dirty --package cache-memoize-macros --package cache-memoize

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# The workspace excludes this folder, so that cargo takes the packages for crates on their own.
unpacked=target/unpacked
rm -rf "$unpacked"
mkdir -p "$unpacked"
for crate in cache-memoize-macros cache-memoize; do
    tar --extract --gzip --file "target/package/$crate-$version.crate" --directory "$unpacked"
    for file in LICENSE-APACHE LICENSE-MIT; do
        if [ ! -s "$unpacked/$crate-$version/$file" ]; then
            echo "the package of $crate has no $file" >&2
            exit 1
        fi
    done
done

# The same profile and folder as the workspace: its dependencies are compiled already.
export CARGO_TARGET_DIR="$PWD/target" CARGO_PROFILE_DEV_DEBUG=line-tables-only
macros=$PWD/$unpacked/cache-memoize-macros-$version
cargo test --quiet --doc --all-features --manifest-path "$unpacked/cache-memoize-$version/Cargo.toml" \
    --config "patch.crates-io.cache-memoize-macros.path='$macros'"
