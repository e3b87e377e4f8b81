#!/usr/bin/env bash
# From nothing to the shipped model: composites, data set, encoder, T-Net, both networks.
#   bash pretrained/recipe/recipe.sh DATA WORK
# DATA holds pairs/, masks/, backgrounds/ and the encoder, as pretrained/README.md lists them; WORK gets all
# results. Killed and started again, it goes on. Not yet run from end to end. People
# whom table.txt and development.txt list are in no picture.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/set_up.sh"
set_up requirements-dev.txt
"$python" -m pip install --quiet torch==2.13.0
data=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
cd "$root"

composites() { # NAME OPTIONS...
    "$python" src/composite_data.py "$work/$1" --size 352x352 --backgrounds "$data/backgrounds" \
        --exclude pretrained/recipe/table_people.txt --exclude pretrained/recipe/development_people.txt \
        --keep 0.5 --whole 0.55 --shadows 0.7 --tints 0.12 --backlit 0.12 --clutter 0.45 --faces 0.15 --turned 0.15 "${@:2}"
}
half="$data/pairs/ccp_halfbody" full="$data/masks/ccp_more"
portraits=()
for set in usgov ropensci interfaces synth_faker synth_t2i; do portraits+=(--people "$data/pairs/$set"); done
composites portraits "${portraits[@]}" --passers_by "$half" --passers_by "$full" --count 10112 --bars 0.4 \
    --near 0.15 --replace 0.35 --groups 0.15 --walls 0.25 --seed 201
composites halfbodies --people "$half" --passers_by "$full" --count 6150 --bars 0.45 --near 0.2 \
    --replace 0.5 --groups 0.2 --walls 0.2 --seed 202
composites fullbodies --people "$data/masks/ccp" --people "$full" --passers_by "$half" --passers_by "$full" \
    --count 7380 --bars 0.5 --near 0.1 --replace 0.45 --groups 0.2 --walls 0.15 --parts 0.5 --seed 203
composites arms "${portraits[@]}" --people "$half" --people "$full" --passers_by "$half" --count 2780 --bars 0.45 \
    --near 0.15 --replace 0.4 --groups 0.15 --walls 0.2 --arms 0.5 --seed 204
"$python" src/sample_data.py "$work/drawn" --count 600 --seed 31001
dataset() { # NAME PICTURES SETS...
    for kind in clip_img matting; do
        mkdir -p "$work/$2/$kind"
        for set in "${@:3}"; do cp -rlf "$work/$set/$kind/." "$work/$2/$kind/"; done
    done
    settings=(path_mt_human="$work/$2" path_save="$work/$1" path_debug="$work/debug" generate_debug=False
        proportion=96:3:1 ksize=8 "list_error_files=[]")
    "$python" src/generate_datasets.py "${settings[@]/#/--set=generate_data.}"
}
dataset dataset pictures portraits halfbodies fullbodies
dataset last_dataset last_pictures portraits halfbodies fullbodies arms drawn

encoder="$data/pretrained/deeplabv3_mnv2_pascal_quant.tflite"
[ -f "$work/init.ckpt" ] || "$python" src/get_init_weight.py --encoder "$encoder" --photos "$work/portraits/clip_img" \
    --output "$work/init.ckpt"
train() { # PHASE NAME OPTIONS...
    "$python" -m src.pytorch.train "$work/${data_of_phase:-dataset}" "$work/$2" --phase "$1" "${@:3}"
}
if nvidia-smi > /dev/null 2>&1; then # minutes; the card holds the pictures
    card=(--bfloat16 --pictures "$work/pictures" --save_steps 1000)
    train pre_train_t_net t_net_256 --size 256 --batch 64 --steps 3000 --lr 1.5e-3 --seed 2 --init "$work/init.ckpt" "${card[@]}"
    train pre_train_m_net m_net --size 160 --batch 32 --steps 1000 --lr 2e-3 --seed 3 --init "$work/t_net_256/weights.pth" "${card[@]}"
    train end_to_end e2e_320 --size 320 --batch 32 --steps 10000 --lr 1.2e-3 --pyramid_weight 0.15 --vary_light --seed 5 \
        --init "$work/m_net/weights.pth" "${card[@]}"
else # days on a few cores
    train pre_train_t_net t_net_192 --size 192 --steps 4000 --lr 2e-3 --seed 1 --init "$work/init.ckpt"
    train pre_train_t_net t_net_256 --size 256 --steps 1500 --lr 5e-4 --seed 2 --init "$work/t_net_192/weights.pth"
    train pre_train_m_net m_net --size 160 --steps 1000 --lr 2e-3 --seed 3 --init "$work/t_net_256/weights.pth"
    train end_to_end e2e_256 --size 256 --steps 2000 --lr 1e-3 --pyramid_weight 0.15 --vary_light --seed 4 --init "$work/m_net/weights.pth"
    train end_to_end e2e_320 --size 320 --steps 1000 --lr 3e-4 --pyramid_weight 0.15 --vary_light --seed 5 --init "$work/e2e_256/weights.pth"
fi
data_of_phase=last_dataset train end_to_end last --size 288 --steps 1400 --lr 8e-5 --pyramid_weight 0.15 --freeze_statistics \
    --seed 79 --init "$work/e2e_320/weights.pth"
"$python" - "$work/e2e_320/weights.pth" "$work/last/weights.pth" "$work/mean.pth" <<'EOF'
import sys

import torch

one, other = (torch.load(path, weights_only=True, map_location="cpu") for path in sys.argv[1:3])
torch.save({name: torch.lerp(one[name].float(), other[name].float(), 0.5) for name in one}, sys.argv[3])
EOF
"$python" src/get_init_weight.py "$work/mean.pth" --output "$work/shm_portrait.ckpt" --half --size 288
