/* The functions of the C library through which libserialport asks what a port is, replaced so that
 * it takes pseudo-terminals for ports: linked into a test program (serial_shim.h), or preloaded
 * into the real one, with the folder named by FDM_TEST_SYSFS. */
#ifndef FDM_TESTS_SUPPORT_SERIAL_CALLS_H
#define FDM_TESTS_SUPPORT_SERIAL_CALLS_H

#include <stddef.h>

#define SERIAL_CALLS_PORTS 4
#define SERIAL_CALLS_NAME 64

/* One for the program, as the functions are. */
struct serial_calls {
    char *folder; /* stands for /sys/class, NULL: the real one */
    size_t count;
    char tty[SERIAL_CALLS_PORTS][SERIAL_CALLS_NAME];  /* these names open */
    char port[SERIAL_CALLS_PORTS][SERIAL_CALLS_NAME]; /* these files */
};
extern struct serial_calls serial_calls;

#endif
