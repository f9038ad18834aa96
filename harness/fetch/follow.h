/* The SHA-256 of a file while it is being written, in a thread of its own, so that a download is
 * hashed when it ends, without taking time from receiving.
 *
 * The writer fills pieces of memory that it gets from here and writes them to the file; the thread
 * hashes them from memory. What it has no piece for it reads from the file: what an earlier run
 * left, and what came in the meantime. */
#ifndef FDM_HARNESS_FETCH_FOLLOW_H
#define FDM_HARNESS_FETCH_FOLLOW_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"

#define FDM_FOLLOW_PIECE_BYTES ((size_t)256 << 10)

struct fdm_follow;

/* Begins at byte 0 of `fd`, whose first `size` bytes are there. It must stay open, and keep the
 * bytes that were told of, until fdm_follow_end(). FDM_ERR_MEMORY. */
enum fdm_status fdm_follow_begin(int fd, uint64_t size, struct fdm_follow **out,
                                 struct fdm_error *err);

/* Where the writer gathers what comes next in the file: FDM_FOLLOW_PIECE_BYTES, the same until
 * fdm_follow_wrote(). */
uint8_t *fdm_follow_piece(struct fdm_follow *follow);

/* The piece's first `len` bytes stand in the file now, behind the others. Waits where hashing is
 * slower than the writer, but for no longer than one piece takes. */
void fdm_follow_wrote(struct fdm_follow *follow, size_t len);

/* Frees `follow`, which may be NULL. With `hex` it first waits for the hash of all bytes; NULL
 * drops it. FDM_ERR_IO if the file cannot be read or is shorter than said. */
enum fdm_status fdm_follow_end(struct fdm_follow *follow, char hex[FDM_SHA256_HEX_SIZE],
                               struct fdm_error *err);

#endif
