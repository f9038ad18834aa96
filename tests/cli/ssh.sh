#!/bin/sh
# Boards behind a real sshd, without a port: two Linux boards that the lab runs in QEMU's user mode.
. "$(dirname "$0")/lib.sh"
sshd=/usr/sbin/sshd
for tool in $sshd ssh ssh-keygen arm-linux-gnueabihf-gcc aarch64-linux-gnu-gcc qemu-arm qemu-aarch64; do
    command -v $tool >/dev/null || {
        echo "skipped: $tool is not installed"
        exit 77
    }
done
# As root, sshd wants its privilege separation folder.
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
"$3" "$work/world" 8 || fail "the test's world"
mine=$HOME/.config/fdm-bench
mkdir -p "$mine" "$work/board"
cp -r "$work/world/data/datasets" "$work/world/data/models" "$mine/"
export FDM_MODELS="$work/world/models"
images=$work/world/images

ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/user"
ssh-keygen -q -t ed25519 -N '' -f "$work/stranger"
cat >"$work/sshd_config" <<CONFIG
HostKey $work/host
AuthorizedKeysFile $work/user.pub
StrictModes no
UsePAM no
PidFile none
LogLevel ERROR
CONFIG
echo "board $(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known"
configure() { # configure KEY KNOWN_HOSTS
    cat >"$work/ssh_config" <<CONFIG
Host board
  User $(id -un)
  HostKeyAlias board
  IdentityFile $1
  IdentitiesOnly yes
  UserKnownHostsFile $2
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ProxyCommand $sshd -i -e -f $work/sshd_config
CONFIG
}
for entry in "a7 STM32MP157F-DK2 qemu-arm cortex-a7" "a35 STM32MP257F-DK2 qemu-aarch64 cortex-a35"; do
    set -- $entry
    jq -n --arg n "$1" --arg b "$2" --arg q "$3" --arg c "$4" --arg f "$work/ssh_config" --arg d "$work/board" \
        '{name: $n, board: $b, ssh: "board", ssh_config: $f, folder: $d, run_prefix: [$q, "-cpu", $c]}'
done | jq -s '{boards: .}' >"$mine/lab.json"

configure "$work/user" "$work/known"
expect 0 "$fdm" run --images tiny="$images" --json
reference=$(jq -r '.tables[0].rows[0].correct' "$work/out")
expect 0 "$fdm" run --board a7,a35 --images tiny="$images" --json
equal "$(jq -c '[.[] | [.board, .emulated, .tables[0].rows[0].state, .tables[0].rows[0].correct]]' "$work/out")" \
    "[[\"STM32MP157F-DK2@qemu-arm\",\"yes\",\"complete\",$reference],[\"STM32MP257F-DK2@qemu-aarch64\",\"yes\",\"complete\",$reference]]" \
    "two boards behind ssh"
equal "$(jq -c '[.[] | [.tables[1].rows[] | select(.name == "activation_ram_bytes" or .name == "arena_bytes").value] | .[0] > 0 and .[0] == .[1]]' "$work/out")" \
    "[true,true]" "their activations' memory"
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
for file in key unknown_host changed_host; do
    grep -o 'board: .*' "$work/$file" | tail -n 1
done | sort -u >"$work/words"
equal "$(wc -l <"$work/words")" 3 "three failures, three messages"
