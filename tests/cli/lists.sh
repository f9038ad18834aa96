#!/bin/sh
# What the program knows, as a script reads it.
. "$(dirname "$0")/lib.sh"

expect 0 "$fdm" list boards --json
for board in host STM32H747I-DISCO STM32F769I-DISCO STM32N6570-DK STM32MP257F-DK2 STM32MP157F-DK2 \
    STM32MP135F-DK2 emulated-cortex-m7 emulated-cortex-m4 emulated-cortex-m33 emulated-cortex-m55; do
    equal "$(jq -r --arg id $board '[.[] | select(.id == $id)] | length' "$work/out")" 1 "$board"
done
equal "$(jq '[.[] | select(.kind != "host" and .kind != "emulated" and .hardware_tested)] | length' \
    "$work/out")" 0 "no board is said to have been run on hardware"

expect 0 "$fdm" list models --json
equal "$(jq '[.[] | select(.dataset != "demo")] | length' "$work/out")" 12 "published models"
equal "$(jq '[.[] | select(.dataset != "demo") | .int8_sha256] | unique | length' "$work/out")" 12 \
    "each its own int8 file"
equal "$(jq -r '.[12].id' "$work/out")" demo/fdmobilenet_0.25_128 "the model of our own stands last"
expect 0 "$fdm" list models --dataset flowers --json
equal "$(jq 'length' "$work/out")" 4 "models of one dataset"

expect 0 "$fdm" list datasets --json
equal "$(jq -c '[.[] | [.id, .classes, .images, .validation]]' "$work/out")" \
    '[["demo",5,0,0],["flowers",5,3670,734],["food-101",101,101000,20200],["plant-village",39,55448,11090]]' "datasets"
expect 0 "$fdm" list semantics --json
equal "$(jq -r '[.[] | select(.default)] | .[0].name' "$work/out")" tflite "default semantics"
equal "$(jq 'length' "$work/out")" 6 "presets"
expect 0 "$fdm" list cards --as csv
says out "10.0.0"

# Nothing measured: the card is still there, every row of it.
expect 0 "$fdm" report --card 10.0.0 --json
equal "$(jq '[.tables[] | select(.table | startswith("accuracy")) | .rows | length] | add' "$work/out")" \
    24 "accuracy rows of card 10.0.0"
expect 0 "$fdm" report --card 9.1.0 --as markdown --output "$work/card.md"
grep -q "STM32H747I-DISCO" "$work/card.md" || fail "a board's row is missing"
