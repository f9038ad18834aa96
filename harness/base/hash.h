/* SHA-256 (FIPS 180-4), the name by which models, images, splits and programs are known. */
#ifndef FDM_BASE_HASH_H
#define FDM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_SHA256_SIZE 32
#define FDM_SHA256_HEX_SIZE 65 /* 64 lower-case digits and the NUL */

struct fdm_sha256; /* opaque; one stream of bytes */

/* Begins a stream; the caller ends it with fdm_sha256_finish(). FDM_ERR_MEMORY. */
enum fdm_status fdm_sha256_begin(struct fdm_sha256 **out, struct fdm_error *err);
void fdm_sha256_update(struct fdm_sha256 *hash, const void *bytes, size_t len);
/* Writes the digits of everything fed and frees the stream; `hex` may be NULL to abandon it. */
void fdm_sha256_finish(struct fdm_sha256 *hash, char hex[FDM_SHA256_HEX_SIZE]);

/* One buffer at once. */
void fdm_sha256_hex(const void *bytes, size_t len, char hex[FDM_SHA256_HEX_SIZE]);
/* A file's content, read in pieces. FDM_ERR_NOT_FOUND, FDM_ERR_IO. */
enum fdm_status fdm_sha256_file(const char *path, char hex[FDM_SHA256_HEX_SIZE],
                                struct fdm_error *err);

#endif
