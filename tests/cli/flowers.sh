#!/bin/sh
# The flowers tables of the card: every count of the published validation images, with three rounding rules,
# through the program as a user runs it.
. "$(dirname "$0")/lib.sh"
need_data models/flowers datasets/flowers-val

expect 0 "$fdm" run --models "$data/models" --images flowers="$data/datasets/flowers-val" \
    --semantics tflite,tflite-x86,xnnpack --json
cp "$work/out" "$work/run.json"
says err "the published validation images"
says err "saturates"

count() { # count MODEL SEMANTICS EXPECTED
    got=$(jq -r --arg m "flowers/$1" --arg s "$2" \
        '.tables[0].rows[] | select(.model == $m and .semantics == $s) | "\(.correct)/\(.evaluated)"' \
        "$work/run.json")
    equal "$got" "$3/734" "$1 $2"
}
count fdmobilenet_0.25_224_tfs float 638
count st_fdmobilenet_v1_224_tfs float 657
count fdmobilenet_0.25_128_tfs float 621
count st_fdmobilenet_v1_128_tfs float 645
count fdmobilenet_0.25_224_tfs tflite 639
count st_fdmobilenet_v1_224_tfs tflite 651
count fdmobilenet_0.25_128_tfs tflite 618
count st_fdmobilenet_v1_128_tfs tflite 642
count fdmobilenet_0.25_224_tfs tflite-x86 636
count st_fdmobilenet_v1_224_tfs tflite-x86 650
count fdmobilenet_0.25_128_tfs tflite-x86 611
count st_fdmobilenet_v1_128_tfs tflite-x86 643
count fdmobilenet_0.25_224_tfs xnnpack 639
count st_fdmobilenet_v1_224_tfs xnnpack 649
count fdmobilenet_0.25_128_tfs xnnpack 615
count st_fdmobilenet_v1_128_tfs xnnpack 644

# A second run decodes nothing and finds the same.
expect 0 "$fdm" run --models "$data/models" --images flowers="$data/datasets/flowers-val" \
    --model 128 --format int8 --json
equal "$(jq -c '[.tables[0].rows[].correct]' "$work/out")" '[618,642]' "the second run"

expect 0 "$fdm" compare --format float,int8 --classes --json
equal "$(jq '[.tables[] | select(.table == "pairs") | .rows[]] | length' "$work/out")" 12 "pairs"
expect 0 "$fdm" report --card 10.0.0 --json
cp "$work/out" "$work/report.json"
expect 0 "$fdm" report --card 10.0.0
says out "–"
expect 0 "$fdm" show 1 --json
