#!/bin/sh
# Times are not judged here; what is told, and that nobody has one before the bits are proven, is.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")/../.." && pwd)
int8=$here/reference/demo/demo_fdmobilenet_0.25_128_int8.tflite
float=$here/reference/demo/demo_fdmobilenet_0.25_128.h5
unset FDM_TFLITE_LIB

expect 0 "$fdm" bench "$int8" "$float" --runs 3 --layers --json --output "$work/before.json"
rows='.tables[0].rows'
equal "$(jq -r "[$rows[] | select(.engine == \"reference\") | .semantics] | join(\",\")" "$work/before.json")" \
    tflite,float "one reference row a model"
equal "$(jq "[$rows[] | .median_us > 0 and .runs == 3] | all" "$work/before.json")" true "medians"
equal "$(jq '[.tables[1].rows[] | select(.layer == 0)] | length' "$work/before.json")" 2 "layers"

expect 0 "$fdm" bench "$int8" --runs 3 --baseline "$work/before.json" --json
equal "$(jq -r "[$rows[].change_percent | type] | unique | join(\",\")" "$work/out")" number "compared"
expect 0 "$fdm" bench "$int8" --runs 3 --semantics tflm --baseline "$work/before.json" --json
equal "$(jq -r "[$rows[].change_percent | type] | unique | join(\",\")" "$work/out")" null "other semantics"

expect 1 "$fdm" bench "$int8" --runs 1 --tflite "$work/none.so"
says err none.so
expect 1 "$fdm" bench "$work/none.tflite"
expect 2 "$fdm" bench
says err "which FILE"
expect 2 "$fdm" bench "$int8" --semantics sloppy
says err sloppy
