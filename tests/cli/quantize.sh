#!/bin/sh
# Quantizing the model that comes with the program, on images that the program draws.
. "$(dirname "$0")/lib.sh"
model=$(cd "$(dirname "$0")/../.." && pwd)/reference/demo/demo_fdmobilenet_0.25_128.h5
expect 0 "$fdm" demo draw "$work/images" --seed 1 --count 30

# The file, and what is said about it.
cd "$work"
expect 0 "$fdm" quantize "$model" --calibrate images --json
cp out first.json
file=demo_fdmobilenet_0.25_128_int8.tflite
equal "$(jq -r '.file' first.json)" "$file" "the default name"
equal "$(jq -r '.sha256' first.json)" "$(sha256sum "$file" | cut -d' ' -f1)" "the hash"
equal "$(jq -r '.file_bytes' first.json)" "$(wc -c <"$file")" "the size"
equal "$(jq -r '"\(.mapping) \(.calibration_images)"' first.json)" "x/255 30" "what it was made from"
agree=$(jq -r .agree first.json)
[ "$agree" -ge 27 ] || fail "only $agree of 30 answers are the float model's"
expect 0 "$fdm" inspect "$file" --json
equal "$(jq -r '.format + " " + .input + " " + .output' out)" "int8 1x128x128x3 1x5" "the file's graph"
equal "$(jq -r '[.tables[0].rows[] | select(.operator == "CONV_2D")][0].output_quantization' out | cut -d' ' -f2)" \
    "zero" "a quantized output"

# The same again gives the same bytes, whatever the threads; other choices give others.
expect 0 "$fdm" quantize --calibrate images "$model" -o again.tflite --threads 1 --no-cache
cmp "$file" again.tflite || fail "the same command made another file"
for words in "--per-tensor" "--converter" "--converter --method mse" "--method percentile --keep 99.9" \
    "--bias-correction off" "--equalize weights" "--absorb off" "--rounding nearest" "--exact-rsqrt" "--limit 20" "--mapping x/255-1"; do
    # shellcheck disable=SC2086 # a list of words
    expect 0 "$fdm" quantize "$model" --calibrate images -o other.tflite $words
    cmp -s "$file" other.tflite && fail "$words changed nothing"
done
[ "$(wc -c <other.tflite)" -gt 100000 ] || fail "a small file"
expect 0 "$fdm" quantize "$model" --calibrate images --per-tensor -o tensor.tflite
[ "$(wc -c <tensor.tflite)" -lt "$(wc -c <"$file")" ] || fail "one scale for all takes as much room as one each"

# It runs as any other file.
expect 0 "$fdm" run --model-file "$file" --images demo=images --json
equal "$(jq -r '.tables[0].rows[0] | "\(.format) \(.evaluated)"' out)" "int8 30" "a case"

# Methods side by side; the first is the converter's.
expect 0 "$fdm" quantize "$model" --calibrate images --compare-methods --json --limit 4
equal "$(jq -r '.tables[0].rows | length' out)" 144 "methods"
equal "$(jq -r '.tables[0].rows[0] | "\(.weights) \(.range) \(.absorbed) \(.equalized) \(.rounding) \(.corrected)"' out)" \
    "per channel minmax false off nearest false" "the first method"
equal "$(jq -r '"\(.calibrated) \(.judged)"' out)" "2 2" "halves"
equal "$(jq -r '[.tables[0].rows[] | select(.agree > 2 or .correct > 2 or .divergence < 0)] | length' out)" 0 \
    "impossible counts"

# The int8 file that comes with the program is this program's work: the same images give the same bytes.
expect 0 "$fdm" demo draw calibration --seed 1 --count 200
expect 0 "$fdm" quantize "$model" --calibrate calibration -o carried.tflite --json
cmp carried.tflite "${model%.h5}_int8.tflite" || fail "the int8 file of the demonstration cannot be made again"
[ "$(jq -r .agree out)" -ge 190 ] || fail "only $(jq -r .agree out) of 200 answers are the float model's"

# What is refused says why and writes nothing.
refuse() { # refuse CODE TEXT WORDS...
    code=$1
    text=$2
    shift 2
    expect "$code" "$fdm" quantize "$@" -o no.tflite
    says err "$text"
    [ ! -e no.tflite ] || fail "a refused command wrote a file: $*"
}
echo nonsense >broken.h5
mkdir empty
refuse 2 "--calibrate DIR is needed" "$model"
refuse 2 "which MODEL" --calibrate images
refuse 2 "no method" "$model" --calibrate images --method median
refuse 2 "belongs to --method percentile" "$model" --calibrate images --keep 99
refuse 2 "from 50 to 100" "$model" --calibrate images --method percentile --keep 20
refuse 2 "say on or off" "$model" --calibrate images --absorb maybe
refuse 2 "say nearest or together" "$model" --calibrate images --rounding up
refuse 2 "off, weights or all" "$model" --calibrate images --equalize some
refuse 2 "no mapping" "$model" --calibrate images --mapping x
refuse 2 "no semantics" "$model" --calibrate images --semantics x
refuse 2 "int8 already" "$file" --calibrate images
refuse 2 "writes no model file" "$model" --calibrate images --compare-methods
refuse 2 "belongs to --compare-methods" "$model" --calibrate images --judge images
refuse 1 "broken.h5" broken.h5 --calibrate images
refuse 1 "fdm-bench list models" missing.h5 --calibrate images
refuse 1 "no folder in it" "$model" --calibrate empty
cp -r images damaged
printf '\211PNG\r\n\032\nrubbish' >damaged/roses/s1_00002.png
refuse 1 "s1_00002.png" "$model" --calibrate damaged
expect 1 "$fdm" quantize "$model" --calibrate images -o nowhere/x.tflite
says err "nowhere"
expect 0 "$fdm" quantize --help
says out "--per-tensor"
