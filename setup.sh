#!/bin/sh
# Installs the Debian packages that fdm-bench needs, if any is missing: as root, or through sudo.
# Usage: setup.sh [--tests]
set -eu
packages="gcc libc6-dev cmake ninja-build pkg-config git ca-certificates
    libcjson-dev libsqlite3-dev libserialport-dev libcurl4-openssl-dev libhdf5-dev
    libjpeg62-turbo-dev libpng-dev libarchive-dev libssl-dev libelf-dev
    gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
if [ "${1:-}" = --tests ]; then
    packages="$packages libcmocka-dev clang clang-format clang-tidy libclang-rt-14-dev sqlite3 jq
        openssh-server openssh-client socat qemu-user
        gcc-arm-linux-gnueabihf libc6-dev-armhf-cross gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
fi

missing=""
for package in $packages; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: these packages are missing and this user is not root:$missing" >&2
        echo "setup.sh: as root, run: apt-get install$missing" >&2
        exit 1
    }
    as_root=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -q -y --no-install-recommends $missing
