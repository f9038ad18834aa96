#!/bin/sh
# Installs what is missing, builds with warnings as errors, and runs every test: the release build, then the
# same tests under AddressSanitizer and UndefinedBehaviorSanitizer. The last line is the total.
set -u
cd "$(dirname "$0")"
sh ./setup.sh --tests || exit 1

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
failed=0
for preset in release asan; do
    echo "== $preset"
    cmake --preset $preset >"$logs/configure" 2>&1 || { cat "$logs/configure"; exit 1; }
    cmake --build --preset $preset >"$logs/build" 2>&1 || { cat "$logs/build"; exit 1; }
    ctest --preset $preset --no-tests=error --output-junit "$logs/$preset.xml" \
        --test-output-size-passed 1000000 --test-output-size-failed 1000000 "$@" || failed=1
done
sh tests/totals.sh "$logs"/*.xml || failed=1
exit $failed
