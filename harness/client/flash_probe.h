/* Which debug probe is meant: by its serial number, or because there is no other. */
#ifndef FDM_CLIENT_FLASH_PROBE_H
#define FDM_CLIENT_FLASH_PROBE_H

#include <stddef.h>

#include "harness/base/status.h"
#include "harness/transport/probe.h"

/* The probe that a serial number means, or the only one, in `*out`. FDM_ERR_NOT_FOUND,
 * FDM_ERR_USAGE (several, and no number), FDM_ERR_IO (may not be opened). */
enum fdm_status fdm_flash_choose_probe(const struct fdm_probe *probes, size_t count,
                                       const char *serial, struct fdm_probe *out,
                                       struct fdm_error *err);

/* The same among those that are attached; also FDM_ERR_MEMORY. */
enum fdm_status fdm_flash_find_probe(const char *serial, struct fdm_probe *out,
                                     struct fdm_error *err);

#endif
