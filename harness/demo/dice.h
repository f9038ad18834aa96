/* Repeatable throws for the drawings: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom
 * Number Generators, 2014). Whole numbers only, so the same everywhere; but never throw twice among
 * the arguments of one call or in one initializer, since C leaves their order open. */
#ifndef FDM_DEMO_DICE_H
#define FDM_DEMO_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct fdm_dice {
    uint64_t state;
};

/* Each pair of seed and index begins a sequence of its own. */
struct fdm_dice fdm_dice_begin(uint32_t seed, uint32_t index);
uint32_t fdm_dice_throw(struct fdm_dice *dice);
/* From `low` to `high`, both included; low <= high. */
int32_t fdm_dice_between(struct fdm_dice *dice, int32_t low, int32_t high);
/* True in `percent` of 100 throws. */
bool fdm_dice_chance(struct fdm_dice *dice, int32_t percent);

/* A well-mixed number for a place, without a sequence: grain and noise. */
uint32_t fdm_dice_at(uint32_t x, uint32_t y, uint32_t salt);

#endif
