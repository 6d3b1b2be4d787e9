#!/usr/bin/env bash
# Fails when a hit or a miss takes more instructions or allocations than were accepted in `benches/accepted.txt`.
# Counted by valgrind, not timed, so that a busy machine does not matter. Half a minute.
#
#     scripts/guard.sh            # compare
#     scripts/guard.sh accept     # write down what is, after looking why
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo; then
        sudo -n "$@"
    else
        return 1
    fi
}

install() {
    if has apt-get; then
        as_root apt-get update -qq || true
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends valgrind
    elif has dnf; then
        as_root dnf install --quiet --assumeyes valgrind
    elif has apk; then
        as_root apk add --quiet valgrind
    fi
}

if ! has valgrind; then
    echo "there is no valgrind yet: installing it"
    install || true
fi
if ! has valgrind; then
    echo "no valgrind, and no way to install it here: instructions are not counted, nothing is compared"
    exit 0
fi

cargo run --release --quiet --manifest-path benches/Cargo.toml --package cache-memoize-guard -- \
    "${1:-compare}" benches/accepted.txt
