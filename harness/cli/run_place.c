#include "harness/cli/run_place.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "harness/base/fs.h"

struct fdm_filter fdm_run_filter(const struct fdm_opt_words *words)
{
    return (struct fdm_filter){words->items, words->count};
}

static bool is_wanted(const struct fdm_opt_words *words, const char *id)
{
    bool wanted = words->count == 0;
    for (size_t i = 0; i < words->count; i++)
        wanted = wanted || strcasecmp(words->items[i], id) == 0;
    return wanted;
}

static void forget_fetched_images(struct fdm_run_place *place)
{
    for (size_t i = 0; i < FDM_OPT_WORDS_MAX; i++) {
        free(place->fetched_images[i]);
        place->fetched_images[i] = NULL;
    }
    place->source_count = 0;
}

/* Without --images: the datasets that were fetched. */
static void use_fetched_images(const struct fdm_run_request *request, struct fdm_run_place *place)
{
    const struct fdm_registry *registry = place->registry;
    if (request->images.count > 0 || request->demo)
        return;
    forget_fetched_images(place);
    for (size_t i = 0; i < registry->dataset_count && place->source_count < FDM_OPT_WORDS_MAX;
         i++) {
        const char *id = registry->datasets[i].id;
        char *images = is_wanted(&request->datasets, id) ? fdm_workspace_images(id) : NULL;
        if (images == NULL)
            continue;
        place->fetched_images[place->source_count] = images;
        place->sources[place->source_count++] = (struct fdm_plan_source){id, images};
    }
}

/* "flowers=DIR", or just "DIR" where --dataset names the one dataset. */
static enum fdm_status parse_source(const struct fdm_run_request *request, size_t index,
                                    struct fdm_run_place *place, struct fdm_error *err)
{
    const char *word = request->images.items[index];
    const char *equals = strchr(word, '=');
    if (equals == NULL && request->datasets.count != 1)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--images %s: of which dataset? --images flowers=%s, or name one with "
                        "--dataset",
                        word, word);
    place->source_names[index] = equals != NULL ? strndup(word, (size_t)(equals - word))
                                                : strdup(request->datasets.items[0]);
    if (place->source_names[index] == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    place->sources[index].dataset = place->source_names[index];
    place->sources[index].root = equals != NULL ? equals + 1 : word;
    return FDM_OK;
}

static enum fdm_status add_demo(const struct fdm_run_request *request, struct fdm_run_place *place,
                                struct fdm_error *err)
{
    enum fdm_status status = fdm_demo_images_get(request->cache, place->stop, &place->demo, err);
    if (status == FDM_OK)
        place->sources[place->source_count++] = (struct fdm_plan_source){"demo", place->demo.root};
    return status;
}

/* ---- What is missing ------------------------------------------------------------------------- */

/* Names for fdm_supply_fetch(); the strings are the registry's. */
struct wants {
    const char **names;
    size_t count;
};

static bool has_images(const struct fdm_run_place *place, const char *dataset)
{
    for (size_t i = 0; i < place->source_count; i++)
        if (strcasecmp(place->sources[i].dataset, dataset) == 0)
            return true;
    return false;
}

static bool is_here(const struct fdm_run_place *place, const char *path)
{
    char *first = fdm_fs_join(place->models_dir, path);
    char *second = fdm_workspace_fetched_model(path);
    bool here = (first != NULL && fdm_fs_is_file(first)) || second != NULL;
    free(first);
    free(second);
    return here;
}

static void want_model(const struct fdm_run_request *request, const struct fdm_run_place *place,
                       const struct fdm_model_entry *model, enum fdm_format format,
                       struct wants *wants)
{
    const struct fdm_plan_options choice = {.models = fdm_run_filter(&request->models),
                                            .formats = fdm_run_filter(&request->formats),
                                            .resolution = request->resolution};
    const char *path = format == FDM_FORMAT_FLOAT ? model->float_file.path : model->int8_file.path;
    if (path != NULL && model->base_url != NULL && fdm_plan_wants(&choice, model, format) &&
        !is_here(place, path))
        wants->names[wants->count++] = path;
}

/* Datasets only where they are named: they are large. */
static void collect_wants(const struct fdm_run_request *request, const struct fdm_run_place *place,
                          struct wants *wants)
{
    const struct fdm_registry *registry = place->registry;
    bool named = request->datasets.count > 0 && !request->demo;
    for (size_t i = 0; named && i < registry->dataset_count; i++) {
        const char *id = registry->datasets[i].id;
        if (is_wanted(&request->datasets, id) && !has_images(place, id))
            wants->names[wants->count++] = id;
    }
    for (size_t i = 0; request->model_file == NULL && i < registry->model_count; i++) {
        const struct fdm_model_entry *model = &registry->models[i];
        bool chosen = named ? is_wanted(&request->datasets, model->dataset)
                            : has_images(place, model->dataset);
        if (!chosen)
            continue;
        want_model(request, place, model, FDM_FORMAT_INT8, wants);
        want_model(request, place, model, FDM_FORMAT_FLOAT, wants);
    }
}

static enum fdm_status fetch_missing(const struct fdm_run_request *request,
                                     const struct fdm_run_place *place, struct fdm_error *err)
{
    const struct fdm_registry *registry = place->registry;
    if (!fdm_supply_is_allowed(&request->supply))
        return FDM_OK;
    struct wants wants = {
        .names = calloc(registry->dataset_count + 2 * registry->model_count + 1, sizeof(char *))};
    if (wants.names == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    collect_wants(request, place, &wants);
    enum fdm_status status = FDM_OK;
    if (wants.count > 0)
        status = fdm_supply_fetch(&request->supply, registry, wants.names, wants.count, err);
    free(wants.names);
    return status;
}

enum fdm_status fdm_run_place_prepare(const struct fdm_run_request *request,
                                      struct fdm_run_place *place, struct fdm_error *err)
{
    enum fdm_status status = fdm_workspace_models(request->models_dir, &place->models_dir, err);
    if (status == FDM_OK && request->model_file != NULL)
        status = fdm_supply_model(&request->supply, request->models_dir, request->model_file,
                                  &place->model_file, err);
    for (size_t i = 0; status == FDM_OK && i < request->images.count; i++)
        status = parse_source(request, i, place, err);
    place->source_count = request->images.count;
    if (status == FDM_OK) {
        use_fetched_images(request, place);
        status = fetch_missing(request, place, err);
    }
    if (status == FDM_OK) {
        use_fetched_images(request, place);
        place->fetched_models = fdm_workspace_fetched_models();
    }
    if (status == FDM_OK && request->demo)
        status = add_demo(request, place, err);
    if (status == FDM_OK)
        place->cache = fdm_workspace_image_cache(request->cache, request->no_cache);
    return status;
}

void fdm_run_place_release(struct fdm_run_place *place)
{
    fdm_image_cache_free(place->cache);
    fdm_lab_free(place->lab);
    fdm_registry_free(place->registry);
    free(place->models_dir);
    free(place->model_file);
    free(place->fetched_models);
    fdm_demo_images_release(&place->demo);
    for (size_t i = 0; i < FDM_OPT_WORDS_MAX; i++)
        free(place->source_names[i]);
    forget_fetched_images(place);
}
