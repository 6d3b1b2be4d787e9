#!/usr/bin/env bash
# What to look at before a release, beyond ./test.sh: whether the version number says what changed for users, what they
# can reach, whether the oldest dependencies that we name are enough, and the documentation as docs.rs builds it.
#
#     scripts/release.sh [semver | api | minimal | docs]…
#
# Whatever a check needs and does not find is said, and the check is skipped: `cargo-semver-checks` and
# `cargo-public-api` (`cargo install` gets them), a nightly toolchain, a tag to compare with.
set -euo pipefail
cd "$(dirname "$0")/.."

skipped=()
skip() {
    echo "SKIPPED $1: $2" >&2
    skipped+=("$1")
}
has_nightly() { cargo +nightly --version >/dev/null 2>&1; }

# The public interface against that of the last release.
semver() {
    local last
    if ! last=$(git describe --tags --abbrev=0 2>/dev/null); then
        skip semver "there is no tag to compare with"
    elif ! cargo semver-checks --version >/dev/null 2>&1; then
        skip semver "cargo install cargo-semver-checks"
    else
        cargo semver-checks --package cache-memoize --all-features --baseline-rev "$last"
    fi
}

# Everything that users can name, as a list: read what is new in it since the last release.
api() {
    local last
    if ! has_nightly; then
        skip api "rustup toolchain install nightly"
    elif ! cargo public-api --version >/dev/null 2>&1; then
        skip api "cargo install cargo-public-api"
    elif last=$(git describe --tags --abbrev=0 2>/dev/null); then
        cargo public-api --package cache-memoize --all-features --simplified diff "$last..HEAD"
    else
        cargo public-api --package cache-memoize --all-features --simplified
    fi
}

# The oldest dependencies that Cargo.toml allows.
minimal() {
    if ! has_nightly; then
        skip minimal "rustup toolchain install nightly"
        return
    fi
    local copy status=0
    copy=$(mktemp --directory)
    git ls-files -z Cargo.toml cache-memoize cache-memoize-macros README.md 'LICENSE-*' |
        tar --create --null --files-from=- | tar --extract --directory "$copy"
    # Without the other members and the tools of tests, which have demands of their own.
    sed --in-place 's/^members = .*/members = ["cache-memoize", "cache-memoize-macros"]/; /^default-members/d' \
        "$copy/Cargo.toml"
    sed --in-place '/^\[dev-dependencies\]/,/^\[lints\]/{/^\[lints\]/!d}' "$copy/cache-memoize/Cargo.toml"
    (
        target=$PWD/target/minimal
        cd "$copy"
        cargo +nightly update --quiet -Z direct-minimal-versions
        cargo check --quiet --package cache-memoize --all-features --target-dir "$target"
    ) || status=$?
    rm -rf "$copy"
    return $status
}

# The documentation with the flags of docs.rs, which marks what needs a feature.
docs() {
    if ! has_nightly; then
        skip docs "rustup toolchain install nightly"
        return
    fi
    RUSTDOCFLAGS="--cfg docsrs -D warnings" cargo +nightly doc --quiet --no-deps --all-features \
        --package cache-memoize-macros --package cache-memoize --target-dir target/docsrs
}

for check in "${@:-semver api minimal docs}"; do
    # Unquoted: the default is four words.
    for part in $check; do
        printf '\n== %s\n' "$part"
        "$part"
    done
done
if [ ${#skipped[@]} != 0 ]; then
    printf '\nskipped: %s\n' "${skipped[*]}" >&2
fi
