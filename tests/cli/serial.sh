#!/bin/sh
# Boards on a serial port, as a user runs them: the emulated firmware behind a pseudo-terminal, which the program takes
# for a port with the help of a preloaded library ($5).
. "$(dirname "$0")/lib.sh"
shim=$5
need_tools arm-none-eabi-gcc qemu-system-arm socat
root=$(cd "$(dirname "$0")/../.." && pwd)
own_world "$3" 8
share_objects
mkdir -p "$work/sys/tty/pts" "$work/sys/devices/virtual/tty/pts"

# A board that holds its program and is reached by a port. Its counter counts the timer's ticks.
jq 'del(.emulator, .machine, .launch) | .id = "PTY" | .kind = "serial" | .series = "STM32F7" |
    .firmware.defines |= map(select(startswith("FDM_ICOUNT") | not))' \
    "$root/targets/boards/emulated-cortex-m7.json" >"$mine/boards/PTY.json"
# The same, but its timer goes at a quarter of the rate that its program believes in, and it starts so slowly that it is
# spoken to before it listens.
jq --arg h "$work/late.h" '.id = "LATE" | .firmware.defines = ["FDM_BOARD_HEADER=\"" + $h + "\""]' \
    "$mine/boards/PTY.json" >"$mine/boards/LATE.json"
cat >"$work/late.h" <<HEADER
#include "targets/cortex-m/boards/mps2-an500.h"
#undef FDM_BOARD_TIMER_HZ
#define FDM_BOARD_TIMER_HZ 100000000u
#undef FDM_LINE_BAUD
#define FDM_LINE_BAUD (start_slowly(), 115200u)
static inline void start_slowly(void)
{
    for (volatile uint32_t i = 0; i < 20000000u; i = i + 1) {
    }
}
HEADER
jq -n --arg p "$work/port" '{boards: [
    {name: "late", board: "LATE", port: $p, flasher: "none"},
    {name: "slow", board: "PTY", port: $p, flasher: "none"},
    {name: "fast", board: "PTY", port: $p, baud: 921600, flasher: "none"},
    {name: "h7", board: "STM32H747I-DISCO", port: $p, flasher: "none"}]}' >"$mine/lab.json"
expect 0 "$fdm" build --board PTY --model-file "$work/world/models/small.tflite" --to "$work" --json
program=$(jq -r .program "$work/out")

pids=
trap 'kill $pids 2>/dev/null || true; rm -rf "$work"' EXIT
connect() { # connect PROGRAM: the emulator runs it behind $work/port
    rm -f "$work/port" "$work/socket"
    qemu-system-arm -M mps2-an500 -display none -monitor none -nic none \
        -chardev socket,id=line,path="$work/socket",server=on,wait=off -serial chardev:line -kernel "$1" &
    emulator=$!
    for wait in $(seq 600); do
        [ -S "$work/socket" ] && break
        sleep 0.05
    done
    socat "PTY,link=$work/port,rawer,ignoreeof" "UNIX-CONNECT:$work/socket" &
    line=$!
    pids="$emulator $line"
    for wait in $(seq 600); do
        [ -e "$work/port" ] && break
        sleep 0.05
    done
    ln -sfn "$work/sys/devices/virtual/tty/pts" "$work/sys/tty/pts/$(basename "$(readlink -f "$work/port")")"
}
disconnect() {
    kill $pids 2>/dev/null || true
    wait $pids 2>/dev/null || true
    pids=
}
on_port() { # the program, which takes the terminal for a port
    FDM_TEST_SYSFS="$work/sys" LD_PRELOAD="$shim" "$fdm" "$@"
}

expect 0 "$fdm" run --images tiny="$images" --json
reference=$(jq -r '.tables[0].rows[0].correct' "$work/out")

connect "$program"
for rate in slow fast slow; do
    expect 0 on_port run --board $rate --images tiny="$images" --limit 16 --runs 3 --fresh --json
    equal "$(jq -c '[.board, .emulated, .tables[0].rows[0].state, .tables[0].rows[0].correct]' "$work/out")" \
        "[\"PTY\",\"no\",\"complete\",$reference]" "the board on the port, $rate"
    jq -e '.tables[] | select(.table == "figures") | .rows[] | select(.name == "latency_median_ns") |
        .kind == "measured" and .value > 0' "$work/out" >/dev/null || fail "a serial board has no time"
done

# What the board holds is not what was asked for.
expect 3 on_port run --board slow --images tiny="$images" --semantics xnnpack --fresh --json
jq -r '.tables[0].rows[0].message' "$work/out" | grep -q "the board computes with semantics tflite, not xnnpack" ||
    fail "other semantics: $(jq -r '.tables[0].rows[0].message' "$work/out")"
expect 3 on_port run --board h7 --images tiny="$images" --fresh --json
jq -r '.tables[0].rows[0].message' "$work/out" | grep -q "the program says it runs on PTY, not on STM32H747I-DISCO" ||
    fail "another board: $(jq -r '.tables[0].rows[0].message' "$work/out")"

# The line is another computer's: a server passes it on by TCP, to one program at a time.
serve() {
    kill $line 2>/dev/null || true
    wait $line 2>/dev/null || true
    : >"$work/server"
    socat -d -d TCP-LISTEN:0,bind=127.0.0.1 "UNIX-CONNECT:$work/socket" 2>>"$work/server" &
    line=$!
    pids="$emulator $line"
    address=
    for wait in $(seq 600); do
        address=$(sed -n 's/.*listening on AF=2 //p' "$work/server")
        [ -z "$address" ] || break
        sleep 0.05
    done
    jq -n --arg t "$address" '{boards: [
        {name: "net", board: "PTY", tcp: $t, flasher: "none"},
        {name: "lost", board: "PTY", tcp: "[fe80::1%no-such-line]:4001", flasher: "none"},
        {name: "closed", board: "PTY", tcp: "127.0.0.1:1", flasher: "none"}]}' >"$work/net.json"
    jq '.boards[0].name = "same"' "$work/net.json" >"$work/same.json"
}
on_net() { # on_net LAB BOARD OPTION...
    lab=$1
    board=$2
    shift 2
    "$fdm" run --lab "$work/$lab.json" --board "$board" --images tiny="$images" --limit 16 --fresh "$@"
}
serve
expect 1 "$fdm" doctor --lab "$work/net.json" --json
equal "$(jq -c '[.[] | select(.area == "board") | .subject, .state]' "$work/out")" \
    '["net","ok","lost","failed","closed","failed"]' "the doctor on servers"
says out "\"$address lets us in\""
says out "correct the host in the board's"
says out "start the server of the board's line (raw TCP, 115200 baud, 8N1)"
serve
expect 0 on_net net net --runs 3 --json
equal "$(jq -c '[.board, .emulated, .tables[0].rows[0].state, .tables[0].rows[0].correct]' "$work/out")" \
    "[\"PTY\",\"no\",\"complete\",$reference]" "the board behind a server"
expect 1 on_net net closed
says err "closed: 127.0.0.1:1: Connection refused: the host is there, but no server listens on this port"

# A second run is told of the first, whatever the lab calls the line; the server ends in mid-run.
serve
on_net net net --min-time 600000 >"$work/first" 2>&1 &
first=$!
for wait in $(seq 2400); do
    grep -q "session .* begun" "$work/first" && break
    sleep 0.05
done
expect 1 on_net same same
says err "same: $address: in use by fdm-bench run"
kill $line
got=0
wait $first || got=$?
equal $got 1 "a run without its server"
grep -q "$address: closed by the other end" "$work/first" || fail "a server's end: $(cat "$work/first")"
disconnect

# A board that does not keep its clock is marked where the run ends, and in the card's report.
expect 0 "$fdm" build --board LATE --model-file "$work/world/models/small.tflite" --to "$work/late" --json
connect "$(jq -r .program "$work/out")"
expect 0 on_port run --board late --images tiny="$images" --limit 16 --runs 3 --fresh --json
equal "$(jq -r '.tables[0].rows[0].state' "$work/out")" complete "a board that does not keep its clock"
jq -e '.tables[0].rows[0].message | test("^clock: the board.s time goes 0[.]2.* not at the stated 25.0 MHz")' \
    "$work/out" >/dev/null || fail "the clock's mark: $(cat "$work/out")"
disconnect
jq -n '{version: "0.0.1", title: "Tiny", url: "https://example.org/card", tables: [
    {kind: "mcu-time", title: "Times", dataset: "tiny",
     columns: [{title: "Board", name: "board"}, {title: "Time (ms)", name: "time_ms"}],
     rows: [("PTY", "LATE") | {keys: {model: "tiny/small", format: "int8", board: ., engine: "1 CPU"},
                               cells: [., {text: "1 ms", value: 1}]}]}]}' >"$work/world/data/published/0.0.1.json"
cp "$mine"/boards/* "$work/world/data/boards/"
card() {
    FDM_DATA_DIR="$work/world/data" XDG_CONFIG_HOME="$work/nothing" "$fdm" report --card 0.0.1 "$@"
}
expect 0 card --json
equal "$(jq -r '.tables[0].rows[] | "\(.board) \(.measured_time_ms != null) \(.clock_remark // "" | .[:6])"' "$work/out")" \
    "PTY true 
LATE true clock:" "the report's marks"
expect 0 card
says out "[1] Case $("$fdm" list cases --json | jq '[.[] | select(.board == "LATE")][0].id'): clock: the board's time goes 0."

# The cable is pulled.
expect 1 on_port run --board slow --images tiny="$images" --fresh
says err "no serial port $work/port"
