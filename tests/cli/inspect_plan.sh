#!/bin/sh
# Where activations lie: whole, within a limit, and for a board.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")/../.." && pwd)
int8=$here/reference/demo/demo_fdmobilenet_0.25_128_int8.tflite
arena='.tables[] | select(.table == "arena") | .rows[]'

expect 0 "$fdm" inspect "$int8" --json
equal "$(jq '[.tables[].table] | index("arena")' "$work/out")" null "no plan unless it is wanted"

expect 0 "$fdm" inspect "$int8" --plan --json
equal "$(jq -c "[.engine, .streamed_layers, ([$arena | .offset + .bytes] | max) == .arena_bytes]" "$work/out")" \
    '["reference",0,true]' "the arena ends with its last byte"
equal "$(jq -c "[$arena | select(.kind == \"tensor\")] | [.[0], .[1], .[-1]] |
                map([.name, .shape, .rows, .bytes, .first_layer, .last_layer])" "$work/out")" \
    '[["input","128x128x3",128,49152,0,0],["quantize","128x128x3",128,49152,0,1],["dequantize","1x1x5",1,20,27,27]]' \
    "tensors, from the layer that writes them to the last that reads them"
equal "$(jq -c "[$arena | select(.kind == \"scratch\") | .first_layer == .last_layer] | unique" "$work/out")" '[true]' \
    "scratch is its layer's"

expect 0 "$fdm" inspect "$int8" --arena-limit 11K --json
equal "$(jq -c "[.streamed_layers > 0, .arena_bytes <= 11264, ([$arena | .offset + .bytes] | max) <= .arena_bytes,
                 ([$arena | .rows | numbers] | .[0])]" "$work/out")" '[true,true,true,3]' "three rows of the image"
limited=$(jq -c "[$arena]" "$work/out")
expect 0 "$fdm" inspect "$int8" --board emulated-cortex-m0 --json
equal "$(jq -c "[$arena]" "$work/out")" "$limited" "the board's own limit"
expect 0 "$fdm" inspect "$int8" --board STM32H747I-DISCO --json
equal "$(jq -r .engine "$work/out")" tuned "the board's kernels"
expect 0 "$fdm" inspect "$int8" --board host

expect 1 "$fdm" inspect "$int8" --arena-limit 1K
says err "the smallest is"
expect 2 "$fdm" inspect "$int8" --board none
says err "list boards"
