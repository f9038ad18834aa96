#include "harness/bench/engine.h"

#include <string.h>

#include "reference/kernels/nn_kernel.h"

static const char *const engines[] = {FDM_ENGINE_REFERENCE, FDM_ENGINE_TUNED};

const char *fdm_engine_at(size_t index)
{
    return index < sizeof engines / sizeof engines[0] ? engines[index] : NULL;
}

bool fdm_engine_has_tuned(unsigned isas)
{
    for (const struct fdm_nn_kernel *k = fdm_nn_tuned_kernels; k->name != NULL; k++)
        if ((isas & (unsigned)k->isa) != 0)
            return true;
    return false;
}

static bool is_engine(const char *word)
{
    const char *name;
    for (size_t i = 0; (name = fdm_engine_at(i)) != NULL; i++)
        if (strcmp(name, word) == 0)
            return true;
    return strcmp(word, "all") == 0;
}

enum fdm_status fdm_engine_check(const char *const *words, size_t count, struct fdm_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!is_engine(words[i]))
            return fdm_fail(err, FDM_ERR_USAGE, "no engine \"%s\"; there are reference and tuned",
                            words[i]);
    return FDM_OK;
}

bool fdm_engine_wanted(const char *const *words, size_t count, unsigned isas, const char *engine)
{
    if (count == 0)
        return strcmp(engine,
                      fdm_engine_has_tuned(isas) ? FDM_ENGINE_TUNED : FDM_ENGINE_REFERENCE) == 0;
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], engine) == 0 || strcmp(words[i], "all") == 0)
            return true;
    return false;
}
