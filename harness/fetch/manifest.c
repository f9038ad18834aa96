#include "harness/fetch/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/json.h"
#include "harness/fetch/unpack.h"

#define FILE_BYTES_MAX (UINT64_C(1) << 42)
#define ENTRIES_MAX (UINT64_C(1) << 24)

struct block {
    struct block *next;
    struct fdm_json *document; /* one of the two */
    char *text;
};

struct fdm_manifest {
    const struct fdm_registry *registry;
    struct fdm_download *list;
    size_t count;
    struct fdm_licence *licences;
    size_t licence_count;
    struct block *blocks; /* what the pointers lead to */
};

static enum fdm_status no_memory(struct fdm_error *err)
{
    fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    return FDM_ERR_MEMORY;
}

static enum fdm_status keep(struct fdm_manifest *manifest, struct fdm_json *document, char *text,
                            struct fdm_error *err)
{
    struct block *block = calloc(1, sizeof *block);
    if (block == NULL) {
        fdm_json_free(document);
        free(text);
        return no_memory(err);
    }
    *block = (struct block){manifest->blocks, document, text};
    manifest->blocks = block;
    return FDM_OK;
}

void fdm_manifest_free(struct fdm_manifest *manifest)
{
    if (manifest == NULL)
        return;
    while (manifest->blocks != NULL) {
        struct block *block = manifest->blocks;
        manifest->blocks = block->next;
        fdm_json_free(block->document);
        free(block->text);
        free(block);
    }
    free(manifest->list);
    free(manifest->licences);
    free(manifest);
}

size_t fdm_manifest_count(const struct fdm_manifest *manifest)
{
    return manifest->count;
}

const struct fdm_download *fdm_manifest_at(const struct fdm_manifest *manifest, size_t index)
{
    return &manifest->list[index];
}

const char *fdm_download_name(const struct fdm_download *download)
{
    return download->dataset != NULL ? download->dataset->id : download->path;
}

bool fdm_download_matches(const struct fdm_download *download, const char *word)
{
    size_t len = strlen(word);
    if (strcmp(word, "all") == 0 || strcmp(word, download->group) == 0 ||
        strcmp(word, download->path) == 0)
        return true;
    if (download->dataset != NULL)
        return strcmp(word, download->dataset->id) == 0;
    if (strncmp(word, download->path, len) != 0 || strchr(word, '/') == NULL)
        return false;
    return word[len - 1] == '/' || download->path[len] == '/' || download->path[len] == '\0';
}

/* ---- Reading -----------------------------------------------------------------------------------
 */

static const struct fdm_licence *find_licence(const struct fdm_manifest *manifest, const char *id)
{
    for (size_t i = 0; id != NULL && i < manifest->licence_count; i++)
        if (strcmp(manifest->licences[i].id, id) == 0)
            return &manifest->licences[i];
    return NULL;
}

static struct fdm_download *grow(struct fdm_manifest *manifest)
{
    struct fdm_download *list =
        realloc(manifest->list, (manifest->count + 1) * sizeof *manifest->list);
    if (list == NULL)
        return NULL;
    manifest->list = list;
    memset(&list[manifest->count], 0, sizeof *list);
    return &list[manifest->count++];
}

static enum fdm_status join_url(struct fdm_manifest *manifest, const char *base_url,
                                struct fdm_download *out, struct fdm_error *err)
{
    struct fdm_buf url;
    fdm_buf_init(&url);
    fdm_buf_printf(&url, "%s%s", base_url, out->path);
    enum fdm_status status = fdm_buf_check(&url, err);
    out->urls[0] = url.data;
    return status == FDM_OK ? keep(manifest, NULL, url.data, err) : status;
}

static enum fdm_status read_urls(struct fdm_manifest *manifest, const struct fdm_json *item,
                                 const char *base_url, struct fdm_download *out,
                                 struct fdm_error *err)
{
    const struct fdm_json *urls = fdm_json_member(item, "urls");
    size_t count = 0;
    for (const struct fdm_json *url = fdm_json_first(urls);
         url != NULL && count < FDM_FETCH_URLS_MAX; url = fdm_json_next(url)) {
        if (fdm_json_text(url) == NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "urls[%zu]: expected a string", count);
        out->urls[count++] = fdm_json_text(url);
    }
    if (count > 0)
        return FDM_OK;
    if (base_url == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "urls: expected an address, or base_url above");
    return join_url(manifest, base_url, out, err);
}

static enum fdm_status read_archive(const struct fdm_json *item, struct fdm_download *out,
                                    struct fdm_error *err)
{
    const struct fdm_json *archive;
    enum fdm_status status = fdm_json_get_object(item, "archive", &archive, err);
    if (status == FDM_OK)
        status = fdm_json_get_string(archive, "images", &out->images, err);
    if (status == FDM_OK)
        status = fdm_unpack_check_path(out->images, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(archive, "max_bytes", 1, FILE_BYTES_MAX, &out->max_bytes, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(archive, "max_entries", 1, ENTRIES_MAX, &out->max_entries, err);
    return status;
}

static enum fdm_status read_dataset(const struct fdm_manifest *manifest,
                                    const struct fdm_json *item, struct fdm_download *out,
                                    struct fdm_error *err)
{
    const char *id;
    enum fdm_status status = fdm_json_opt_string(item, "dataset", NULL, &id, err);
    if (status != FDM_OK || id == NULL)
        return status;
    out->dataset = fdm_registry_dataset(manifest->registry, id);
    if (out->dataset == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "dataset: there is no '%s'", id);
    return read_archive(item, out, err);
}

static enum fdm_status read_file(struct fdm_manifest *manifest, const struct fdm_json *item,
                                 const char *group, const char *base_url, const char *licence,
                                 struct fdm_error *err)
{
    struct fdm_download *out = grow(manifest);
    if (out == NULL)
        return no_memory(err);
    out->group = group;
    enum fdm_status status = fdm_json_get_string(item, "path", &out->path, err);
    if (status == FDM_OK)
        status = fdm_unpack_check_path(out->path, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(item, "bytes", 1, FILE_BYTES_MAX, &out->bytes, err);
    if (status == FDM_OK)
        status = fdm_json_get_string(item, "sha256", &out->sha256, err);
    if (status == FDM_OK &&
        (strlen(out->sha256) != 64 || strspn(out->sha256, "0123456789abcdef") != 64))
        status = fdm_fail(err, FDM_ERR_FORMAT, "sha256: expected 64 lower-case digits");
    if (status == FDM_OK)
        status = fdm_json_opt_string(item, "licence", licence, &licence, err);
    if (status == FDM_OK)
        status = read_urls(manifest, item, base_url, out, err);
    if (status == FDM_OK)
        status = read_dataset(manifest, item, out, err);
    out->licence = find_licence(manifest, licence);
    return status;
}

static enum fdm_status read_files(struct fdm_manifest *manifest, const struct fdm_json *document,
                                  struct fdm_error *err)
{
    const struct fdm_json *files;
    const char *group = NULL;
    const char *base_url = NULL;
    const char *licence = NULL;
    size_t index = 0;
    enum fdm_status status = fdm_json_get_string(document, "group", &group, err);
    if (status == FDM_OK)
        status = fdm_json_opt_string(document, "base_url", NULL, &base_url, err);
    if (status == FDM_OK)
        status = fdm_json_opt_string(document, "licence", NULL, &licence, err);
    if (status == FDM_OK)
        status = fdm_json_get_array(document, "files", &files, err);
    if (status != FDM_OK)
        return status;
    for (const struct fdm_json *item = fdm_json_first(files); status == FDM_OK && item != NULL;
         item = fdm_json_next(item)) {
        status = read_file(manifest, item, group, base_url, licence, err);
        if (status != FDM_OK)
            fdm_error_context(err, "files[%zu]", index);
        index++;
    }
    return status;
}

static enum fdm_status read_licences(struct fdm_manifest *manifest, const struct fdm_json *document,
                                     struct fdm_error *err)
{
    const struct fdm_json *list = fdm_json_member(document, "licences");
    size_t room = manifest->licence_count + fdm_json_length(list) + 1;
    struct fdm_licence *grown = realloc(manifest->licences, room * sizeof *grown);
    if (grown == NULL)
        return no_memory(err);
    manifest->licences = grown;
    enum fdm_status status = FDM_OK;
    for (const struct fdm_json *item = fdm_json_first(list); status == FDM_OK && item != NULL;
         item = fdm_json_next(item)) {
        struct fdm_licence *licence = &grown[manifest->licence_count];
        status = fdm_json_get_string(item, "id", &licence->id, err);
        if (status == FDM_OK)
            status = fdm_json_get_string(item, "title", &licence->title, err);
        if (status == FDM_OK)
            status = fdm_json_get_string(item, "url", &licence->url, err);
        if (status == FDM_OK)
            status = fdm_json_get_string(item, "text", &licence->text, err);
        manifest->licence_count += status == FDM_OK;
    }
    return status;
}

static enum fdm_status add_model(struct fdm_manifest *manifest, const struct fdm_model_entry *model,
                                 const struct fdm_model_file *file, struct fdm_error *err)
{
    if (file->path == NULL || model->base_url == NULL)
        return FDM_OK;
    struct fdm_download *out = grow(manifest);
    if (out == NULL)
        return no_memory(err);
    out->group = "models";
    out->path = file->path;
    out->bytes = file->bytes;
    out->sha256 = file->sha256;
    out->licence = find_licence(manifest, model->licence);
    return join_url(manifest, model->base_url, out, err);
}

static enum fdm_status add_models(struct fdm_manifest *manifest, struct fdm_error *err)
{
    const struct fdm_registry *registry = manifest->registry;
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < registry->model_count; i++) {
        status = add_model(manifest, &registry->models[i], &registry->models[i].int8_file, err);
        if (status == FDM_OK)
            status =
                add_model(manifest, &registry->models[i], &registry->models[i].float_file, err);
    }
    return status;
}

/* ---- The folder --------------------------------------------------------------------------------
 */

static int is_json(const struct dirent *item)
{
    size_t len = strlen(item->d_name);
    return item->d_name[0] != '.' && len > 5 && strcmp(item->d_name + len - 5, ".json") == 0;
}

/* Licences first, because the other files refer to them; hence two passes over the folder. */
static enum fdm_status read_document(struct fdm_manifest *manifest, const char *path, bool licences,
                                     struct fdm_error *err)
{
    struct fdm_json *document = NULL;
    enum fdm_status status = fdm_json_read(path, &document, err);
    if (status != FDM_OK)
        return status;
    if ((fdm_json_member(document, "licences") != NULL) != licences) {
        fdm_json_free(document);
        return FDM_OK;
    }
    status = keep(manifest, document, NULL, err);
    if (status == FDM_OK)
        status =
            licences ? read_licences(manifest, document, err) : read_files(manifest, document, err);
    if (status != FDM_OK)
        fdm_error_context(err, "%s", path);
    return status;
}

static enum fdm_status read_folder(struct fdm_manifest *manifest, const char *folder, bool licences,
                                   struct fdm_error *err)
{
    struct dirent **items = NULL;
    int count = scandir(folder, &items, is_json, alphasort);
    if (count < 0) /* a data folder may list none */
        return errno == ENOENT ? FDM_OK
                               : fdm_fail(err, FDM_ERR_IO, "%s: %s", folder, strerror(errno));
    enum fdm_status status = FDM_OK;
    for (int i = 0; i < count; i++) {
        char *path = fdm_fs_join(folder, items[i]->d_name);
        if (status == FDM_OK)
            status = path != NULL ? read_document(manifest, path, licences, err) : no_memory(err);
        free(path);
        free(items[i]);
    }
    free(items);
    return status;
}

enum fdm_status fdm_manifest_load(const char *data_dir, const struct fdm_registry *registry,
                                  struct fdm_manifest **out, struct fdm_error *err)
{
    char *folder = fdm_fs_join(data_dir, "downloads");
    if (folder != NULL && !fdm_fs_is_dir(folder)) {
        free(folder);
        folder = fdm_fs_join(data_dir, "reference/downloads");
    }
    *out = calloc(1, sizeof **out);
    enum fdm_status status = *out != NULL && folder != NULL ? FDM_OK : no_memory(err);
    if (status == FDM_OK) {
        (*out)->registry = registry;
        status = read_folder(*out, folder, true, err);
    }
    if (status == FDM_OK)
        status = add_models(*out, err);
    if (status == FDM_OK)
        status = read_folder(*out, folder, false, err);
    if (status != FDM_OK) {
        fdm_manifest_free(*out);
        *out = NULL;
    }
    free(folder);
    return status;
}
