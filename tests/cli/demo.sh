#!/bin/sh
# The images that the program draws: what is written, what is refused, and how well the model that comes with the
# program tells them apart.
. "$(dirname "$0")/lib.sh"

expect 0 "$fdm" demo draw "$work/set" --count 12 --size 48
says err "12 images of seed 2"
equal "$(ls "$work/set" | tr '\n' ' ')" "daisy dandelion roses sunflowers tulips " "a folder per class"
equal "$(cd "$work/set" && find . -name '*.png' | LC_ALL=C sort | tr '\n' ' ')" \
    "./daisy/s2_00000.png ./daisy/s2_00005.png ./daisy/s2_00010.png ./dandelion/s2_00001.png \
./dandelion/s2_00006.png ./dandelion/s2_00011.png ./roses/s2_00002.png ./roses/s2_00007.png \
./sunflowers/s2_00003.png ./sunflowers/s2_00008.png ./tulips/s2_00004.png ./tulips/s2_00009.png " "the files"
# A PNG file tells its width and height in bytes 16 to 23.
equal "$(od -An -tx1 -j16 -N8 "$work/set/tulips/s2_00009.png" | tr -d ' ')" 0000003000000030 "the size"

# The same again, and something else from another seed; fewer images are the first of more.
expect 0 "$fdm" demo draw "$work/again" --count 7 --size 48 --seed 2
for file in daisy/s2_00005.png dandelion/s2_00006.png; do
    cmp "$work/set/$file" "$work/again/$file" || fail "$file differs"
done
expect 0 "$fdm" demo draw "$work/other" --count 1 --size 48 --seed 0
cmp -s "$work/set/daisy/s2_00000.png" "$work/other/daisy/s0_00000.png" && fail "two seeds, one image"

# Ctrl-C: what was drawn is whole and stays.
"$fdm" demo draw "$work/cut" --count 100000 --size 48 2>"$work/err" </dev/null &
pid=$!
while [ ! -e "$work/cut/daisy/s2_00005.png" ]; do sleep 0.02; done
kill -INT "$pid"
code=0
wait "$pid" || code=$?
equal "$code" 130 "the exit code after an interrupt"
drawn=$(find "$work/cut" -name '*.png' | wc -l)
says err "what was drawn stays in $work/cut"
says err "interrupted after $drawn of 100000 images"
cmp "$work/set/daisy/s2_00005.png" "$work/cut/daisy/s2_00005.png" || fail "an interrupted run left another image"

# What is refused leaves nothing behind.
for words in "draw" "paint $work/no" "draw $work/no more" "draw $work/no --count 0" \
    "draw $work/no --count 100001" "draw $work/no --count -1" "draw $work/no --count 1e3" \
    "draw $work/no --size 15" "draw $work/no --size 1025" "draw $work/no --seed 4294967296" \
    "draw $work/no --seed x" ""; do
    # shellcheck disable=SC2086 # a list of words
    expect 2 "$fdm" demo $words
done
[ ! -e "$work/no" ] || fail "a refused command made a folder"
expect 1 "$fdm" demo draw /dev/null/flowers --count 1
says err "/dev/null"
expect 0 "$fdm" demo --help
says out "--size PIXELS"

# The model, without any folder named: far above chance, and no better than was measured once and for all.
expect 0 "$fdm" demo draw "$work/images" --count 100
expect 0 "$fdm" run --images demo="$work/images" --format float --json
says err "demo: n = 100 files, 100 to evaluate"
equal "$(jq -r '.tables[0].rows[0] | "\(.model) \(.mapping) \(.evaluated)"' "$work/out")" \
    "demo/fdmobilenet_0.25_128 x/255 100" "the case"
correct=$(jq -r '.tables[0].rows[0].correct' "$work/out")
[ "$correct" -ge 80 ] || fail "$correct of 100 right; at least 80 were expected"
