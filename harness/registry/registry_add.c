#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/registry/entries.h"

/* Room for one more entry behind `count`: the list, moved if need be, or NULL. */
static void *grow(void *list, size_t count, size_t size, struct fdm_error *err)
{
    char *grown = realloc(list, (count + 1) * size);
    if (grown == NULL)
        fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    else
        memset(grown + count * size, 0, size);
    return grown;
}

/* Where an entry belongs whose id stands at `found` already (or is new: found == count). Only the
 * user may replace, and only what is built in. */
static enum fdm_status claim(size_t found, size_t count, const char *id,
                             const struct fdm_entry_source *from, const char *other_file,
                             bool other_user, struct fdm_error *err)
{
    if (found == count || (from->user && !other_user))
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_FORMAT, "id: '%s' stands in %s already", id, other_file);
}

enum fdm_status fdm_registry_add_board(struct fdm_registry *registry,
                                       const struct fdm_json *document,
                                       const struct fdm_entry_source *from, struct fdm_error *err)
{
    struct fdm_registry_owned *owned = registry->owned;
    struct fdm_board_entry entry = {.file = from->file, .user = from->user};
    size_t count = registry->board_count;
    size_t at = 0;
    enum fdm_status status = fdm_board_read(owned, document, &entry, err);
    struct fdm_board_entry *list =
        status == FDM_OK ? grow(owned->boards, count, sizeof *list, err) : NULL;
    if (list == NULL)
        return status != FDM_OK ? status : FDM_ERR_MEMORY;
    owned->boards = list;
    registry->boards = list;
    while (at < count && strcmp(list[at].id, entry.id) != 0)
        at++;
    status = claim(at, count, entry.id, from, list[at].file, list[at].user, err);
    if (status == FDM_OK) {
        list[at] = entry;
        registry->board_count += at == count;
    }
    return status;
}

enum fdm_status fdm_registry_add_dataset(struct fdm_registry *registry,
                                         const struct fdm_json *document,
                                         const struct fdm_entry_source *from, struct fdm_error *err)
{
    struct fdm_registry_owned *owned = registry->owned;
    struct fdm_dataset_entry entry = {.file = from->file, .user = from->user};
    size_t count = registry->dataset_count;
    size_t at = 0;
    enum fdm_status status = fdm_dataset_read(owned, document, &entry, err);
    struct fdm_dataset_entry *list =
        status == FDM_OK ? grow(owned->datasets, count, sizeof *list, err) : NULL;
    if (list == NULL)
        return status != FDM_OK ? status : FDM_ERR_MEMORY;
    owned->datasets = list;
    registry->datasets = list;
    while (at < count && strcmp(list[at].id, entry.id) != 0)
        at++;
    status = claim(at, count, entry.id, from, list[at].file, list[at].user, err);
    if (status == FDM_OK) {
        list[at] = entry;
        registry->dataset_count += at == count;
    }
    return status;
}

static enum fdm_status add_model(struct fdm_registry *registry, const struct fdm_model_entry *entry,
                                 const struct fdm_entry_source *from, struct fdm_error *err)
{
    size_t count = registry->model_count;
    size_t at = 0;
    struct fdm_model_entry *list = grow(registry->owned->models, count, sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    registry->owned->models = list;
    registry->models = list;
    while (at < count && strcmp(list[at].id, entry->id) != 0)
        at++;
    enum fdm_status status = claim(at, count, entry->id, from, list[at].file, list[at].user, err);
    if (status == FDM_OK) {
        list[at] = *entry;
        list[at].file = from->file;
        list[at].user = from->user;
        registry->model_count += at == count;
    }
    return status;
}

/* `folder` as seen from the folder of `file`. */
static enum fdm_status resolve(struct fdm_registry_owned *owned, const char *file,
                               const char **folder, struct fdm_error *err)
{
    const char *slash = strrchr(file, '/');
    if (*folder == NULL || (*folder)[0] == '/' || slash == NULL)
        return FDM_OK;
    size_t head = (size_t)(slash - file) + 1;
    size_t size = head + strlen(*folder) + 1;
    char *path = fdm_registry_alloc(owned, size, 1, err);
    if (path == NULL)
        return FDM_ERR_MEMORY;
    snprintf(path, size, "%.*s%s", (int)head, file, *folder);
    *folder = path;
    return FDM_OK;
}

enum fdm_status fdm_registry_add_models(struct fdm_registry *registry,
                                        const struct fdm_json *document,
                                        const struct fdm_entry_source *from, struct fdm_error *err)
{
    struct fdm_model_entry *entries = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_models_read(registry->owned, document, &entries, &count, err);
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        status = resolve(registry->owned, from->file, &entries[i].folder, err);
        if (status == FDM_OK)
            status = add_model(registry, &entries[i], from, err);
        if (status != FDM_OK)
            fdm_error_context(err, "models[%zu]", i);
    }
    return status;
}

enum fdm_status fdm_registry_add_card(struct fdm_registry *registry,
                                      const struct fdm_json *document,
                                      const struct fdm_entry_source *from, struct fdm_error *err)
{
    (void)from;
    struct fdm_card card = {0};
    size_t count = registry->card_count;
    enum fdm_status status = fdm_card_read(registry->owned, document, &card, err);
    struct fdm_card *list =
        status == FDM_OK ? grow(registry->owned->cards, count, sizeof *list, err) : NULL;
    if (list == NULL)
        return status != FDM_OK ? status : FDM_ERR_MEMORY;
    registry->owned->cards = list;
    registry->cards = list;
    if (fdm_registry_card(registry, card.version) != NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "version: '%s' stands in another file already",
                        card.version);
    list[registry->card_count++] = card;
    return FDM_OK;
}
