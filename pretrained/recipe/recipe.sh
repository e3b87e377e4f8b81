#!/usr/bin/env bash
# From nothing to the shipped model: composites, data set, encoder, T-Net, both networks.
#   bash pretrained/recipe/recipe.sh DATA WORK
# DATA holds pairs/, masks/, backgrounds/ and the encoder, as pretrained/README.md lists them; WORK gets all
# results. Killed and started again, it goes on. From end to end it was only run with few pictures and steps, on a
# CPU. People whom table.txt and development.txt list are in no picture.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/set_up.sh"
set_up requirements-dev.txt
"$python" -m pip install --quiet torch==2.13.0 anny==0.6.2
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
"$python" src/figure_data.py "$work/figures" --count 2100 --seed 7
composites posed --people "$work/figures" --count 4200 --keep 0 --bars 0.4 --near 0.4 --groups 0.1 --walls 0.2 \
    --tints 0.2 --seed 205
"$python" src/sample_data.py "$work/drawn" --count 1400 --seed 31001
"$python" - "$work/drawn" "$work/drawn_people" <<'EOF'
import sys
from pathlib import Path

from src.data.pair_folder import pair_paths
from src.images.files import read_alpha_channel, write_image

drawn, people = map(Path, sys.argv[1:])
for name in ("image", "alpha"):
    (people / name).mkdir(parents=True, exist_ok=True)
for matting in sorted(drawn.glob("matting/*/*/*.png")):
    photo = pair_paths(drawn, matting.parent.parent.name, matting.stem).photo
    (people / "image" / photo.name).write_bytes(photo.read_bytes())
    write_image(people / "alpha" / matting.name, read_alpha_channel(matting))
EOF
composites drawn_portraits --people "$work/drawn_people" --count 4200 --keep 0.88 --whole 0.75 --bars 0.45 --seed 206
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
dataset last_dataset last_pictures portraits halfbodies fullbodies arms posed drawn_portraits

encoder="$data/pretrained/deeplabv3_mnv2_pascal_quant.tflite"
[ -f "$work/init.ckpt" ] || "$python" src/get_init_weight.py --encoder "$encoder" --photos "$work/portraits/clip_img" \
    --output "$work/init.ckpt"
train_on() { # DATASET PHASE NAME OPTIONS...
    "$python" -m src.pytorch.train "$work/$1" "$work/$3" --phase "$2" "${@:4}"
}
train() { # PHASE NAME OPTIONS...
    train_on dataset "$@"
}
go_on() { # NAME OPTIONS...
    train_on last_dataset end_to_end "$1" --size 288 --pyramid_weight 0.15 "${@:2}"
}
mean() { # OUTPUT WEIGHTS=SHARE...
    "$python" - "$@" <<'EOF'
import sys

import torch

output, *shares = sys.argv[1:]
mean = {}
for path, share in (each.rsplit("=", 1) for each in shares):
    for name, value in torch.load(path, weights_only=True, map_location="cpu").items():
        mean[name] = mean.get(name, 0) + float(share) * value.float()
torch.save(mean, output)
EOF
}
before="$work/e2e_320/weights.pth" # of the phases that go on
if nvidia-smi > /dev/null 2>&1; then # minutes; the card holds the pictures
    card=(--bfloat16 --pictures "$work/pictures" --save_steps 1000)
    train pre_train_t_net t_net_256 --size 256 --batch 64 --steps 3000 --lr 1.5e-3 --seed 2 --init "$work/init.ckpt" "${card[@]}"
    train pre_train_m_net m_net --size 160 --batch 32 --steps 1000 --lr 2e-3 --seed 3 --init "$work/t_net_256/weights.pth" "${card[@]}"
    train end_to_end e2e_320 --size 320 --batch 32 --steps 10000 --lr 1.2e-3 --pyramid_weight 0.15 --vary_light --seed 5 \
        --init "$work/m_net/weights.pth" "${card[@]}"
    last_card=(--init "$before" --batch 64 --bfloat16 --pictures "$work/last_pictures" --save_steps 1000)
    go_on bold --steps 2700 --lr 8e-4 --vary_light --seed 501 "${last_card[@]}"
    go_on careful --steps 2600 --lr 2.5e-4 --freeze_statistics --seed 502 "${last_card[@]}"
    mean "$work/bold_mean.pth" "$before=0.25" "$work/bold/weights.pth=0.75"
    go_on last --steps 400 --lr 6e-5 --freeze_statistics --seed 95 --init "$work/bold_mean.pth"
    mean "$work/mean.pth" "$before=0.35" "$work/last/weights.pth=0.45" "$work/careful/weights.pth=0.2"
else # days on a few cores
    train pre_train_t_net t_net_192 --size 192 --steps 4000 --lr 2e-3 --seed 1 --init "$work/init.ckpt"
    train pre_train_t_net t_net_256 --size 256 --steps 1500 --lr 5e-4 --seed 2 --init "$work/t_net_192/weights.pth"
    train pre_train_m_net m_net --size 160 --steps 1000 --lr 2e-3 --seed 3 --init "$work/t_net_256/weights.pth"
    train end_to_end e2e_256 --size 256 --steps 2000 --lr 1e-3 --pyramid_weight 0.15 --vary_light --seed 4 --init "$work/m_net/weights.pth"
    train end_to_end e2e_320 --size 320 --steps 1000 --lr 3e-4 --pyramid_weight 0.15 --vary_light --seed 5 --init "$work/e2e_256/weights.pth"
    go_on last --steps 1400 --lr 8e-5 --freeze_statistics --seed 79 --init "$before"
    mean "$work/mean.pth" "$before=0.5" "$work/last/weights.pth=0.5"
fi
"$python" src/get_init_weight.py "$work/mean.pth" --output "$work/shm_portrait.ckpt" --half --size 288
