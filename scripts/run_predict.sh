#!/usr/bin/env bash
# Mattes photos and videos with predict.py; sets up .venv if needed:
#   bash scripts/run_predict.sh photo.jpg --background white
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"

find_interpreter requirements-predict.txt 'onnxruntime|mindspore'
exec "$python" "$root/predict.py" "$@"
