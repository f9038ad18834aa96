/* TCP servers of the tests: on the loopback address, in a process of their own. */
#ifndef FDM_TESTS_SUPPORT_LOOPBACK_H
#define FDM_TESTS_SUPPORT_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct test_service {
    pid_t pid;
    uint16_t port;
};

/* Starts a process that calls `serve` for each connection in a thread and closes the connection
 * when that returns. Stopping it kills the process, and so does the end of the test. */
struct test_service test_service_start(void (*serve)(void *context, int fd), void *context);
void test_service_stop(struct test_service *service);

/* A connection to a port of this computer, or -1. */
int test_connect(uint16_t port);

/* False where the other side is gone. */
bool test_send(int fd, const void *data, size_t len);

/* The head of an HTTP message with the empty line, NUL-terminated, and what came with it; false if
 * the connection ends before or it is longer than `size` - 1. */
bool test_read_head(int fd, char *text, size_t size, size_t *len);

/* Copies what either side sends to the other until one has ended. */
void test_tunnel(int a, int b);

#endif
