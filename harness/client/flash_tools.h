/* The programs that write firmware through a debug probe: how each is called, and what its words
 * mean. Nothing here starts a program: see flash.h.
 *
 * The words are those of OpenOCD 0.12 (0.11 has no `adapter serial`, nor `read_memory`), stlink 1.7
 * and STM32CubeProgrammer 2.17. */
#ifndef FDM_CLIENT_FLASH_TOOLS_H
#define FDM_CLIENT_FLASH_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_FLASH_FILES_MAX 4

/* A chip, seen from its debug port; 0 where unknown. */
struct fdm_flash_chip {
    const char *openocd[FDM_FLASH_FILES_MAX + 1]; /* its configuration files; ends with NULL */
    uint32_t address;                             /* where the program begins, with its vectors */
    uint32_t chip_id;                             /* DEV_ID of DBGMCU_IDCODE: 0x450 */
    uint32_t chip_id_register;                    /* DBGMCU_IDCODE */
    uint32_t protection_register; /* holds the read protection (RDP), 0xAA where there is none */
    uint32_t protection_shift;    /* its lowest bit there */
    bool ram;                     /* the program is loaded into RAM and started */
};

enum fdm_flash_failure {
    FDM_FLASH_OK,
    FDM_FLASH_NO_PROBE,
    FDM_FLASH_PERMISSION, /* the probe is there, and may not be opened */
    FDM_FLASH_BUSY,       /* another program holds the probe */
    FDM_FLASH_NO_TARGET,  /* the probe is there, the chip does not answer */
    FDM_FLASH_WRONG_CHIP,
    FDM_FLASH_LOCKED,
    FDM_FLASH_VERIFY,
    FDM_FLASH_UNPLUGGED, /* the probe went away in between */
    FDM_FLASH_UNFIT,     /* the tool does not know this chip, or is too old for our commands */
    FDM_FLASH_UNKNOWN    /* words that are not known here */
};

/* Words for exec, each with memory of its own. */
#define FDM_FLASH_WORDS_MAX 32
struct fdm_flash_argv {
    char *words[FDM_FLASH_WORDS_MAX + 1]; /* ends with NULL */
    size_t count;
    bool failed; /* out of memory, or too many, or one too long */
};
void fdm_flash_argv_add(struct fdm_flash_argv *argv, const char *format, ...) FDM_PRINTF(2, 3);
void fdm_flash_argv_release(struct fdm_flash_argv *argv);

struct fdm_flash_saying {
    const char *words;
    enum fdm_flash_failure failure;
};

struct fdm_flash_tool {
    const char *program;
    const char *source; /* where to get it */
    bool binary;        /* takes raw bytes instead of an ELF file */
    bool ram;           /* can load and start programs in RAM */
    /* Appends the words that fail, without a probe, where this version does not know the chip.
     * NULL: cannot be told before. */
    void (*knows)(const struct fdm_flash_chip *chip, struct fdm_flash_argv *argv);
    /* Appends the words that ask the chip who it is and write nothing. `serial` here and below is
     * the probe's number, or empty where it has none: then it is the only one. A chip with its
     * program in RAM is reset: its boot ROM is to find it as after power-on, not with another
     * program's caches and interrupts. */
    void (*identify)(const struct fdm_flash_chip *chip, const char *serial,
                     struct fdm_flash_argv *argv);
    /* Appends the words that write `image`, verify it and start it. */
    void (*write)(const struct fdm_flash_chip *chip, const char *serial, const char *image,
                  struct fdm_flash_argv *argv);
    const char *chip_label; /* in identify's output, in front of the id */
    bool listed;            /* identify lists all probes: the id behind the serial number counts */
    const char *protection_label; /* there, in front of the read protection; NULL: not told there */
    bool protection_alone;        /* the byte RDP follows, not the register that holds it */
    /* Where identify does not tell of it: appends the words that write the four bytes at an address
     * to `file`. NULL elsewhere. */
    void (*read_register)(uint32_t address, const char *serial, const char *file,
                          struct fdm_flash_argv *argv);
    const char *success;                    /* said once the image was verified */
    const struct fdm_flash_saying *sayings; /* the first that occurs counts; ends with NULL */
};

/* In the order of preference; ends with a NULL program. */
extern const struct fdm_flash_tool fdm_flash_tools[];

/* What the output of a tool that failed means. */
enum fdm_flash_failure fdm_flash_classify(const struct fdm_flash_tool *tool, const char *output);

/* The first hexadecimal number that follows `label` in what identify() wrote. False if there is
 * none. */
bool fdm_flash_find(const struct fdm_flash_tool *tool, const char *output, const char *label,
                    const char *serial, uint32_t *out);

#endif
