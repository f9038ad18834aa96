#!/bin/sh
# What a newcomer types: help, wrong words, wrong files.
. "$(dirname "$0")/lib.sh"

expect 2 "$fdm"
says err "usage: fdm-bench COMMAND"
expect 0 "$fdm" --help
says out "compare"
expect 0 "$fdm" --version
says out "fdm-bench "
expect 2 "$fdm" rnu
says err 'did you mean "run"?'

expect 0 "$fdm" help
says out "compare"
expect 0 "$fdm" help compare
says out "usage: fdm-bench compare"
expect 2 "$fdm" help rnu
says err 'did you mean "run"?'

for command in build cache compare doctor explain fetch inspect list quantize report run show split; do
    expect 0 "$fdm" $command --help
    says out "usage: fdm-bench $command"
    says out "--json"
    expect 2 "$fdm" $command --no-such-option
    says err "unknown option --no-such-option"
done

expect 2 "$fdm" inspect
says err "which FILE?"
expect 1 "$fdm" inspect "$work/absent.tflite"
says err "absent.tflite: No such file"
echo "this is no model" >"$work/text.tflite"
expect 1 "$fdm" inspect "$work/text.tflite"
says err "text.tflite"

expect 2 "$fdm" list nonsense
says err "what to list?"
expect 1 "$fdm" list sessions
says err "nothing was measured yet"
expect 2 "$fdm" show zero
says err "no case number"
expect 2 "$fdm" run --board NO-SUCH-BOARD --images flowers=/tmp
says err 'no board "NO-SUCH-BOARD"'
expect 1 "$fdm" run --board host
says err "--images flowers=DIR"
expect 2 "$fdm" run --images nonsense=/tmp
says err 'no dataset "nonsense"'
expect 2 "$fdm" run --images /tmp
says err "of which dataset?"
expect 2 "$fdm" run --images flowers=/tmp --semantics exact
says err 'no semantics "exact"'
expect 1 "$fdm" run --images flowers="$work/nowhere"
says err "$work/nowhere"
expect 2 "$fdm" compare
says err "exactly one of --format"
expect 2 "$fdm" report
says err "which card?"
expect 2 "$fdm" report --card 1.2.3
says err 'no card "1.2.3"'
expect 2 "$fdm" list boards --as xml
says err 'no format "xml"'

# Where nothing can be written is told before the work; a folder, by that word.
expect 1 "$fdm" list boards --output "$work"
says err "$work: a folder; name a file in it"
expect 1 "$fdm" list boards --output "$work/nowhere/boards.txt"
says err "$work/nowhere/boards.txt: No such file or directory"
expect 0 "$fdm" list boards --json --output /dev/stdout
jq -e '.[0].id' "$work/out" >/dev/null || fail "no list on /dev/stdout"
expect 1 "$fdm" inspect "$work"
says err "$work: a folder, not a regular file"
expect 1 "$fdm" list cases --db "$work"
says err "$work: a folder, not a file of results"
expect 2 "$fdm" split
says err "split --help"

expect 0 "$fdm" doctor --json
jq -e '.[] | select(.subject == "models") | .state == "missing" and (.fix | length > 0)' "$work/out" \
    >/dev/null || fail "the doctor does not miss the models"
printf '{"boards":[{"name":"b","board":"STM32H747I-DISCO","port":"/dev/no-such-port"}]}' >"$work/lab.json"
expect 1 "$fdm" doctor --lab "$work/lab.json" --json
jq -e '.[] | select(.subject == "b") | .state == "failed" and (.detail | contains("/dev/no-such-port"))' \
    "$work/out" >/dev/null || fail "the doctor does not miss the board's port"

: >"$work/other.db"
printf 'SQLite format 3\0garbage' >"$work/other.db"
expect 1 "$fdm" list cases --db "$work/other.db"
says err "other.db"
expect 1 "$fdm" run --demo --db "$work/other.db"
says err "other.db"
! grep -q drawing "$work/err" || fail "images were drawn for a file that is no store"
