#include "harness/build/objects.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"

#define OBJECT_MAX ((size_t)16 << 20)
#define NOTE "sha256"

void fdm_objects_add(struct fdm_words *out, const char *folder, const struct fdm_words *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        const char *name = fdm_fs_basename(sources->at[i]);
        fdm_words_addf(out, "%s/%.*s.o", folder, (int)strcspn(name, "."), name);
    }
}

static enum fdm_status copy_file(const char *from, const char *to, struct fdm_sha256 *hash,
                                 struct fdm_error *err)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum fdm_status status = fdm_fs_read(from, OBJECT_MAX, &bytes, &len, err);
    if (status == FDM_OK) {
        fdm_sha256_update(hash, bytes, len);
        status = fdm_fs_write_unsynced(to, bytes, len, err);
    }
    free(bytes);
    return status;
}

/* Copies the objects of all sources; `hex` is the hash of what was copied. */
static enum fdm_status copy(const struct fdm_words *sources, const char *from, const char *to,
                            char hex[FDM_SHA256_HEX_SIZE], struct fdm_error *err)
{
    struct fdm_words old = {0};
    struct fdm_words new = {0};
    struct fdm_sha256 *hash;
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    fdm_objects_add(&old, from, sources);
    fdm_objects_add(&new, to, sources);
    status = fdm_words_check(&old, err);
    if (status == FDM_OK)
        status = fdm_words_check(&new, err);
    for (size_t i = 0; i < sources->count && status == FDM_OK; i++)
        status = copy_file(old.at[i], new.at[i], hash, err);
    fdm_sha256_finish(hash, hex);
    fdm_words_release(&old);
    fdm_words_release(&new);
    return status;
}

bool fdm_objects_take(const char *set, const struct fdm_words *sources, const char *to)
{
    char hex[FDM_SHA256_HEX_SIZE];
    char *note = fdm_fs_join(set, NOTE);
    uint8_t *written = NULL;
    size_t len;
    bool taken =
        note != NULL && fdm_fs_read(note, FDM_SHA256_HEX_SIZE, &written, &len, NULL) == FDM_OK &&
        copy(sources, set, to, hex, NULL) == FDM_OK && strcmp((const char *)written, hex) == 0;
    free(written);
    free(note);
    return taken;
}

enum fdm_status fdm_objects_keep(const char *set, const struct fdm_words *sources, const char *from,
                                 struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    char *note = fdm_fs_join(set, NOTE);
    enum fdm_status status = note != NULL ? fdm_fs_make_dirs(set, err)
                                          : fdm_fail(err, FDM_ERR_MEMORY, "no memory for a path");
    if (status == FDM_OK)
        status = copy(sources, from, set, hex, err);
    if (status == FDM_OK)
        status = fdm_fs_write_unsynced(note, hex, strlen(hex), err);
    free(note);
    return status;
}
