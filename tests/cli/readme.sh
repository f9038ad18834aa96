#!/bin/sh
# reports/JSON.md promises field names, the README and the boards' pages commands; the program must keep every one of them.
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
"$3" "$work/world" 10 || fail "the test's world"

# words ROW [FROM [TO]]: the backticked words of the table row that begins with ROW, between two texts.
words() {
    row=$(grep -F "| $1 |" "$root/reports/JSON.md") || fail "no row \"$1\" in JSON.md"
    row=${row#*"|"*"|"}
    [ -z "${2:-}" ] || row=${row#*"$2"}
    [ -z "${3:-}" ] || row=${row%%"$3"*}
    printf '%s\n' "$row" | grep -o '`[a-z0-9_]*`' | tr -d '`'
}
# has FILTER WORDS REMARK: every word is a member of what the filter selects.
has() {
    for word in $2; do
        [ "$(jq -r --arg w "$word" "$1 | has(\$w)" "$work/out")" = true ] ||
            fail "$3: no field \"$word\""
    done
    [ -n "$2" ] || fail "$3: JSON.md names no field"
}

# Every option of a command line in the pages must be one of that command.
for page in "$root/README.md" "$root"/targets/boards/*.md; do
    sed -n 's/^ \{4\}fdm-bench \([a-z].*\)/\1/p; s/^`fdm-bench \([a-z][^`]*\)`.*/\1/p' "$page"
done | sort -u >"$work/commands"
[ "$(wc -l <"$work/commands")" -gt 30 ] || fail "no commands in the pages"
while read -r command rest; do
    "$fdm" "$command" --help >"$work/help" || fail "the pages tell of \`fdm-bench $command\`"
    for option in $(printf '%s\n' "$rest" | grep -oE '(^| )--[a-z-]+' || true); do
        grep -qE -- "$option( |,|\$)" "$work/help" || fail "the pages tell of \`fdm-bench $command $option\`"
    done
done <"$work/commands"

expect 0 "$fdm" list boards --json
has '.[0]' "$(words '`list boards`')" "list boards"
expect 0 "$fdm" list models --json
has '.[0]' "$(words '`list models`')" "list models"
expect 0 "$fdm" list datasets --json
has '.[0]' "$(words '`list datasets`')" "list datasets"
expect 0 "$fdm" fetch --json
has '.[0]' "$(words '`fetch`' '' ' (there')" "fetch"
has '.[0]' "$(words '`fetch`' 'failed)')" "fetch"
expect 0 "$fdm" split --n 3670 --json
has . "$(words '`split`' facts '; with')" split
expect 0 "$fdm" report --card 10.0.0 --json
has '[.tables[] | select(.table == "accuracy-flowers")][0].rows[0]' \
    "$(words '`report`' 'Accuracy rows add' '; memory')" "report, accuracy"
has '[.tables[] | select(.table == "mcu-time-flowers")][0].rows[0]' \
    "$(words '`report`' 'time rows')" "report, time"

export FDM_DATA_DIR="$work/world/data" FDM_MODELS="$work/world/models"
expect 0 "$fdm" run --images tiny="$work/world/images" --semantics tflite,tflm --json
has . "$(words '`run`' facts '; table')" run
has '.tables[0].rows[0]' "$(words '`run`' '`cases`' '; on boards')" "run, cases"
expect 0 "$fdm" compare --semantics tflite,tflm --classes --flips 5 --json
has '.tables[0].rows[0]' "$(words '`compare`' '`pairs`' '; `--classes`')" "compare, pairs"
has '.tables[1].rows[0]' "$(words '`compare`' '`classes`:' '; `--flips')" "compare, classes"
expect 0 "$fdm" list sessions --json
has '.[0]' "$(words '`list sessions`')" "list sessions"
expect 0 "$fdm" list cases --json
has '.[0]' "$(words '`list cases`')" "list cases"
expect 0 "$fdm" show 1 --predictions --json
has '.[0]' "$(words '`show CASE`' 'a list:')" "show --predictions"
model=$root/reference/demo/demo_fdmobilenet_0.25_128.h5
expect 0 "$fdm" demo draw "$work/drawn" --count 5
expect 0 "$fdm" quantize "$model" --calibrate "$work/drawn" -o "$work/int8.tflite" --json
has . "$(words '`quantize`' facts '; with')" quantize
expect 0 "$fdm" explain "$model" "$work/int8.tflite" --images "$work/drawn" --json
has . "$(words '`explain`' facts ' and the last' | grep -v weights_)" explain
has '.tables[0].rows[0]' "$(words '`explain`' '`layers`:' '; table')" "explain, layers"
has '.tables[1].rows[0]' "$(words '`explain`' '`costliest`:')" "explain, costliest"
expect 0 "$fdm" quantize "$model" --calibrate "$work/drawn" --compare-methods --json
has . "$(words '`quantize`' 'file'"'"'s facts' 'and table')" "quantize --compare-methods"
has '.tables[0].rows[0]' "$(words '`quantize`' '`methods`:')" "quantize, methods"
expect 0 "$fdm" inspect "$FDM_MODELS/small.tflite" --tensors --json
has '.tables[0].rows[0]' "$(words '`inspect`' '`operators`:' '; with')" "inspect, operators"
has '.tables[1].rows[0]' "$(words '`inspect`' '`tensors`:' '; with')" "inspect, tensors"
expect 0 "$fdm" inspect "$FDM_MODELS/small.tflite" --plan --json
has . "$(words '`inspect`' '`--plan` facts' ' and table')" "inspect --plan"
has '.tables[1].rows[0]' "$(words '`inspect`' '`arena`:')" "inspect, arena"
expect 0 "$fdm" bench "$FDM_MODELS/small.tflite" --runs 1 --layers --json
has '.tables[0].rows[0]' "$(words '`bench`' '`networks`:' '; with')" "bench, networks"
has '.tables[1].rows[0]' "$(words '`bench`' 'with `--layers` table `layers`:' '; `--kernels`')" "bench, layers"
expect 0 "$fdm" bench --kernels "$FDM_MODELS/small.tflite" --runs 1 --json
if jq -e '.tables[1].rows[0]' "$work/out" >"$work/null"; then
    has '.tables[0].rows[0]' "$(words '`bench`' '`kernels`:' ', table')" "bench, kernels"
    has '.tables[1].rows[0]' "$(words '`bench`' '`shapes`:' '; `--decode`')" "bench, shapes"
fi
expect 0 "$fdm" bench --decode --limit 1 --runs 1 --json
has '.tables[0].rows[0]' "$(words '`bench`' '`decode`:' '; `--emulated`')" "bench, decode"
