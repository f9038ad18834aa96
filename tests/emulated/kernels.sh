#!/bin/sh
# The tuned kernels of a Cortex-M with its own instructions, in QEMU. Usage: kernels.sh SOURCE_DIR CPU [CASES]
set -eu
source=$1
cpu=$2
cases=${3:-1000}
for program in arm-none-eabi-gcc qemu-system-arm; do
    command -v "$program" >/dev/null || { echo "skipped: $program is not installed"; exit 77; }
done
case $cpu in
cortex-m4) machine=mps2-an386 fpu="-mfpu=fpv4-sp-d16" ;;
cortex-m7) machine=mps2-an500 fpu="-mfpu=fpv5-d16" ;;
cortex-m33) machine=mps2-an505 fpu="-mfpu=fpv5-sp-d16" ;;
cortex-m55) machine=mps3-an547 fpu= ;;
*) echo "no machine with a $cpu"; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$source"
# shellcheck disable=SC2086
arm-none-eabi-gcc -mcpu="$cpu" -mthumb -mfloat-abi=hard $fpu -O2 -ffp-contract=off -std=c11 -Wall -Wextra -Werror \
    -ffunction-sections -fdata-sections --specs=nano.specs --specs=nosys.specs -nostartfiles -Wl,--gc-sections \
    -Wl,--no-warn-rwx-segments -I. -DCASES="$cases" -DFDM_BOARD_HEADER="\"targets/cortex-m/boards/$machine.h\"" \
    -Ttargets/cortex-m/boards/$machine.ld -o "$work/kernels.elf" \
    tests/emulated/kernels_main.c tests/support/tuned_check.c \
    reference/kernels/*.c reference/kernels/cortex-m/*.c reference/kernels/host/*.c \
    targets/cortex-m/startup.c targets/cortex-m/line.c targets/cortex-m/cmsdk_uart.c targets/cortex-m/fpgaio.c
qemu-system-arm -M "$machine" -display none -monitor none -nic none -serial null \
    -semihosting-config enable=on,target=native -kernel "$work/kernels.elf"
