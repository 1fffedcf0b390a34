#!/usr/bin/env bash
# Makes the generated code of the clients from the OpenAPI document of the verifier.
#
#   clients/generate.sh TOOLS OUT
#   clients/generate.sh --install TOOLS
#
# TOOLS keeps the generators, of the versions in the lock files, from one run to the next; OUT gets verifier.ts and the folder
# generated. `cargo xtask clients` calls it for what is committed, and a test does to see that this is up to date.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
document=$here/../docs/openapi/verifier.json
install_only=
if [ "$1" = --install ]; then
    install_only=yes
    shift
fi
mkdir -p "$1"
tools=$(cd "$1" && pwd)

# Packages run no scripts of their own while they are installed.
mkdir -p "$tools/typescript"
if ! cmp --silent "$here/typescript/package-lock.json" "$tools/typescript/.installed"; then
    cp "$here/typescript/package.json" "$here/typescript/package-lock.json" "$tools/typescript/"
    (cd "$tools/typescript" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error >&2)
    cp "$here/typescript/package-lock.json" "$tools/typescript/.installed"
fi
if ! cmp --silent "$here/python/requirements.txt" "$tools/.installed-python"; then
    python3 -m venv --clear "$tools/venv"
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        --requirement "$here/python/requirements.txt"
    cp "$here/python/requirements.txt" "$tools/.installed-python"
fi

[ -z "$install_only" ] || exit 0
mkdir -p "$2"
out=$(cd "$2" && pwd)
node "$tools/typescript/node_modules/openapi-typescript/bin/cli.js" "$document" --output "$out/verifier.ts" >&2
PATH=$tools/venv/bin:$PATH openapi-python-client generate --path "$document" --config "$here/python/generate.yaml" \
    --meta none --output-path "$out/generated" --overwrite --fail-on-warning >&2
