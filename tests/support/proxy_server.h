/* An HTTP proxy on the loopback address. Whatever host it is asked for, it leads to this computer,
 * so that addresses which nobody else can resolve prove that a request came through it. */
#ifndef FDM_TESTS_SUPPORT_PROXY_SERVER_H
#define FDM_TESTS_SUPPORT_PROXY_SERVER_H

#include "tests/support/loopback.h"

struct test_proxy {
    uint16_t http_port;      /* where "GET http://…" leads */
    uint16_t https_port;     /* where "CONNECT …" leads */
    const char *credentials; /* "user:password" in base64; NULL: asks for none */
};

/* `proxy` must live until the service is stopped. */
struct test_service test_proxy_start(const struct test_proxy *proxy);

#endif
