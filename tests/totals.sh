#!/bin/sh
# Adds up CTest's JUnit files: a cmocka program counts each of its tests, any other program counts as one.
# Prints "N passed, N failed, N skipped" and fails if a test failed or none passed. Usage: totals.sh XML ...
set -eu
cat "$@" | awk '
function flush() {
    if (status == "") return
    if (status == "skip") skipped += 1
    else if (cmocka && (status == "run" || f > 0)) { passed += p; failed += f; skipped += s }
    else if (status == "run") passed += 1
    else failed += 1
    status = ""
}
/<testcase / {
    flush()
    p = f = s = cmocka = 0
    status = $0 ~ /status="run"/ ? "run" : "fail"
}
/<skipped message="SKIP_RETURN_CODE/ { status = "skip" }
/\[==========\] Running [0-9]+ test/ { cmocka = 1 }
match($0, /\[  PASSED  \] [0-9]+ test/) { split(substr($0, RSTART), word, " "); p += word[4] }
match($0, /\[  FAILED  \] [0-9]+ test/) { split(substr($0, RSTART), word, " "); f += word[4] }
match($0, /\[  SKIPPED \] [0-9]+ test/) { split(substr($0, RSTART), word, " "); s += word[4] }
END {
    flush()
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit (failed > 0 || passed == 0)
}'
