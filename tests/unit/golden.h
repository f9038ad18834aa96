/* Rendered output against files under tests/unit/golden, byte for byte. */
#ifndef FDM_TESTS_UNIT_GOLDEN_H
#define FDM_TESTS_UNIT_GOLDEN_H

#include "harness/base/buf.h"

/* Fails the test, naming the first differing line, unless `got` is the file's content. With
 * FDM_GOLDEN_UPDATE=1 in the environment the file is written instead: read the difference before
 * you commit it. */
void assert_golden(const struct fdm_buf *got, const char *file);

#endif
