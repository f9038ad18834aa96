#include <stdio.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/demo_images.h"
#include "harness/cli/interrupt.h"

static const struct fdm_usage usage = {
    "demo",
    "demo draw DIR [--count N] [--seed S] [--size PIXELS]",
    "Draws the demonstration's images as PNG files, one folder per class: daisy, dandelion, "
    "roses,\n"
    "sunflowers, tulips. The same seed gives the same images everywhere; the model that comes "
    "with\n"
    "the program was trained on seed 1 and is measured on seed 2, by `fdm-bench run --demo`.",
    "  fdm-bench demo draw flowers --count 20 --size 256\n"
    "  fdm-bench demo draw training --seed 1 --count 6000",
};

int fdm_cmd_demo(int argc, char **argv)
{
    struct fdm_demo_set set = {FDM_DEMO_SEED, FDM_DEMO_COUNT, FDM_DEMO_SIZE};
    const struct fdm_opt options[] = {
        {"count", "N", "images to draw, the classes in turn (default: 1000)", FDM_OPT_COUNT,
         &set.count, 1, FDM_DEMO_COUNT_MAX},
        {"seed", "S", "another seed, other images (default: 2, the validation images)",
         FDM_OPT_COUNT, &set.seed, 0, UINT32_MAX},
        {"size", "PIXELS", "of a side (default: 128)", FDM_OPT_COUNT, &set.size, FDM_DEMO_SIZE_MIN,
         FDM_DEMO_SIZE_MAX},
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    const char *operands[2];
    size_t operand_count = 0;
    int done = fdm_cmd_parse(argc, argv, &usage, options, operands, 2, &operand_count);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    if (operand_count != 2 || strcmp(operands[0], "draw") != 0)
        fdm_fail(&err, FDM_ERR_USAGE,
                 "say `fdm-bench demo draw DIR`, with the folder to draw into");
    else
        fdm_demo_images_draw(operands[1], &set, fdm_interrupt_install(), &err);
    if (err.status != FDM_OK)
        return fdm_cmd_fail(usage.command, &err);
    fprintf(stderr, "%u images of seed %u in %s\n", set.count, set.seed, operands[1]);
    return FDM_EXIT_OK;
}
