#include "harness/datasets/mapping.h"

#include <math.h>
#include <string.h>

static const struct fdm_mapping mappings[] = {
    {"x/255", (float)(1.0 / 255.0), 0.0F},
    {"x/255-1", (float)(1.0 / 255.0), -1.0F},
    {"x/127.5-1", (float)(1.0 / 127.5), -1.0F},
};

const struct fdm_mapping *fdm_mapping_find(const char *name)
{
    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++)
        if (strcmp(mappings[i].name, name) == 0)
            return &mappings[i];
    return NULL;
}

struct fdm_mapping fdm_mapping_for_quant(float scale, int32_t zero_point)
{
    float zero = (float)zero_point;
    return (struct fdm_mapping){"input-quantization", scale, -zero * scale};
}

static float rescale(const struct fdm_mapping *mapping, uint8_t pixel)
{
    /* Two statements: a compiler may fuse multiply and add within one, which rounds once only. */
    float product = (float)pixel * mapping->scale;
    return product + mapping->offset;
}

void fdm_mapping_apply_f32(const struct fdm_mapping *mapping, const uint8_t *pixels, size_t count,
                           float *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = rescale(mapping, pixels[i]);
}

enum fdm_status fdm_mapping_quantize_u8(const struct fdm_mapping *mapping, float scale,
                                        int32_t zero_point, struct fdm_mapping_table *out,
                                        struct fdm_error *err)
{
    if (!isfinite(scale) || scale <= 0.0F || zero_point < 0 || zero_point > 255)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "not the quantization of an unsigned 8-bit input: scale %g, zero point %d",
                        (double)scale, (int)zero_point);
    memset(out, 0, sizeof *out);
    for (unsigned x = 0; x < 256; x++) {
        float quotient = rescale(mapping, (uint8_t)x) / scale;
        float value = quotient + (float)zero_point;
        float clipped = fminf(fmaxf(rintf(value), 0.0F), 255.0F);
        out->code[x] = (uint8_t)clipped;
        out->identical += out->code[x] == x;
        out->saturated += value < -0.5F || value > 255.5F;
    }
    return FDM_OK;
}

void fdm_mapping_apply_u8(const struct fdm_mapping_table *table, const uint8_t *pixels,
                          size_t count, uint8_t *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = table->code[pixels[i]];
}
