/* On which cores the program runs. Sets of cores are bits: bit i is core i, of the first 64. */
#ifndef FDM_LINUX_CORES_H
#define FDM_LINUX_CORES_H

#include <stdbool.h>
#include <stdint.h>

/* "0,2": core numbers below 64, none twice. False for anything else. */
bool fdm_cores_parse(const char *text, uint64_t *cores);

/* Keeps the program, and all threads that it will start, on these cores. False with errno, if one
 * does not exist or is not allowed. */
bool fdm_cores_pin(uint64_t cores);

/* The cores that the program may use; 0: unknown. */
uint64_t fdm_cores_allowed(void);

#endif
