#!/usr/bin/env bash
# Runs eval.py with config.yaml on card DEVICE_ID (default: the environment variable DEVICE_ID, or 0):
#   bash scripts/run_eval.sh [DEVICE_ID]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"

if [ $# -gt 1 ] || ! [[ ${1:-0} =~ ^[0-9]+$ ]]; then
    echo "usage: bash run_eval.sh [DEVICE_ID]" >&2
    exit 2
fi
export DEVICE_ID=${1:-${DEVICE_ID:-0}}
find_interpreter requirements.txt mindspore
exec "$python" "$root/eval.py" --yaml_path="$root/config.yaml"
