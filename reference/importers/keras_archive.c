#include "reference/importers/keras_archive.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/archive.h"
#include "reference/importers/h5_extract.h"
#include "reference/importers/h5_file.h"
#include "reference/importers/importers.h"
#include "reference/importers/keras_config.h"

#define MAX_MEMBERS 256
#define VARIABLES_MAX 4

/* ---- the archive ---- */

struct member {
    const char *name;
    size_t max_bytes;
    bool found;
    struct fdm_buf content;
};

enum { CONFIG, WEIGHTS, MEMBER_COUNT };

static enum fdm_status read_content(struct fdm_archive *archive, struct member *member,
                                    struct fdm_error *err)
{
    for (;;) {
        const void *data;
        size_t len;
        uint64_t offset = 0;
        enum fdm_status status = fdm_archive_read(archive, &data, &len, &offset, err);
        if (status != FDM_OK || len == 0)
            return status;
        if (offset != member->content.len)
            return fdm_fail(err, FDM_ERR_FORMAT, "has holes");
        if (len > member->max_bytes - member->content.len)
            return fdm_fail(err, FDM_ERR_MEMORY, "expands to more than %zu bytes",
                            member->max_bytes);
        fdm_buf_append(&member->content, data, len);
        status = fdm_buf_check(&member->content, err);
        if (status != FDM_OK)
            return status;
    }
}

static enum fdm_status read_member(struct fdm_archive *archive,
                                   const struct fdm_archive_entry *entry, struct member *member,
                                   struct fdm_error *err)
{
    if (member->found)
        return fdm_fail(err, FDM_ERR_FORMAT, "stands twice in the archive");
    if (entry->kind != FDM_ARCHIVE_FILE || entry->encrypted)
        return fdm_fail(err, FDM_ERR_FORMAT, "is no plain file");
    if (entry->size < 0 || (uint64_t)entry->size > member->max_bytes)
        return fdm_fail(err, FDM_ERR_MEMORY, "expands to more than %zu bytes", member->max_bytes);
    member->found = true;
    return read_content(archive, member, err);
}

/* Everything else in the archive (metadata, assets) stays unread. */
static enum fdm_status read_entry(struct fdm_archive *archive,
                                  const struct fdm_archive_entry *entry, struct member *members,
                                  struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < MEMBER_COUNT; i++) {
        if (entry->name == NULL || strcmp(entry->name, members[i].name) != 0)
            continue;
        status = read_member(archive, entry, &members[i], err);
        if (status != FDM_OK)
            fdm_error_context(err, "%s", members[i].name);
    }
    return status;
}

static enum fdm_status read_archive(struct fdm_archive *archive, struct member *members,
                                    struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t count = 0; status == FDM_OK; count++) {
        struct fdm_archive_entry entry;
        bool end;
        status = fdm_archive_next(archive, &entry, &end, err);
        if (status == FDM_OK && end)
            break;
        if (status == FDM_OK && count >= MAX_MEMBERS)
            status = fdm_fail(err, FDM_ERR_FORMAT, "more than %d members", MAX_MEMBERS);
        if (status == FDM_OK)
            status = read_entry(archive, &entry, members, err);
    }
    for (size_t i = 0; status == FDM_OK && i < MEMBER_COUNT; i++)
        if (!members[i].found)
            status = fdm_fail(err, FDM_ERR_FORMAT, "no %s in the archive: not a Keras model",
                              members[i].name);
    return status;
}

/* ---- the weights ---- */

/* The classes with weights: how Keras calls their groups, and what their variables are. */
static const struct stored_class {
    enum fdm_keras_kind kind;
    const char *group;
    const char *roles[VARIABLES_MAX]; /* NULL behind the last */
} stored_classes[] = {
    {FDM_KERAS_CONV_2D, "conv2d", {"kernel", "bias"}},
    {FDM_KERAS_DEPTHWISE_CONV_2D, "depthwise_conv2d", {"depthwise_kernel", "bias"}},
    {FDM_KERAS_BATCH_NORM,
     "batch_normalization",
     {"gamma", "beta", "moving_mean", "moving_variance"}},
};
#define CLASS_COUNT (sizeof stored_classes / sizeof stored_classes[0])

/* The layer that Keras says it wrote; older versions do not say. */
static enum fdm_status check_name(const struct fdm_h5_file *h5, const char *group,
                                  const struct fdm_keras_layer *layer, struct fdm_error *err)
{
    struct fdm_h5_strings names;
    if (!fdm_h5_has_attribute(h5, group, "name"))
        return FDM_OK;
    enum fdm_status status =
        fdm_h5_read_strings(h5, group, "name", 1, FDM_KERAS_MAX_NAME - 1, &names, err);
    if (status != FDM_OK)
        return status;
    if (names.count != 1 || strcmp(names.texts[0], layer->name) != 0)
        status = fdm_fail(err, FDM_ERR_FORMAT, "%s holds the weights of another layer", group);
    fdm_h5_strings_release(&names);
    return status;
}

static enum fdm_status read_variable(const struct fdm_h5_file *h5, const char *group, size_t index,
                                     const char *layer, const char *role,
                                     struct fdm_keras_file *out, struct fdm_error *err)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/%zu", group, index);
    enum fdm_status status = fdm_buf_check(&path, err);
    if (status == FDM_OK)
        status = fdm_h5_extract_floats(h5, path.data, layer, role, out, err);
    fdm_buf_release(&path);
    return status;
}

static enum fdm_status read_layer(const struct fdm_h5_file *h5, const struct fdm_keras_layer *layer,
                                  const struct stored_class *stored, uint32_t number,
                                  struct fdm_keras_file *out, struct fdm_error *err)
{
    struct fdm_buf group;
    fdm_buf_init(&group);
    fdm_buf_printf(&group, "/layers/%s", stored->group);
    if (number > 0)
        fdm_buf_printf(&group, "_%u", number);
    fdm_buf_puts(&group, "/vars");
    bool norm = stored->kind == FDM_KERAS_BATCH_NORM;
    enum fdm_status status = fdm_buf_check(&group, err);
    if (status == FDM_OK)
        status = check_name(h5, group.data, layer, err);
    for (size_t i = 0; status == FDM_OK && i < VARIABLES_MAX && stored->roles[i] != NULL; i++)
        if (norm || i == 0 || layer->use_bias)
            status = read_variable(h5, group.data, i, layer->name, stored->roles[i], out, err);
    fdm_buf_release(&group);
    if (status != FDM_OK)
        fdm_error_context(err, "layer '%s'", layer->name);
    return status;
}

static enum fdm_status read_layers(const struct fdm_h5_file *h5,
                                   const struct fdm_keras_config *config,
                                   struct fdm_keras_file *out, struct fdm_error *err)
{
    uint32_t numbers[CLASS_COUNT] = {0};
    enum fdm_status status = FDM_OK;
    if (!fdm_h5_has_group(h5, "/layers") && fdm_h5_has_group(h5, "/_layer_checkpoint_dependencies"))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "the weights are stored as by Keras 2; load the model there and save it as "
                        ".h5");
    for (uint32_t i = 0; status == FDM_OK && i < config->layer_count; i++)
        for (size_t c = 0; status == FDM_OK && c < CLASS_COUNT; c++)
            if (config->layers[i].kind == stored_classes[c].kind)
                status =
                    read_layer(h5, &config->layers[i], &stored_classes[c], numbers[c]++, out, err);
    return status;
}

static enum fdm_status read_weights(const struct fdm_buf *weights, struct fdm_keras_file *out,
                                    struct fdm_error *err)
{
    struct fdm_keras_config config;
    struct fdm_h5_file *h5 = NULL;
    enum fdm_status status = fdm_keras_config_parse(out->config, strlen(out->config), &config, err);
    if (status != FDM_OK)
        fdm_error_context(err, "config.json");
    if (status == FDM_OK)
        status = fdm_h5_open((const uint8_t *)weights->data, weights->len, &h5, err);
    if (status == FDM_OK) {
        status = read_layers(h5, &config, out, err);
        fdm_h5_close(h5);
    }
    fdm_keras_config_release(&config);
    return status;
}

enum fdm_status fdm_keras_archive_extract(const uint8_t *bytes, size_t len,
                                          struct fdm_keras_file *out, struct fdm_error *err)
{
    struct member members[MEMBER_COUNT] = {
        [CONFIG] = {.name = "config.json", .max_bytes = FDM_KERAS_MAX_CONFIG},
        [WEIGHTS] = {.name = "model.weights.h5", .max_bytes = FDM_IMPORT_MAX_BYTES},
    };
    struct fdm_archive *archive;
    enum fdm_status status = fdm_archive_open_zip(bytes, len, &archive, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        fdm_buf_init(&members[i].content);
    status = read_archive(archive, members, err);
    fdm_archive_close(archive);
    if (status == FDM_OK)
        status = fdm_keras_set_config(out, members[CONFIG].content.data,
                                      members[CONFIG].content.len, err);
    if (status == FDM_OK)
        status = read_weights(&members[WEIGHTS].content, out, err);
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        fdm_buf_release(&members[i].content);
    return status;
}
