#!/bin/sh
# The clock and heat of a Linux board behind a real sshd: this computer stands in for the board, and a folder for its
# sysfs.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sshd.sh"
need_tools cc
own_world "$3" 4
share_objects
make_sshd

# A core that this computer lets us use, and one that it does not have.
core=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
describe() { # describe DEVICE_TREE CORES
    jq -n --argjson d "$1" '{id: "bench-computer", kind: "ssh", description: "This computer as a board", series: "PC",
        cpu: "any", clock_hz: 800000000, device_tree: $d,
        firmware: {port: "linux", compiler: "cc", packages: "gcc libc6-dev"}}' >"$mine/boards/bench-computer.json"
    jq -n --argjson c "$2" --arg f "$work/ssh_config" --arg d "$work/board" --arg s "FDM_SYSFS=$work/sys" '{boards: [
        {name: "pc", board: "bench-computer", ssh: "board", ssh_config: $f, folder: $d, cores: $c,
         run_prefix: ["env", $s]}]}' >"$mine/lab.json"
}
sysfs() { # sysfs NAME TEXT: one file of the board's
    mkdir -p "$work/sys/$(dirname "$1")"
    echo "$2" >"$work/sys/$1"
}
cpufreq=devices/system/cpu/cpu$core/cpufreq
zone=class/thermal/thermal_zone0
sysfs $cpufreq/scaling_governor performance
sysfs $cpufreq/scaling_cur_freq 800000
sysfs $cpufreq/scaling_max_freq 800000
sysfs $cpufreq/cpuinfo_max_freq 800000
sysfs $zone/type cpu-thermal
sysfs $zone/temp 45500
sysfs $zone/trip_point_0_type passive
sysfs $zone/trip_point_0_temp 95000
run() {
    "$fdm" run --board pc --images tiny="$images" --limit 4 --runs 20 --fresh --json "$@"
}
shown() { # shown TABLE NAME COLUMN: of the last case
    "$fdm" show "$(jq -r '.tables[0].rows[0].id' "$work/out")" --json |
        jq -r --arg t "$1" --arg n "$2" --arg c "$3" '.tables[] | select(.table == $t) | .rows[] | select(.name == $n) | .[$c]'
}
threads() { # of the last case
    "$fdm" show "$(jq -r '.tables[0].rows[0].id' "$work/out")" --json | jq -r .inference_threads
}

describe null "[$core]"
expect 0 run
equal "$(jq -r '.tables[0].rows[0] | .state + (.message // "")' "$work/out")" complete "a board that keeps its clock"
equal "$(shown provenance governor text)/$(shown provenance cores text)/$(threads)" \
    "performance/$core/1" "how it ran"
equal "$(shown figures clock_begin_hz value)/$(shown figures clock_end_hz value)" 800000000/800000000 "its clock"
equal "$(shown figures temperature_end_millicelsius value)/$(shown figures temperature_end_millicelsius kind)" \
    45500/measured "its temperature"

# More threads, the same bits: the run compares them with the reference.
expect 0 run --threads 2
equal "$(jq -r '.tables[0].rows[0].state' "$work/out")/$(threads)" complete/2 "two threads"
expect 2 run --threads 9
says err "at most 8 threads"

sysfs $zone/temp 96000
expect 0 run
equal "$(jq -r '.tables[0].rows[0] | .state + ": " + .message' "$work/out")" \
    "complete: throttled: 96.0 degrees Celsius; from 95.0 on the system slows the cores down" "a hot board"
expect 0 "$fdm" list cases
says out throttled
sysfs $zone/temp 45500

sysfs $cpufreq/scaling_cur_freq 400000
sysfs $cpufreq/scaling_governor powersave
expect 0 run
says out "clock: ran at 400 MHz, not at the stated 800 MHz (governor powersave)"
sysfs $cpufreq/scaling_cur_freq 800000

# The board's own name, where its file has one; and a core that it does not have.
describe '"st,stm32mp157f-dk2"' "[$core]"
expect 3 run
says out "not on st,stm32mp157f-dk2"
describe null "[63]"
expect 1 run
says err "fdm-agent: cannot run on the cores that --cores names"

# Runs with other numbers of threads are other runs: neither continues what the other left, and both stay in the lists.
attempt() { # attempt THREADS: a run that continues what it finds
    "$fdm" run --board pc --images tiny="$images" --limit 3 --runs 20 --threads "$1"
}
expect 1 attempt 1
describe null "[$core]"
expect 0 attempt 2
says err "begun"
expect 0 attempt 1
says err "resumed"
expect 0 "$fdm" list cases --latest --json
equal "$(jq -c '[.[] | select(.images == 3) | .inference_threads]' "$work/out")" "[1,2]" "both runs in the list"
