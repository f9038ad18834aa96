#!/bin/sh
# The tuned kernels of a Cortex-M or Cortex-A with its own instructions, in QEMU. Usage: kernels.sh SOURCE_DIR CPU [CASES]
set -eu
source=$1
cpu=$2
cases=${3:-1000}
case $cpu in
cortex-a7) compiler=arm-linux-gnueabihf-gcc emulator=qemu-arm flags="-mfpu=neon-vfpv4 -mfloat-abi=hard" ;;
cortex-a35) compiler=aarch64-linux-gnu-gcc emulator=qemu-aarch64 flags= ;;
cortex-m4) machine=mps2-an386 flags="-mfpu=fpv4-sp-d16" ;;
cortex-m7) machine=mps2-an500 flags="-mfpu=fpv5-d16" ;;
cortex-m33) machine=mps2-an505 flags="-mfpu=fpv5-sp-d16" ;;
cortex-m55) machine=mps3-an547 flags= ;;
*) echo "no emulator of a $cpu"; exit 2 ;;
esac
if [ -n "${machine:-}" ]; then
    compiler=arm-none-eabi-gcc emulator=qemu-system-arm
    flags="$flags -mthumb -mfloat-abi=hard --specs=nano.specs --specs=nosys.specs -nostartfiles -Wl,--no-warn-rwx-segments
        -DFDM_BOARD_HEADER=\"targets/cortex-m/boards/$machine.h\" -Ttargets/cortex-m/boards/$machine.ld"
    port="targets/cortex-m/startup.c targets/cortex-m/line.c targets/cortex-m/cmsdk_uart.c targets/cortex-m/fpgaio.c"
else
    flags="$flags -static" port=
fi
for program in "$compiler" "$emulator"; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source"
# shellcheck disable=SC2086
"$compiler" -mcpu="$cpu" $flags -O2 -ffp-contract=off -std=c11 -Wall -Wextra -Werror -ffunction-sections \
    -fdata-sections -Wl,--gc-sections -I. -DCASES="$cases" -o "$work/kernels.elf" \
    tests/emulated/kernels_main.c tests/support/tuned_check.c \
    reference/kernels/*.c reference/kernels/cortex-m/*.c reference/kernels/neon/*.c reference/kernels/host/*.c $port
if [ -n "${machine:-}" ]; then
    qemu-system-arm -M "$machine" -display none -monitor none -nic none -serial null \
        -semihosting-config enable=on,target=native -kernel "$work/kernels.elf"
else
    "$emulator" -cpu "$cpu" "$work/kernels.elf"
fi
