#!/bin/sh
# The layer check must refuse what it exists to refuse.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/harness/base" "$tree/reports" "$tree/reference/kernels"

expect() { # expect pass|fail REMARK
    if sh "$here/layers.sh" "$tree" >"$tree/out" 2>&1; then got=pass; else got=fail; fi
    if [ "$got" != "$1" ]; then
        echo "layers.sh: expected $1 for: $2"
        cat "$tree/out"
        exit 1
    fi
}
printf '#include "harness/base/a.h"\n#include <stdint.h>\n' >"$tree/reports/x.c"
expect pass "a look downwards"
printf '#include "harness/bench/a.h"\n' >"$tree/reports/x.c"
expect fail "a look sideways"
printf '#include <sqlite3.h>\n' >"$tree/reports/x.c"
expect fail "a library outside its file"
printf '#include "a.h"\n' >"$tree/reports/x.c"
expect fail "an include that does not start at the root"
rm "$tree/reports/x.c"
printf '#include "harness/base/a.h"\n' >"$tree/reference/kernels/k.c"
expect fail "a kernel that needs the host"
