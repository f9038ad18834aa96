#!/bin/sh
# The formatter's opinion is final: clang-format -i FILE settles every finding.
set -eu
command -v clang-format >/dev/null || { echo "skipped: clang-format is not installed"; exit 77; }
find harness reference targets results reports tests -name '*.[ch]' | LC_ALL=C sort |
    xargs clang-format --dry-run --Werror
