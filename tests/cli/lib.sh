# Sourced by every script here: a private home, the program, and what the checks have in common.
# Usage of a script: NAME.sh FDM_BENCH [TEST_DATA]
set -eu
fdm=$1
data=${FDM_TEST_DATA:-${2:-}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" FDM_DB="$work/results.db"
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME FDM_MODELS FDM_DATA_DIR FDM_FETCH FDM_MIRROR

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect CODE COMMAND...: the command must end with that code; its output is kept in $work/out and $work/err.
expect() {
    want=$1
    shift
    got=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" -eq "$want" ] || {
        cat "$work/out" "$work/err" >&2
        fail "exit code $got instead of $want: $*"
    }
}

# says FILE TEXT: the text stands in $work/FILE.
says() {
    grep -qF -- "$2" "$work/$1" || {
        cat "$work/$1" >&2
        fail "\"$2\" is not in std$1"
    }
}

# equal ACTUAL EXPECTED REMARK
equal() {
    [ "$1" = "$2" ] || fail "$3: \"$1\" instead of \"$2\""
}

share_objects() { # what is compiled for boards is compiled once for all tests of a build
    objects=${fdm%/harness/cli/*}/tests/objects
    mkdir -p "$objects" "$HOME/.cache/fdm-bench/firmware"
    ln -s "$objects" "$HOME/.cache/fdm-bench/firmware/objects"
}

need_data() { # need_data PATH...: ends the script as skipped where test data is absent
    for path in "$@"; do
        [ -e "$data/$path" ] || {
            echo "skipped: no $path in the test data (set FDM_TEST_DATA)"
            exit 77
        }
    done
}

need_tools() { # need_tools PROGRAM...: ends the script as skipped where one is not installed
    for tool in "$@"; do
        command -v "$tool" >/dev/null || {
            echo "skipped: $tool is not installed"
            exit 77
        }
    done
}

# own_world TEST_WORKSPACE COUNT: a small model and so many images of each class, in $images, as the user's own; his
# folder is $mine.
own_world() {
    "$1" "$work/world" "$2" || fail "the test's world"
    mine=$HOME/.config/fdm-bench
    mkdir -p "$mine/boards"
    cp -r "$work/world/data/datasets" "$work/world/data/models" "$mine/"
    export FDM_MODELS="$work/world/models"
    images=$work/world/images
}
