#include "harness/demo/dice.h"

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct fdm_dice fdm_dice_begin(uint32_t seed, uint32_t index)
{
    return (struct fdm_dice){mix(((uint64_t)seed << 32) | index)};
}

uint32_t fdm_dice_throw(struct fdm_dice *dice)
{
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mix(dice->state) >> 32);
}

int32_t fdm_dice_between(struct fdm_dice *dice, int32_t low, int32_t high)
{
    uint64_t count = (uint64_t)((int64_t)high - low + 1);
    return (int32_t)(low + (int64_t)((fdm_dice_throw(dice) * count) >> 32));
}

bool fdm_dice_chance(struct fdm_dice *dice, int32_t percent)
{
    return fdm_dice_between(dice, 0, 99) < percent;
}

uint32_t fdm_dice_at(uint32_t x, uint32_t y, uint32_t salt)
{
    return (uint32_t)(mix(mix(((uint64_t)x << 32) | y) + salt) >> 32);
}
