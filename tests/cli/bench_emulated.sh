#!/bin/sh
# Instructions of emulated boards, without images or a database: the same each time, as `run` counts them.
. "$(dirname "$0")/lib.sh"
need_tools arm-none-eabi-gcc qemu-system-arm
here=$(cd "$(dirname "$0")/../.." && pwd)
int8=$here/reference/demo/demo_fdmobilenet_0.25_128_int8.tflite
float=$here/reference/demo/demo_fdmobilenet_0.25_128.h5
share_objects

expect 0 "$fdm" bench --emulated --board emulated-cortex-m7 --layers --json --output "$work/before.json"
row='.tables[0].rows[0]'
equal "$(jq -r "$row | [.board, .model, .semantics, .engine] | join(\" \")" "$work/before.json")" \
    "emulated-cortex-m7 demo_fdmobilenet_0.25_128_int8.tflite tflite tuned" "the model that comes with the program"
equal "$(jq '[paths | map(tostring) | join(".") | select(test("_us|_ns|_ms|latency"))] | length' "$work/before.json")" 0 "no times"
# Stopping at each layer costs each a little.
equal "$(jq "([.tables[1].rows[].instructions] | add) / $row.instructions | . > 0.99 and . < 1.05" "$work/before.json")" \
    true "the layers are the whole"
expect 0 "$fdm" run --demo --limit 1 --board emulated-cortex-m7 --json
count=$(jq "$row.instructions" "$work/before.json")
equal "$(jq '.tables[] | select(.table == "figures") | .rows[] | select(.name == "instructions_median") | .value' "$work/out")" \
    "$count" "as a run counts them"

# The twin of a board; exact, so nothing may be above the baseline.
expect 0 "$fdm" bench --emulated --board STM32H747I-DISCO "$int8" --baseline "$work/before.json" --fail-above 0 --json
equal "$(jq "$row | [.baseline_instructions, .change_percent] | tostring" "$work/out")" "\"[$count,0]\"" "the same again"
jq '.tables[0].rows[0].instructions -= 100000' "$work/before.json" >"$work/fewer.json"
expect 1 "$fdm" bench --emulated --board emulated-cortex-m7 "$int8" --baseline "$work/fewer.json" --fail-above 0
says err "emulated-cortex-m7"

# A board with little RAM has a limit of its own; what does not fit leaves a gap and says why.
expect 3 "$fdm" bench --emulated --board emulated-cortex-m0 "$float" "$int8" --json
equal "$(jq -r "[.tables[0].rows[] | [.model, .streamed_layers > 0, .arena_bytes <= 11264] | tostring] | join(\" \")" "$work/out")" \
    "[\"$(basename "$int8")\",true,true]" "one of two"
says out "No count of $(basename "$float") on emulated-cortex-m0"
says err "smallest"
expect 1 "$fdm" bench --emulated --board emulated-cortex-m7 "$int8" --arena-limit 1K
says err "nothing could be counted"

expect 2 "$fdm" bench --emulated --board host
says err "no emulated board"
expect 2 "$fdm" bench --emulated --engine fast
says err "neither reference nor tuned"
expect 2 "$fdm" bench --board emulated-cortex-m7 "$int8"
says err "goes with --emulated"
