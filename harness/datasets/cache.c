#include "harness/datasets/cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"

/* An entry: the magic; width, height, the original's width and height, and the warnings, each 32
 * bits little-endian; the digest in hex of the key, the fields and the pixels; the pixels. */
static const char magic[8] = {'f', 'd', 'm', '-', 'r', 'g', 'b', '1'};
enum {
    FIELD_COUNT = 5,
    FIELDS_AT = sizeof magic,
    DIGEST_AT = FIELDS_AT + 4 * FIELD_COUNT,
    DIGEST_BYTES = FDM_SHA256_HEX_SIZE - 1,
    HEADER_BYTES = DIGEST_AT + DIGEST_BYTES
};

struct fdm_image_cache {
    char *folder;
    pthread_mutex_t lock; /* of all below */
    struct fdm_image_cache_stats stats;
    char note[FDM_IMAGE_CACHE_NOTE_SIZE]; /* not empty: writing is over */
};

enum fdm_status fdm_image_cache_open(const char *folder, struct fdm_image_cache **out,
                                     struct fdm_error *err)
{
    *out = NULL;
    struct fdm_image_cache *cache = calloc(1, sizeof *cache);
    char *copy = strdup(folder);
    if (cache == NULL || copy == NULL || pthread_mutex_init(&cache->lock, NULL) != 0) {
        free(cache);
        free(copy);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for the image cache");
    }
    cache->folder = copy;
    *out = cache;
    return FDM_OK;
}

void fdm_image_cache_free(struct fdm_image_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_destroy(&cache->lock);
    free(cache->folder);
    free(cache);
}

void fdm_image_cache_stats(struct fdm_image_cache *cache, struct fdm_image_cache_stats *out)
{
    pthread_mutex_lock(&cache->lock);
    *out = cache->stats;
    pthread_mutex_unlock(&cache->lock);
}

void fdm_image_cache_note(struct fdm_image_cache *cache, char note[FDM_IMAGE_CACHE_NOTE_SIZE])
{
    pthread_mutex_lock(&cache->lock);
    memcpy(note, cache->note, sizeof cache->note);
    pthread_mutex_unlock(&cache->lock);
}

static void add_one(struct fdm_image_cache *cache, uint64_t *counter)
{
    pthread_mutex_lock(&cache->lock);
    ++*counter;
    pthread_mutex_unlock(&cache->lock);
}

static bool may_write(struct fdm_image_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    bool allowed = cache->note[0] == '\0';
    pthread_mutex_unlock(&cache->lock);
    return allowed;
}

static void stop_writing(struct fdm_image_cache *cache, const char *cause)
{
    pthread_mutex_lock(&cache->lock);
    if (cache->note[0] == '\0')
        snprintf(cache->note, sizeof cache->note, "decoded images are not cached any more: %.400s",
                 cause);
    pthread_mutex_unlock(&cache->lock);
}

/* The entry's path in `out`; `*folder_len` is the length of its folder. False without memory. */
static bool entry_path(const struct fdm_image_cache *cache, const char *key,
                       struct fdm_image_size size, struct fdm_buf *out, size_t *folder_len)
{
    fdm_buf_reset(out);
    fdm_buf_printf(out, "%s/images/%ux%u-nearest-%s/%.2s", cache->folder, size.width, size.height,
                   fdm_image_decoder(), key);
    *folder_len = out->len;
    fdm_buf_printf(out, "/%s.rgb", key);
    return !out->failed;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (unsigned byte = 0; byte < 4; byte++)
        at[byte] = (uint8_t)(value >> (8 * byte));
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool digest(const char *key, const uint8_t *entry, size_t len, char hex[FDM_SHA256_HEX_SIZE])
{
    struct fdm_sha256 *hash;
    if (fdm_sha256_begin(&hash, NULL) != FDM_OK)
        return false;
    fdm_sha256_update(hash, key, strlen(key));
    fdm_sha256_update(hash, entry, DIGEST_AT);
    fdm_sha256_update(hash, entry + HEADER_BYTES, len - HEADER_BYTES);
    fdm_sha256_finish(hash, hex);
    return true;
}

static bool entry_is_sound(const uint8_t *entry, size_t len, const char *key,
                           struct fdm_image_size size)
{
    char hex[FDM_SHA256_HEX_SIZE];
    return len == HEADER_BYTES + (size_t)size.width * size.height * 3 &&
           memcmp(entry, magic, sizeof magic) == 0 && get_u32(entry + FIELDS_AT) == size.width &&
           get_u32(entry + FIELDS_AT + 4) == size.height && digest(key, entry, len, hex) &&
           memcmp(hex, entry + DIGEST_AT, DIGEST_BYTES) == 0;
}

/* True if the cache had the image. */
static bool cache_read(struct fdm_image_cache *cache, const char *key, struct fdm_image_size size,
                       struct fdm_image *out, struct fdm_image_origin *origin)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    size_t folder_len;
    size_t expected = HEADER_BYTES + (size_t)size.width * size.height * 3;
    uint8_t *entry = NULL;
    size_t len = 0;
    bool found = entry_path(cache, key, size, &path, &folder_len) &&
                 fdm_fs_read(path.data, expected, &entry, &len, NULL) == FDM_OK &&
                 entry_is_sound(entry, len, key, size);
    if (found) {
        origin->width = get_u32(entry + FIELDS_AT + 8);
        origin->height = get_u32(entry + FIELDS_AT + 12);
        origin->warnings = get_u32(entry + FIELDS_AT + 16);
        /* The image takes over the entry's memory, moved to its front. */
        memmove(entry, entry + HEADER_BYTES, len - HEADER_BYTES);
        *out = (struct fdm_image){entry, size.width, size.height, origin->warnings};
        entry = NULL;
        add_one(cache, &cache->stats.hits);
    }
    free(entry);
    fdm_buf_release(&path);
    return found;
}

/* The bytes of a new entry, or NULL without memory. */
static uint8_t *make_entry(const char *key, const struct fdm_image *image,
                           const struct fdm_image_origin *origin, size_t *len)
{
    size_t pixels = (size_t)image->width * image->height * 3;
    *len = HEADER_BYTES + pixels;
    uint8_t *entry = malloc(*len);
    if (entry == NULL)
        return NULL;
    const uint32_t fields[FIELD_COUNT] = {image->width, image->height, origin->width,
                                          origin->height, origin->warnings};
    memcpy(entry, magic, sizeof magic);
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        put_u32(entry + FIELDS_AT + (size_t)4 * i, fields[i]);
    memcpy(entry + HEADER_BYTES, image->pixels, pixels);
    char hex[FDM_SHA256_HEX_SIZE];
    if (!digest(key, entry, *len, hex)) {
        free(entry);
        return NULL;
    }
    memcpy(entry + DIGEST_AT, hex, DIGEST_BYTES);
    return entry;
}

static enum fdm_status write_entry(struct fdm_buf *path, size_t folder_len, const uint8_t *entry,
                                   size_t len, struct fdm_error *err)
{
    /* Nearly always the folder is there already. */
    if (fdm_fs_write_unsynced(path->data, entry, len, NULL) == FDM_OK)
        return FDM_OK;
    path->data[folder_len] = '\0';
    enum fdm_status status = fdm_fs_make_dirs(path->data, err);
    path->data[folder_len] = '/';
    return status == FDM_OK ? fdm_fs_write_unsynced(path->data, entry, len, err) : status;
}

static void cache_write(struct fdm_image_cache *cache, const char *key,
                        const struct fdm_image *image, const struct fdm_image_origin *origin)
{
    if (!may_write(cache))
        return;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf path;
    fdm_buf_init(&path);
    size_t folder_len;
    size_t len = 0;
    struct fdm_image_size size = {image->width, image->height};
    uint8_t *entry = make_entry(key, image, origin, &len);
    if (entry == NULL || !entry_path(cache, key, size, &path, &folder_len))
        stop_writing(cache, "out of memory");
    else if (write_entry(&path, folder_len, entry, len, &err) != FDM_OK)
        stop_writing(cache, err.message);
    else
        add_one(cache, &cache->stats.writes);
    free(entry);
    fdm_buf_release(&path);
}

/* Fills what the cache did not have. */
static enum fdm_status decode_missing(struct fdm_image_cache *cache, const uint8_t *bytes,
                                      size_t len, const struct fdm_image_size *sizes,
                                      size_t size_count, struct fdm_image *out,
                                      struct fdm_image_origin *origin, struct fdm_error *err)
{
    struct fdm_image original = {0};
    enum fdm_status status = fdm_image_decode(bytes, len, &original, err);
    origin->width = original.width;
    origin->height = original.height;
    origin->warnings = original.warnings;
    for (size_t i = 0; i < size_count && status == FDM_OK; i++) {
        if (out[i].pixels != NULL)
            continue;
        status = fdm_resize_nearest(&original, sizes[i], &out[i], err);
        if (status != FDM_OK || cache == NULL)
            continue;
        add_one(cache, &cache->stats.misses);
        cache_write(cache, origin->sha256, &out[i], origin);
    }
    fdm_image_release(&original);
    return status;
}

static enum fdm_status load(struct fdm_image_cache *cache, const uint8_t *bytes, size_t len,
                            const struct fdm_image_size *sizes, size_t size_count,
                            struct fdm_image *out, struct fdm_image_origin *origin,
                            struct fdm_error *err)
{
    bool complete = cache != NULL;
    fdm_sha256_hex(bytes, len, origin->sha256);
    for (size_t i = 0; i < size_count && cache != NULL; i++)
        if (!cache_read(cache, origin->sha256, sizes[i], &out[i], origin))
            complete = false;
    if (complete)
        return FDM_OK;
    return decode_missing(cache, bytes, len, sizes, size_count, out, origin, err);
}

enum fdm_status fdm_image_load(struct fdm_image_cache *cache, const char *path,
                               const struct fdm_image_size *sizes, size_t count,
                               struct fdm_image *out, struct fdm_image_origin *origin,
                               struct fdm_error *err)
{
    if (count == 0 || count > FDM_IMAGE_SIZES_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: %zu sizes asked for; 1 to %u are possible", path,
                        count, FDM_IMAGE_SIZES_MAX);
    memset(out, 0, count * sizeof *out);
    for (size_t i = 0; i < count; i++)
        if (fdm_resize_check(sizes[i], err) != FDM_OK)
            return FDM_ERR_USAGE;
    struct fdm_image_origin found = {{0}, 0, 0, 0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum fdm_status status = fdm_fs_read(path, FDM_IMAGE_FILE_BYTES_MAX, &bytes, &len, err);
    if (status != FDM_OK)
        return status;
    status = load(cache, bytes, len, sizes, count, out, &found, err);
    free(bytes);
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", path);
        for (size_t i = 0; i < count; i++)
            fdm_image_release(&out[i]);
    } else if (origin != NULL) {
        *origin = found;
    }
    return status;
}
