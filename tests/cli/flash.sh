#!/bin/sh
# A microcontroller board that is flashed: the real program is built for it, a stand-in for OpenOCD says what OpenOCD
# says, and a folder stands in for the kernel's list of debug probes.
. "$(dirname "$0")/lib.sh"
need_tools arm-none-eabi-gcc
own_world "$3" 4
mkdir -p "$work/bin"
export FDM_SYSFS="$work/sys" FDM_DEV="$work/dev" PATH="$work/bin:$PATH"
cat >"$work/bin/openocd" <<TOOL
#!/bin/sh
echo "\$*" >>"$work/calls"
case "\$*" in
*--version*) echo "Open On-Chip Debugger 0.12.0" ;;
*program*) cat "$work/write"; grep -q "Verified OK" "$work/write" ;;
*) cat "$work/identify"; ! grep -q Error "$work/identify" ;;
esac
TOOL
chmod 755 "$work/bin/openocd"
attach() { # attach NUMBER SERIAL: a probe on USB
    device=$work/sys/bus/usb/devices/1-$1
    mkdir -p "$device" "$work/dev/bus/usb/001"
    echo 0483 >"$device/idVendor"
    echo 374e >"$device/idProduct"
    echo STLINK-V3 >"$device/product"
    echo "$2" >"$device/serial"
    echo 1 >"$device/busnum"
    echo "$1" >"$device/devnum"
    : >"$work/dev/bus/usb/001/00$1"
}
lab() { # lab MEMBERS
    printf '{"boards":[{"name":"h7","board":"STM32H747I-DISCO","flasher":"openocd",%s}]}' "$1" >"$mine/lab.json"
}
run() {
    "$fdm" run --board h7 --images tiny="$images" --limit 2 --fresh
}
fails() { # fails CODE TEXT
    : >"$work/calls"
    expect "$1" run
    says err "$2"
}

lab '"port":"/dev/no-such-port"'
fails 1 "no debug probe is attached"
attach 1 002F00174741500220383733
attach 2 066DFF485671664867
fails 2 "2 debug probes are attached, 002F00174741500220383733 (STLINK-V3), 066DFF485671664867 (STLINK-V3)"
lab '"port":"/dev/no-such-port","probe":"0000"'
fails 1 "no debug probe has the serial number 0000"
equal "$(wc -l <"$work/calls")" 0 "calls of a tool without a probe"

lab '"port":"/dev/no-such-port","probe":"002F00174741500220383733"'
printf 'fdm-chip 0x10006451\n' >"$work/identify"
fails 2 "the chip behind probe 002F00174741500220383733 is 0x451, STM32H747I-DISCO has 0x450"
printf 'fdm-chip 0x20036450\nfdm-protection 0x16aa55d0\n' >"$work/identify"
fails 1 "the flash is locked"
printf 'Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\n' >"$work/identify"
fails 1 "no permission to open the debug probe"
equal "$(wc -l <"$work/calls")" 1 "attempts where another would not help"

printf 'fdm-chip 0x20036450\nfdm-protection 0x16aaaad0\n' >"$work/identify"
printf '** Programming Started **\nError: LIBUSB_ERROR_NO_DEVICE\n' >"$work/write"
fails 1 "the debug probe went away: was the cable pulled?"
printf '** Programming Finished **\n** Verify Failed **\n' >"$work/write"
fails 1 "what was written does not verify"
equal "$(grep -c program "$work/calls")" 3 "attempts to write"

# Once it is written, the board's line is opened.
printf '** Programming Finished **\n** Verified OK **\n' >"$work/write"
fails 1 "/dev/no-such-port"
grep -q 'adapter serial 002F00174741500220383733 .*program {.*} verify reset exit' "$work/calls" ||
    fail "how OpenOCD is called: $(cat "$work/calls")"
: >"$work/calls"
lab '"port":"/dev/no-such-port","flasher":"none"'
sed -i 's/"flasher":"openocd",//' "$mine/lab.json"
fails 1 "/dev/no-such-port"
equal "$(wc -l <"$work/calls")" 0 "calls for a board that holds its program"

# The doctor knows all of this.
lab '"port":"/dev/null"'
expect 1 "$fdm" doctor --json
equal "$(jq -r '[.[] | select(.area == "probe") | .state] | join(" ")' "$work/out")" "ok ok" "the doctor's probes"
jq -e '.[] | select(.subject == "h7") | .state == "failed" and (.detail | contains("2 debug probes"))' "$work/out" \
    >/dev/null || fail "the doctor does not see that the probe is not named"

# A chip that the tool does not know: the doctor names the tool that does.
printf '{"boards":[{"name":"n6","board":"STM32N6570-DK","flasher":"openocd","port":"/dev/null",
    "probe":"002F00174741500220383733"}]}' >"$mine/lab.json"
printf "embedded:startup.tcl:28: Error: Can't find target/stm32n6x.cfg\n" >"$work/identify"
expect 1 "$fdm" doctor --json
jq -e '.[] | select(.subject == "n6") | .state == "failed" and (.detail | contains("does not know the chip")) and
    (.fix | startswith("STM32CubeProgrammer 2.18"))' "$work/out" >/dev/null ||
    fail "the doctor does not name the tool: $(jq -c '.[] | select(.subject == "n6")' "$work/out")"
: >"$work/identify"
expect 0 "$fdm" doctor --json
jq -e '.[] | select(.subject == "n6") | .detail == "/dev/null; flashed by openocd"' "$work/out" >/dev/null ||
    fail "the doctor does not tell the flasher: $(jq -c '.[] | select(.subject == "n6")' "$work/out")"
