/* QEMU's plugin that counts instructions in user mode (targets/linux/qemu_counter.c), made with
 * this computer's compiler: an emulator on a computer of another kind cannot load it. */
#ifndef FDM_HARNESS_BUILD_COUNTER_H
#define FDM_HARNESS_BUILD_COUNTER_H

#include "harness/base/buf.h"
#include "harness/base/hash.h"
#include "harness/base/status.h"

/* Adds the plugin's source to a hash. `sources` is the folder that holds targets/.
 * FDM_ERR_NOT_FOUND, FDM_ERR_IO, FDM_ERR_FORMAT (over 1 MiB), FDM_ERR_MEMORY. */
enum fdm_status fdm_counter_hash(const char *sources, struct fdm_sha256 *hash,
                                 struct fdm_error *err);

/* Makes the plugin as the file `out`; what the compiler said is appended to `words`.
 * FDM_ERR_NOT_FOUND: no compiler, the message names the packages; FDM_ERR_FORMAT: it refused. */
enum fdm_status fdm_counter_make(const char *sources, const char *out, struct fdm_buf *words,
                                 struct fdm_error *err);

#endif
