#!/bin/sh
# Explaining the int8 model that comes with the program, and one that was quantized badly on purpose.
. "$(dirname "$0")/lib.sh"
demo=$(cd "$(dirname "$0")/../.." && pwd)/reference/demo/demo_fdmobilenet_0.25_128
cd "$work"
expect 0 "$fdm" demo draw images --seed 3 --count 12
expect 0 "$fdm" explain "$demo.h5" "${demo}_int8.tflite" --images images --json
cp out good.json
equal "$(jq -r '.tables[0].rows | length' good.json)" 25 "layers"
equal "$(jq -r '.tables[0].rows[0].layer + " " + .tables[0].rows[24].layer' good.json)" "conv1 conv_preds" "their names"
equal "$(jq -r '.images' good.json)" 12 "images"
equal "$(jq '[.tables[0].rows[] | select(.sqnr_db < 10 or .clipped_percent > 5)] | length' good.json)" 0 "bad layers"
equal "$(jq '.weights_divergence < .divergence' good.json)" true "weights alone cost less"
equal "$(jq '[.tables[1].rows[].divergence] as $d | ($d | sort | reverse) == $d and ($d | length) == 5' good.json)" true \
    "the costliest first"

# Cutting a tenth of every end off clips, and costs more.
expect 0 "$fdm" quantize "$demo.h5" --calibrate images --converter --method percentile --keep 90 -o cut.tflite
expect 0 "$fdm" explain "$demo.h5" cut.tflite --images images --json
equal "$(jq '[.tables[0].rows[1:23][] | select(.clipped_percent < 1)] | length' out)" 0 "layers that clip nothing"
equal "$(jq -s '.[1].divergence > 3 * .[0].divergence' good.json out)" true "it costs more"
expect 0 "$fdm" explain "$demo.h5" cut.tflite --images images --limit 4 --threads 1
says out "Costliest layers"
says err "explaining on 4 images"

for words in "" "$demo.h5" "$demo.h5 cut.tflite" "cut.tflite $demo.h5 --images images" \
    "$demo.h5 cut.tflite --images images --semantics none" "$demo.h5 cut.tflite --images images --mapping none" \
    "$demo.h5 cut.tflite --images images --limit 1"; do
    # shellcheck disable=SC2086 # a list of words
    expect 2 "$fdm" explain $words
done
expect 1 "$fdm" explain "$demo.h5" missing.tflite --images images
says err "missing.tflite"
expect 0 "$fdm" explain --help
says out "FLOAT INT8"
