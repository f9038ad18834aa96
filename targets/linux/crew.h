/* Threads that execute a network together: the rows of QUANTIZE and of each convolution are shared
 * out among them. Nothing else of the published networks takes a percent of their time.
 *
 * What each thread computes are whole rows, by the same kernels as ever, so the bits do not depend
 * on how many there are. */
#ifndef FDM_LINUX_CREW_H
#define FDM_LINUX_CREW_H

#include <stdint.h>

#include "reference/network/network.h"

#define FDM_CREW_MAX 8

struct fdm_linux_crew;

/* `threads` in all, 1 to FDM_CREW_MAX, the one that runs the network included. NULL without memory
 * or threads. */
struct fdm_linux_crew *fdm_linux_crew_new(const struct fdm_network *network, unsigned threads);
/* Ends the threads; no network may be running. NULL is fine. */
void fdm_linux_crew_free(struct fdm_linux_crew *crew);

/* For the member `crew` of a copy of the network; lives as long as the crew. */
const struct fdm_network_crew *fdm_linux_crew_network(const struct fdm_linux_crew *crew);

#endif
