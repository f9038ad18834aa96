#include <string.h>

#include "harness/base/hash.h"
#include "reference/importers/h5_extract.h"
#include "reference/importers/h5_process.h"
#include "reference/importers/importers.h"
#include "reference/importers/keras_archive.h"
#include "reference/importers/keras_config.h"
#include "reference/importers/keras_graph.h"

static enum fdm_status build(const struct fdm_keras_file *file, struct fdm_graph **out,
                             struct fdm_error *err)
{
    struct fdm_keras_config config;
    enum fdm_status status =
        fdm_keras_config_parse(file->config, strlen(file->config), &config, err);
    if (status == FDM_OK)
        status = fdm_keras_build(&config, file, out, err);
    fdm_keras_config_release(&config);
    return status;
}

static enum fdm_status import(fdm_h5_extractor *extract, const uint8_t *bytes, size_t len,
                              const char *name, struct fdm_graph **out, struct fdm_error *err)
{
    struct fdm_keras_file file;
    *out = NULL;
    if (len > FDM_IMPORT_MAX_BYTES)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: %zu bytes, more than the %zu allowed", name, len,
                        FDM_IMPORT_MAX_BYTES);
    fdm_keras_file_init(&file);
    enum fdm_status status = fdm_h5_isolate(extract, bytes, len, &file, err);
    if (status == FDM_OK)
        status = build(&file, out, err);
    fdm_keras_file_release(&file);
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", name);
        return status;
    }
    (*out)->file_bytes = len;
    fdm_sha256_hex(bytes, len, (*out)->sha256);
    return FDM_OK;
}

enum fdm_status fdm_import_h5(const uint8_t *bytes, size_t len, const char *name,
                              struct fdm_graph **out, struct fdm_error *err)
{
    return import(fdm_h5_extract, bytes, len, name, out, err);
}

enum fdm_status fdm_import_keras(const uint8_t *bytes, size_t len, const char *name,
                                 struct fdm_graph **out, struct fdm_error *err)
{
    return import(fdm_keras_archive_extract, bytes, len, name, out, err);
}
