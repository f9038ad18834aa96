#!/bin/sh
# Boards behind a real sshd: two Linux boards that the lab runs in QEMU's user mode.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sshd.sh"
need_tools arm-linux-gnueabihf-gcc aarch64-linux-gnu-gcc qemu-arm qemu-aarch64 cc
own_world "$3" 8
share_objects
make_sshd

for entry in "a7 STM32MP157F-DK2 qemu-arm cortex-a7" "a35 STM32MP257F-DK2 qemu-aarch64 cortex-a35"; do
    set -- $entry
    jq -n --arg n "$1" --arg b "$2" --arg q "$3" --arg c "$4" --arg f "$work/ssh_config" --arg d "$work/board" \
        '{name: $n, board: $b, ssh: "board", ssh_config: $f, folder: $d, run_prefix: [$q, "-cpu", $c, "-plugin", "{counter}"]}'
done | jq -s '{boards: .}' >"$mine/lab.json"

expect 0 "$fdm" run --images tiny="$images" --json
reference=$(jq -r '.tables[0].rows[0].correct' "$work/out")
expect 0 "$fdm" run --board a7,a35 --images tiny="$images" --json
equal "$(jq -c '[.[] | [.board, .emulated, .tables[0].rows[0].state, .tables[0].rows[0].correct]]' "$work/out")" \
    "[[\"STM32MP157F-DK2@qemu-arm\",\"yes\",\"complete\",$reference],[\"STM32MP257F-DK2@qemu-aarch64\",\"yes\",\"complete\",$reference]]" \
    "two boards behind ssh"
equal "$(jq -c '[.[] | [.tables[1].rows[] | select(.name == "activation_ram_bytes" or .name == "arena_bytes").value] | .[0] > 0 and .[0] == .[1]]' "$work/out")" \
    "[true,true]" "their activations' memory"

# Instructions are counted behind ssh, too: the same in each run, and as many as without ssh.
counts() {
    jq -c '[.[] | .tables[] | select(.table == "figures") | .rows[] |
            select(.name == "instructions_median") | [.kind, .value]]' "$work/out"
}
expect 0 "$fdm" run --board a7,a35 --images tiny="$images" --limit 2 --json
first=$(counts)
equal "$(echo "$first" | jq -c '[length, (map(.[0]) | unique)]')" '[2,["emulated"]]' "what is counted behind ssh"
for again in 2 3; do
    expect 0 "$fdm" run --board a7,a35 --images tiny="$images" --limit 2 --json
    equal "$(counts)" "$first" "run $again counts the same instructions"
done
expect 0 "$fdm" run --board emulated-cortex-a7,emulated-cortex-a35 --images tiny="$images" --limit 2 --json
equal "$(counts)" "$first" "the same boards without ssh"
equal "$(find "$work/board" -name '*.counter.so' | wc -l)" 2 "plugins beside the agents"

# Two threads compute the same bits with the boards' own kernels.
jq '.boards |= map(.run_prefix |= .[:3])' "$mine/lab.json" >"$work/plain.json"
expect 0 "$fdm" run --lab "$work/plain.json" --board a7,a35 --threads 2 --images tiny="$images" --json
equal "$(jq -c '[.[].tables[0].rows[0] | [.state, .inference_threads, .correct]] | unique' "$work/out")" \
    "[[\"complete\",2,$reference]]" "two threads"
expect 2 "$fdm" run --board a7 --threads 2 --images tiny="$images"
says err "instructions are counted with one thread alone"

expect 0 "$fdm" doctor --json
equal "$(jq -r '.[] | select(.subject == "a7") | .state' "$work/out")" ok "the doctor reaches the board"

# What can be wrong is told apart, each with its own words.
configure "$work/stranger" "$work/known"
expect 1 "$fdm" run --board a7 --images tiny="$images" --fresh
cp "$work/err" "$work/key"
configure "$work/user" "$work/unknown"
expect 1 "$fdm" run --board a7 --images tiny="$images" --fresh
cp "$work/err" "$work/unknown_host"
echo "board $(cut -d' ' -f1,2 "$work/stranger.pub")" >"$work/changed"
configure "$work/user" "$work/changed"
expect 1 "$fdm" run --board a7 --images tiny="$images" --fresh
cp "$work/err" "$work/changed_host"
expect 1 "$fdm" doctor --json
equal "$(jq -r '.[] | select(.subject == "a7") | .state' "$work/out")" failed "a changed host key"
says out "$(sed -n 's/.*board: //p' "$work/changed_host" | tail -n 1 | cut -c1-40)"
for file in key unknown_host changed_host; do
    grep -o 'board: .*' "$work/$file" | tail -n 1
done | sort -u >"$work/words"
equal "$(wc -l <"$work/words")" 3 "three failures, three messages"
