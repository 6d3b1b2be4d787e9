#!/usr/bin/env bash
# Makes sure that there is a `redis-server` for the tests to start. Silent when there is; otherwise installs
# the system's package, without the daemon that it brings. Servers that run already are none of its business.
set -euo pipefail

if command -v redis-server >/dev/null; then exit 0; fi

has() { command -v "$1" >/dev/null; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        echo "not root, and there is no sudo: cannot run: $*" >&2
        return 1
    fi
}

# Packages of Debian start their daemons unless a policy says no. One that is there already is left alone.
policy=/usr/sbin/policy-rc.d
with_apt() {
    if [ ! -e "$policy" ]; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod +x "$policy"
    fi
    # Some other source that is out of reach does no harm.
    as_root apt-get update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends redis-server
    # Nor is it to start with the machine.
    if has systemctl; then as_root systemctl disable --quiet redis-server 2>/dev/null || true; fi
}

echo "there is no redis-server yet: installing it"
if has apt-get; then
    with_apt
elif has dnf; then
    as_root dnf install --quiet --assumeyes redis ||
        as_root dnf install --quiet --assumeyes valkey-compat-redis
elif has apk; then
    as_root apk add --quiet redis
elif has brew; then
    brew install --quiet redis
else
    echo "no package manager that this script knows (apt-get, dnf, apk, brew)" >&2
fi || true

if ! has redis-server; then
    echo "the tests need a \`redis-server\` in PATH, version 6.2 or later: please install one" >&2
    exit 1
fi
