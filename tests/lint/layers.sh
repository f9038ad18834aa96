#!/bin/sh
# Fails where an include crosses a layer, or where a third-party header is used outside its file.
# The rules stand in layers.txt. Usage: layers.sh [ROOT]
set -eu
rules=$(cd "$(dirname "$0")" && pwd)/layers.txt
root=${1:-.}
cd "$root"

find harness reference targets results reports tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort |
    xargs grep -nH '^[[:space:]]*#[[:space:]]*include' |
    awk -v rules="$rules" '
    BEGIN {
        while ((getline line < rules) > 0) {
            if (line ~ /^#/ || line == "") continue
            colon = index(line, ":")
            key = substr(line, 1, colon - 1)
            rest = substr(line, colon + 1)
            if (key ~ /^header /) { sub(/^header /, "", key); owner[key] = rest; continue }
            folders[key] = rest " "
        }
    }
    function layer(path,    best, f) {
        best = ""
        for (f in folders)
            if (index(path, f "/") == 1 && length(f) > length(best)) best = f
        return best
    }
    {
        split($0, part, ":")
        file = part[1]
        place = part[1] ":" part[2]
        match($0, /[<"][^>"]*[>"]/)
        target = substr($0, RSTART + 1, RLENGTH - 2)
        if (target in owner && index(owner[target] " ", " " file " ") == 0 && file !~ /^tests\//) {
            print place ": " target " belongs in" owner[target] " only"; bad = 1
        }
        if (substr($0, RSTART, 1) != "\"") next
        from = layer(file)
        to = layer(target)
        if (from == "") { print place ": folder is not in layers.txt"; bad = 1; next }
        if (to == "") { print place ": include from the repository root: " target; bad = 1; next }
        if (from != to && folders[from] !~ /\*/ && index(folders[from], " " to " ") == 0) {
            print place ": " from " may not include " to; bad = 1
        }
    }
    END { exit bad }'
