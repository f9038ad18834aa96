#include "harness/client/flash_tools.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 1024
#define OPENOCD_PROTECTION "fdm-protection "
#define VTOR "0xE000ED08" /* vector table offset register, Armv7-M and Armv8-M */

/* ---- Words ----------------------------------------------------------------------------------- */

void fdm_flash_argv_add(struct fdm_flash_argv *argv, const char *format, ...)
{
    char word[WORD_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(word, sizeof word, format, args);
    va_end(args);
    char *copy = len >= 0 && (size_t)len < sizeof word ? strdup(word) : NULL;
    if (copy == NULL || argv->count == FDM_FLASH_WORDS_MAX) {
        free(copy);
        argv->failed = true;
        return;
    }
    argv->words[argv->count++] = copy;
    argv->words[argv->count] = NULL;
}

void fdm_flash_argv_release(struct fdm_flash_argv *argv)
{
    for (size_t i = 0; i < argv->count; i++)
        free(argv->words[i]);
    memset(argv, 0, sizeof *argv);
}

/* ---- OpenOCD --------------------------------------------------------------------------------- */

static void openocd_command(struct fdm_flash_argv *argv, const char *command)
{
    fdm_flash_argv_add(argv, "-c");
    fdm_flash_argv_add(argv, "%s", command);
}

static void openocd_configure(const struct fdm_flash_chip *chip, struct fdm_flash_argv *argv)
{
    fdm_flash_argv_add(argv, "openocd");
    for (size_t i = 0; chip->openocd[i] != NULL; i++) {
        fdm_flash_argv_add(argv, "-f");
        fdm_flash_argv_add(argv, "%s", chip->openocd[i]);
    }
}

static void openocd_knows(const struct fdm_flash_chip *chip, struct fdm_flash_argv *argv)
{
    openocd_configure(chip, argv);
    openocd_command(argv, "adapter serial 0"); /* from 0.12 on */
    openocd_command(argv, "shutdown");
}

static void openocd_connect(const struct fdm_flash_chip *chip, const char *serial,
                            struct fdm_flash_argv *argv)
{
    openocd_configure(chip, argv);
    if (serial[0] != '\0') {
        fdm_flash_argv_add(argv, "-c");
        fdm_flash_argv_add(argv, "adapter serial %s", serial);
    }
    if (!chip->ram)
        openocd_command(argv, "reset_config srst_only srst_nogate connect_assert_srst");
    openocd_command(argv, "init");
}

static void openocd_identify(const struct fdm_flash_chip *chip, const char *serial,
                             struct fdm_flash_argv *argv)
{
    openocd_connect(chip, serial, argv);
    /* While the reset is held, what lies behind the bus matrix does not answer. */
    openocd_command(argv, chip->ram ? "catch {reset run}; sleep 500" : "catch {reset halt}");
    if (chip->chip_id_register != 0) {
        fdm_flash_argv_add(argv, "-c");
        fdm_flash_argv_add(argv, "echo \"fdm-chip [read_memory 0x%08" PRIX32 " 32 1]\"",
                           chip->chip_id_register);
    }
    if (chip->protection_register != 0) {
        fdm_flash_argv_add(argv, "-c");
        fdm_flash_argv_add(argv,
                           "echo \"" OPENOCD_PROTECTION "[read_memory 0x%08" PRIX32 " 32 1]\"",
                           chip->protection_register);
    }
    openocd_command(argv, "shutdown");
}

static void openocd_write(const struct fdm_flash_chip *chip, const char *serial, const char *image,
                          struct fdm_flash_argv *argv)
{
    openocd_connect(chip, serial, argv);
    fdm_flash_argv_add(argv, "-c");
    if (!chip->ram) {
        fdm_flash_argv_add(argv, "program {%s} verify reset exit", image);
        return;
    }
    fdm_flash_argv_add(argv, "halt; load_image {%s}; verify_image {%s}; echo {** Verified OK **}",
                       image, image);
    fdm_flash_argv_add(argv, "-c");
    fdm_flash_argv_add(argv,
                       "mww " VTOR " 0x%08" PRIX32 "; reg sp [read_memory 0x%08" PRIX32
                       " 32 1]; resume [expr {[read_memory 0x%08" PRIX32 " 32 1] & ~1}]",
                       chip->address, chip->address, chip->address + 4);
    openocd_command(argv, "shutdown");
}

static const struct fdm_flash_saying openocd_sayings[] = {
    {"LIBUSB_ERROR_ACCESS", FDM_FLASH_PERMISSION},
    {"LIBUSB_ERROR_BUSY", FDM_FLASH_BUSY},
    {"LIBUSB_ERROR_NO_DEVICE", FDM_FLASH_UNPLUGGED},
    {"LIBUSB_ERROR_IO", FDM_FLASH_UNPLUGGED},
    {"LIBUSB_ERROR_PIPE", FDM_FLASH_UNPLUGGED},
    {"Can't find target/", FDM_FLASH_UNFIT},
    {"invalid subcommand", FDM_FLASH_UNFIT}, /* 0.11 */
    {"invalid command name", FDM_FLASH_UNFIT},
    {"Can't find interface/", FDM_FLASH_UNFIT},
    {"Target voltage too low", FDM_FLASH_NO_TARGET},
    {"init mode failed (unable to connect to the target)", FDM_FLASH_NO_TARGET},
    {"open failed", FDM_FLASH_NO_PROBE},
    {"Device Security Bit Set", FDM_FLASH_LOCKED},
    {"device protected", FDM_FLASH_LOCKED},
    {"protection violated", FDM_FLASH_LOCKED},
    {"Cannot identify target as a", FDM_FLASH_WRONG_CHIP},
    {"** Verify Failed **", FDM_FLASH_VERIFY},
    {"checksum mismatch", FDM_FLASH_VERIFY},
    {"Unable to reset target", FDM_FLASH_NO_TARGET},
    {"Target not examined", FDM_FLASH_NO_TARGET},
    {NULL, FDM_FLASH_UNKNOWN},
};

/* ---- stlink's tools -------------------------------------------------------------------------- */

/* st-info cannot be told which probe: it lists all. */
static void stlink_identify(const struct fdm_flash_chip *chip, const char *serial,
                            struct fdm_flash_argv *argv)
{
    (void)chip;
    (void)serial;
    fdm_flash_argv_add(argv, "st-info");
    fdm_flash_argv_add(argv, "--probe");
    fdm_flash_argv_add(argv, "--connect-under-reset");
}

static void stlink_connect(const char *serial, struct fdm_flash_argv *argv)
{
    fdm_flash_argv_add(argv, "st-flash");
    if (serial[0] != '\0') {
        fdm_flash_argv_add(argv, "--serial");
        fdm_flash_argv_add(argv, "%s", serial);
    }
    fdm_flash_argv_add(argv, "--connect-under-reset");
}

/* st-flash shows option bytes by names that differ from chip to chip, but reads any address. */
static void stlink_read_register(uint32_t address, const char *serial, const char *file,
                                 struct fdm_flash_argv *argv)
{
    stlink_connect(serial, argv);
    fdm_flash_argv_add(argv, "read");
    fdm_flash_argv_add(argv, "%s", file);
    fdm_flash_argv_add(argv, "0x%08" PRIX32, address);
    fdm_flash_argv_add(argv, "4");
}

static void stlink_write(const struct fdm_flash_chip *chip, const char *serial, const char *image,
                         struct fdm_flash_argv *argv)
{
    stlink_connect(serial, argv);
    fdm_flash_argv_add(argv, "--reset");
    fdm_flash_argv_add(argv, "write");
    fdm_flash_argv_add(argv, "%s", image);
    fdm_flash_argv_add(argv, "0x%08" PRIX32, chip->address);
}

static const struct fdm_flash_saying stlink_sayings[] = {
    {"access error", FDM_FLASH_PERMISSION},
    {"LIBUSB_ERROR_ACCESS", FDM_FLASH_PERMISSION},
    {"LIBUSB_ERROR_BUSY", FDM_FLASH_BUSY},
    {"LIBUSB_ERROR_NO_DEVICE", FDM_FLASH_UNPLUGGED},
    {"LIBUSB_ERROR_IO", FDM_FLASH_UNPLUGGED},
    {"LIBUSB_ERROR_PIPE", FDM_FLASH_UNPLUGGED},
    {"Couldn't find", FDM_FLASH_NO_PROBE},
    {"Flash memory is write protected", FDM_FLASH_LOCKED},
    {"Failed to unlock flash", FDM_FLASH_LOCKED},
    {"Flash unlock failed", FDM_FLASH_LOCKED},
    {"Verification of flash failed", FDM_FLASH_VERIFY},
    {"Failed to enter SWD mode", FDM_FLASH_NO_TARGET},
    {"Can not connect to target", FDM_FLASH_NO_TARGET},
    {"Failed to connect to target", FDM_FLASH_NO_TARGET},
    {"unknown chip id", FDM_FLASH_UNFIT},
    {NULL, FDM_FLASH_UNKNOWN},
};

/* ---- STM32CubeProgrammer --------------------------------------------------------------------- */

static void cube_connect(const struct fdm_flash_chip *chip, const char *serial,
                         struct fdm_flash_argv *argv)
{
    fdm_flash_argv_add(argv, "STM32_Programmer_CLI");
    fdm_flash_argv_add(argv, "-c");
    fdm_flash_argv_add(argv, "port=SWD");
    if (serial[0] != '\0')
        fdm_flash_argv_add(argv, "sn=%s", serial);
    if (chip->ram) {
        fdm_flash_argv_add(argv, "ap=1");
        fdm_flash_argv_add(argv, "mode=HOTPLUG");
    } else {
        fdm_flash_argv_add(argv, "mode=UR");
        fdm_flash_argv_add(argv, "reset=HWrst");
    }
}

static void cube_identify(const struct fdm_flash_chip *chip, const char *serial,
                          struct fdm_flash_argv *argv)
{
    cube_connect(chip, serial, argv);
    if (chip->ram)
        fdm_flash_argv_add(argv, "-hardRst");
    if (chip->protection_register != 0) {
        fdm_flash_argv_add(argv, "-ob");
        fdm_flash_argv_add(argv, "displ");
    }
}

static void cube_write(const struct fdm_flash_chip *chip, const char *serial, const char *image,
                       struct fdm_flash_argv *argv)
{
    cube_connect(chip, serial, argv);
    fdm_flash_argv_add(argv, "-w");
    fdm_flash_argv_add(argv, "%s", image);
    fdm_flash_argv_add(argv, "-v");
    if (chip->ram) {
        fdm_flash_argv_add(argv, "-s");
        fdm_flash_argv_add(argv, "0x%08" PRIX32, chip->address);
    } else {
        fdm_flash_argv_add(argv, "-hardRst");
    }
}

static const struct fdm_flash_saying cube_sayings[] = {
    {"No debug probe detected", FDM_FLASH_NO_PROBE},
    {"No STLink detected", FDM_FLASH_NO_PROBE},
    {"No ST-LINK detected", FDM_FLASH_NO_PROBE},
    {"DEV_NO_STLINK", FDM_FLASH_NO_PROBE},
    {"Serial number not found", FDM_FLASH_NO_PROBE},
    {"DEV_CONNECT_ERR", FDM_FLASH_BUSY},
    {"DEV_USB_COMM_ERR", FDM_FLASH_UNPLUGGED},
    {"Data mismatch found at address", FDM_FLASH_VERIFY},
    {"Read Out Protection", FDM_FLASH_LOCKED},
    {"memory protection mechanism is active", FDM_FLASH_LOCKED},
    {"failed to erase memory", FDM_FLASH_LOCKED},
    {"No STM32 target found", FDM_FLASH_NO_TARGET},
    {"Unable to get core ID", FDM_FLASH_NO_TARGET},
    {NULL, FDM_FLASH_UNKNOWN},
};

/* ---- The table ------------------------------------------------------------------------------- */

const struct fdm_flash_tool fdm_flash_tools[] = {
    {
        .program = "STM32_Programmer_CLI",
        .source = "it comes with STM32CubeProgrammer, from st.com",
        .ram = true,
        .identify = cube_identify,
        .write = cube_write,
        .chip_label = "Device ID",
        .protection_label = "RDP ",
        .protection_alone = true,
        .success = "Download verified successfully",
        .sayings = cube_sayings,
    },
    {
        .program = "openocd",
        .source = "apt-get install openocd",
        .ram = true,
        .knows = openocd_knows,
        .identify = openocd_identify,
        .write = openocd_write,
        .chip_label = "fdm-chip ",
        .protection_label = OPENOCD_PROTECTION,
        .success = "** Verified OK **",
        .sayings = openocd_sayings,
    },
    {
        .program = "st-flash",
        .source = "apt-get install stlink-tools",
        .binary = true,
        .identify = stlink_identify,
        .write = stlink_write,
        .chip_label = "chipid:",
        .listed = true,
        .read_register = stlink_read_register,
        .success = "Flash written and verified",
        .sayings = stlink_sayings,
    },
    {.program = NULL},
};

enum fdm_flash_failure fdm_flash_classify(const struct fdm_flash_tool *tool, const char *output)
{
    const struct fdm_flash_saying *saying = tool->sayings;
    while (saying->words != NULL && strstr(output, saying->words) == NULL)
        saying++;
    return saying->failure;
}

static const char *find_serial(const char *output, const char *serial)
{
    size_t len = strlen(serial);
    for (; *output != '\0'; output++)
        if (strncasecmp(output, serial, len) == 0)
            return output + len;
    return NULL;
}

static bool read_hex(const char *at, uint32_t *out)
{
    if (strncmp(at, "0x", 2) != 0 || !isxdigit((unsigned char)at[2]))
        return false;
    unsigned long long value = strtoull(at, NULL, 16);
    *out = (uint32_t)value;
    return value <= UINT32_MAX;
}

bool fdm_flash_find(const struct fdm_flash_tool *tool, const char *output, const char *label,
                    const char *serial, uint32_t *out)
{
    const char *at = tool->listed ? find_serial(output, serial) : output;
    while (at != NULL && (at = strstr(at, label)) != NULL) {
        at += strlen(label);
        if (read_hex(at + strspn(at, " \t:"), out))
            return true;
    }
    return false;
}
