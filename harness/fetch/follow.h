/* The SHA-256 of a file while it is being written: a thread reads behind the writer, so that a
 * download is hashed when it ends, without taking time from receiving. */
#ifndef FDM_HARNESS_FETCH_FOLLOW_H
#define FDM_HARNESS_FETCH_FOLLOW_H

#include <stdint.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"

struct fdm_follow;

/* Begins at byte 0 of `fd`, which must stay open and keep the bytes it was told of until
 * fdm_follow_end(). FDM_ERR_MEMORY. */
enum fdm_status fdm_follow_begin(int fd, struct fdm_follow **out, struct fdm_error *err);

/* The first `size` bytes are written now; never less than the last time. */
void fdm_follow_grow(struct fdm_follow *follow, uint64_t size);

/* Frees `follow`, which may be NULL. With `hex` it first waits for the hash of all bytes; NULL
 * drops it. FDM_ERR_IO if the file cannot be read or is shorter than said. */
enum fdm_status fdm_follow_end(struct fdm_follow *follow, char hex[FDM_SHA256_HEX_SIZE],
                               struct fdm_error *err);

#endif
