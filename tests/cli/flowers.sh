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

# The report says how many images lie between the card and us, and where the card lies in the spread.
cell() { # cell FORMAT RESOLUTION FAMILY FIELD
    jq -r --arg f "$1" --arg r "$2" --arg n "$3" --arg c "$4" \
        '.tables[] | select(.table == "accuracy-flowers") | .rows[] |
         select(.format == $f and .resolution == $r and .model == $n) | .[$c]' "$work/report.json"
}
equal "$(cell Int8 224x224x3 'FdMobileNet 0.25 tfs' difference_images)" 0 "0.25 at 224"
equal "$(cell Int8 224x224x3 'FdMobileNet 0.25 tfs' in_spread)" true "0.25 at 224 lies in the spread"
equal "$(cell Int8 224x224x3 'ST FdMobileNet v1 tfs' difference_images)" -1 "v1 at 224"
equal "$(cell Int8 224x224x3 'ST FdMobileNet v1 tfs' in_spread)" false "v1 at 224 lies one image outside"
equal "$(cell Int8 128x128x3 'ST FdMobileNet v1 tfs' exact_semantics)" tflite-x86 "v1 at 128"
equal "$(cell Float 128x128x3 'FdMobileNet 0.25 tfs' difference_images)" 0 "float"
