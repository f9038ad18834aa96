#!/bin/sh
# freestanding.sh COMPILER SOURCE_ROOT BUILD_DIR "a.c;b.c": compiles targets/wire for a Cortex-M0 and for
# a Cortex-M7, links each into one object and fails if that wants more than a board without libc has.
set -eu
compiler=$1 root=$2 build=$3
sources=$(echo "$4" | tr ';' ' ')
mkdir -p "$build"
for cpu in cortex-m0 cortex-m7; do
    objects=
    for source in $sources; do
        object=$build/$cpu-${source%.c}.o
        "$compiler" -mcpu=$cpu -mthumb -O2 -std=c11 -ffreestanding -Wall -Wextra -Wpedantic -Wconversion -Werror \
            -I"$root" -c "$root/targets/wire/$source" -o "$object"
        objects="$objects $object"
    done
    "$compiler" -mcpu=$cpu -mthumb -r -nostdlib $objects -o "$build/$cpu.o"
    wanted=$("${compiler%gcc}nm" -u "$build/$cpu.o" | awk '{ print $2 }' |
        grep -v -E '^(memcpy|memset|memmove|memcmp|memchr|strlen|__aeabi_.*|__gnu_thumb1_.*)$' || true)
    if [ -n "$wanted" ]; then
        echo "targets/wire for $cpu needs: $wanted" >&2
        exit 1
    fi
    "${compiler%gcc}size" "$build/$cpu.o"
done
