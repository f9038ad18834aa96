/* Unpacking archives that nobody vouches for.
 *
 * Reads tar (ustar, pax, GNU) and zip, plain or compressed by gzip, bzip2, xz or zstd. Only folders
 * and regular files come out, with modes 0755 and 0644 and today's times. Refused with
 * FDM_ERR_FORMAT, naming the entry: absolute paths, "..", names with control characters or without
 * end, links of both kinds (no dataset has any), devices, pipes, sockets, encrypted entries, an
 * entry that stands twice or lies below a file, and more entries or bytes than allowed, as declared
 * or as they come out. */
#ifndef FDM_HARNESS_FETCH_UNPACK_H
#define FDM_HARNESS_FETCH_UNPACK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

struct fdm_unpack_options {
    uint64_t max_bytes;      /* of all files together */
    uint64_t max_entries;    /* files and folders that the archive lists */
    const atomic_bool *stop; /* ends the work with FDM_ERR_CANCELLED; may be NULL */
    /* Called now and then with the sum of bytes written; may be NULL. */
    void (*on_progress)(void *context, uint64_t bytes);
    void *context;
};

struct fdm_unpack_totals {
    uint64_t files;
    uint64_t bytes;
};

/* Unpacks into `folder`, which must exist and be empty. On failure what was written stays there and
 * is the caller's to remove: unpack beside the place and rename. FDM_ERR_IO also when the disk has
 * less room than `max_bytes`. */
enum fdm_status fdm_unpack(const char *archive, const char *folder,
                           const struct fdm_unpack_options *options, struct fdm_unpack_totals *out,
                           struct fdm_error *err);

/* ---- The rules, apart from the reader ---------------------------------------------------------
 */

/* FDM_ERR_FORMAT unless `path` is a relative path that stays in its folder: parts of 1 to 255 bytes
 * that are neither ".." nor hold control characters, 1,023 bytes in all. "./" in front and "/"
 * behind are fine. */
enum fdm_status fdm_unpack_check_path(const char *path, struct fdm_error *err);

/* FDM_ERR_IO if the disk that holds `folder` has less than `bytes` left for this user. */
enum fdm_status fdm_unpack_check_space(const char *folder, uint64_t bytes, struct fdm_error *err);

#endif
