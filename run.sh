#!/bin/sh
# Installs what is missing, builds, measures on this computer, and prints the tables.
#
# Usage: run.sh [OPTIONS of `fdm-bench run`]
# Without options it takes the published files and images from FDM_TEST_DATA (default: ../shared), a folder with
# models/ and datasets/flowers-val/.
set -eu
cd "$(dirname "$0")"
sh ./setup.sh
build=build/run
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
    cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFDM_TESTS=OFF &&
        cmake --build "$build"
} >"$log" 2>&1 || { cat "$log"; exit 1; }
fdm=$build/harness/cli/fdm-bench

data=${FDM_TEST_DATA:-../shared}
if [ $# -eq 0 ] && [ -d "$data/models" ] && [ -d "$data/datasets/flowers-val" ]; then
    set -- --models "$data/models" --images "flowers=$data/datasets/flowers-val"
fi
if [ $# -eq 0 ]; then
    echo "No models and images were named, so the demonstration is measured: images that the program draws, and a"
    echo "model trained on such. To measure ST's models: ./run.sh --models DIR --images flowers=DIR"
    echo
    "$fdm" run --demo
    echo
    echo "These are the published tables."
    echo
    "$fdm" report --card 10.0.0
    exit 0
fi
"$fdm" run --board host "$@"
"$fdm" compare --format float,int8
"$fdm" report --card 10.0.0
