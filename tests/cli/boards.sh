#!/bin/sh
# Boards with nothing attached: the real firmware on emulated Cortex-M and Cortex-A, several at once, twins of real
# boards; and what happens when the program is damaged, the emulator dies, or two runs meet on one board.
. "$(dirname "$0")/lib.sh"
need_tools arm-none-eabi-gcc qemu-system-arm arm-linux-gnueabihf-gcc aarch64-linux-gnu-gcc qemu-arm qemu-aarch64
root=$(cd "$(dirname "$0")/../.." && pwd)
own_world "$3" 8
share_objects

expect 0 "$fdm" run --images tiny="$images" --json
reference=$(jq -r '.tables[0].rows[0].correct' "$work/out")

boards=emulated-cortex-m7,emulated-cortex-m4,emulated-cortex-m33,emulated-cortex-m55,emulated-cortex-a7,emulated-cortex-a35
expect 0 "$fdm" run --board $boards --images tiny="$images" --json
equal "$(jq -c '[.[] | .tables[0].rows[0] | [.state, .correct, .evaluated]] | unique' "$work/out")" \
    "[[\"complete\",$reference,16]]" "six boards agree with this computer"
counts() {
    jq -c '[.[] | .tables[] | select(.table == "figures") | .rows[] |
            select(.name == "instructions_median") | [.kind, .value]]' "$work/out"
}
first=$(counts)
equal "$(echo "$first" | jq -c '[length, (map(.[0]) | unique)]')" '[6,["emulated"]]' \
    "instructions are counted, as emulated"
equal "$(jq '[.[] | .tables[] | select(.table == "figures") | .rows[] |
              select(.name | test("latency|nanoseconds"))] | length' "$work/out")" 0 \
    "no emulated board has a time"
equal "$(jq -c '[.[] | .tables[0].rows[0].infer_ms, .prediction_ms] | unique' "$work/out")" "[null]" \
    "nor has one of its images"
for again in 2 3; do
    expect 0 "$fdm" run --board $boards --images tiny="$images" --json
    equal "$(counts)" "$first" "run $again counts the same instructions"
done

# Both engines give the same predictions; the tuned one is the default.
expect 0 "$fdm" run --board emulated-cortex-m7 --engine all --images tiny="$images" --json
equal "$(jq -c '[.tables[0].rows[] | [.state, .correct]] | unique' "$work/out")" "[[\"complete\",$reference]]" \
    "two engines agree"
expect 0 "$fdm" list cases --json
equal "$(jq -c '[.[] | select(.board == "emulated-cortex-m7") | .engine] | [.[0], (unique | join(" "))]' "$work/out")" \
    '["tuned","reference tuned"]' "the engines"

# The twins of two real boards, which are the same: their figures say so.
expect 0 "$fdm" run --board STM32H747I-DISCO,STM32F769I-DISCO --emulate --images tiny="$images" --json
equal "$(jq -r '[.[] | .board, .emulated] | join(" ")' "$work/out")" \
    "STM32H747I-DISCO@emulated-cortex-m7 yes STM32F769I-DISCO@emulated-cortex-m7 yes" "the twins"
for figure in activation_ram_bytes runtime_ram_bytes code_flash_bytes total_ram_bytes total_flash_bytes; do
    jq -e --arg n $figure '.[0].tables[1].rows[] | select(.name == $n) | .kind == "emulated" and .value > 0' \
        "$work/out" >/dev/null || fail "no $figure"
done
expect 1 "$fdm" run --board STM32H747I-DISCO --images tiny="$images"
says err "--emulate runs its emulated twin instead"

# Boards are looked at before anything else is done.
expect 2 "$fdm" run --board emulated-cortex-m7,host,emulated-cortex-m7 --demo
equal "$(cat "$work/err")" "fdm-bench run: --board names emulated-cortex-m7 twice" "one board twice"
expect 2 "$fdm" run --board emulated-cortex-m8 --demo
equal "$(cat "$work/err")" \
    'fdm-bench run: no board "emulated-cortex-m8", nor one of this name in the lab file; `fdm-bench list boards`' "no such board"

# A program with damaged weights: the case fails, and the first layer that differs is named.
cat >"$work/damage.sh" <<'DAMAGE'
#!/bin/sh
# damage.sh PROGRAM COPY: overwrites 64 weights of the first convolution.
set -eu
cp "$1" "$2"
address=$((0x$(arm-none-eabi-nm "$1" | awk '$3 == "fdm_weights_1" { print $1 }')))
offset=$(arm-none-eabi-readelf -SW "$1" | sed -n 's/^ *\[ *[0-9]*\] *//p' | while read -r name type addr off size rest; do
    case $addr in *[!0-9a-f]* | "") continue ;; esac
    begin=$((0x$addr))
    [ "$begin" -gt 0 ] || [ "$name" = .network ] || continue
    if [ "$address" -ge "$begin" ] && [ "$address" -lt $((begin + 0x$size)) ]; then
        echo $((0x$off + address - begin))
        break
    fi
done)
head -c 64 /dev/zero | tr '\0' '\177' | dd of="$2" bs=1 seek="$offset" conv=notrunc 2>/dev/null
exec qemu-system-arm -M mps2-an500 -icount shift=8 -display none -monitor none -nic none \
    -chardev stdio,id=line,signal=off -serial chardev:line -kernel "$2"
DAMAGE
jq --arg script "$work/damage.sh" --arg copy "$work/damaged.elf" \
    '.id = "damaged" | .launch = ["sh", $script, "{program}", $copy]' \
    "$root/targets/boards/emulated-cortex-m7.json" >"$mine/boards/damaged.json"
expect 3 "$fdm" run --board damaged --images tiny="$images" --json
equal "$(jq -r '.tables[0].rows[0].state' "$work/out")" failed "a damaged program"
jq -r '.tables[0].rows[0].message' "$work/out" | grep -q "differ from the reference from layer 1" ||
    fail "the layer is not named: $(jq -r '.tables[0].rows[0].message' "$work/out")"
equal "$(jq '[.tables[] | select(.table == "figures") | .rows[] | select(.name | test("instructions"))] | length' \
    "$work/out")" 0 "a wrong result has no speed"

# An emulator that dies: an error at once, and the run goes on later.
jq '.id = "mortal" | .launch = ["sh", "-c", "exec 3<&0; echo $$ > '"$work"'/pid; exec \"$0\" \"$@\" <&3"] + .launch' \
    "$root/targets/boards/emulated-cortex-m7.json" >"$mine/boards/mortal.json"
"$3" "$work/more" 400 || fail "more images"
stored() { # how many predictions of that board
    sqlite3 "$FDM_DB" "SELECT count(*) FROM predictions JOIN cases ON cases.id = case_id WHERE board = 'mortal'" \
        2>/dev/null || echo 0
}
begin_run() { # in the background, as leader of a process group, until 40 more predictions are stored
    enough=$(($(stored) + 40))
    setsid "$fdm" run --board mortal --images tiny="$work/more/images" --limit 800 \
        >"$work/out" 2>"$work/err" </dev/null &
    run=$!
    for wait in $(seq 1200); do
        [ "$(stored)" -lt "$enough" ] || return 0
        sleep 0.05
    done
    fail "after a minute only $(stored) predictions, not $enough: $(cat "$work/err")"
}
end_run() { # end_run CODE REMARK
    code=0
    wait "$run" || code=$?
    equal "$code" "$1" "the exit code $2"
}
begin_run
expect 1 "$fdm" run --board mortal --images tiny="$work/more/images" --limit 800 --fresh
says err "mortal: in use by fdm-bench run --board mortal"
begin=$(date +%s%N)
kill -9 "$(cat "$work/pid")"
end_run 1 "when the emulator dies"
took_ms=$((($(date +%s%N) - begin) / 1000000))
[ "$took_ms" -lt 2000 ] || fail "the death of the emulator was noticed after $took_ms ms"

# Ctrl-C goes to all processes of the group; only this program may end by it, in order.
begin_run
kill -INT "-$run"
end_run 130 "after Ctrl-C"
says err "resumed"
says err "the same command continues"
expect 0 "$fdm" run --board mortal --images tiny="$work/more/images" --limit 800 --json
says err "resumed"
equal "$(jq -r '.tables[0].rows[0].evaluated' "$work/out")" 800 "the continued run"
