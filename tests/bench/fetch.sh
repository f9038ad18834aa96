#!/bin/sh
# How fast `fdm-bench fetch` is beside curl and bsdtar, and how much memory it needs: one large file over HTTP from this
# computer, and an archive of many files unpacked. The programs take turns; medians are compared. At the rate of a network
# (BENCH_RATE, bytes a second: 1 Gbit/s) the checksum hides behind the transfer; without a limit, when the server takes one
# of two cores, it cannot: SHA-256 alone takes longer than curl. The line with sha256sum compares the same work.
#   tests/bench/fetch.sh [BUILD_FOLDER]        or: cmake --build --preset release --target bench_fetch
# BENCH_RUNS (6; even, so that each program goes first as often as the other: what the one left to the disk slows the next),
# BENCH_BYTES (1000000000), BENCH_FILES (100000), BENCH_DIR (a folder on the disk to measure).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build/release}" && pwd)
runs=${BENCH_RUNS:-6} bytes=${BENCH_BYTES:-1000000000} files=${BENCH_FILES:-100000} rate=${BENCH_RATE:-125000000}
curl=${CURL:-curl} bsdtar=${BSDTAR:-bsdtar}
measure=$build/tests/bench/bench_measure
fdm=$build/harness/cli/fdm-bench
for program in "$measure" "$fdm" "$build/tests/cli/test_serve" "$build/tests/cli/test_workspace"; do
    [ -x "$program" ] || { echo "build first: no $program" >&2; exit 1; }
done
for program in "$curl" "$bsdtar"; do # Debian: curl, libarchive-tools
    command -v "$program" >/dev/null || { echo "to compare with, install $program" >&2; exit 1; }
done
work=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/fdm-bench.XXXXXX")
server='' limited_server=''
trap 'kill $server $limited_server 2>/dev/null || true; rm -rf "$work"' EXIT
export HOME="$work" FDM_DATA_DIR="$work/world/data" no_proxy=127.0.0.1
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME

# No folder of files is removed before the end: for minutes ext4 looks long for an inode among many that were just freed.
# Noise, which nothing compresses: the archive's blocks are stored, so that its unpacking is about files and not about gzip.
noise() { head -c "$1" /dev/urandom; }
echo "making a file of $bytes bytes and an archive of $files files of 6000 bytes in $work" >&2
"$build/tests/cli/test_workspace" "$work/world" 0
mkdir -p "$work/site/bench" "$work/tree/images/ash" "$work/tree/images/oak" "$FDM_DATA_DIR/downloads"
noise "$bytes" >"$work/site/bench/big.bin"
half=$((files / 2))
for class in ash oak; do
    noise $((half * 6000)) | (cd "$work/tree/images/$class" && split -b 6000 -a 6 -d - image)
done
(cd "$work/tree" && tar cf - images | gzip -1) >"$work/site/many.tar.gz"
sum() { sha256sum <"$1" | cut -d' ' -f1; }
sed -i "s/\"image_count\":100000,\"split\":{[^}]*},/\"image_count\":$((half * 2)),/" "$FDM_DATA_DIR/datasets/tiny.json"
cat >"$FDM_DATA_DIR/downloads/bench.json" <<END
{"group": "bench", "base_url": "http://127.0.0.1:9/", "files": [
 {"path": "bench/big.bin", "bytes": $bytes, "sha256": "$(sum "$work/site/bench/big.bin")"},
 {"path": "many.tar.gz", "dataset": "tiny", "bytes": $(wc -c <"$work/site/many.tar.gz"),
  "sha256": "$(sum "$work/site/many.tar.gz")",
  "archive": {"images": "images", "max_bytes": $((half * 12000)), "max_entries": $((files + 10))}}]}
END
# serve NAME [RATE]: its process in $pid, its address in $url.
serve() {
    "$build/tests/cli/test_serve" "$work/site" "$work/$1" ${2:+"$2"} &
    pid=$!
    while [ ! -s "$work/$1" ]; do sleep 0.1; done
    url="http://127.0.0.1:$(cat "$work/$1")"
}
serve limited "$rate"
limited=$url limited_server=$pid
serve port
server=$pid

run() { # run NAME COMMAND...
    name=$1
    shift
    sync # what the one before left to write is not this one's
    "$measure" "$work/$name" "$@" >"$work/out" 2>&1 || {
        cat "$work/out" >&2
        exit 1
    }
}
run_curl() {
    rm -f "$work/curl.bin"
    run curl "$curl" -s -S -f -o "$work/curl.bin" "$url/bench/big.bin"
}
run_curl_summed() {
    rm -f "$work/curl.bin"
    run curl_summed sh -c "'$curl' -s -S -f -o '$work/curl.bin' '$url/bench/big.bin' && sha256sum '$work/curl.bin'"
}
run_curl_limited() {
    rm -f "$work/curl.bin"
    run curl_limited "$curl" -s -S -f -o "$work/curl.bin" "$limited/bench/big.bin"
}
run_fetch() {
    rm -rf "$work/cache"
    run fetch "$fdm" fetch bench/ --mirror "$url" --cache "$work/cache"
}
run_fetch_limited() {
    rm -rf "$work/cache"
    run fetch_limited "$fdm" fetch bench/ --mirror "$limited" --cache "$work/cache"
}
run_bsdtar() {
    mkdir "$work/tar$run"
    run bsdtar "$bsdtar" -x -f "$work/site/many.tar.gz" -C "$work/tar$run"
}
run_unpack() { # from an archive that is in the cache already
    mv "$work/cache2/trees" "$work/trees$run"
    run unpack "$fdm" fetch tiny --offline --cache "$work/cache2"
}
run first "$fdm" fetch tiny --mirror "$url" --cache "$work/cache2"
for run in $(seq "$runs"); do
    echo "run $run of $runs" >&2
    if [ $((run % 2)) -eq 1 ]; then
        run_curl; run_curl_summed; run_fetch; run_curl_limited; run_fetch_limited; run_bsdtar; run_unpack
    else
        run_fetch_limited; run_curl_limited; run_fetch; run_curl_summed; run_curl; run_unpack; run_bsdtar
    fi
done

column() { # column NAME FIELD: sorted
    cut -d' ' -f"$2" "$work/$1" | sort -n
}
median() {
    column "$1" "$2" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}
line() { # line TITLE OTHER OURS
    awk -v title="$1" -v other="$(median "$2" 1)" -v ours="$(median "$3" 1)" \
        -v low="$(column "$3" 1 | head -n 1)" -v high="$(column "$3" 1 | tail -n 1)" \
        -v them="${2%%_*}" -v kib="$(column "$3" 2 | tail -n 1)" 'BEGIN {
        printf "%-24s %s %.2f s, fdm-bench %.2f s (%.2f to %.2f): %.2f of its throughput; at most %.1f MB of memory\n",
            title, them, other, ours, low, high, other / ours, kib / 976.5625 }'
}
line "$((bytes / 1000000)) MB at $((rate / 1000000)) MB/s:" curl_limited fetch_limited
line "without a limit:" curl fetch
line "and with its sha256sum:" curl_summed fetch
line "$files files:" bsdtar unpack
