#!/bin/sh
# Programs for boards, built as a user builds them: in the source tree, and from an installation.
. "$(dirname "$0")/lib.sh"
"$3" "$work/world" 10 || fail "the test's world"
small=$work/world/models/small.tflite

expect 2 "$fdm" build --model-file "$small"
says err "list boards"
expect 2 "$fdm" build --board host
says err "which --model"
expect 2 "$fdm" build --board nowhere --model-file "$small"
says err 'no board "nowhere"'
expect 2 "$fdm" build --board host --model 224
says err "more than one model"
expect 2 "$fdm" build --board host --model-file "$small" --semantics other
says err 'no semantics "other"'
expect 2 "$fdm" build --board host --model-file "$small" --engine other
says err 'neither reference nor tuned'
expect 1 "$fdm" build --board host --model-file "$work/absent.tflite"
says err "absent.tflite"

expect 0 "$fdm" build --board host --model-file "$small" --to "$work/programs" --json
equal "$(jq -r .kept "$work/out")" now "the first time"
program=$(jq -r .program "$work/out")
[ -x "$program" ] || fail "no program in $program"
equal "$(sha256sum "$program" | cut -d ' ' -f 1)" "$(jq -r .sha256 "$work/out")" "the program's hash"
equal "$(jq .weights_flash_bytes "$work/out")" \
    "$("$fdm" inspect "$small" --json | jq .weight_bytes)" "weights, by the ELF file and by the model"
hash=$(jq -r .sha256 "$work/out")
expect 0 "$fdm" build --board host --model-file "$small" --json
equal "$(jq -r .kept "$work/out")" before "the second time"
expect 0 "$fdm" build --board host --model-file "$small" --semantics xnnpack --json
equal "$(jq -r .kept "$work/out")" now "other semantics, another program"
equal "$(jq -r .engine "$work/out")" reference "no kernels for this computer's board"
expect 0 "$fdm" build --board host --model-file "$small" --engine tuned --json
equal "$(jq -r .engine "$work/out")" tuned "the engine, as asked for"

# Away from the source tree, from what an installation brings.
build=${fdm%/harness/cli/*}
expect 0 cmake --install "$build" --prefix "$work/inst"
installed=$work/inst/bin/fdm-bench
expect 0 env XDG_CACHE_HOME="$work/cache" "$installed" build --board host --model-file "$small" --json
equal "$(jq -r .kept "$work/out")" now "a cache of its own"
equal "$(jq -r .sha256 "$work/out")" "$hash" "the installed sources give the same program"
if command -v arm-none-eabi-gcc >/dev/null; then
    for board in emulated-cortex-m55 STM32H747I-DISCO; do
        expect 0 env XDG_CACHE_HOME="$work/cache" "$installed" build --board $board \
            --model-file "$small" --json
        equal "$(jq .stack_bytes "$work/out")" 8192 "the stack's size"
        equal "$(jq -r .engine "$work/out")" tuned "the engine of a board with kernels of its own"
    done
    expect 0 env XDG_CACHE_HOME="$work/cache" "$installed" build --board emulated-cortex-m55 \
        --model-file "$small" --engine reference --json
    equal "$(jq -r .engine "$work/out")" reference "the engine, as asked for"
fi

rm -r "$work/inst/share/fdm-bench/src"
expect 1 "$installed" build --board host --model-file "$small"
says err "firmware.json is missing"
