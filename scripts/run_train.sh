#!/usr/bin/env bash
# Trains in several processes, one per card, and waits for them:
#   bash run_train.sh [RANK_TABLE_FILE] [YAML_PATH] [DATASETS] [OUTPUT] [INIT_WEIGHT](optional)
#   bash run_train.sh --workers N [YAML_PATH] [DATASETS] [OUTPUT] [INIT_WEIGHT](optional)
# For several machines without a rank table, give --master ADDRESS, --nodes N, --node_rank I (from 0) and --port.
# --set KEY=VALUE overrides the configuration. The logs are deviceN/train.log in the current folder.
# The exit status is 0, or that of the worker that failed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"

usage() {
    echo "error: $1" >&2
    echo "usage: bash run_train.sh RANK_TABLE_FILE | --workers N [--master ADDRESS --nodes N --node_rank I --port P]" \
        "YAML_PATH DATASETS OUTPUT [INIT_WEIGHT] [--set KEY=VALUE]" >&2
    exit 2
}

positional=() launch_options=() settings=()
while [ $# -gt 0 ]; do
    if [[ $1 != -* ]]; then
        positional+=("$1")
        shift
        continue
    fi
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    [ $# -ge 2 ] || usage "$1: unknown option, or its value is missing"
    case $1 in
        --workers | --master | --nodes | --node_rank | --port) launch_options+=("$1" "$2") ;;
        --set) settings+=("$1" "$2") ;;
        *) usage "$1: unknown option" ;;
    esac
    shift 2
done
if [[ " ${launch_options[*]-} " != *" --workers "* ]]; then
    [ ${#positional[@]} -ge 1 ] || usage "RANK_TABLE_FILE or --workers is needed"
    launch_options+=(--rank_table "${positional[0]}")
    positional=("${positional[@]:1}")
fi
[ ${#positional[@]} -ge 3 ] && [ ${#positional[@]} -le 4 ] || usage "YAML_PATH, DATASETS and OUTPUT are needed"
arguments=(--yaml_path="${positional[0]}" --data_url="${positional[1]}" --train_url="${positional[2]}")
[ ${#positional[@]} -lt 4 ] || arguments+=(--init_weight="${positional[3]}")

find_interpreter requirements.txt mindspore
exec "$python" "$root/src/training/launcher.py" "${launch_options[@]}" -- "${arguments[@]}" ${settings[@]+"${settings[@]}"}
