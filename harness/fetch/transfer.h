/* HTTP transfers, many at once in one thread: what fetch.c needs of libcurl and no more.
 *
 * Redirects are followed (20 at most, never from https to http). Proxies come from http_proxy,
 * https_proxy, all_proxy and no_proxy; certificates from CURL_CA_BUNDLE, SSL_CERT_FILE and
 * SSL_CERT_DIR, else from the system; a server's name and password from the address or ~/.netrc. */
#ifndef FDM_HARNESS_FETCH_TRANSFER_H
#define FDM_HARNESS_FETCH_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_ETAG_SIZE 128

/* The final answer's head. */
struct fdm_response {
    unsigned status; /* 200, 206, 404 … */
    bool has_length; /* of the body that follows */
    uint64_t length;
    bool has_range; /* the answer says which bytes these are */
    uint64_t range_first;
    uint64_t range_total;     /* of the whole file; 0: not told */
    char etag[FDM_ETAG_SIZE]; /* a strong one, with its quotes; or "" */
    bool is_page;             /* text/html: rarely what was asked for */
    uint32_t retry_after_s;   /* 0: not told; a date counts from the answer's own */
};

/* How a transfer ended. */
enum fdm_transfer_end {
    FDM_TRANSFER_COMPLETE, /* as many bytes as the head said; any HTTP status */
    FDM_TRANSFER_CUT,      /* the connection failed, was lost or stood still: worth another try */
    FDM_TRANSFER_REFUSED,  /* certificate, proxy, redirects, address: a further try would fail alike
                            */
    FDM_TRANSFER_ABORTED   /* a callback asked for it */
};

struct fdm_transfer_outcome {
    enum fdm_transfer_end end;
    const char *message; /* what went wrong unless the end is FDM_TRANSFER_COMPLETE */
    const char *advice;  /* what the user can do about it; NULL: nothing is known to help */
};

/* Who receives one transfer. The callbacks run inside fdm_transfers_run(). */
struct fdm_receiver {
    void *context;
    /* Before the first byte of a body with status 200 or 206; the bodies of others are dropped.
     * False aborts. */
    bool (*on_head)(void *context, const struct fdm_response *response);
    bool (*on_body)(void *context, const void *bytes, size_t len);
    /* Last of all. */
    void (*on_end)(void *context, const struct fdm_transfer_outcome *outcome,
                   const struct fdm_response *response);
};

struct fdm_transfers;

struct fdm_transfers_options {
    const char *user_agent;
    uint32_t connect_ms; /* a connection must stand after this long */
    uint32_t stall_s;    /* less than 100 bytes a second for so long: cut */
};

/* The caller frees with fdm_transfers_free(), which takes NULL and drops what still runs without a
 * word to its receiver. FDM_ERR_MEMORY. */
enum fdm_status fdm_transfers_new(const struct fdm_transfers_options *options,
                                  struct fdm_transfers **out, struct fdm_error *err);
void fdm_transfers_free(struct fdm_transfers *transfers);

/* Begins a GET from byte `offset`. With an `etag` the server is asked to send the whole file if it
 * has another one by now. FDM_ERR_MEMORY. */
enum fdm_status fdm_transfers_start(struct fdm_transfers *transfers, const char *url,
                                    uint64_t offset, const char *etag,
                                    const struct fdm_receiver *receiver, struct fdm_error *err);

/* Works for at most `timeout_ms`, less if something happens. FDM_ERR_IO. */
enum fdm_status fdm_transfers_run(struct fdm_transfers *transfers, uint32_t timeout_ms,
                                  struct fdm_error *err);

#endif
