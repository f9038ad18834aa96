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

# A file that is read as the earlier one, with times of our choice.
slow() { jq "(.tables[].rows[] | select(.median_us != null) | .median_us) |= . * $1" "$work/before.json" >"$work/scaled.json"; }
slow 1000
expect 0 "$fdm" bench "$int8" --runs 1 --baseline "$work/scaled.json" --fail-above 0 --json
slow 0.001
expect 1 "$fdm" bench "$int8" --runs 1 --baseline "$work/scaled.json" --fail-above 50 --json
says err "2 of 2 rows are more than 50 % above"
says out change_percent
expect 1 "$fdm" bench "$int8" --runs 1 --semantics tflm --baseline "$work/before.json" --fail-above 50
says err "nothing was compared"
expect 2 "$fdm" bench "$int8" --runs 1 --fail-above 50
says err "above which --baseline"

expect 0 "$fdm" bench --kernels --runs 1 --json --output "$work/before.json"
equal "$(jq '[.tables[0].rows[].shapes] | add' "$work/before.json")" \
    "$(jq '[.tables[1].rows[] | select(.faster > 0)] | length' "$work/before.json")" "a row for each shape of each kernel"
equal "$(jq -r '[.tables[1].rows[] | [.kernel, .semantics, .model, .input, .output, .window]] | length - (unique | length)' \
    "$work/before.json")" 0 "each once"
if grep -q avx2 /proc/cpuinfo; then
    equal "$(jq -r '[.tables[1].rows[] | select(.kernel | endswith("avx2")) | .kernel] | unique | index("conv_f32_avx2") != null' \
        "$work/before.json")" true "the kernels of both formats"
    slow 0.001
    expect 1 "$fdm" bench --kernels "$int8" --runs 1 --baseline "$work/scaled.json" --fail-above 50
    says err "_s8_avx"
    expect 0 "$fdm" bench --kernels "$int8" --runs 1 --baseline "$work/before.json" --json
    equal "$(jq -r '[.tables[1].rows[].change_percent | type] | unique | join(",")' "$work/out")" number "kernels compared"
fi

expect 0 "$fdm" bench --decode --limit 2 --runs 2 --json --output "$work/before.json"
equal "$(jq -r "[$rows[] | .format + \" \" + .step] | join(\",\")" "$work/before.json")" \
    "PNG decode,PNG resize,PNG normalise int8,PNG normalise float,PNG all, int8" "drawn images"
equal "$(jq "[$rows[] | .images == 2 and .runs == 4 and .images_per_s > 0] | all" "$work/before.json")" true "each twice"
slow 0.001
expect 1 "$fdm" bench --decode --limit 2 --runs 2 --baseline "$work/scaled.json" --fail-above 50
says err "PNG"
expect 0 "$fdm" demo draw "$work/drawn" --count 3 --size 40
expect 0 "$fdm" bench --decode --images "$work/drawn" --runs 1 --resolution 32 --json
equal "$(jq -r "$rows[0] | .images_from + \" \" + .size + \" \" + (.images | tostring)" "$work/out")" \
    "$work/drawn 32x32 3" "a folder"
mkdir -p "$work/damaged/a"
head -c 200 "$(find "$work/drawn" -name '*.png' | head -n 1)" >"$work/damaged/a/cut.png"
expect 1 "$fdm" bench --decode --images "$work/damaged" --runs 1
says err "no JPEG or PNG file can be read"
expect 1 "$fdm" bench --decode --images "$work/none"
expect 2 "$fdm" bench --decode "$int8"
says err "--images"
expect 2 "$fdm" bench --decode --kernels
says err "one at a time"

expect 1 "$fdm" bench "$int8" --runs 1 --tflite "$work/none.so"
says err none.so
expect 1 "$fdm" bench "$work/none.tflite"
expect 2 "$fdm" bench
says err "which FILE"
expect 2 "$fdm" bench "$int8" --semantics sloppy
says err sloppy
