#include "tests/support/mutate.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#define PIECE_MAX 64

struct damaged {
    uint8_t *bytes;
    size_t len; /* at least 1 */
    uint32_t random;
};

static size_t below(struct damaged *d, size_t bound)
{
    return test_random(&d->random) % bound;
}

static void flip_bit(struct damaged *d)
{
    d->bytes[below(d, d->len)] ^= (uint8_t)(1U << below(d, 8));
}

static void set_byte(struct damaged *d)
{
    d->bytes[below(d, d->len)] = (uint8_t)test_random(&d->random);
}

static void set_number(struct damaged *d)
{
    const uint32_t numbers[] = {0,          1,          2,          0x7f,
                                0xff,       0xffff,     0x7fffffff, 0x80000000,
                                0xffffffff, 0xfffffffc, 0x40000001, (uint32_t)d->len};
    uint32_t number = numbers[below(d, sizeof numbers / sizeof numbers[0])];
    size_t at = below(d, d->len) & ~(size_t)3;
    for (size_t i = 0; i < 4 && at + i < d->len; i++)
        d->bytes[at + i] = (uint8_t)(number >> (8 * i));
}

static void copy_piece(struct damaged *d)
{
    size_t piece = 1 + below(d, PIECE_MAX);
    if (piece >= d->len)
        return;
    size_t from = below(d, d->len - piece);
    memmove(d->bytes + below(d, d->len - piece), d->bytes + from, piece);
}

static void zero_piece(struct damaged *d)
{
    size_t piece = 1 + below(d, PIECE_MAX);
    if (piece < d->len)
        memset(d->bytes + below(d, d->len - piece), 0, piece);
}

static void cut_end(struct damaged *d)
{
    /* Rarely, since what is gone cannot be damaged further. */
    if (below(d, 4) == 0)
        d->len -= below(d, d->len);
}

uint8_t *test_mutate(const uint8_t *bytes, size_t *len, uint32_t seed, uint32_t number)
{
    static void (*const changes[])(struct damaged * d) = {flip_bit,   set_byte,   set_number,
                                                          copy_piece, zero_piece, cut_end};
    struct damaged d = {malloc(*len), *len, (seed ^ (number + 1) * UINT32_C(2654435761)) | 1};
    assert_non_null(d.bytes);
    memcpy(d.bytes, bytes, *len);
    for (int i = 0; i < 8; i++)
        test_random(&d.random);
    size_t count = 1 + below(&d, 8);
    for (size_t i = 0; i < count; i++)
        changes[below(&d, sizeof changes / sizeof changes[0])](&d);
    uint8_t *exact = realloc(d.bytes, d.len);
    assert_non_null(exact);
    *len = d.len;
    return exact;
}
