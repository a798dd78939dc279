#!/bin/sh
# Writes the locks anew: hash-pinned requirements and the npm lock files.
#
# Nothing younger than a week is taken (a release that turns out to be hostile is mostly
# found within days), and no file gets an address: where packages come from is the
# machine's own business. Pins in force are kept; `sh setup/lock.sh --upgrade` raises them.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --generate-hashes --universal --no-header --no-annotate \
        --python-version 3.11 --exclude-newer "7 days" --quiet "$@"
}

compile pyproject.toml -o requirements/runtime.txt "$@"
# pip itself stays what python3 -m venv laid down.
compile pyproject.toml --group dev --no-emit-package pip \
    -c requirements/runtime.txt -o requirements/dev.txt "$@"
compile --group build -c requirements/dev.txt -o requirements/build.txt "$@"

for folder in setup/clients/*/; do
    npm install --prefix "$folder" --package-lock-only --omit-lockfile-registry-resolved \
        --ignore-scripts --no-audit --no-fund --loglevel=error
done
