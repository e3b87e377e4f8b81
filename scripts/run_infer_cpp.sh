#!/usr/bin/env bash
# Mattes the photos of infer.file_test_list with the C++ runner (with plates: the composites of
# test.test_pic_path) and evaluates the results:
#   bash run_infer_cpp.sh [MINDIR_PATH] [DEVICE_TYPE] [DEVICE_ID] [options]
# DEVICE_TYPE is Ascend, GPU or CPU; DEVICE_ID is 0 by default. Options:
#   --yaml_path FILE, --set KEY=VALUE       the configuration, as for every command
#   --threads N, --precision MODE, --warmup N   for the runner; see ascend_infer/build/shm_infer --help
#   --output FOLDER                         folder for the results (default: the folder of this script)
# With --video, frames of a video are matted instead; see infer_video.sh.
# The results replace earlier ones only when all steps are done. Exit status: 0; 3 if photos were skipped;
# otherwise that of the step that failed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"
source "$root/scripts/readable_model.sh"

for argument in "$@"; do
    if [[ $argument == --video || $argument == --video=* ]]; then
        exec bash "$root/scripts/infer_video.sh" "$@"
    fi
done

usage() {
    echo "error: $1" >&2
    echo "usage: bash run_infer_cpp.sh MINDIR_PATH DEVICE_TYPE [DEVICE_ID] [--yaml_path FILE] [--set KEY=VALUE]" \
        "[--threads N] [--precision MODE] [--warmup N] [--output FOLDER]" >&2
    exit 2
}

positional=() python_options=() runner_options=()
output="$root/scripts"
while [ $# -gt 0 ]; do
    if [[ $1 == -h || $1 == --help ]]; then
        sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}"
        exit
    fi
    if [[ $1 != -* ]]; then
        positional+=("$1")
        shift
        continue
    fi
    if [[ $1 == --*=* ]]; then set -- "${1%%=*}" "${1#*=}" "${@:2}"; fi
    [ $# -ge 2 ] || usage "$1: unknown option, or its value is missing"
    case $1 in
        --yaml_path | --config_path | --set) python_options+=("$1" "$2") ;;
        --threads | --warmup)
            [[ $2 =~ ^[0-9]+$ ]] || usage "$1 $2: must be a number"
            runner_options+=("$1" "$2")
            ;;
        --precision) runner_options+=("$1" "$2") ;;
        --output) output=$2 ;;
        *) usage "$1: unknown option" ;;
    esac
    shift 2
done
use_model_and_device ${positional[@]+"${positional[@]}"}

mkdir -p "$output"
output=$(cd "$output" && pwd)
results=(preprocess_Result result_Files postprocess_Result time_Result infer.log acc.log)
staging="$output/.infer_partial"    # this run's results
complete="$output/.infer_complete"  # the same, once nothing is missing
failed="$output/infer_failed"       # logs of a failed run

install_results() {
    local name
    for name in "${results[@]}"; do
        if [ -e "$complete/$name" ]; then
            rm -rf "${output:?}/$name"
            mv "$complete/$name" "$output/$name"
        fi
    done
    rm -rf "$complete"
}

exec 8<"$output"
flock -n 8 || [ $? -ne 1 ] || fail "$output: another run is writing here; wait for it, or choose another --output"
install_results  # of a run that was killed while installing them
rm -rf "$staging" "$failed"
mkdir "$staging"
trap 'rm -rf "$staging"' EXIT
# Bash runs these traps only after the current step has ended, so its files are not removed too early.
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# Runs a step; shows its output and writes it to a log, which keeps only the last state of a progress bar.
logged() {
    local log=$1 codes=(0 0)
    # tee ignores Ctrl-C, so that the step's last messages are not lost.
    "${@:2}" 2>&1 | tee -i "$log.raw" || codes=("${PIPESTATUS[@]}")
    sed 's/.*\r//' "$log.raw" >"$log" && rm "$log.raw" || codes[1]=1
    [ "${codes[0]}" -eq 0 ] && [ "${codes[1]}" -ne 0 ] && return 1
    return "${codes[0]}"
}

skipped=0
# step NAME LOG COMMAND...: a failure ends this script; skipped photos set its exit status.
step() {
    local status=0
    printf '\n== %s\n' "$1"
    logged "$staging/$2" "${@:3}" || status=$?
    if [ "$status" -eq 3 ]; then
        skipped=3
    elif [[ $status =~ ^(129|130|143)$ ]]; then
        exit "$status"  # stopped by HUP, INT or TERM
    elif [ "$status" -ne 0 ]; then
        mkdir "$failed"
        mv "$staging"/*.log "$failed"
        fail "$1 failed with status $status; see $failed/$2; earlier results are kept" "$status"
    fi
}

run_runner() {
    "$root/ascend_infer/build/shm_infer" --model "$1" --device "$device" --device_id "$device_id" \
        --input "$staging/preprocess_Result/img_data" --output "$staging/result_Files" \
        --time_result "$staging/time_Result" ${runner_options[@]+"${runner_options[@]}"}
}

find_interpreter_of_runner
python_options=(--yaml_path="$root/config.yaml" ${python_options[@]+"${python_options[@]}"})
step "building the runner" build.log bash "$root/ascend_infer/build.sh" "$device"
step "preprocess.py" preprocess.log "$python" "$root/preprocess.py" --model "$model" --folder "$staging" "${python_options[@]}"
step "inference" infer.log with_readable_model "$model" "$staging" run_runner
step "postprocess.py" acc.log "$python" "$root/postprocess.py" --model "$model" --folder "$staging" "${python_options[@]}"
mv "$staging" "$complete"
install_results
printf '\nthe results are in %s\n' "$output"
exit $skipped
