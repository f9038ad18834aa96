/* What the fuzz tests share: cases in a process of their own, so that one that crashes or leaks is
 * told by its number. A case is made from FDM_FUZZ_SEED and that number; FDM_FUZZ_CASES says how
 * many there are, FDM_FUZZ_FIRST which is the first. */
#ifndef FDM_TESTS_FUZZ_FUZZ_CHILD_H
#define FDM_TESTS_FUZZ_FUZZ_CHILD_H

#include <stdbool.h>
#include <stdint.h>

/* A number from the environment. */
uint32_t fuzz_setting(const char *name, uint32_t otherwise);

/* False: a promise was broken. `*accepted`, false before: the input was taken despite its damage.
 */
typedef bool fuzz_case(const void *subject, uint32_t seed, uint32_t number, bool *accepted);

/* Tries the cases, 10,000 or FDM_FUZZ_CASES divided by `divisor`, and fails the test, saying how to
 * repeat it, with the first that breaks a promise, crashes, or (with a sanitizer) leaks; a leak
 * shows at the end, under the number of the last case. */
void fuzz_in_child(fuzz_case *try_case, const void *subject, uint32_t divisor);

#endif
