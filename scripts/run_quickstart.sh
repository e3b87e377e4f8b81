#!/usr/bin/env bash
# Everything once, small, on any machine: data set, training, evaluation, export, pictures.
#   bash scripts/run_quickstart.sh          with sample portraits that it makes
#   bash scripts/run_quickstart.sh PATH     with your photos, in the layout of Matting Human Datasets
# Run again, it goes on where it stopped. Prints the folder with the results last.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/set_up.sh"

if [ $# -gt 1 ] || [[ ${1:-} == -* ]]; then
    echo "usage: bash run_quickstart.sh [PATH]" >&2
    exit 2
fi
if [ $# -eq 1 ] && [ ! -d "$1" ]; then
    echo "error: $1: no such folder; give a folder with clip_img and matting, or none for sample portraits" >&2
    exit 1
fi
set_up requirements.txt

if [ $# -eq 1 ]; then
    source_folder=$(cd "$1" && pwd)
    # Folders of one name must not share a result.
    work="$root/quickstart/$(basename "$source_folder")-$(cksum <<<"$source_folder" | cut -d' ' -f1)"
else
    source_folder="$root/quickstart/sample_portraits"
    work="$root/quickstart/sample"
fi
results="$work/results"
config="$root/scripts/quickstart.yaml"
run_folder="$work/training/single/quickstart"
best="$run_folder/end_to_end/semantic_hm_best.ckpt"
mkdir -p "$results"

step() {
    printf '\n== %s\n' "$1"
    shift
    "$python" "$@"
}

# Progress bars go to the screen alone, all else also to the log.
{
    if [ $# -eq 0 ]; then
        step "sample portraits" "$root/src/sample_data.py" "$source_folder" --count 240
    fi
    step "data set" "$root/src/generate_datasets.py" --yaml_path="$config" \
        --set generate_data.path_mt_human="$source_folder" \
        --set generate_data.path_save="$work/datasets" \
        --set generate_data.path_debug="$work/datasets_debug"
    step "training, on the debug set" "$root/train.py" --yaml_path="$config" \
        --data_url="$work/datasets_debug" --train_url="$work/training"
    step "evaluation" "$root/eval.py" --yaml_path="$config" \
        --set test.model="$best" \
        --set test.test_pic_path="$work/datasets_debug" \
        --set test.output_path="$work/test_result"
    step "export" "$root/export.py" --yaml_path="$config" \
        --set export.ckpt_file="$best" \
        --set export.file_name="$results/shm_export"

    cp "$run_folder/curves.png" "$results/curves.png"
    cp "$run_folder/metrics.csv" "$results/training_metrics.csv"
    cp "$work/test_result/metrics.csv" "$results/test_metrics.csv"
    cp "$work/test_result/contact_sheet.png" "$results/picture.png"
} > >(tee "$results/log.txt")

printf '\npicture.png shows photos, true and predicted alpha, trimap and cutout; all results are in\n%s\n' "$results"
