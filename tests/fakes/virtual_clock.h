/* Takes the place of harness/base/clock.c in a test program: time passes only when the test says
 * so. One clock for the program, as the real one is. */
#ifndef FDM_TESTS_FAKES_VIRTUAL_CLOCK_H
#define FDM_TESTS_FAKES_VIRTUAL_CLOCK_H

#include <stdint.h>

/* Never backwards; what fdm_clock_now_ns() returns from now on. */
void virtual_clock_set(uint64_t now_ns);

#endif
