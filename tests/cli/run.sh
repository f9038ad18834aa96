#!/bin/sh
# A run as a user lives through it, with a model and images made here: summary, lists, a case in full, a second
# run, samples, damaged images, stray files, missing and changed models, an interrupted run.
. "$(dirname "$0")/lib.sh"
"$3" "$work/world" 40 || fail "the test's world"
export FDM_DATA_DIR="$work/world/data" FDM_MODELS="$work/world/models"
images=$work/world/images

expect 0 "$fdm" run --images tiny="$images" --json
says err "tiny: n = 80 files, 80 to evaluate, split all (a sample)"
equal "$(jq -c '[.cases_complete, .cases_skipped, .images, .predictions]' "$work/out")" '[1,0,80,80]' \
    "the summary"
equal "$(jq -r '.tables[0].rows[0].evaluated' "$work/out")" 80 "N"
first=$(jq -r '.tables[0].rows[0].correct' "$work/out")

expect 0 "$fdm" list sessions --json
equal "$(jq -r '.[0].state' "$work/out")" complete "the session's state"
expect 0 "$fdm" list cases --json
equal "$(jq -r '.[0] | "\(.semantics) \(.correct) \(.evaluated)"' "$work/out")" "tflite $first 80" "the case"
expect 0 "$fdm" show 1
says out "small.tflite"
expect 0 "$fdm" show 1 --predictions --json
equal "$(jq 'length' "$work/out")" 80 "predictions"
expect 1 "$fdm" show 99
says err "99"

# Every preset at once; a comparison of two.
expect 0 "$fdm" run --images tiny="$images" --semantics all --json
equal "$(jq '.tables[0].rows | length' "$work/out")" 6 "a case per preset"
expect 0 "$fdm" compare --semantics tflite,xnnpack --json
equal "$(jq -r '.tables[0].rows[0].n' "$work/out")" 80 "images compared"
expect 1 "$fdm" compare --semantics tflite,tflite-arm --session 1
says err "no two complete cases differ only in semantics"

# The same answers without the cache, from one thread, and as one's own file.
expect 0 "$fdm" run --images tiny="$images" --no-cache --threads 1 --fresh --json
equal "$(jq -r '.tables[0].rows[0].correct' "$work/out")" "$first" "without the cache"
expect 0 "$fdm" run --images tiny="$images" --model-file "$FDM_MODELS/small.tflite" --json
equal "$(jq -r '.tables[0].rows[0] | "\(.model) \(.correct)"' "$work/out")" "small.tflite $first" "own file"

# A sample of a sample.
expect 0 "$fdm" run --images tiny="$images" --limit 10 --json
equal "$(jq -r '.tables[0].rows[0].evaluated' "$work/out")" 10 "--limit"

# Damaged and foreign files are told, and do not count.
head -c 200 "$images/ash/00003.jpg" >"$work/cut" && mv "$work/cut" "$images/ash/00003.jpg"
echo "not an image" >"$images/ash/notes.txt"
expect 0 "$fdm" run --images tiny="$images" --json
says err "warning: ash/notes.txt"
equal "$(jq -c '.tables[0].rows[0] | [.evaluated, .unreadable]' "$work/out")" '[79,1]' "a cut image"
jq -r '.tables[0].notes[0]' "$work/out" | grep -q "ash/00003.jpg" || fail "the cut image is not named"

# A model that is missing, or another one, makes a skipped case with the reason.
mv "$FDM_MODELS/small.tflite" "$work/kept.tflite"
expect 3 "$fdm" run --images tiny="$images" --json
says err "No such file"
equal "$(jq -c '.tables[0].rows[0].id' "$work/out")" null "the number of a case that is not stored"
equal "$(jq -r '.tables[0].rows[0].state' "$work/out")" skipped "a missing model"
printf x | cat "$work/kept.tflite" - >"$FDM_MODELS/small.tflite"
expect 3 "$fdm" run --images tiny="$images" --json
says err "another file"
mv "$work/kept.tflite" "$FDM_MODELS/small.tflite"

# A folder that is no class of this dataset.
mkdir "$images/elm"
expect 1 "$fdm" run --images tiny="$images"
says err "elm"
rmdir "$images/elm"

# Two runs of one plan: the second is refused while the first one lives.
"$3" "$work/large" 3000 || fail "the large world"
export FDM_DATA_DIR="$work/large/data" FDM_MODELS="$work/large/models"
"$fdm" run --images tiny="$work/large/images" --semantics all --db "$work/two.db" --no-cache \
    >"$work/first.out" 2>"$work/first.err" </dev/null &
pid=$!
while [ ! -s "$work/first.err" ] || ! grep -q "session" "$work/first.err"; do sleep 0.02; done
expect 1 "$fdm" run --images tiny="$work/large/images" --semantics all --db "$work/two.db" --no-cache
says err "session 1"

# Ctrl-C: an orderly stop that tells how to go on.
kill -INT "$pid"
code=0
wait "$pid" || code=$?
equal "$code" 130 "the exit code after an interrupt"
grep -q "the same command continues session 1" "$work/first.err" || fail "$(cat "$work/first.err")"
expect 0 "$fdm" run --images tiny="$work/large/images" --semantics all --db "$work/two.db" --no-cache --json
says err "session 1 resumed"
equal "$(jq -c '[.resumptions, .cases_complete, (.images < 6000)]' "$work/out")" '[1,6,true]' "the continuation"

# A model that is not there is told before anything is drawn, with the next step.
expect 1 "$fdm" run --demo --model-file "$work/absent.tflite"
says err "absent.tflite: No such file or directory; give the path of"
! grep -q drawing "$work/err" || fail "images were drawn for no model"
