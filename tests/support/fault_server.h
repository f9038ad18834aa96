/* An HTTP server on the loopback address that does what servers should not.
 *
 * "/FAULT/ANY" serves test_server_content() of the size given at the start. FAULT says how; most
 * faults show twice per path and then give way. Runs in a process of its own. */
#ifndef FDM_TESTS_SUPPORT_FAULT_SERVER_H
#define FDM_TESTS_SUPPORT_FAULT_SERVER_H

#include "tests/support/loopback.h"

/* Serves `size` bytes under every path. */
struct test_service test_faults_start(uint64_t size);

/* Byte `offset` and the following of what the server has. */
void test_server_content(uint64_t offset, void *out, size_t len);

#endif
