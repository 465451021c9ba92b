#!/usr/bin/env bash
# Installs specdec-check, from the checkout that this file is in, into a virtual environment of its own: the job's Python
# stays as it is. Python runs isolated (-I), because the working directory is the project's: its files are no modules.
set -euo pipefail

fail() {
    printf '::error title=specdec-check::%s\n' "$1"
    exit 2
}

home="$RUNNER_TEMP/specdec-check"
rm -rf "$home" # nor does what an earlier step may have put there count

python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "It needs Python 3.11 or later as python3 on the path: put actions/setup-python before this step."
python3 -I -m venv "$home/venv" ||
    fail "No virtual environment can be made: the Python on the path lacks its venv module. Put actions/setup-python before this step."
"$home/venv/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check "$GITHUB_ACTION_PATH/../../.." ||
    fail "It could not be installed: the log says why. Nothing was checked."

printf 'month=%s\n' "$(date -u +%Y-%m)" >>"$GITHUB_OUTPUT"
