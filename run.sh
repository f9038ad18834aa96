#!/bin/sh
# Installs what is missing, builds, measures, and prints the tables.
#
# Usage: run.sh [OPTIONS of `fdm-bench run`]
# Without options it measures the demonstration, on this computer and on an emulated Cortex-M7; then ST's models, if their
# files and images lie in FDM_TEST_DATA (default: ../shared), a folder with models/ and datasets/flowers-val/.
set -eu
cd "$(dirname "$0")"
case ${1:-} in
-h | --help)
    sed -n '2,/^set/s/^# \{0,1\}//p' run.sh
    exit 0
    ;;
esac
sh ./setup.sh
build=build/run
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFDM_TESTS=OFF &&
        cmake --build "$build"
} >"$log" 2>&1 || { cat "$log"; exit 1; }
fdm=$build/harness/cli/fdm-bench

failed=0
run() { # run OPTIONS: a case that failed or was skipped, which the program tells, keeps nobody from the tables
    status=0
    "$fdm" run "$@" || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"
    [ "$status" -eq 0 ] || failed=3
}

measure() { # measure OPTIONS: what they choose on this computer, float against int8
    run --board host "$@"
    "$fdm" compare --format float,int8 || [ $? -eq 1 ] # nothing to pair, which the program tells
}

if [ $# -eq 0 ]; then
    echo "The demonstration: images that the program draws, and a model that was trained and quantized on such."
    echo
    measure --demo
    echo
    echo "The same int8 model as firmware of an emulated Cortex-M7, where a few images are enough to prove every bit:"
    echo
    run --board emulated-cortex-m7 --demo --limit 4
    echo
    data=${FDM_TEST_DATA:-../shared}
    if [ -d "$data/models" ] && [ -d "$data/datasets/flowers-val" ]; then
        measure --models "$data/models" --images "flowers=$data/datasets/flowers-val"
    else
        echo "To measure ST's models: ./run.sh --models DIR --images flowers=DIR. These are their published tables."
    fi
else
    measure "$@"
fi
echo
"$fdm" report --card 10.0.0
exit $failed
