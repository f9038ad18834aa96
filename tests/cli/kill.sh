#!/bin/sh
# SIGKILL at random moments, fifty times: the run continues and ends with the table of a run that was left alone.
. "$(dirname "$0")/lib.sh"
need_data models/flowers datasets/flowers-val

start() { # start DB: the run, in the background
    "$fdm" run --models "$data/models" --images flowers="$data/datasets/flowers-val" --model 128 \
        --semantics tflite,xnnpack --limit 150 --db "$1" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
}
table() { # table DB: every prediction of its last session, without times
    for id in $("$fdm" list cases --db "$1" --json | jq '.[-6:] | .[].id'); do
        "$fdm" show "$id" --predictions --db "$1" --json | jq -c '.[] | del(.infer_ns)'
    done
}

start "$work/whole.db"
wait "$pid" || fail "the run that was left alone: $(cat "$work/err")"
table "$work/whole.db" >"$work/whole"
equal "$(wc -l <"$work/whole")" 900 "predictions of six cases"

kills=0
resumed=0
: "${FDM_TEST_SEED:=$(date +%s)}"
echo "seed $FDM_TEST_SEED"
random=$FDM_TEST_SEED
while [ $kills -lt 50 ]; do
    start "$work/killed.db"
    random=$(((random * 1103515245 + 12345) % 2147483648))
    sleep "0.$(printf %03d $((random / 65536 % 700)))"
    if kill -9 "$pid" 2>/dev/null; then kills=$((kills + 1)); fi
    code=0
    wait "$pid" 2>/dev/null || code=$?
    grep -q "resumed" "$work/err" && resumed=$((resumed + 1))
    case $code in
    0 | 137) ;;
    *) fail "exit code $code after $kills kills: $(cat "$work/err")" ;;
    esac
done
start "$work/killed.db"
wait "$pid" || fail "the last run: $(cat "$work/err")"
table "$work/killed.db" | diff - "$work/whole" >"$work/diff" || fail "$(head -n 5 "$work/diff")"
[ "$resumed" -gt 5 ] || fail "only $resumed of the runs continued an earlier one: the kills came too early"
equal "$(sqlite3 "$work/killed.db" 'PRAGMA integrity_check')" ok "the database"
echo "$kills kills, $resumed continuations"
