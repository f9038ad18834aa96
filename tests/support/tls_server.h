/* HTTPS in front of a plain server of this computer, with an authority and certificates made for
 * the occasion. */
#ifndef FDM_TESTS_SUPPORT_TLS_SERVER_H
#define FDM_TESTS_SUPPORT_TLS_SERVER_H

#include "tests/support/loopback.h"

struct test_tls; /* opaque */

/* Writes the authority's certificate to "<folder>/ca.pem", and to "<folder>/<hash>.0" as OpenSSL
 * looks for it in a folder. The server's certificate is for `subject`, "DNS:example.org" or
 * "IP:127.0.0.1", and ends `days` from now. Requests go on to `port`. */
struct test_tls *test_tls_start(const char *folder, const char *subject, int days, uint16_t port);
uint16_t test_tls_port(const struct test_tls *tls);
void test_tls_stop(struct test_tls *tls);

#endif
