#!/bin/sh
# Makes the Python environment: bootstrap.sh VENV MEMBER... (run from the top folder; needs only Python >= 3.11).
set -eu
venv=$1
shift

say() { echo "== $*"; }
fail() { echo "bootstrap: $*" >&2; exit 1; }

find_python() {
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and was not found on PATH (or name one: make PYTHON=...)"
    say "environment $venv with $("$python" --version)"
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "$python cannot make environments: install its venv package (Debian: python3-venv)"
fi

wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)
if [ "$("$venv/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" != "$wanted" ]; then
    say "uv $wanted"
    awk '/^[^ #]/ { mine = /^uv==/ } mine' requirements.lock > "$venv/uv.txt"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$venv/uv.txt" \
        || fail "pip could not install uv $wanted (is the package index reachable?)"
fi

say "packages of requirements.lock (a first time downloads about 400 MB)"
VIRTUAL_ENV=$venv "$venv/bin/uv" pip sync --quiet --require-hashes --compile-bytecode requirements.lock \
    || fail "uv could not install requirements.lock"

say "Postroom itself, editable"
editable=""
for member in "$@"; do editable="$editable -e ./$member"; done
# shellcheck disable=SC2086 # one argument each on purpose: no member has a blank in its name
VIRTUAL_ENV=$venv "$venv/bin/uv" pip install --quiet --no-deps --no-build-isolation $editable \
    || fail "the workspace members could not be installed"
