#include "tests/oracle/vector_input.h"

#include <stddef.h>
#include <string.h>

#include "tests/support/test.h"

#define LATTICE 9

static uint8_t draw(uint32_t *state)
{
    return (uint8_t)(test_random(state) >> 24);
}

static void fill_noise(uint32_t seed, uint32_t size, uint8_t *out)
{
    for (size_t i = 0; i < (size_t)size * size * 3; i++)
        out[i] = draw(&seed);
}

static void fill_constant(uint32_t seed, uint32_t size, uint8_t *out)
{
    memset(out, (int)seed, (size_t)size * size * 3);
}

static void fill_ramp(uint32_t seed, uint32_t size, uint8_t *out)
{
    (void)seed;
    for (size_t i = 0; i < (size_t)size * size * 3; i++)
        out[i] = (uint8_t)(i & 255);
}

/* Flat squares of 16 x 16 pixels, one colour each. */
static void fill_blocks(uint32_t seed, uint32_t size, uint8_t *out)
{
    for (uint32_t block = 0; block < (size / 16) * (size / 16); block++) {
        uint8_t colour[3] = {draw(&seed), 0, 0};
        colour[1] = draw(&seed);
        colour[2] = draw(&seed);
        uint32_t top = block / (size / 16) * 16;
        uint32_t left = block % (size / 16) * 16;
        for (uint32_t i = 0; i < 256; i++)
            memcpy(out + ((size_t)(top + i / 16) * size + left + i % 16) * 3, colour, 3);
    }
}

/* Bilinear between random colours on a lattice of 9 x 9. */
static void fill_smooth(uint32_t seed, uint32_t size, uint8_t *out)
{
    uint8_t lattice[LATTICE][LATTICE][3];
    for (int i = 0; i < LATTICE * LATTICE * 3; i++)
        lattice[i / 3 / LATTICE][i / 3 % LATTICE][i % 3] = draw(&seed);
    uint32_t cell = size / 8;
    for (uint32_t i = 0; i < size * size * 3; i++) {
        uint32_t y = i / 3 / size;
        uint32_t x = i / 3 % size;
        uint32_t fy = y % cell;
        uint32_t fx = x % cell;
        uint8_t(*top)[3] = &lattice[y / cell][x / cell];
        uint8_t(*bottom)[3] = &lattice[y / cell + 1][x / cell];
        uint32_t sum = (cell - fx) * (cell - fy) * top[0][i % 3] +
                       fx * (cell - fy) * top[1][i % 3] + (cell - fx) * fy * bottom[0][i % 3] +
                       fx * fy * bottom[1][i % 3];
        out[i] = (uint8_t)((sum + cell * cell / 2) / (cell * cell));
    }
}

bool vector_input(const char *generator, uint32_t seed, uint32_t size, uint8_t *out)
{
    static const struct {
        const char *name;
        void (*fill)(uint32_t seed, uint32_t size, uint8_t *out);
    } generators[] = {{"xorshift32", fill_noise},
                      {"const", fill_constant},
                      {"ramp", fill_ramp},
                      {"blocks16", fill_blocks},
                      {"smooth8", fill_smooth}};
    for (size_t i = 0; i < sizeof generators / sizeof generators[0]; i++) {
        if (size % 16 == 0 && strcmp(generator, generators[i].name) == 0) {
            generators[i].fill(seed, size, out);
            return true;
        }
    }
    return false;
}

const struct vector_runtime vector_runtimes[VECTOR_RUNTIMES] = {
    {"tflite", "tflite-2.9.0-x86_64-builtin RUY_PATHS=1 (portable ruy)"},
    {"tflite-arm", "tflite-2.9.0-aarch64-builtin (qemu-aarch64)"},
    {"xnnpack", "tflite-2.9.0-x86_64-xnnpack-qs8 (static graph)"},
    {"xnnpack", "litertjs-2.5.3-wasm default (XNNPACK)"},
    {"litert-builtin", "litertjs-2.5.3-wasm builtin kernels (XNNPACK refused by model edit)"},
};
