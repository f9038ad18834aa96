/* How a call tells its outcome.
 *
 * Every function that can fail returns an `enum fdm_status` and takes a last parameter
 * `struct fdm_error *err`. On FDM_OK `*err` is untouched. On failure the first message wins: a
 * caller that adds nothing passes the status on unchanged; a caller that knows the file or the
 * layer puts it in front with fdm_error_context(). `err` may be NULL where nobody wants the words.
 */
#ifndef FDM_BASE_STATUS_H
#define FDM_BASE_STATUS_H

enum fdm_status {
    FDM_OK = 0,
    FDM_ERR_USAGE,       /* the caller's words are wrong: correct the command */
    FDM_ERR_IO,          /* the operating system refused: read the message, try again */
    FDM_ERR_NOT_FOUND,   /* the thing named does not exist */
    FDM_ERR_FORMAT,      /* a file or message is malformed, truncated or lies */
    FDM_ERR_UNSUPPORTED, /* well-formed, but uses what we do not implement */
    FDM_ERR_MEMORY,      /* allocation failed or a bound on memory was reached */
    FDM_ERR_TIMEOUT,     /* a deadline passed: retry */
    FDM_ERR_EOF,         /* the peer went away: reopen */
    FDM_ERR_CORRUPT,     /* bytes were damaged in transit: resynchronise */
    FDM_ERR_TARGET,      /* the board reported an error */
    FDM_ERR_MISMATCH,    /* a result or a hash differs from what was expected */
    FDM_ERR_BUSY,        /* somebody else holds it */
    FDM_ERR_CANCELLED    /* the user asked to stop */
};

/* Room for one sentence; longer messages are cut, always NUL-terminated. Control characters other
 * than newline and tab become '?', so that quoted input cannot drive a terminal. */
struct fdm_error {
    enum fdm_status status;
    char message[512];
};

#define FDM_ERROR_INIT                                                                             \
    {                                                                                              \
        FDM_OK,                                                                                    \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

#if defined(__GNUC__)
#define FDM_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define FDM_PRINTF(format_index, first)
#endif

/* Records the failure unless `err` already holds one, and returns `status` for `return
 * fdm_fail(…)`. */
enum fdm_status fdm_fail(struct fdm_error *err, enum fdm_status status, const char *format, ...)
    FDM_PRINTF(3, 4);

/* Puts "context: " in front of the message of a failed call; nothing if `err` holds no failure. */
void fdm_error_context(struct fdm_error *err, const char *format, ...) FDM_PRINTF(2, 3);

/* A stable lower-case word for a status, for JSON and tests: "ok", "format", … */
const char *fdm_status_name(enum fdm_status status);

#endif
