#!/usr/bin/env bash
# What a cache costs at build time: crates and CPU seconds of a clean debug build with it as the only dependency, and
# what each annotated function adds. Prints lines with `|` between the fields, for `goals`; takes some minutes.
#
#     scripts/bench-build.sh
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
# Not within this workspace, whose members they are not.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
functions=200

# CPU seconds, user and system, of a command.
seconds() {
    local TIMEFORMAT='%U %S'
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk 'END { printf "%.2f", $1 + $2 }'
}

# The least of a few: seconds of `build` after `prepare`.
least() { # prepare build…
    local prepare=$1 least='' now
    shift
    for _ in 1 2 3; do
        "$prepare"
        now=$(seconds "$@")
        if [ -z "$least" ] || awk "BEGIN { exit !($now < $least) }"; then least=$now; fi
    done
    echo "$least"
}

new_crate() { # name dependency
    mkdir -p "$work/$1/src"
    cat >"$work/$1/Cargo.toml" <<MANIFEST
[package]
name = "$1"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
$2
MANIFEST
    echo 'fn main() {}' >"$work/$1/src/main.rs"
    # The versions that everything else here is measured with.
    cp benches/Cargo.lock "$work/$1/Cargo.lock"
}

export CARGO_TARGET_DIR="$work/target"
clean() { rm -rf "$work/target"; }

# 1. The dependency.
dependency() { # name dependency
    new_crate "$1" "$2"
    local crates
    (cd "$work/$1" && cargo fetch --quiet)
    # Without the crate itself, and each once whoever needs it.
    crates=$(cd "$work/$1" && cargo tree --edges normal,build --prefix none --no-dedupe | sed 's/ (\*)$//' | sort -u | wc -l)
    echo "crates|$1|$((crates - 1))|$(least clean cargo build --quiet --manifest-path "$work/$1/Cargo.toml")"
}

ours="cache-memoize = { path = \"$root/cache-memoize\" }"
dependency ours "$ours"
dependency quick 'quick_cache = "0.7"'
dependency moka 'moka = { version = "0.12", features = ["sync"] }'
dependency cached 'cached = "4.1"'
dependency memoize 'memoize = "0.6"'

# 2. The function.
by_hand() { # number
    cat <<RUST
static CACHE_$1: std::sync::LazyLock<quick_cache::sync::Cache<u64, String>> =
    std::sync::LazyLock::new(|| quick_cache::sync::Cache::new(10_000));
pub fn f$1(id: u64) -> String {
    let value = CACHE_$1.get_or_insert_with(&id, || Ok::<_, std::convert::Infallible>(format!("{id} {}", $1)));
    value.unwrap_or_default()
}
RUST
}

many() { # name
    for number in $(seq "$functions"); do
        case $1 in
            plain) ;;
            ours) echo '#[cache_memoize::cache_memoize(ttl = 300)]' ;;
            cached) echo '#[cached::macros::cached(max_size = 10_000, ttl_secs = 300)]' ;;
            quick) by_hand "$number"; continue ;;
        esac
        echo "pub fn f$number(id: u64) -> String { format!(\"{id} {}\", $number) }"
    done
    echo 'fn main() {'
    for number in $(seq "$functions"); do echo "    f$number($number);"; done
    echo '}'
}

per_function() { # name dependency
    new_crate "many-$1" "$2"
    local folder="$work/many-$1" edits=0
    many "$1" >"$folder/src/main.rs"
    (cd "$folder" && cargo build --quiet)
    # Everything of the crate, and nothing of what it depends on.
    anew() { (cd "$folder" && cargo clean --quiet --package "many-$1"); }
    edited() {
        edits=$((edits + 1))
        sed -i.before "s/, 100) }/, 100 + $edits) }/; s/, 100))/, 100 + $edits))/; s/100 + [0-9]*)/100 + $edits)/" "$folder/src/main.rs"
    }
    anew_this() { anew "$name"; }
    local name=$1 full edit lines
    full=$(least anew_this cargo build --quiet --manifest-path "$folder/Cargo.toml")
    edit=$(least edited cargo build --quiet --manifest-path "$folder/Cargo.toml")
    lines=$(cd "$folder" && RUSTC_BOOTSTRAP=1 cargo rustc --quiet --profile check -- -Zunpretty=expanded | wc -l) || lines=0
    echo "$1|$full|$edit|$lines"
}

plain=$(per_function plain '')
for entry in "ours|$ours" 'quick|quick_cache = "0.7"' 'cached|cached = "4.1"'; do
    found=$(per_function "${entry%%|*}" "${entry#*|}")
    # Milliseconds and lines for each function, above those of one that is not memoized.
    printf '%s\n%s\n' "$plain" "$found" | awk -F'|' -v n="$functions" '
        NR == 1 { full = $2; edit = $3; lines = $4 }
        NR == 2 {
            printf "function|%s|%.2f|%.2f|%.1f\n", $1, ($2 - full) * 1000 / n, ($3 - edit) * 1000 / n, ($4 - lines) / n
        }'
done
