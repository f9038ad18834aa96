/* Serial ports for tests: pseudo-terminals that libserialport takes for ports.
 *
 * The library asks sysfs what a name is, and the modem lines whether a port is there; a
 * pseudo-terminal has neither. Linking serial_shim.c into a test program replaces the functions of
 * the C library through which it asks. They answer for the ports made here and pass everything else
 * on to the kernel. */
#ifndef FDM_TESTS_SUPPORT_SERIAL_SHIM_H
#define FDM_TESTS_SUPPORT_SERIAL_SHIM_H

#include "tests/support/serial_calls.h"

#define TEST_SERIAL_NAME SERIAL_CALLS_NAME

struct test_serial {
    int board;                   /* the board's end: raw, non-blocking; -1 once closed */
    char port[TEST_SERIAL_NAME]; /* the computer's end: "/dev/pts/3" */
};

/* A new port. */
void test_serial_make(struct test_serial *serial);
/* Lets the port also appear as /dev/<tty>, on a USB probe with this product and serial number. */
void test_serial_plug(const struct test_serial *serial, const char *tty, const char *product,
                      const char *number);
/* The rate that the computer set, in bits per second; fails the test unless it is with 8 data bits,
 * no parity, 1 stop bit and no flow control. */
unsigned test_serial_baud(const struct test_serial *serial);
/* The board vanishes. */
void test_serial_pull(struct test_serial *serial);
/* Forgets all ports; for the end of each test. */
void test_serial_forget(void);

#endif
