/* A file of the cache while it is being received: what an interruption leaves of it is taken up by
 * the next run, with the server's ETag beside it ("<path>.etag").
 *
 * What is appended is gathered in memory and written in pieces of FDM_FOLLOW_PIECE_BYTES: so much
 * may be lost to a SIGKILL. The file holds no byte that was not received at its place, and its hash
 * is ready when the last one is. */
#ifndef FDM_HARNESS_FETCH_PARTIAL_H
#define FDM_HARNESS_FETCH_PARTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"
#include "harness/fetch/cache.h"

struct fdm_partial;

/* Opens what there is of the object, or begins it; more than `bytes` is begun anew. The caller
 * holds the object's lock and ends with fdm_partial_close(). FDM_ERR_IO also where the disk has not
 * the space for the rest. */
enum fdm_status fdm_partial_open(struct fdm_cache *cache, const char *sha256, uint64_t bytes,
                                 struct fdm_partial **out, struct fdm_error *err);

/* Writes what is gathered, as far as the disk takes it. NULL is allowed. */
void fdm_partial_close(struct fdm_partial *partial);

uint64_t fdm_partial_size(const struct fdm_partial *partial); /* with what is gathered */
/* The first bytes, if all of them that were written fit into `size`; else 0. */
size_t fdm_partial_read(const struct fdm_partial *partial, void *out, size_t size);

/* The server's tag of the version that this is part of; "" without one. */
const char *fdm_partial_etag(const struct fdm_partial *partial);
void fdm_partial_set_etag(struct fdm_partial *partial, const char *etag);

/* Drops every byte and the tag. Allowed at any time, also after fdm_partial_hash(). */
enum fdm_status fdm_partial_restart(struct fdm_partial *partial, struct fdm_error *err);

/* FDM_ERR_IO names the file; what the disk took counts. */
enum fdm_status fdm_partial_append(struct fdm_partial *partial, const void *bytes, size_t len,
                                   struct fdm_error *err);
/* Writes what is gathered: at the end of a transfer. */
enum fdm_status fdm_partial_flush(struct fdm_partial *partial, struct fdm_error *err);

/* The hash of all bytes, which were flushed. After it nothing can be appended. FDM_ERR_IO. */
enum fdm_status fdm_partial_hash(struct fdm_partial *partial, char hex[FDM_SHA256_HEX_SIZE],
                                 struct fdm_error *err);

#endif
