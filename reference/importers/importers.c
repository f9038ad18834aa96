#include "reference/importers/importers.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"

static bool has_bytes_at(const uint8_t *bytes, size_t len, size_t at, const char *expected,
                         size_t count)
{
    return len >= at + count && memcmp(bytes + at, expected, count) == 0;
}

static enum fdm_status import_bytes(const uint8_t *bytes, size_t len, const char *path,
                                    struct fdm_graph **out, struct fdm_error *err)
{
    if (has_bytes_at(bytes, len, 4, "TFL3", 4))
        return fdm_import_tflite(bytes, len, path, out, err);
    if (has_bytes_at(bytes, len, 0, "\x89HDF\r\n\x1a\n", 8))
        return fdm_import_h5(bytes, len, path, out, err);
    if (has_bytes_at(bytes, len, 0, "PK\3\4", 4))
        return fdm_import_keras(bytes, len, path, out, err);
    return fdm_fail(err, FDM_ERR_FORMAT,
                    "%s: neither a TensorFlow Lite nor a Keras file by its first bytes", path);
}

enum fdm_status fdm_import_file(const char *path, struct fdm_graph **out, struct fdm_error *err)
{
    uint8_t *bytes;
    size_t len;
    *out = NULL;
    enum fdm_status status = fdm_fs_read(path, FDM_IMPORT_MAX_BYTES, &bytes, &len, err);
    if (status != FDM_OK)
        return status;
    status = import_bytes(bytes, len, path, out, err);
    free(bytes);
    return status;
}
