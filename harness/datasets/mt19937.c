#include "harness/datasets/mt19937.h"

enum { WORDS = FDM_MT19937_WORDS, MIDDLE = 397 };

void fdm_mt19937_seed(struct fdm_mt19937 *generator, uint32_t seed)
{
    uint32_t *word = generator->word;
    word[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++)
        word[i] = UINT32_C(1812433253) * (word[i - 1] ^ (word[i - 1] >> 30)) + i;
    generator->next = WORDS;
}

static void twist(struct fdm_mt19937 *generator)
{
    uint32_t *word = generator->word;
    for (uint32_t i = 0; i < WORDS; i++) {
        uint32_t joined =
            (word[i] & UINT32_C(0x80000000)) | (word[(i + 1) % WORDS] & UINT32_C(0x7fffffff));
        uint32_t feedback = (joined & 1) != 0 ? UINT32_C(0x9908b0df) : 0;
        word[i] = word[(i + MIDDLE) % WORDS] ^ (joined >> 1) ^ feedback;
    }
    generator->next = 0;
}

uint32_t fdm_mt19937_next(struct fdm_mt19937 *generator)
{
    if (generator->next == WORDS)
        twist(generator);
    uint32_t y = generator->word[generator->next++];
    y ^= y >> 11;
    y ^= (y << 7) & UINT32_C(0x9d2c5680);
    y ^= (y << 15) & UINT32_C(0xefc60000);
    y ^= y >> 18;
    return y;
}

uint32_t fdm_mt19937_upto(struct fdm_mt19937 *generator, uint32_t max)
{
    if (max == 0)
        return 0;
    uint32_t mask = max;
    for (unsigned shift = 1; shift < 32; shift *= 2)
        mask |= mask >> shift;
    uint32_t value;
    do {
        value = fdm_mt19937_next(generator) & mask;
    } while (value > max);
    return value;
}
