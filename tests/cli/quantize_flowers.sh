#!/bin/sh
# ST's Flowers models, quantized on training images alone: the README's table of right answers among the 734.
. "$(dirname "$0")/lib.sh"
need_data datasets/flowers-val datasets/flowers-train-200 models/flowers
readme=$(cd "$(dirname "$0")/../.." && pwd)/README.md

# count MODEL COLUMN ROW [OPTION]: quantized with OPTION, the model must reach what the README tells.
count() {
    expect 0 "$fdm" quantize "$data/models/flowers/$1/$1.h5" --calibrate "$data/datasets/flowers-train-200" \
        -o "$work/$1.tflite" ${4:-}
    expect 0 "$fdm" run --model-file "$work/$1.tflite" --images flowers="$data/datasets/flowers-val" --json
    told=$(grep -F "| $3 |" "$readme" | cut -d'|' -f"$2" | tr -d ' ')
    equal "$(jq -r '.tables[0].rows[0] | "\(.correct) of \(.evaluated)"' "$work/out")" "$told of 734" "$1 ${4:-}"
}
count fdmobilenet_0.25_128_tfs 3 ours
count fdmobilenet_0.25_224_tfs 4 ours
count st_fdmobilenet_v1_128_tfs 5 ours
count st_fdmobilenet_v1_224_tfs 6 ours
count fdmobilenet_0.25_128_tfs 3 'ours, `--per-tensor`' --per-tensor
count st_fdmobilenet_v1_128_tfs 5 'ours, `--per-tensor`' --per-tensor
