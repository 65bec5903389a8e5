# Named tasks. `just` lists them. `.ci/run` runs `just ci`.

set shell := ["bash", "-euo", "pipefail", "-c"]

default:
    @just --list --unsorted

# Everything that main must pass.
ci: test lint deny interop secret-service bench-once

# The README's test command.
test:
    cargo test --locked

# Format, lints, documentation.
lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --lib

# Licences and sources of the dependencies (deny.toml).
deny:
    command -v cargo-deny >/dev/null || cargo install --locked --version 0.20.2 cargo-deny
    cargo deny --locked check bans licenses sources

# Official clients and real identity providers against the local App; needs Node.js and npm.
interop:
    tests/interop/run

# The vault's key in a real Secret Service; installs gnome-keyring where it may.
secret-service:
    tests/interop/secret-service

# Each benchmark once, built as the tests are, so that they cannot rot; `cargo bench` measures.
bench-once:
    cargo bench --locked --profile dev --bench frame --bench session --bench local_app --bench terminal -- --test

# Each fuzz target for so many seconds; needs cargo-fuzz and a nightly toolchain.
fuzz seconds="60":
    tests/fuzz/run {{seconds}}

# Takes the pictures of the documentation anew.
pictures:
    assets/pictures
