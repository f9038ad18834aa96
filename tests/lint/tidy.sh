#!/bin/sh
# clang-tidy over every source of the compilation database. Usage: tidy.sh BUILD_DIR [FILE ...]
# The static analyzer, nearly all of the time, gets a third of the steps that it takes by default in a function: enough
# for 10 of the last 11 things it told of here. FDM_TIDY_NODES=225000 gives it all.
set -eu
command -v clang-tidy >/dev/null || { echo "skipped: clang-tidy is not installed"; exit 77; }
build=$1
shift
if [ $# -eq 0 ]; then
    set -- $(sed -n 's/^ *"file": "\(.*\)".*/\1/p' "$build/compile_commands.json" |
        grep -v "^$build" | LC_ALL=C sort -u)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
printf '%s\n' "$@" |
    xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$build" --extra-arg=-Xclang --extra-arg=-analyzer-config \
        --extra-arg=-Xclang --extra-arg="max-nodes=${FDM_TIDY_NODES:-75000}" >"$log" 2>/dev/null ||
    status=$?
grep -E '(warning|error):' "$log" | sort -u || true
exit $status
