/* Flashing against stand-ins for the tools: scripts that record how they are called, and say what
 * the tools say (OpenOCD 0.12, stlink 1.7, STM32CubeProgrammer 2.17). */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/client/flash.h"
#include "harness/client/flash_probe.h"
#include "harness/client/flash_tools.h"
#include "tests/support/flash_world.h"

#define SERIAL "002F00174741500220383733"
#define OTHER "066DFF485671664867"

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static const struct fdm_flash_chip h7 = {
    .openocd = {"interface/stlink-dap.cfg", "target/stm32h7x.cfg"},
    .address = 0x08000000,
    .chip_id = 0x450,
    .chip_id_register = 0x5C001000,
    .protection_register = 0x5200201C,
    .protection_shift = 8};
static const struct fdm_flash_chip n6 = {
    .openocd = {"interface/stlink-dap.cfg", "target/stm32n6x.cfg"},
    .address = 0x34000400,
    .chip_id = 0x486,
    .ram = true};

static enum fdm_status write_with(const struct flash_world *world, const char *tool,
                                  const char *serial, const struct fdm_flash_chip *chip,
                                  struct fdm_error *err)
{
    char *program = fdm_fs_join(world->folder, "agent.elf");
    const struct fdm_flash_job job = {.board = "STM32H747I-DISCO",
                                      .chip = *chip,
                                      .program = program,
                                      .objcopy = "objcopy",
                                      .tool = tool,
                                      .serial = serial,
                                      .timeout_ns = 20 * FDM_NS_PER_S};
    enum fdm_status status = fdm_flash_write(&job, err);
    free(program);
    return status;
}

/* ---- What tools say -------------------------------------------------------------------------- */

#define OPENOCD_ID                                                                                 \
    "Info : STLINK V3J7M2 (API v3) VID:PID 0483:374E\nInfo : Target voltage: 3.283445\n"           \
    "fdm-chip 0x20036450\nfdm-protection 0x16aaaad0\nshutdown command invoked\n"
#define OPENOCD_DONE                                                                               \
    "** Programming Started **\n** Programming Finished **\n** Verify Started **\n"                \
    "** Verified OK **\n** Resetting Target **\nshutdown command invoked\n"
#define STLINK_ID                                                                                  \
    "Found 2 stlink programmers\n  version:    V2J37S27\n  serial:     " OTHER                     \
    "\n  chipid:     0x0451\n  version:    V3J7M2\n  serial:     " SERIAL                          \
    "\n  flash:      2097152 (pagesize: 131072)\n  chipid:     0x0450\n"
#define STLINK_DONE                                                                                \
    "2026-01-01T00:00:00 INFO common.c: Starting verification of write complete\n"                 \
    "2026-01-01T00:00:00 INFO common.c: Flash written and verified! jolly good!\n"
#define CUBE_ID                                                                                    \
    "ST-LINK SN  : " SERIAL "\nVoltage     : 3.28V\nConnect mode: Under Reset\n"                   \
    "Device ID   : 0x450\nDevice name : STM32H7xx\n\nUPLOADING OPTION BYTES DATA ...\n\n"          \
    "OPTION BYTES BANK: 0\n\n   Read Out Protection:\n\n"                                          \
    "     RDP          : 0xAA (Level 0, no protection)\n"
#define CUBE_DONE                                                                                  \
    "File download complete\n\nVerifying ...\n\nDownload verified successfully \n\nHard reset is " \
    "performed\n"

static void each_tool_is_called_as_it_wants(void **state)
{
    (void)state;
    static const struct {
        const char *tool;
        const struct fdm_flash_chip *chip;
        const char *identify, *write;
        const char *calls;
    } cases[] = {
        {"openocd", &h7, OPENOCD_ID, OPENOCD_DONE,
         "openocd -f interface/stlink-dap.cfg -f target/stm32h7x.cfg -c adapter serial " SERIAL
         " -c reset_config srst_only srst_nogate connect_assert_srst -c init -c catch {reset halt}"
         " -c echo \"fdm-chip [read_memory 0x5C001000 32 1]\""
         " -c echo \"fdm-protection [read_memory 0x5200201C 32 1]\" -c shutdown\n"
         "openocd -f interface/stlink-dap.cfg -f target/stm32h7x.cfg -c adapter serial " SERIAL
         " -c reset_config srst_only srst_nogate connect_assert_srst -c init"
         " -c program {/agent.elf} verify reset exit\n"},
        {"openocd", &n6, "Info : clock speed 8000 kHz\n", OPENOCD_DONE,
         "openocd -f interface/stlink-dap.cfg -f target/stm32n6x.cfg -c adapter serial " SERIAL
         " -c init -c catch {reset run}; sleep 500 -c shutdown\n"
         "openocd -f interface/stlink-dap.cfg -f target/stm32n6x.cfg -c adapter serial " SERIAL
         " -c init -c halt; load_image {/agent.elf}; verify_image {/agent.elf};"
         " echo {** Verified OK **} -c mww 0xE000ED08 0x34000400;"
         " reg sp [read_memory 0x34000400 32 1]; resume [expr {[read_memory 0x34000404 32 1] & ~1}]"
         " -c shutdown\n"},
        {"st-flash", &h7, STLINK_ID, STLINK_DONE,
         "objcopy -O binary --gap-fill 0xff /agent.elf /agent.elf.bin\n"
         "st-info --probe --connect-under-reset\n"
         "st-flash --serial " SERIAL " --connect-under-reset read /agent.elf.bin.rdp 0x5200201C 4\n"
         "st-flash --serial " SERIAL
         " --connect-under-reset --reset write /agent.elf.bin 0x08000000\n"},
        {"STM32_Programmer_CLI", &h7, CUBE_ID, CUBE_DONE,
         "STM32_Programmer_CLI -c port=SWD sn=" SERIAL " mode=UR reset=HWrst -ob displ\n"
         "STM32_Programmer_CLI -c port=SWD sn=" SERIAL
         " mode=UR reset=HWrst -w /agent.elf -v -hardRst\n"},
        {"STM32_Programmer_CLI", &n6, "Device ID   : 0x486\n", CUBE_DONE,
         "STM32_Programmer_CLI -c port=SWD sn=" SERIAL " ap=1 mode=HOTPLUG -hardRst\n"
         "STM32_Programmer_CLI -c port=SWD sn=" SERIAL
         " ap=1 mode=HOTPLUG -w /agent.elf -v -s 0x34000400\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_error err = FDM_ERROR_INIT;
        flash_world_begin(&world);
        flash_world_attach(&world, 4, "374e\n", SERIAL "\n");
        flash_world_install(&world, cases[i].tool);
        flash_world_put(&world, "say.identify", cases[i].identify, 0644);
        flash_world_put(&world, "say.write", cases[i].write, 0644);
        assert_ok(write_with(&world, cases[i].tool, NULL, cases[i].chip, &err), err);
        char *got = flash_world_calls(&world);
        /* The raw bytes stand beside the program, under a name of this process. */
        char number[32];
        snprintf(number, sizeof number, ".%ld.bin", (long)getpid());
        for (char *at = strstr(got, number); at != NULL; at = strstr(at, number))
            memmove(at, at + strlen(number) - 4, strlen(at + strlen(number) - 4) + 1);
        assert_string_equal(got, cases[i].calls);
        free(got);
        flash_world_end(&world);
    }
}

static void each_failure_has_words_of_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *tool;
        const char *step; /* that fails */
        const char *says;
        const char *code; /* its exit status */
        enum fdm_status status;
        const char *message;
        size_t calls;
    } cases[] = {
        {"openocd: no probe", "openocd", "identify", "Error: open failed\n", "1", FDM_ERR_NOT_FOUND,
         "openocd: the tool does not find the debug probe: Error: open failed", 1},
        {"openocd: no permission", "openocd", "identify",
         "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS\nError: open failed\n", "1",
         FDM_ERR_IO, "no permission to open the debug probe: install the udev rules", 1},
        {"openocd: in use", "openocd", "identify",
         "Error: libusb_claim_interface() failed with LIBUSB_ERROR_BUSY\nError: open failed\n", "1",
         FDM_ERR_BUSY, "another program holds the debug probe", 1},
        {"openocd: no power", "openocd", "identify",
         "Info : Target voltage: 0.002\nError: Target voltage too low. Check target power\n", "1",
         FDM_ERR_IO, "the chip does not answer: is the board powered", 3},
        {"openocd: too old for the chip", "openocd", "identify",
         "embedded:startup.tcl:28: Error: Can't find target/stm32n6x.cfg\n", "1", FDM_ERR_USAGE,
         "this version of the tool does not know the chip", 1},
        {"openocd: 0.11, which has other commands", "openocd", "identify",
         "adapter\n  adapter usb\nError: invalid subcommand \"serial " SERIAL "\"\n", "1",
         FDM_ERR_USAGE, "or a command of ours: install a newer one", 1},
        {"openocd: another chip", "openocd", "identify",
         "fdm-chip 0x10006451\nfdm-protection 0xc0ffaafd\n", "0", FDM_ERR_USAGE,
         "the chip behind probe " SERIAL " is 0x451, STM32H747I-DISCO has 0x450", 1},
        {"openocd: a locked chip, seen before anything is written", "openocd", "identify",
         "fdm-chip 0x20036450\nfdm-protection 0x16aa55d0\n", "0", FDM_ERR_IO,
         "openocd: the flash is locked by read or write protection (RDP, WRP)", 1},
        {"openocd: an interface that does not answer tells nothing", "openocd", "identify",
         "fdm-chip 0x20036450\nfdm-protection 0x0\n", "0", FDM_OK, "", 2},
        {"openocd: locked, when it writes", "openocd", "write",
         "Error: stm32h7x.cpu0: Flash operation failed, protection violated\n"
         "** Programming Failed **\n",
         "1", FDM_ERR_IO, "the flash is locked", 2},
        {"openocd: does not verify", "openocd", "write",
         "** Programming Finished **\n** Verify Started **\nError: checksum mismatch\n"
         "** Verify Failed **\n",
         "1", FDM_ERR_IO,
         "what was written does not verify: Error: checksum mismatch (tried three times)", 6},
        {"openocd: the cable is pulled", "openocd", "write",
         "** Programming Started **\nError: jtag_libusb_bulk_write error: LIBUSB_ERROR_NO_DEVICE\n"
         "** Programming Failed **\n",
         "1", FDM_ERR_EOF, "the debug probe went away: was the cable pulled?", 2},
        {"openocd: another family", "openocd", "write",
         "Warn : Cannot identify target as a STM32H7xx family.\n", "1", FDM_ERR_USAGE,
         "another chip than the board's", 2},
        {"openocd: a failure after words of success", "openocd", "write", OPENOCD_DONE, "1",
         FDM_ERR_IO, "openocd: the tool failed", 2},
        {"openocd: words that nobody knows", "openocd", "write",
         "Info : all is well\nError: the moon is full\nInfo : good bye\n", "1", FDM_ERR_IO,
         "openocd: the tool failed: Error: the moon is full", 2},
        {"openocd: a success that does not say so", "openocd", "write",
         "shutdown command invoked\n", "0", FDM_ERR_IO,
         "openocd: the tool failed: shutdown command invoked", 2},
        {"stlink: no probe", "st-flash", "write",
         "2026-01-01T00:00:00 WARN usb.c: Couldn't find any ST-Link devices\n", "255",
         FDM_ERR_NOT_FOUND, "st-flash: the tool does not find the debug probe: 2026", 4},
        {"stlink: no permission", "st-flash", "write",
         "ERROR usb.c: Could not open USB device 0x0483:0x374e, access error.\n", "255", FDM_ERR_IO,
         "no permission to open the debug probe", 4},
        {"stlink: the chip is silent", "st-flash", "identify",
         "Failed to enter SWD mode\nFailed to connect to target\n", "1", FDM_ERR_IO,
         "the chip does not answer: is the board powered, and its power jumper set to ST-LINK?: "
         "Failed to enter SWD mode",
         4},
        {"stlink: no chip behind the probe", "st-flash", "identify",
         "  serial:     " SERIAL "\n  chipid:     0x0000\n", "0", FDM_ERR_IO,
         "the chip does not answer", 4},
        {"stlink: another chip", "st-flash", "identify",
         "  serial:     " SERIAL "\n  chipid:     0x0451\n", "0", FDM_ERR_USAGE, "is 0x451", 2},
        {"stlink: another chip, its probe's number in lower case", "st-flash", "identify",
         "  serial:     002f00174741500220383733\n  chipid:     0x0451\n", "0", FDM_ERR_USAGE,
         "is 0x451", 2},
        {"stlink: a locked chip, seen before anything is written", "st-flash", "file",
         "\xD0\x55\xAA\x16", "0", FDM_ERR_IO,
         "st-flash: the flash is locked by read or write protection (RDP, WRP)", 3},
        {"stlink: three bytes of a register tell nothing", "st-flash", "file", "\xD0\x55\xAA", "0",
         FDM_OK, "", 4},
        {"stlink: a register that cannot be read tells nothing", "st-flash", "read",
         "Unknown memory region\n", "255", FDM_OK, "", 4},
        {"stlink: locked", "st-flash", "write",
         "ERROR common_flash.c: Flash memory is write "
         "protected\n",
         "255", FDM_ERR_IO, "the flash is locked", 4},
        {"stlink: does not verify", "st-flash", "write",
         "ERROR common.c: Verification of flash failed at offset: 1024\n", "255", FDM_ERR_IO,
         "does not verify: ERROR common.c: Verification of flash failed at offset: 1024", 10},
        {"stlink: the cable is pulled", "st-flash", "write",
         "[!] send_recv send request failed: LIBUSB_ERROR_NO_DEVICE\n", "255", FDM_ERR_EOF,
         "the debug probe went away", 4},
        {"cube: no probe", "STM32_Programmer_CLI", "identify", "Error: No debug probe detected.\n",
         "1", FDM_ERR_NOT_FOUND,
         "STM32_Programmer_CLI: the tool does not find the debug probe: Error: No debug probe", 1},
        {"cube: in colour", "STM32_Programmer_CLI", "identify",
         "\033[31mError: No debug\033[0;1m probe detected.\033[0m\n\033[\n", "1", FDM_ERR_NOT_FOUND,
         "debug probe: Error: No debug probe detected.", 1},
        {"cube: in use", "STM32_Programmer_CLI", "identify", "ST-LINK error (DEV_CONNECT_ERR)\n",
         "1", FDM_ERR_BUSY, "another program holds the debug probe", 1},
        {"cube: another chip", "STM32_Programmer_CLI", "identify", "Device ID   : 0x451\n", "0",
         FDM_ERR_USAGE, "is 0x451", 1},
        {"cube: the chip is silent", "STM32_Programmer_CLI", "identify",
         "Error: Unable to get core ID\nError: No STM32 target found! If your product embeds Debug "
         "Authentication, please perform a discovery using Debug Authentication\n",
         "1", FDM_ERR_IO, "the chip does not answer", 3},
        {"cube: a locked chip, seen before anything is written", "STM32_Programmer_CLI", "identify",
         "Warning: RDP is not level 0\nDevice ID   : 0x450\n     RDP          : 0xBB (Level 1, "
         "read "
         "protection of memories)\n",
         "0", FDM_ERR_IO,
         "STM32_Programmer_CLI: the flash is locked by read or write protection (RDP, WRP)", 1},
        {"cube: locked", "STM32_Programmer_CLI", "write", "Error: failed to erase memory\n", "1",
         FDM_ERR_IO, "the flash is locked", 2},
        {"cube: does not verify", "STM32_Programmer_CLI", "write",
         "Error: Data mismatch found at address 0x08000400 (byte = 0x00 instead of 0x0A)\n", "1",
         FDM_ERR_IO, "does not verify: Error: Data mismatch found at address 0x08000400", 6},
        {"cube: the cable is pulled", "STM32_Programmer_CLI", "write",
         "ST-LINK error (DEV_USB_COMM_ERR)\n", "1", FDM_ERR_EOF, "the debug probe went away", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_error err = FDM_ERROR_INIT;
        char name[32];
        flash_world_begin(&world);
        flash_world_attach(&world, 4, "374e\n", SERIAL "\n");
        flash_world_install(&world, cases[i].tool);
        bool is_openocd = strcmp(cases[i].tool, "openocd") == 0;
        bool is_stlink = strcmp(cases[i].tool, "st-flash") == 0;
        flash_world_put(&world, "say.identify",
                        is_openocd  ? OPENOCD_ID
                        : is_stlink ? STLINK_ID
                                    : CUBE_ID,
                        0644);
        flash_world_put(&world, "say.write",
                        is_openocd  ? OPENOCD_DONE
                        : is_stlink ? STLINK_DONE
                                    : CUBE_DONE,
                        0644);
        flash_world_put(&world, "file.read", "\xD0\xAA\xAA\x16", 0644);
        bool file = strcmp(cases[i].step, "file") == 0;
        snprintf(name, sizeof name, file ? "file.read" : "say.%s", cases[i].step);
        flash_world_put(&world, name, cases[i].says, 0644);
        snprintf(name, sizeof name, "code.%s", cases[i].step);
        flash_world_put(&world, name, cases[i].code, 0644);
        enum fdm_status status = write_with(&world, cases[i].tool, SERIAL, &h7, &err);
        char *called = flash_world_calls(&world);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL ||
            count_lines(called) != cases[i].calls)
            fail_msg("%s: %s, %zu calls: %s", cases[i].remark, fdm_status_name(status),
                     count_lines(called), err.message);
        free(called);
        flash_world_end(&world);
    }
}

static const struct fdm_flash_tool *find_tool(const char *program)
{
    const struct fdm_flash_tool *tool = fdm_flash_tools;
    while (tool->program != NULL && strcmp(tool->program, program) != 0)
        tool++;
    assert_non_null(tool->program);
    return tool;
}

/* Each of a tool's sayings by itself. */
static const struct {
    const char *tool;
    const char *says;
    enum fdm_flash_failure failure;
} sayings[] = {
    {"openocd", "Error: libusb_open() failed with LIBUSB_ERROR_ACCESS", FDM_FLASH_PERMISSION},
    {"openocd", "Error: libusb_claim_interface() failed with LIBUSB_ERROR_BUSY", FDM_FLASH_BUSY},
    {"openocd", "Error: bulk write error: LIBUSB_ERROR_NO_DEVICE", FDM_FLASH_UNPLUGGED},
    {"openocd", "Error: bulk read error: LIBUSB_ERROR_IO", FDM_FLASH_UNPLUGGED},
    {"openocd", "Error: bulk read error: LIBUSB_ERROR_PIPE", FDM_FLASH_UNPLUGGED},
    {"openocd", "Error: Can't find target/stm32n6x.cfg", FDM_FLASH_UNFIT},
    {"openocd", "Error: invalid subcommand \"serial 0\"", FDM_FLASH_UNFIT},
    {"openocd", "Error: invalid command name \"read_memory\"", FDM_FLASH_UNFIT},
    {"openocd", "Error: Can't find interface/stlink-dap.cfg", FDM_FLASH_UNFIT},
    {"openocd", "Error: Target voltage too low. Check target power", FDM_FLASH_NO_TARGET},
    {"openocd", "Error: init mode failed (unable to connect to the target)", FDM_FLASH_NO_TARGET},
    {"openocd", "Error: open failed", FDM_FLASH_NO_PROBE},
    {"openocd", "Error: Device Security Bit Set", FDM_FLASH_LOCKED},
    {"openocd", "Error: stm32x device protected", FDM_FLASH_LOCKED},
    {"openocd", "Error: Flash operation failed, protection violated", FDM_FLASH_LOCKED},
    {"openocd", "Warn : Cannot identify target as a STM32L4 family.", FDM_FLASH_WRONG_CHIP},
    {"openocd", "** Verify Failed **", FDM_FLASH_VERIFY},
    {"openocd", "Error: checksum mismatch - attempting binary compare", FDM_FLASH_VERIFY},
    {"openocd", "** Unable to reset target **", FDM_FLASH_NO_TARGET},
    {"openocd", "Error: Target not examined yet", FDM_FLASH_NO_TARGET},
    {"st-flash", "ERROR usb.c: Could not open USB device, access error.", FDM_FLASH_PERMISSION},
    {"st-flash", "[!] send_recv: LIBUSB_ERROR_ACCESS", FDM_FLASH_PERMISSION},
    {"st-flash", "[!] send_recv: LIBUSB_ERROR_BUSY", FDM_FLASH_BUSY},
    {"st-flash", "[!] send_recv: LIBUSB_ERROR_NO_DEVICE", FDM_FLASH_UNPLUGGED},
    {"st-flash", "[!] send_recv: LIBUSB_ERROR_IO", FDM_FLASH_UNPLUGGED},
    {"st-flash", "[!] send_recv: LIBUSB_ERROR_PIPE", FDM_FLASH_UNPLUGGED},
    {"st-flash", "WARN usb.c: Couldn't find any ST-Link devices", FDM_FLASH_NO_PROBE},
    {"st-flash", "ERROR common.c: Flash memory is write protected", FDM_FLASH_LOCKED},
    {"st-flash", "ERROR common.c: Failed to unlock flash!", FDM_FLASH_LOCKED},
    {"st-flash", "WARN common.c: Flash unlock failed!", FDM_FLASH_LOCKED},
    {"st-flash", "ERROR common.c: Verification of flash failed at 1024", FDM_FLASH_VERIFY},
    {"st-flash", "Failed to enter SWD mode", FDM_FLASH_NO_TARGET},
    {"st-flash", "Can not connect to target. Please use 'connect under reset'",
     FDM_FLASH_NO_TARGET},
    {"st-flash", "Failed to connect to target", FDM_FLASH_NO_TARGET},
    {"st-flash", "WARN common.c: unknown chip id! 0x482", FDM_FLASH_UNFIT},
    {"STM32_Programmer_CLI", "Error: No debug probe detected.", FDM_FLASH_NO_PROBE},
    {"STM32_Programmer_CLI", "Error: No STLink detected!", FDM_FLASH_NO_PROBE},
    {"STM32_Programmer_CLI", "Error: No ST-LINK detected!", FDM_FLASH_NO_PROBE},
    {"STM32_Programmer_CLI", "ST-LINK error (DEV_NO_STLINK)", FDM_FLASH_NO_PROBE},
    {"STM32_Programmer_CLI", "Error: ST-LINK: Serial number not found", FDM_FLASH_NO_PROBE},
    {"STM32_Programmer_CLI", "ST-LINK error (DEV_CONNECT_ERR)", FDM_FLASH_BUSY},
    {"STM32_Programmer_CLI", "ST-LINK error (DEV_USB_COMM_ERR)", FDM_FLASH_UNPLUGGED},
    {"STM32_Programmer_CLI", "Error: Data mismatch found at address 0x08000400", FDM_FLASH_VERIFY},
    {"STM32_Programmer_CLI", "Warning: Read Out Protection is active", FDM_FLASH_LOCKED},
    {"STM32_Programmer_CLI", "Error: a memory protection mechanism is active", FDM_FLASH_LOCKED},
    {"STM32_Programmer_CLI", "Error: failed to erase memory", FDM_FLASH_LOCKED},
    {"STM32_Programmer_CLI", "Error: No STM32 target found!", FDM_FLASH_NO_TARGET},
    {"STM32_Programmer_CLI", "Error: Unable to get core ID", FDM_FLASH_NO_TARGET},
    {"STM32_Programmer_CLI", "Error: something new", FDM_FLASH_UNKNOWN},
};
#define SAYINGS (sizeof sayings / sizeof sayings[0])

static void each_saying_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAYINGS; i++) {
        enum fdm_flash_failure got =
            fdm_flash_classify(find_tool(sayings[i].tool), sayings[i].says);
        if (got != sayings[i].failure)
            fail_msg("%s: \"%s\": %d", sayings[i].tool, sayings[i].says, (int)got);
    }
    for (const struct fdm_flash_tool *tool = fdm_flash_tools; tool->program != NULL; tool++)
        for (const struct fdm_flash_saying *saying = tool->sayings; saying->words != NULL;
             saying++) {
            bool tried = false;
            for (size_t i = 0; i < SAYINGS; i++)
                tried |= strcmp(sayings[i].tool, tool->program) == 0 &&
                         strstr(sayings[i].says, saying->words) != NULL;
            if (!tried)
                fail_msg("%s: \"%s\" is tried nowhere", tool->program, saying->words);
        }
}

static void only_whole_numbers_name_a_chip(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        bool found;
    } cases[] = {
        {"fdm-chip 0x20036450", true}, {"fdm-chip 0x100000451", false},
        {"fdm-chip 451", false},       {"fdm-chip 0x", false},
        {"fdm-chip", false},           {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t value = 0;
        if (fdm_flash_find(find_tool("openocd"), cases[i].says, "fdm-chip ", SERIAL, &value) !=
            cases[i].found)
            fail_msg("\"%s\"", cases[i].says);
        assert_true(!cases[i].found || value == 0x20036450);
    }
}

static void begin_with(struct flash_world *world, const char *tool)
{
    flash_world_begin(world);
    flash_world_attach(world, 4, "374e\n", SERIAL "\n");
    flash_world_install(world, tool);
    flash_world_put(world, "say.identify", STLINK_ID, 0644);
    flash_world_put(world, "say.write", STLINK_DONE, 0644);
}

static void a_nul_in_a_tools_words_hides_nothing(void **state)
{
    (void)state;
    static const char says[] = "Info : \0\nError: open failed\n";
    struct flash_world world;
    struct fdm_error err = FDM_ERROR_INIT;
    begin_with(&world, "openocd");
    char *path = fdm_fs_join(world.folder, "say.identify");
    assert_ok(fdm_fs_write_unsynced(path, says, sizeof says - 1, &err), err);
    flash_world_put(&world, "code.identify", "1", 0644);
    assert_int_equal(write_with(&world, "openocd", NULL, &h7, &err), FDM_ERR_NOT_FOUND);
    free(path);
    flash_world_end(&world);
}

static void raw_bytes_stand_beside_the_program_only_while_they_are_needed(void **state)
{
    (void)state;
    struct flash_world world;
    struct fdm_error err = FDM_ERROR_INIT;
    char name[64];
    begin_with(&world, "st-flash");
    assert_ok(write_with(&world, "st-flash", NULL, &h7, &err), err);
    snprintf(name, sizeof name, "agent.elf.%ld.bin", (long)getpid());
    char *path = fdm_fs_join(world.folder, name);
    assert_false(fdm_fs_is_file(path));
    free(path);
    flash_world_put(&world, "bin/objcopy", "#!/bin/sh\necho not an ELF file\nexit 1\n", 0755);
    assert_int_equal(write_with(&world, "st-flash", NULL, &h7, &err), FDM_ERR_IO);
    assert_non_null(strstr(err.message, "objcopy: not an ELF file"));
    flash_world_end(&world);
}

static void a_stop_comes_before_the_board_is_touched(void **state)
{
    (void)state;
    struct flash_world world;
    struct fdm_error err = FDM_ERROR_INIT;
    const atomic_bool stop = true;
    begin_with(&world, "openocd");
    const struct fdm_flash_job job = {
        .board = "B", .chip = h7, .program = "agent.elf", .tool = "openocd", .stop = &stop};
    assert_int_equal(fdm_flash_write(&job, &err), FDM_ERR_CANCELLED);
    char *called = flash_world_calls(&world);
    assert_string_equal(called, "");
    free(called);
    flash_world_end(&world);
}

static void a_chip_that_answers_late_is_asked_again(void **state)
{
    (void)state;
    struct flash_world world;
    struct fdm_error err = FDM_ERROR_INIT;
    flash_world_begin(&world);
    flash_world_attach(&world, 4, "374e\n", SERIAL "\n");
    flash_world_install(&world, "openocd");
    flash_world_put(&world, "once.identify",
                    "Error: init mode failed (unable to connect to the target)\n", 0644);
    flash_world_put(&world, "say.identify", OPENOCD_ID, 0644);
    flash_world_put(&world, "say.write", OPENOCD_DONE, 0644);
    assert_ok(write_with(&world, "openocd", NULL, &h7, &err), err);
    char *called = flash_world_calls(&world);
    assert_int_equal(count_lines(called), 3);
    free(called);
    flash_world_end(&world);
}

static void a_tool_that_hangs_is_ended(void **state)
{
    (void)state;
    struct flash_world world;
    struct fdm_error err = FDM_ERROR_INIT;
    flash_world_begin(&world);
    flash_world_attach(&world, 4, "374e\n", SERIAL "\n");
    flash_world_install(&world, "openocd");
    flash_world_put(&world, "hang.identify", "", 0644);
    const struct fdm_flash_job job = {.board = "B",
                                      .chip = h7,
                                      .program = "agent.elf",
                                      .tool = "openocd",
                                      .timeout_ns = FDM_NS_PER_S};
    assert_int_equal(fdm_flash_write(&job, &err), FDM_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "openocd did not end within 1 s and was ended"));
    flash_world_end(&world);
}

static void the_probe_is_chosen_by_its_serial_number(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *first, *second; /* attached */
        const char *wanted;
        enum fdm_status status;
        const char *message;
    } cases[] = {
        {"none", NULL, NULL, NULL, FDM_ERR_NOT_FOUND, "no debug probe is attached: plug"},
        {"the wanted one is not there", OTHER, NULL, SERIAL, FDM_ERR_NOT_FOUND,
         "no debug probe has the serial number " SERIAL "; attached: " OTHER " (STLINK-V3)"},
        {"the only one", SERIAL, NULL, NULL, FDM_OK, ""},
        {"two, and no number", SERIAL, OTHER, NULL, FDM_ERR_USAGE,
         "2 debug probes are attached, " SERIAL " (STLINK-V3), " OTHER
         " (STLINK-V3): name the board's one"},
        {"two, of which one has no number", SERIAL, "\n", NULL, FDM_ERR_USAGE,
         "2 debug probes are attached, without a serial number (STLINK-V3), " SERIAL},
        {"two, and a number", SERIAL, OTHER, OTHER, FDM_OK, ""},
        {"in lower case", SERIAL, OTHER, "066dff485671664867", FDM_OK, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_probe *probes;
        struct fdm_probe chosen;
        size_t count;
        struct fdm_error err = FDM_ERROR_INIT;
        flash_world_begin(&world);
        if (cases[i].first != NULL)
            flash_world_attach(&world, 4, "374e\n", cases[i].first);
        if (cases[i].second != NULL)
            flash_world_attach(&world, 5, "374b\n", cases[i].second);
        flash_world_attach(&world, 6, "5740\n", "no probe");
        assert_ok(fdm_probe_list(&probes, &count, &err), err);
        enum fdm_status status =
            fdm_flash_choose_probe(probes, count, cases[i].wanted, &chosen, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: %s", cases[i].remark, err.message);
        if (status == FDM_OK && cases[i].wanted != NULL)
            assert_string_equal(chosen.serial, OTHER);
        free(probes);
        flash_world_end(&world);
    }
}

static void an_odd_serial_number_is_told_as_the_tools_do(void **state)
{
    (void)state;
    static const struct {
        const char *remark, *told, *expected;
    } cases[] = {
        {"digits and letters", OTHER "\n", OTHER},
        {"none", "\n", ""},
        {"no line", "", ""},
        {"twelve bytes of an old ST-LINK/V2", "H\xC3\xBFn\x06rPWS\x18\xC2\x80gx\n",
         "48FF6E06725057531880"
         "6778"},
        {"a line's end among them", "H\nn\x06rPWS\x18)gx\n", "480A6E067250575318296778"},
        {"eleven", "H-n\x06rPWS\x18)g\n", ""},
        {"a character beyond a byte", "H\xC4\x80n\x06rPWS\x18)gx\n", ""},
        {"half a character", "n\x06rPWS\x18)gxyz\xC3", ""},
        {"commands", "0; exec true\n",
         "303B2065786563"
         "2074727565"},
        {"more commands", "0; exec false\n", ""},
        {"too long", "0123456789012345678901234567890123456789012345678901234567890123\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_probe *probes;
        size_t count;
        struct fdm_error err = FDM_ERROR_INIT;
        flash_world_begin(&world);
        flash_world_attach(&world, 4, "3748\n", cases[i].told);
        assert_ok(fdm_probe_list(&probes, &count, &err), err);
        assert_int_equal(count, 1);
        if (strcmp(probes[0].serial, cases[i].expected) != 0)
            fail_msg("%s: %s", cases[i].remark, probes[0].serial);
        free(probes);
        flash_world_end(&world);
    }
}

static void the_only_probe_needs_no_number(void **state)
{
    (void)state;
    static const struct {
        const char *tool, *identify, *write;
    } cases[] = {{"openocd", OPENOCD_ID, OPENOCD_DONE},
                 {"st-flash", "  serial:     ??\n  chipid:     0x0450\n", STLINK_DONE},
                 {"STM32_Programmer_CLI", CUBE_ID, CUBE_DONE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_flash_chip any = h7;
        any.chip_id = 0;
        flash_world_begin(&world);
        flash_world_attach(&world, 4, "3748\n", "\n");
        flash_world_install(&world, cases[i].tool);
        flash_world_put(&world, "say.identify", cases[i].identify, 0644);
        flash_world_put(&world, "say.write", cases[i].write, 0644);
        assert_ok(write_with(&world, cases[i].tool, NULL, &any, &err), err);
        char *called = flash_world_calls(&world);
        if (strstr(called, "serial") != NULL || strstr(called, "sn=") != NULL)
            fail_msg("%s", called);
        free(called);
        any.chip_id = 0x451;
        assert_int_equal(write_with(&world, cases[i].tool, NULL, &any, &err), FDM_ERR_USAGE);
        assert_non_null(strstr(err.message, "behind probe without a serial number is 0x450"));
        flash_world_end(&world);
    }
}

static void a_probe_that_may_not_be_opened_is_told(void **state)
{
    (void)state;
    static const struct fdm_probe locked = {SERIAL, "STLINK-V3", "/dev/bus/usb/001/004", false};
    struct fdm_probe chosen;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_flash_choose_probe(&locked, 1, NULL, &chosen, &err), FDM_ERR_IO);
    assert_non_null(strstr(err.message, "no permission to open the debug probe " SERIAL
                                        " (/dev/bus/usb/001/004): install the udev rules"));
}

static void the_tool_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *installed[2];
        const char *wanted;
        const struct fdm_flash_chip *chip;
        enum fdm_status status;
        const char *words; /* of the message, or of the first call */
    } cases[] = {
        {"nothing is there",
         {NULL, NULL},
         NULL,
         &h7,
         FDM_ERR_NOT_FOUND,
         "nothing here can put a program on the board: apt-get install openocd"},
        {"the wanted one is missing",
         {"openocd", NULL},
         "st-flash",
         &h7,
         FDM_ERR_NOT_FOUND,
         "no program `st-flash`: apt-get install stlink-tools"},
        {"ST's own goes first",
         {"openocd", "STM32_Programmer_CLI"},
         NULL,
         &h7,
         FDM_OK,
         "STM32_Programmer_CLI"},
        {"what there is", {"st-flash", NULL}, NULL, &h7, FDM_OK, "objcopy"},
        {"one that cannot load RAM",
         {"st-flash", NULL},
         "st-flash",
         &n6,
         FDM_ERR_USAGE,
         "st-flash cannot start programs in RAM"},
        {"one that cannot load RAM is passed over",
         {"st-flash", NULL},
         NULL,
         &n6,
         FDM_ERR_NOT_FOUND,
         "nothing here can put a program"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_error err = FDM_ERROR_INIT;
        char path[512];
        flash_world_begin(&world);
        flash_world_attach(&world, 4, "374e\n", SERIAL "\n");
        for (size_t t = 0; t < 2 && cases[i].installed[t] != NULL; t++)
            flash_world_install(&world, cases[i].installed[t]);
        bool stlink = cases[i].installed[0] != NULL && cases[i].installed[0][0] == 's';
        flash_world_put(&world, "say.identify", stlink ? STLINK_ID : CUBE_ID, 0644);
        flash_world_put(&world, "say.write", stlink ? STLINK_DONE : CUBE_DONE, 0644);
        /* Tools that this computer has are not meant. */
        if (cases[i].status != FDM_OK) {
            snprintf(path, sizeof path, "%s/bin", world.folder);
            setenv("PATH", path, 1);
        }
        enum fdm_status status = write_with(&world, cases[i].wanted, NULL, cases[i].chip, &err);
        char *called = flash_world_calls(&world);
        const char *words = status == FDM_OK ? called : err.message;
        if (status != cases[i].status || strstr(words, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].remark, words);
        free(called);
        flash_world_end(&world);
    }
}

static void a_tool_is_asked_whether_it_knows_the_chip(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *tool;
        const char *code; /* its exit status */
        enum fdm_status status;
        const char *calls;
    } cases[] = {
        {"OpenOCD has the chip's file", "openocd", "0", FDM_OK,
         "openocd -f interface/stlink-dap.cfg -f target/stm32n6x.cfg -c adapter serial 0 -c "
         "shutdown\n"},
        {"it is too old", "openocd", "1", FDM_ERR_USAGE,
         "openocd -f interface/stlink-dap.cfg -f target/stm32n6x.cfg -c adapter serial 0"
         " -c shutdown\n"},
        {"one that cannot tell", "STM32_Programmer_CLI", "1", FDM_OK, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct flash_world world;
        struct fdm_error err = FDM_ERROR_INIT;
        const char *chosen = NULL;
        const struct fdm_flash_job job = {.board = "B", .chip = n6, .tool = cases[i].tool};
        flash_world_begin(&world);
        flash_world_install(&world, cases[i].tool);
        flash_world_put(&world, "say.identify", "Error: Can't find target/stm32n6x.cfg\n", 0644);
        flash_world_put(&world, "code.identify", cases[i].code, 0644);
        enum fdm_status status = fdm_flash_choose_tool(&job, &chosen, &err);
        char *called = flash_world_calls(&world);
        if (status != cases[i].status || strcmp(called, cases[i].calls) != 0 ||
            strcmp(chosen, cases[i].tool) != 0)
            fail_msg("%s: %s %s", cases[i].remark, err.message, called);
        free(called);
        flash_world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tool_is_called_as_it_wants),
        cmocka_unit_test(each_failure_has_words_of_its_own),
        cmocka_unit_test(each_saying_is_understood),
        cmocka_unit_test(only_whole_numbers_name_a_chip),
        cmocka_unit_test(a_nul_in_a_tools_words_hides_nothing),
        cmocka_unit_test(raw_bytes_stand_beside_the_program_only_while_they_are_needed),
        cmocka_unit_test(a_stop_comes_before_the_board_is_touched),
        cmocka_unit_test(a_chip_that_answers_late_is_asked_again),
        cmocka_unit_test(a_tool_that_hangs_is_ended),
        cmocka_unit_test(the_probe_is_chosen_by_its_serial_number),
        cmocka_unit_test(an_odd_serial_number_is_told_as_the_tools_do),
        cmocka_unit_test(the_only_probe_needs_no_number),
        cmocka_unit_test(a_probe_that_may_not_be_opened_is_told),
        cmocka_unit_test(the_tool_is_chosen),
        cmocka_unit_test(a_tool_is_asked_whether_it_knows_the_chip),
    };
    return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
