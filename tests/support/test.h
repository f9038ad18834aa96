/* What every test program includes first: cmocka with the headers that it needs, and our helpers.
 */
#ifndef FDM_TESTS_SUPPORT_TEST_H
#define FDM_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/base/status.h"

/* The folder with ST's models, real images and oracle vectors: the environment's FDM_TEST_DATA, or
 * the one of the configuration. NULL where it is absent; tests then call skip_without_test_data().
 */
const char *test_data_dir(void);
/* "<test data>/<relative>"; ends the test as skipped, saying so, if that does not exist. The caller
 * frees. */
char *test_data_path(const char *relative);

/* A fresh empty folder under TMPDIR; the caller frees the name and removes the tree with
 * test_rmtree(). */
char *test_tmpdir(void);
void test_rmtree(const char *folder);
/* The same for programs of boards (struct fdm_firmware_options): programs are its own, and compiled
 * objects are shared with all other tests of this build. */
char *test_firmware_folder(void);

/* Repeatable random numbers: xorshift32 (Marsaglia, 2003). The state must not be 0. */
uint32_t test_random(uint32_t *state);

/* Fails the test with the message if a call that should succeed did not. */
#define assert_ok(call_status, error)                                                              \
    do {                                                                                           \
        if ((call_status) != FDM_OK)                                                               \
            fail_msg("%s", (error).message);                                                       \
    } while (0)

#endif
