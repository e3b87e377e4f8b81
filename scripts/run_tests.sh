#!/usr/bin/env bash
# Sets up .venv if needed and runs the test suite; arguments are passed to pytest:
#   bash scripts/run_tests.sh -k trimap
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"

set_up requirements-dev.txt
cd "$root"
exec "$python" -m pytest "$@"
