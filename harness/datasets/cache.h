/* Loading images at the sizes that networks take, with a cache of the resized pixels.
 *
 * An entry lies at <folder>/images/<geometry>/<2 hex>/<sha256 of the file's bytes>.rgb, where
 * <geometry> names size, resizing and decoder (fdm_image_decoder()). Entries carry a digest that is
 * checked on each read: a damaged, short or foreign one counts as absent and is written anew.
 * Writers rename complete files into place, so any number of threads and processes may share a
 * folder. Nothing is synced to disk: losing entries costs only time. */
#ifndef FDM_DATASETS_CACHE_H
#define FDM_DATASETS_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"
#include "harness/datasets/image.h"
#include "harness/datasets/resize.h"

#define FDM_IMAGE_SIZES_MAX 8u

struct fdm_image_cache;

/* Creates no folder yet; they appear with the first entry. Freed by fdm_image_cache_free(), which
 * takes NULL, when no thread uses it any more. FDM_ERR_MEMORY. */
enum fdm_status fdm_image_cache_open(const char *folder, struct fdm_image_cache **out,
                                     struct fdm_error *err);
void fdm_image_cache_free(struct fdm_image_cache *cache);

struct fdm_image_cache_stats {
    uint64_t hits;   /* images of one size that were read */
    uint64_t misses; /* that were decoded and resized */
    uint64_t writes; /* entries written */
};
void fdm_image_cache_stats(struct fdm_image_cache *cache, struct fdm_image_cache_stats *out);

/* Once writing has failed (full disk, read-only folder) the cache writes nothing more and goes on
 * reading. Copies the sentence that says so, or "". */
#define FDM_IMAGE_CACHE_NOTE_SIZE 512
void fdm_image_cache_note(struct fdm_image_cache *cache, char note[FDM_IMAGE_CACHE_NOTE_SIZE]);

/* What was loaded. */
struct fdm_image_origin {
    char sha256[FDM_SHA256_HEX_SIZE]; /* of the file's bytes */
    uint32_t width;                   /* of the original */
    uint32_t height;
    uint32_t warnings; /* see struct fdm_image */
};

/* Reads the file once and hashes it once; decodes it at most once for all `count` sizes, and not at
 * all if the cache has each. out[i] is the image at sizes[i], all released by the caller; on
 * failure all are empty. `cache` and `origin` may be NULL. FDM_ERR_NOT_FOUND, FDM_ERR_IO, those of
 * fdm_image_decode() and fdm_resize_nearest() with the path in front, FDM_ERR_USAGE if count is 0
 * or above FDM_IMAGE_SIZES_MAX. The cache never makes it fail. Safe in several threads. */
enum fdm_status fdm_image_load(struct fdm_image_cache *cache, const char *path,
                               const struct fdm_image_size *sizes, size_t count,
                               struct fdm_image *out, struct fdm_image_origin *origin,
                               struct fdm_error *err);

#endif
