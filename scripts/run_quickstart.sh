#!/usr/bin/env bash
# Runs every stage on a small scale, on any machine: data set, training, evaluation, export, C++ runner.
#   bash scripts/run_quickstart.sh                     trains the shipped model further on sample portraits
#   bash scripts/run_quickstart.sh --from_scratch      trains fresh weights instead
#   bash scripts/run_quickstart.sh [--from_scratch] PATH    with your photos, in the layout of Matting Human Datasets
# Settings may follow PATH, such as --set generate_data.split_by=image; the others are in scripts/quickstart.yaml.
# If run again, it continues where it stopped. Its last line of output is the folder with the results.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"

from_scratch=
if [ "${1:-}" = --from_scratch ]; then
    from_scratch=-from_scratch
    shift
fi
if [[ ${1:-} == -* ]]; then
    echo "usage: bash run_quickstart.sh [--from_scratch] [PATH [--set KEY=VALUE ...]]" >&2
    exit 2
fi
if [ $# -ge 1 ] && [ ! -d "$1" ]; then
    echo "error: $1: no such folder; give a folder with clip_img and matting, or none for sample portraits" >&2
    exit 1
fi
set_up requirements.txt

if [ $# -ge 1 ]; then
    source_folder=$(cd "$1" && pwd)
    # Folders with the same name must not share their results.
    work="$root/quickstart/$(basename "$source_folder")-$(cksum <<<"$source_folder" | cut -d' ' -f1)"
else
    source_folder="$root/quickstart/sample_portraits"
    work="$root/quickstart/sample"
fi
work+=$from_scratch  # runs that begin differently must not share their results either
results="$work/results"
config="$root/scripts/quickstart.yaml"
run_folder="$work/training/single/quickstart"
best="$run_folder/end_to_end/semantic_hm_best.ckpt"
mkdir -p "$results"

if [ -n "$from_scratch" ]; then
    start=(--set "train_phases=[pre_train_t_net, end_to_end]" --set end_to_end.patch_size=128
        --set end_to_end.nEpochs=5 --set end_to_end.lr=5e-4)
else
    start=(--init_weight "$root/pretrained/shm_portrait.ckpt" --set end_to_end.freeze_statistics=True)
fi
settings=("${@:2}")
step() {
    printf '\n== %s\n' "$1"
    "$python" "$root/$2" --yaml_path="$config" "${@:3}" ${settings[@]+"${settings[@]}"}
}

# Progress bars go only to the screen, other output also to the log.
{
    if [ $# -eq 0 ]; then
        printf '\n== sample portraits\n'
        "$python" "$root/src/sample_data.py" "$source_folder" --count 800
    fi
    step "data set" src/generate_datasets.py \
        --set generate_data.path_mt_human="$source_folder" \
        --set generate_data.path_save="$work/datasets" \
        --set generate_data.path_debug="$work/datasets_debug" || [ $? -eq 3 ]  # damaged photos are left out
    step "training, on the debug set" train.py \
        --data_url="$work/datasets_debug" --train_url="$work/training" "${start[@]}"
    step "evaluation" eval.py \
        --set test.model="$best" \
        --set test.test_pic_path="$work/datasets_debug" \
        --set test.output_path="$work/test_result"
    step "export" export.py \
        --set export.ckpt_file="$best" \
        --set export.file_name="$results/shm_export"

    build_status=0
    bash "$root/ascend_infer/build.sh" CPU || build_status=$?
    if [ $build_status -eq 0 ]; then
        printf '\n== C++ runner'
        bash "$root/scripts/run_infer_cpp.sh" "$results/shm_export.mindir" CPU --yaml_path="$config" \
            --set infer.file_test_list="$work/datasets_debug/test/test.txt" --output "$work/runner" \
            ${settings[@]+"${settings[@]}"}
        step "C++ runner and Python" scripts/compare_runner.py "$work/runner" \
            --checkpoint "$best" --output "$results"
    elif [ $build_status -eq 5 ] && [ -z "${CI:-}" ]; then
        printf '\nskipping the C++ runner: a tool or package it needs is missing\n'
    else
        exit 1
    fi

    cp "$run_folder/curves.png" "$results/curves.png"
    cp "$run_folder/metrics.csv" "$results/training_metrics.csv"
    cp "$work/test_result/metrics.csv" "$results/test_metrics.csv"
    cp "$work/test_result/contact_sheet.png" "$results/picture.png"
} | tee "$results/log.txt"

printf '\npicture.png shows photos, true and predicted alpha, trimap and cutout; all results are in\n%s\n' "$results"
