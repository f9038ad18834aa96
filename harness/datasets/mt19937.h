/* The Mersenne Twister MT19937: 32-bit numbers with a period of 2^19937 - 1.
 *
 * M. Matsumoto, T. Nishimura, "Mersenne Twister: A 623-dimensionally equidistributed uniform
 * pseudo-random number generator", ACM TOMACS 8 (1998) 3-30; seeding by one integer as in the
 * authors' revision of 2002 (multiplier 1812433253, Knuth, TAOCP vol. 2, 3rd ed., p. 106).
 */
#ifndef FDM_DATASETS_MT19937_H
#define FDM_DATASETS_MT19937_H

#include <stdint.h>

#define FDM_MT19937_WORDS 624

struct fdm_mt19937 {
    uint32_t word[FDM_MT19937_WORDS];
    uint32_t next; /* index of the next word to hand out; FDM_MT19937_WORDS: twist first */
};

void fdm_mt19937_seed(struct fdm_mt19937 *generator, uint32_t seed);
uint32_t fdm_mt19937_next(struct fdm_mt19937 *generator);

/* A whole number from 0 to `max`, as numpy's legacy RandomState draws it: 32 bits at a time,
 * masked with the smallest 2^k - 1 >= max, drawn again while above `max`; nothing is drawn for 0.
 */
uint32_t fdm_mt19937_upto(struct fdm_mt19937 *generator, uint32_t max);

#endif
