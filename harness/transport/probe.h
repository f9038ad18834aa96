/* ST-LINK debug probes on USB, as the kernel lists them: no tool and no rights are needed. */
#ifndef FDM_TRANSPORT_PROBE_H
#define FDM_TRANSPORT_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"

struct fdm_probe {
    char serial[64];  /* as tools take it: letters and digits; empty if it has no such */
    char product[64]; /* "STLINK-V3" */
    char node[96];    /* "/dev/bus/usb/001/007" */
    bool allowed;     /* we may open the node */
};

/* Its serial number, or words where it has none: for messages. */
const char *fdm_probe_name(const struct fdm_probe *probe);

/* What lets a user open probes: in one line, for messages. */
#define FDM_PROBE_PERMISSION_FIX                                                                   \
    "install the udev rules of stlink-tools or openocd (apt-get install stlink-tools), then "      \
    "unplug "                                                                                      \
    "the probe and plug it in again"

/* All of them, ordered by serial number, in one block that the caller frees; NULL where there is
 * none. The environment's FDM_SYSFS and FDM_DEV name other folders than /sys and /dev.
 * FDM_ERR_MEMORY. */
enum fdm_status fdm_probe_list(struct fdm_probe **out, size_t *count, struct fdm_error *err);

#endif
