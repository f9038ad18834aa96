/* What a Linux kernel tells about the cores' clock and heat
 * (Documentation/admin-guide/pm/cpufreq.rst, Documentation/driver-api/thermal/sysfs-api.rst in the
 * kernel's sources). */
#ifndef FDM_LINUX_SYSFS_H
#define FDM_LINUX_SYSFS_H

#include <stdint.h>

#include "targets/wire/msg.h"

/* What the hardware of a core can, in kHz; 0: unknown. `root` is where sysfs is mounted. */
uint32_t fdm_sysfs_max_khz(const char *root, unsigned core);

/* Fills clocks, heat and governor of `*out` for the cores of out->cores; whatever is not there
 * stays as it is. */
void fdm_sysfs_read(const char *root, struct fdm_msg_state *out);

#endif
