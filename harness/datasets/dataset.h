/* Which images an accuracy is measured on: the images, their labels, and the facts that prove it.
 */
#ifndef FDM_DATASETS_DATASET_H
#define FDM_DATASETS_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"
#include "harness/datasets/listing.h"

enum fdm_dataset_scheme {
    /* st if the folder has exactly `expected_total` files; else all, which is marked published if
     * the names are those of the known validation set, and a sample if not */
    FDM_DATASET_AUTO,
    FDM_DATASET_ST,    /* the validation part of FDM_SPLIT_ST, in the order of the permutation */
    FDM_DATASET_KERAS, /* the validation part of FDM_SPLIT_KERAS, likewise */
    FDM_DATASET_ALL, /* every image of the listing; entries that are none are left out. In the order
                        of numpy's shuffle with seed 127, so that the first N are a fair sample */
    FDM_DATASET_LIST /* the images named in `list_path`, in its order */
};

/* "auto", "st", "keras", "all", "list". */
const char *fdm_dataset_scheme_name(enum fdm_dataset_scheme scheme);
/* FDM_ERR_USAGE lists the names. */
enum fdm_status fdm_dataset_scheme_parse(const char *name, enum fdm_dataset_scheme *out,
                                         struct fdm_error *err);

struct fdm_dataset_options {
    const char *root;
    enum fdm_dataset_scheme scheme;
    bool has_seed; /* false: the published seed of the scheme, 127 or 133 */
    uint32_t seed;
    /* All classes of the data set, in any order; labels are indices in their byte order (keras: in
     * this order). With none, the folders are the classes. st and keras need a folder for each. */
    const char *const *class_names;
    size_t class_count;
    uint32_t expected_total;      /* files of the complete data set; 0: not known */
    const char *known_val_sha256; /* names_sha256 of its validation set; NULL: not known */
    const char *list_path;        /* for FDM_DATASET_LIST only */
};

/* Owns everything that it points to. Hashes are of lines that end in '\n'. */
struct fdm_dataset {
    struct fdm_listing_image *images; /* to evaluate, in order; paths relative to root */
    uint32_t count;
    char *root;
    /* What labels index; may have more classes than the images. A model whose outputs stand in
     * another order needs its own map by name. */
    char **class_names;
    size_t class_count;

    enum fdm_dataset_scheme scheme; /* as applied: never FDM_DATASET_AUTO */
    uint32_t total;                 /* images listed before the split */
    uint32_t left_out;              /* entries that are no images, dropped by `all` */
    uint32_t seed;                  /* 0 unless st or keras */
    /* The images are those of a published figure: st or keras with the scheme's published seed and
     * the expected total, or any scheme with the known names. */
    bool published;
    char list_sha256[FDM_SHA256_HEX_SIZE];  /* "<label> <path>" in order */
    char names_sha256[FDM_SHA256_HEX_SIZE]; /* "<path>" sorted by bytes: order does not count */
    char permutation_sha256[FDM_SHA256_HEX_SIZE]; /* fdm_split_sha256(); "" unless st or keras */
    char note[512]; /* one sentence for the user: what was taken, and what to mind */

    struct fdm_listing_finding *findings; /* see listing.h */
    size_t finding_count;
};

/* On failure `*out` is NULL; on success the caller frees it with fdm_dataset_free(). Errors of
 * listing.h; FDM_ERR_USAGE also for st or keras on an incomplete folder (names the first class
 * missing) and for a list without list_path; FDM_ERR_NOT_FOUND when nothing is left to evaluate. */
enum fdm_status fdm_dataset_open(const struct fdm_dataset_options *options,
                                 struct fdm_dataset **out, struct fdm_error *err);
void fdm_dataset_free(struct fdm_dataset *dataset);

/* Root and path joined; the caller frees. NULL when out of memory. */
char *fdm_dataset_path(const struct fdm_dataset *dataset, uint32_t index);

#endif
