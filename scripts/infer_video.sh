#!/usr/bin/env bash
# Mattes a video of raw frames with the C++ runner, and reports the time of each stage; run_infer_cpp.sh starts it:
#   bash run_infer_cpp.sh MINDIR_PATH DEVICE_TYPE [DEVICE_ID] --video FILE --size WIDTHxHEIGHT [options]
# FILE may be - for stdin. Options: those of ascend_infer/build/shm_infer --help, such as --format nv21 or rgb,
# --background a photo or #RRGGBB, --output FILE or -, --mattes FILE.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"
source "$root/scripts/readable_model.sh"

positional=() options=()
while [ $# -gt 0 ]; do
    case $1 in
        --*=*) options+=("${1%%=*}" "${1#*=}") ;;
        -*)
            options+=("$1" ${2+"$2"})
            [ $# -lt 2 ] || shift
            ;;
        *) positional+=("$1") ;;
    esac
    shift
done
if [ ${#positional[@]} -lt 2 ] || [ ${#positional[@]} -gt 3 ]; then
    echo "error: MINDIR_PATH and DEVICE_TYPE are needed, before --video" >&2
    exit 2
fi
model=${positional[0]} device=${positional[1]} device_id=${positional[2]:-${DEVICE_ID:-0}}

find_interpreter_of_runner >&2  # stdout may be that of --output -
bash "$root/ascend_infer/build.sh" "$device" >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
with_readable_model "$model" "$folder" \
    "$root/ascend_infer/build/shm_infer" --device "$device" --device_id "$device_id" "${options[@]}" --model
