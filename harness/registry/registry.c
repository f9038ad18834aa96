#include "harness/registry/registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/registry/entries.h"

#define FILES_MAX 4096u

/* ---- Folders --------------------------------------------------------------------------------- */

/* In the order in which they are read. */
static const struct {
    const char *installed;
    const char *in_source_tree;
    bool users; /* the user may add to it */
    fdm_entry_adder *add;
} kinds[] = {
    {"boards", "targets/boards", true, fdm_registry_add_board},
    {"datasets", "reference/datasets", true, fdm_registry_add_dataset},
    {"models", "reference/models", true, fdm_registry_add_models},
    {"published", "results/published", false, fdm_registry_add_card},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static enum fdm_status add_file(struct fdm_registry *registry, const char *path, bool user,
                                fdm_entry_adder *add, struct fdm_error *err)
{
    struct fdm_registry_owned *owned = registry->owned;
    size_t size = strlen(path) + 1;
    char *file = fdm_registry_alloc(owned, size, 1, err);
    struct fdm_json **documents =
        realloc(owned->documents, (owned->document_count + 1) * sizeof(struct fdm_json *));
    if (documents != NULL)
        owned->documents = documents;
    if (file == NULL || documents == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    memcpy(file, path, size);
    struct fdm_json *document;
    enum fdm_status status = fdm_json_read(path, &document, err);
    if (status != FDM_OK)
        return status;
    documents[owned->document_count++] = document;
    const struct fdm_entry_source from = {.file = file, .user = user};
    status = add(registry, document, &from, err);
    if (status != FDM_OK)
        fdm_error_context(err, "%s", path);
    return status;
}

static int is_entry(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum fdm_status add_folder(struct fdm_registry *registry, const char *folder, bool user,
                                  fdm_entry_adder *add, struct fdm_error *err)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_entry, by_bytes);
    enum fdm_status status = FDM_OK;
    if (count < 0)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", folder, strerror(errno));
    if ((unsigned)count > FILES_MAX)
        status = fdm_fail(err, FDM_ERR_FORMAT, "%s: more than %u files", folder, FILES_MAX);
    for (int i = 0; i < count; i++) {
        char *path = fdm_fs_join(folder, names[i]->d_name);
        if (path == NULL && status == FDM_OK)
            status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        if (path != NULL && status == FDM_OK)
            status = add_file(registry, path, user, add, err);
        free(path);
        free(names[i]);
    }
    free(names);
    return status;
}

/* The folder of a kind in either layout, or NULL. */
static char *kind_folder(const char *data_dir, size_t kind)
{
    char *folder = fdm_fs_join(data_dir, kinds[kind].installed);
    if (folder != NULL && !fdm_fs_is_dir(folder)) {
        free(folder);
        folder = fdm_fs_join(data_dir, kinds[kind].in_source_tree);
    }
    if (folder != NULL && !fdm_fs_is_dir(folder)) {
        free(folder);
        folder = NULL;
    }
    return folder;
}

static enum fdm_status add_built_in(struct fdm_registry *registry, const char *data_dir,
                                    struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < KIND_COUNT; i++) {
        char *folder = kind_folder(data_dir, i);
        if (folder == NULL)
            return fdm_fail(err, FDM_ERR_NOT_FOUND,
                            "%s: has neither %s nor %s (name the data folder in FDM_DATA_DIR)",
                            data_dir, kinds[i].installed, kinds[i].in_source_tree);
        status = add_folder(registry, folder, false, kinds[i].add, err);
        free(folder);
    }
    return status;
}

static enum fdm_status add_users(struct fdm_registry *registry, const char *user_dir,
                                 struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < KIND_COUNT; i++) {
        char *folder = fdm_fs_join(user_dir, kinds[i].installed);
        if (folder == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        if (kinds[i].users && fdm_fs_is_dir(folder))
            status = add_folder(registry, folder, true, kinds[i].add, err);
        free(folder);
    }
    return status;
}

/* ---- Loading --------------------------------------------------------------------------------- */

static int compare_boards(const void *a, const void *b)
{
    const struct fdm_board_entry *x = a;
    const struct fdm_board_entry *y = b;
    return strcmp(x->id, y->id);
}

static int compare_datasets(const void *a, const void *b)
{
    const struct fdm_dataset_entry *x = a;
    const struct fdm_dataset_entry *y = b;
    return strcmp(x->id, y->id);
}

/* Part by part as numbers: 9.1.0 before 10.0.0. */
static int compare_cards(const void *a, const void *b)
{
    const char *x = ((const struct fdm_card *)a)->version;
    const char *y = ((const struct fdm_card *)b)->version;
    while (*x != '\0' && *y != '\0') {
        char *x_end;
        char *y_end;
        unsigned long p = strtoul(x, &x_end, 10);
        unsigned long q = strtoul(y, &y_end, 10);
        if (p != q)
            return p < q ? -1 : 1;
        if (x_end == x || y_end == y || *x_end != '.' || *y_end != '.')
            return strcmp(x_end, y_end);
        x = x_end + 1;
        y = y_end + 1;
    }
    return strcmp(x, y);
}

static void sort_lists(struct fdm_registry *registry)
{
    struct fdm_registry_owned *owned = registry->owned;
    if (registry->board_count > 0)
        qsort(owned->boards, registry->board_count, sizeof *owned->boards, compare_boards);
    if (registry->dataset_count > 0)
        qsort(owned->datasets, registry->dataset_count, sizeof *owned->datasets, compare_datasets);
    if (registry->card_count > 0)
        qsort(owned->cards, registry->card_count, sizeof *owned->cards, compare_cards);
}

enum fdm_status fdm_registry_load(const char *data_dir, const char *user_dir,
                                  struct fdm_registry **out, struct fdm_error *err)
{
    *out = NULL;
    struct fdm_registry *registry = calloc(1, sizeof *registry);
    if (registry != NULL)
        registry->owned = calloc(1, sizeof *registry->owned);
    if (registry == NULL || registry->owned == NULL) {
        fdm_registry_free(registry);
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    enum fdm_status status = add_built_in(registry, data_dir, err);
    if (status == FDM_OK && user_dir != NULL)
        status = add_users(registry, user_dir, err);
    if (status == FDM_OK)
        status = fdm_registry_check(registry, err);
    if (status != FDM_OK) {
        fdm_registry_free(registry);
        return status;
    }
    sort_lists(registry);
    *out = registry;
    return FDM_OK;
}

enum fdm_status fdm_registry_load_default(struct fdm_registry **out, struct fdm_error *err)
{
    char *data_dir = NULL;
    char *user_dir = NULL;
    *out = NULL;
    enum fdm_status status = fdm_registry_find_data(&data_dir, err);
    if (status == FDM_OK) {
        /* Without a home there is nothing of the user's. */
        fdm_fs_user_dir(FDM_FS_CONFIG, &user_dir, NULL);
        status = fdm_registry_load(data_dir, user_dir, out, err);
    }
    free(data_dir);
    free(user_dir);
    return status;
}

void fdm_registry_free(struct fdm_registry *registry)
{
    if (registry == NULL)
        return;
    if (registry->owned != NULL)
        fdm_registry_release(registry->owned);
    free(registry->owned);
    free(registry);
}

static bool is_data_dir(const char *path)
{
    char *boards = path != NULL ? kind_folder(path, 0) : NULL;
    bool found = boards != NULL;
    free(boards);
    return found;
}

enum fdm_status fdm_registry_find_data(char **out, struct fdm_error *err)
{
    const char *named = getenv("FDM_DATA_DIR");
    char *program = NULL;
    *out = NULL;
    if (named != NULL) {
        if (is_data_dir(named))
            *out = strdup(named);
        else
            return fdm_fail(err, FDM_ERR_NOT_FOUND, "FDM_DATA_DIR names %s, which has no boards",
                            named);
        return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    if (fdm_fs_program_dir(&program, NULL) == FDM_OK)
        *out = fdm_fs_join(program, "../share/fdm-bench");
    if (!is_data_dir(*out)) {
        free(*out);
        *out = strdup(FDM_REGISTRY_SOURCE_TREE);
    }
    if (is_data_dir(*out)) {
        free(program);
        return FDM_OK;
    }
    free(*out);
    *out = NULL;
    fdm_fail(err, FDM_ERR_NOT_FOUND,
             "no data folder in %s/../share/fdm-bench or %s (name it in FDM_DATA_DIR)",
             program != NULL ? program : "?", FDM_REGISTRY_SOURCE_TREE);
    free(program);
    return FDM_ERR_NOT_FOUND;
}

/* ---- Finding --------------------------------------------------------------------------------- */

const struct fdm_board_entry *fdm_registry_board(const struct fdm_registry *registry,
                                                 const char *id)
{
    for (size_t i = 0; i < registry->board_count; i++)
        if (strcmp(registry->boards[i].id, id) == 0)
            return &registry->boards[i];
    return NULL;
}

const struct fdm_dataset_entry *fdm_registry_dataset(const struct fdm_registry *registry,
                                                     const char *id)
{
    for (size_t i = 0; i < registry->dataset_count; i++)
        if (strcmp(registry->datasets[i].id, id) == 0)
            return &registry->datasets[i];
    return NULL;
}

const struct fdm_model_entry *fdm_registry_model(const struct fdm_registry *registry,
                                                 const char *id)
{
    for (size_t i = 0; i < registry->model_count; i++)
        if (strcmp(registry->models[i].id, id) == 0)
            return &registry->models[i];
    return NULL;
}

const struct fdm_card *fdm_registry_card(const struct fdm_registry *registry, const char *version)
{
    for (size_t i = 0; i < registry->card_count; i++)
        if (strcmp(registry->cards[i].version, version) == 0)
            return &registry->cards[i];
    return NULL;
}
