/* Puts a program on a board through its debug probe: finds the probe, chooses a tool, makes sure
 * that it is the right chip and that it is open, writes, verifies and starts it. */
#ifndef FDM_CLIENT_FLASH_H
#define FDM_CLIENT_FLASH_H

#include <stdatomic.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/client/flash_tools.h"

struct fdm_flash_job {
    const char *board; /* its id, for messages */
    struct fdm_flash_chip chip;
    const char *program;     /* ELF file */
    const char *objcopy;     /* program that makes raw bytes of it, for tools that want them */
    const char *tool;        /* its program; NULL: the first of fdm_flash_tools that is installed */
    const char *serial;      /* of the probe; NULL: there is just one */
    uint64_t timeout_ns;     /* for each step; 0: two minutes */
    const atomic_bool *stop; /* may be NULL */
};

/* The program that fdm_flash_write() would use, in `*out`; it lasts. Touches no probe.
 * FDM_ERR_NOT_FOUND (none is there), FDM_ERR_USAGE (it cannot, or is too old for the chip),
 * FDM_ERR_IO, FDM_ERR_TIMEOUT, FDM_ERR_MEMORY. */
enum fdm_status fdm_flash_choose_tool(const struct fdm_flash_job *job, const char **out,
                                      struct fdm_error *err);

/* A chip that does not answer, or a verification that fails, is tried again twice; any other
 * failure ends it at once, with the tool's own words: FDM_ERR_NOT_FOUND (no probe, no tool),
 * FDM_ERR_USAGE (several probes, another chip, no tool that can), FDM_ERR_IO (no permission, no
 * answer, locked, does not verify, unknown words), FDM_ERR_BUSY (the probe is in use), FDM_ERR_EOF
 * (unplugged), FDM_ERR_TIMEOUT (the tool hung and was ended), FDM_ERR_CANCELLED, FDM_ERR_MEMORY. */
enum fdm_status fdm_flash_write(const struct fdm_flash_job *job, struct fdm_error *err);

#endif
