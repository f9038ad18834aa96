#include "harness/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fdm_buf_init(struct fdm_buf *buf)
{
    memset(buf, 0, sizeof *buf);
}

void fdm_buf_release(struct fdm_buf *buf)
{
    free(buf->data);
    fdm_buf_init(buf);
}

void fdm_buf_reset(struct fdm_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

static bool reserve(struct fdm_buf *buf, size_t extra)
{
    if (buf->failed)
        return false;
    if (extra >= FDM_BUF_MAX || buf->len >= FDM_BUF_MAX - extra) {
        buf->failed = true;
        return false;
    }
    size_t needed = buf->len + extra + 1;
    if (needed <= buf->capacity)
        return true;
    size_t capacity = buf->capacity != 0 ? buf->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void fdm_buf_append(struct fdm_buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len != 0)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void fdm_buf_puts(struct fdm_buf *buf, const char *text)
{
    fdm_buf_append(buf, text, strlen(text));
}

void fdm_buf_printf(struct fdm_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (needed < 0)
        buf->failed = true;
    else if (reserve(buf, (size_t)needed)) {
        vsnprintf(buf->data + buf->len, (size_t)needed + 1, format, again);
        buf->len += (size_t)needed;
    }
    va_end(again);
}

enum fdm_status fdm_buf_check(const struct fdm_buf *buf, struct fdm_error *err)
{
    if (buf->failed)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory after %zu bytes of output", buf->len);
    return FDM_OK;
}
