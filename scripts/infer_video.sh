#!/usr/bin/env bash
# Mattes a video of raw frames with the C++ runner, and reports the time of each stage; run_infer_cpp.sh starts it:
#   bash run_infer_cpp.sh MINDIR_PATH DEVICE_TYPE [DEVICE_ID] --video FILE --size WIDTHxHEIGHT [options]
# FILE may be - for stdin. Options: those of ascend_infer/build/shm_infer --help, such as --format nv21 or rgb,
# --background a photo or #RRGGBB, --output FILE or -, --mattes FILE.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"
source "$root/scripts/readable_model.sh"

usage() {
    echo "error: $1" >&2
    echo "usage: bash run_infer_cpp.sh MINDIR_PATH DEVICE_TYPE [DEVICE_ID] --video FILE --size WIDTHxHEIGHT" \
        "[options]" >&2
    exit 2
}

# Runs a command; TERM or HUP to this script ends it, too. It may have got the signal itself, as it gets that of Ctrl-C:
# then it is ending already, and has a second for that, since another signal would end it at once.
run_stoppable() {
    local status=0
    trap : INT
    trap 'sleep 1; kill -TERM $! 2>/dev/null || :' TERM HUP
    (trap - INT && exec "$@") <&0 &  # what runs in the background ignores INT and has no stdin unless told otherwise
    while kill -0 $! 2>/dev/null; do wait $! || :; done
    wait $! || status=$?
    trap - INT TERM HUP
    return $status
}

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
use_model_and_device ${positional[@]+"${positional[@]}"}

find_interpreter_of_runner >&2  # stdout may be that of --output -
bash "$root/ascend_infer/build.sh" "$device" >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
with_readable_model "$model" "$folder" run_stoppable \
    "$root/ascend_infer/build/shm_infer" --device "$device" --device_id "$device_id" "${options[@]}" --model
