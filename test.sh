#!/bin/sh
# Installs what is missing, builds with warnings as errors, and runs every test: the release build, then the
# same tests under AddressSanitizer and UndefinedBehaviorSanitizer, then the threaded ones under ThreadSanitizer. The last line is the total.
# Usage: test.sh [OPTIONS of ctest]
set -u
cd "$(dirname "$0")"
sh ./setup.sh --tests || exit 1

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=0

run() { # run PRESET TARGETS CTEST_OPTIONS...: builds (TARGETS "" for all) and tests
    preset=$1
    targets=$2
    shift 2
    echo "== $preset"
    # shellcheck disable=SC2086 # TARGETS is a list of words
    {
        cmake --preset "$preset" &&
            cmake --build --preset "$preset" ${targets:+--target $targets}
    } >"$logs/build" 2>&1 || { cat "$logs/build"; exit 1; }
    ctest --preset "$preset" --no-tests=error --parallel "$(nproc)" --output-junit "$logs/$preset.xml" \
        --test-output-size-passed 1000000 --test-output-size-failed 1000000 "$@" || failed=1
}

run release "" "$@"
run asan "" "$@"
if [ $# -eq 0 ]; then
    run tsan "fdm-bench test_parallel test_cache test_fetch test_workspace" -R '^(parallel|cache|fetch|cli.run)$'
fi
sh tests/totals.sh "$logs"/*.xml || failed=1
exit $failed
