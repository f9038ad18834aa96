#!/bin/sh
# The whole demonstration with nothing at hand: no models, no images, an empty home.
. "$(dirname "$0")/lib.sh"
readme=$(cd "$(dirname "$0")/../.." && pwd)/README.md

expect 1 "$fdm" run
says err "--demo"

# What is asked for wrongly is refused before anything is drawn.
expect 2 "$fdm" run --demo --board host,NOPE
says err "NOPE"
[ ! -e "$work/.cache" ] || fail "images were drawn for a board that there is not"

# Ctrl-C while images are drawn: an end that tells what stays, which is nothing.
kept=$work/.cache/fdm-bench/demo/drawing1-seed2-1000x128
interrupted() { # interrupted FILE OPTIONS: stops the run when there is such a file
    file=$1
    shift
    "$fdm" run --demo "$@" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    # shellcheck disable=SC2086 # a pattern
    until ls $file >/dev/null 2>&1; do sleep 0.02; done
    kill -INT "$pid"
    code=0
    wait "$pid" || code=$?
    equal "$code" 130 "the exit code after an interrupt"
    says err "no drawn image is kept, the same command draws all again: interrupted after"
    # shellcheck disable=SC2086 # a pattern
    ! ls $file >/dev/null 2>&1 || fail "images of an interrupted drawing stay"
}
interrupted "$kept.part/images/daisy/s2_00000.png"
[ ! -e "$kept" ] || fail "an interrupted drawing is kept"

# Where nothing can be kept, a temporary folder does, and goes with the run.
mkdir "$work/tmp"
TMPDIR=$work/tmp interrupted "$work/tmp/fdm-demo-*/daisy/s2_00000.png" --cache /dev/null/cache
says err "note: the images cannot be kept: /dev/null"
equal "$(ls "$work/tmp")" "" "what stays of a temporary folder"

expect 0 "$fdm" run --demo --json
says err "drawing 1000 images of seed 2, once, into $kept"
equal "$(jq -r '.tables[0].rows[0] | "\(.model) \(.format) \(.evaluated)"' "$work/out")" \
    "demo/fdmobilenet_0.25_128 float 1000" "the case"
equal "$(jq -r '.tables[0].rows[1] | "\(.model) \(.format) \(.semantics) \(.evaluated)"' "$work/out")" \
    "demo/fdmobilenet_0.25_128 int8 tflite 1000" "the other case"
equal "$(jq -r '.cases_skipped' "$work/out")" 0 "skipped cases"
cp "$work/out" "$work/first"
correct=$(jq -r '.tables[0].rows[0].correct' "$work/first")
[ "$correct" -ge 850 ] && [ "$correct" -le 970 ] || fail "$correct of 1000 right; 85 to 97 % were expected"
quantized=$(jq -r '.tables[0].rows[1].correct' "$work/first")
[ "$quantized" -ge $((correct - 15)) ] || fail "int8: $quantized of 1000 right, float $correct"
for k in "$correct" "$quantized"; do
    grep -qw "$k" "$readme" || fail "the README does not tell $k of 1000"
done

# Drawn once: the next run reads them.
expect 0 "$fdm" run --demo --fresh --json
! grep -q drawing "$work/err" || fail "the images were drawn again"
equal "$(jq -r '.tables[0].rows[0] | "\(.correct) \(.unreadable)"' "$work/out")" "$correct 0" "a second run"

# Damage in the middle of the results, which opening does not see, is found by who looks for it.
doctors_database() { # doctors_database FILE: the state that the doctor finds it in
    "$fdm" doctor --db "$1" --json | jq -r '.[] | select(.subject == "database") | .state'
}
equal "$(doctors_database "$FDM_DB")" ok "a sound database"
cp "$FDM_DB" "$work/damaged.db"
pages=$(($(wc -c <"$FDM_DB") / 4096))
dd if=/dev/zero of="$work/damaged.db" bs=4096 seek=$((pages / 2)) count=1 conv=notrunc 2>"$work/err"
equal "$(doctors_database "$work/damaged.db")" failed "a damaged database"
