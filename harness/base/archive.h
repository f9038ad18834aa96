/* Reading archives that nobody vouches for, entry by entry; the only user of libarchive.
 *
 * Nothing is written: what an entry's name may be, and how much of it is wanted, is for the caller
 * to decide. Failures are FDM_ERR_FORMAT ("damaged archive: …") or FDM_ERR_MEMORY. */
#ifndef FDM_HARNESS_BASE_ARCHIVE_H
#define FDM_HARNESS_BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

struct fdm_archive;

enum fdm_archive_kind {
    FDM_ARCHIVE_FILE,
    FDM_ARCHIVE_FOLDER,
    FDM_ARCHIVE_LINK, /* symbolic or hard */
    FDM_ARCHIVE_OTHER /* devices, pipes, sockets */
};

struct fdm_archive_entry {
    const char *name; /* as stored, until the next entry; NULL: not readable */
    enum fdm_archive_kind kind;
    bool encrypted;
    bool has_size;
    int64_t size; /* as declared: any number */
};

/* A tar (ustar, pax, GNU) or zip file, plain or compressed by gzip, bzip2, xz or zstd. The caller
 * frees with fdm_archive_close(), which takes NULL. */
enum fdm_status fdm_archive_open(const char *path, struct fdm_archive **out, struct fdm_error *err);

/* A zip file in memory; `bytes` must outlive the archive. */
enum fdm_status fdm_archive_open_zip(const uint8_t *bytes, size_t len, struct fdm_archive **out,
                                     struct fdm_error *err);
void fdm_archive_close(struct fdm_archive *archive);

/* The next entry; `*end` tells that there is none. */
enum fdm_status fdm_archive_next(struct fdm_archive *archive, struct fdm_archive_entry *out,
                                 bool *end, struct fdm_error *err);

/* The next piece of the entry's content, until the next call; `*len` is 0 at its end. Offsets grow;
 * what lies between pieces, and between the last one and the declared size, is a hole of zeros. */
enum fdm_status fdm_archive_read(struct fdm_archive *archive, const void **data, size_t *len,
                                 uint64_t *offset, struct fdm_error *err);

#endif
