#!/bin/sh
# clang-tidy over every source of the compilation database. Usage: tidy.sh BUILD_DIR [FILE ...]
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
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$build" >"$log" 2>/dev/null ||
    status=$?
grep -E '(warning|error):' "$log" | sort -u || true
exit $status
