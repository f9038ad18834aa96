/* A growing byte buffer for everything that is rendered or assembled.
 *
 * `data` is NULL or NUL-terminated behind `len` bytes. Running out of memory, or past FDM_BUF_MAX,
 * sets `failed` and later appends do nothing: renderers append freely and the end of the job checks
 * once. */
#ifndef FDM_BASE_BUF_H
#define FDM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"

#define FDM_BUF_MAX ((size_t)1 << 30)

struct fdm_buf {
    char *data;
    size_t len;
    size_t capacity;
    bool failed;
};

void fdm_buf_init(struct fdm_buf *buf);
void fdm_buf_release(struct fdm_buf *buf);
/* Empties the buffer, keeps its memory and forgets a failure. */
void fdm_buf_reset(struct fdm_buf *buf);

void fdm_buf_append(struct fdm_buf *buf, const void *bytes, size_t len);
void fdm_buf_puts(struct fdm_buf *buf, const char *text);
void fdm_buf_printf(struct fdm_buf *buf, const char *format, ...) FDM_PRINTF(2, 3);

/* FDM_OK, or FDM_ERR_MEMORY if any append failed. */
enum fdm_status fdm_buf_check(const struct fdm_buf *buf, struct fdm_error *err);

#endif
