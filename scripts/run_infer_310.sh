#!/usr/bin/env bash
# Shortcut for run_infer_cpp.sh MINDIR_PATH Ascend 0:
#   bash run_infer_310.sh [MINDIR_PATH]
set -euo pipefail
if [ $# -lt 1 ] || [[ $1 == -* ]]; then
    echo "usage: bash run_infer_310.sh MINDIR_PATH [options of run_infer_cpp.sh]" >&2
    exit 2
fi
exec bash "$(dirname "${BASH_SOURCE[0]}")/run_infer_cpp.sh" "$1" Ascend 0 "${@:2}"
