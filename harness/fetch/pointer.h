/* Git LFS pointers: what a server of Git repositories may send in place of a large file. */
#ifndef FDM_HARNESS_FETCH_POINTER_H
#define FDM_HARNESS_FETCH_POINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"

#define FDM_POINTER_BYTES_MAX 1024u /* no pointer is longer */

/* Reads a pointer (git-lfs's docs/spec.md, version 1). False for anything else. */
bool fdm_pointer_parse(const char *text, size_t len, char sha256[65], uint64_t *bytes);

/* Appends the address of the file behind a pointer found at `url`, an address like
 * "…/OWNER/REPO/raw/REF/PATH" or "…raw…/OWNER/REPO/REF/PATH": "<lfs_base>OWNER/REPO/REF/PATH".
 * False if it is neither. */
bool fdm_pointer_url(const char *url, const char *lfs_base, struct fdm_buf *out);

#endif
