#!/usr/bin/env bash
# Fuzzes every target for some seconds, one after the other, and says how often each was run.
#
#     scripts/fuzz.sh [seconds per target = 60] [target …]
#
# Needs a nightly toolchain: `rustup toolchain install nightly`. What it finds is in `fuzz/artifacts`; what to do with
# it is in `fuzz/README.md`.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"

seconds=${1:-60}
shift || true
targets=("$@")
if [ ${#targets[@]} = 0 ]; then targets=(codecs envelope keys options); fi

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2
    exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then cargo install --quiet cargo-fuzz; fi

host=$(rustc -vV | sed -n 's/^host: //p')
failed=()
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target"
    # For the target alone, as `cargo fuzz` does: the attribute has to stay one.
    RUSTFLAGS="--cfg fuzzing" cargo +nightly run --quiet --target "$host" --bin seeds "$target" "corpus/$target"
    kept=seeds/$target
    if [ ! -d "$kept" ]; then kept=; fi
    log=$(mktemp)
    if ! cargo +nightly fuzz run "$target" "corpus/$target" $kept -- \
        -max_total_time="$seconds" -print_final_stats=1 >"$log" 2>&1; then
        failed+=("$target")
        grep -vE '^#[0-9]' "$log" | tail -n 60
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    echo "$target: ${runs:-0} runs, ${covered:-0} edges covered"
    rm -f "$log"
done
if [ ${#failed[@]} != 0 ]; then
    echo "found something: ${failed[*]}" >&2
    exit 1
fi
