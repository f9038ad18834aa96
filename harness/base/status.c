#include "harness/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Messages quote files and boards, and a terminal would obey the escape sequences in them. */
static void disarm(char *text)
{
    for (; *text != '\0'; text++)
        if (((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') || *text == 0x7f)
            *text = '?';
}

enum fdm_status fdm_fail(struct fdm_error *err, enum fdm_status status, const char *format, ...)
{
    if (err == NULL || err->status != FDM_OK)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    disarm(err->message);
    err->status = status;
    return status;
}

void fdm_error_context(struct fdm_error *err, const char *format, ...)
{
    if (err == NULL || err->status == FDM_OK)
        return;
    char context[sizeof err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    disarm(context);

    char joined[2 * sizeof err->message + 2];
    snprintf(joined, sizeof joined, "%s: %s", context, err->message);
    memcpy(err->message, joined, sizeof err->message - 1);
    err->message[sizeof err->message - 1] = '\0';
}

const char *fdm_status_name(enum fdm_status status)
{
    switch (status) {
    case FDM_OK:
        return "ok";
    case FDM_ERR_USAGE:
        return "usage";
    case FDM_ERR_IO:
        return "io";
    case FDM_ERR_NOT_FOUND:
        return "not-found";
    case FDM_ERR_FORMAT:
        return "format";
    case FDM_ERR_UNSUPPORTED:
        return "unsupported";
    case FDM_ERR_MEMORY:
        return "memory";
    case FDM_ERR_TIMEOUT:
        return "timeout";
    case FDM_ERR_EOF:
        return "eof";
    case FDM_ERR_CORRUPT:
        return "corrupt";
    case FDM_ERR_TARGET:
        return "target";
    case FDM_ERR_MISMATCH:
        return "mismatch";
    case FDM_ERR_BUSY:
        return "busy";
    case FDM_ERR_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}
