#include "harness/datasets/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/datasets/split.h"

static const char *const scheme_names[] = {
    [FDM_DATASET_AUTO] = "auto", [FDM_DATASET_ST] = "st",     [FDM_DATASET_KERAS] = "keras",
    [FDM_DATASET_ALL] = "all",   [FDM_DATASET_LIST] = "list",
};
enum { SCHEME_COUNT = sizeof scheme_names / sizeof scheme_names[0] };

const char *fdm_dataset_scheme_name(enum fdm_dataset_scheme scheme)
{
    return scheme_names[scheme];
}

enum fdm_status fdm_dataset_scheme_parse(const char *name, enum fdm_dataset_scheme *out,
                                         struct fdm_error *err)
{
    for (int i = 0; i < SCHEME_COUNT; i++) {
        if (strcmp(scheme_names[i], name) == 0) {
            *out = (enum fdm_dataset_scheme)i;
            return FDM_OK;
        }
    }
    return fdm_fail(err, FDM_ERR_USAGE,
                    "'%s' is no way to choose images; known: auto, st, keras, all, list", name);
}

/* ---- hashes ---- */

static enum fdm_status hash_list(struct fdm_dataset *dataset, struct fdm_error *err)
{
    struct fdm_sha256 *hash;
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    for (uint32_t i = 0; i < dataset->count; i++) {
        char label[16];
        snprintf(label, sizeof label, "%u ", dataset->images[i].label);
        fdm_sha256_update(hash, label, strlen(label));
        fdm_sha256_update(hash, dataset->images[i].path, strlen(dataset->images[i].path));
        fdm_sha256_update(hash, "\n", 1);
    }
    fdm_sha256_finish(hash, dataset->list_sha256);
    return FDM_OK;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum fdm_status hash_names(const struct fdm_listing_image *images, size_t count,
                                  char hex[FDM_SHA256_HEX_SIZE], struct fdm_error *err)
{
    const char **paths = malloc((count + 1) * sizeof *paths);
    if (paths == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu names", count);
    for (size_t i = 0; i < count; i++)
        paths[i] = images[i].path;
    qsort(paths, count, sizeof *paths, compare_paths);
    struct fdm_sha256 *hash;
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    for (size_t i = 0; i < count && status == FDM_OK; i++) {
        fdm_sha256_update(hash, paths[i], strlen(paths[i]));
        fdm_sha256_update(hash, "\n", 1);
    }
    if (status == FDM_OK)
        fdm_sha256_finish(hash, hex);
    free(paths);
    return status;
}

/* ---- schemes ---- */

/* Moves the images of the listing into the dataset; the rest of the listing follows in finish(). */
static void take_all(struct fdm_dataset *dataset, struct fdm_listing *listing)
{
    dataset->images = listing->images;
    dataset->count = (uint32_t)listing->image_count;
    listing->images = NULL;
    listing->image_count = 0;
}

static enum fdm_status take_validation(struct fdm_dataset *dataset, struct fdm_listing *listing,
                                       struct fdm_error *err)
{
    enum fdm_split_scheme scheme =
        dataset->scheme == FDM_DATASET_ST ? FDM_SPLIT_ST : FDM_SPLIT_KERAS;
    uint32_t n = dataset->total;
    uint32_t *order = NULL;
    enum fdm_status status = fdm_split_permutation(n, dataset->seed, &order, err);
    if (status != FDM_OK)
        return status;
    struct fdm_split_range range = fdm_split_validation(scheme, n);
    struct fdm_listing_image *images = malloc((range.count + 1) * sizeof *images);
    if (images == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u images", range.count);
        goto done;
    }
    for (uint32_t i = 0; i < range.count; i++) {
        struct fdm_listing_image *image = &listing->images[order[range.first + i]];
        images[i] = *image;
        image->path = NULL;
    }
    dataset->images = images;
    dataset->count = range.count;
    status = fdm_split_sha256(order, n, dataset->permutation_sha256, err);
done:
    free(order);
    return status;
}

/* Removes what is no image from the listing: findings from `first` on are in its order. Returns how
 * many those were. */
static uint32_t drop_strays(struct fdm_listing *listing, size_t first)
{
    size_t kept = 0;
    for (size_t i = 0; i < listing->image_count; i++) {
        struct fdm_listing_image *image = &listing->images[i];
        while (first < listing->finding_count &&
               listing->findings[first].reason != FDM_LISTING_NOT_IMAGE)
            first++;
        if (first < listing->finding_count &&
            strcmp(listing->findings[first].path, image->path) == 0) {
            free(image->path);
            first++;
        } else {
            listing->images[kept++] = *image;
        }
    }
    uint32_t dropped = (uint32_t)(listing->image_count - kept);
    listing->image_count = kept;
    return dropped;
}

static enum fdm_status need_all_classes(const struct fdm_dataset_options *options,
                                        const struct fdm_listing *listing,
                                        enum fdm_dataset_scheme scheme, struct fdm_error *err)
{
    const char *missing = fdm_listing_missing_class(listing);
    if (missing == NULL)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_USAGE,
                    "%s: no image of class '%s'; the %s split needs the complete data set",
                    options->root, missing, fdm_dataset_scheme_name(scheme));
}

static enum fdm_status open_listing(const struct fdm_dataset_options *options,
                                    struct fdm_listing *listing, size_t *content_findings,
                                    struct fdm_error *err)
{
    enum fdm_listing_rule rule =
        options->scheme == FDM_DATASET_KERAS ? FDM_LISTING_KERAS : FDM_LISTING_ST;
    enum fdm_status status;
    if (options->scheme == FDM_DATASET_LIST)
        status = fdm_listing_from_names(options->list_path, FDM_LISTING_AS_WRITTEN,
                                        options->class_names, options->class_count, listing, err);
    else
        status = fdm_listing_open(options->root, rule, options->class_names, options->class_count,
                                  listing, err);
    if (status == FDM_OK && listing->root == NULL) {
        listing->root = strdup(options->root);
        if (listing->root == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    *content_findings = listing->finding_count;
    if (status == FDM_OK)
        status = fdm_listing_check_content(listing, err);
    return status;
}

static enum fdm_dataset_scheme resolve(const struct fdm_dataset_options *options,
                                       const struct fdm_listing *listing)
{
    if (options->scheme != FDM_DATASET_AUTO)
        return options->scheme;
    bool complete = options->expected_total != 0 &&
                    listing->image_count == options->expected_total &&
                    fdm_listing_missing_class(listing) == NULL;
    return complete ? FDM_DATASET_ST : FDM_DATASET_ALL;
}

/* A listing stands in the order of classes, so its first images would be all of one class. */
static enum fdm_status shuffle(struct fdm_dataset *dataset, struct fdm_error *err)
{
    uint32_t *order = NULL;
    enum fdm_status status = FDM_OK;
    struct fdm_listing_image *shuffled = calloc((size_t)dataset->count + 1, sizeof *shuffled);
    if (shuffled == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u images", dataset->count);
    if (dataset->count > 0)
        status = fdm_split_permutation(dataset->count, FDM_SPLIT_SEED_ST, &order, err);
    if (status == FDM_OK) {
        for (uint32_t i = 0; i < dataset->count; i++)
            shuffled[i] = dataset->images[order[i]];
        memcpy(dataset->images, shuffled, dataset->count * sizeof *shuffled);
    }
    free(shuffled);
    free(order);
    return status;
}

static enum fdm_status choose(struct fdm_dataset *dataset,
                              const struct fdm_dataset_options *options,
                              struct fdm_listing *listing, size_t content_findings,
                              struct fdm_error *err)
{
    enum fdm_status status;
    switch (dataset->scheme) {
    case FDM_DATASET_ST:
    case FDM_DATASET_KERAS:
        dataset->seed =
            dataset->scheme == FDM_DATASET_ST ? FDM_SPLIT_SEED_ST : FDM_SPLIT_SEED_KERAS;
        if (options->has_seed)
            dataset->seed = options->seed;
        status = need_all_classes(options, listing, dataset->scheme, err);
        return status == FDM_OK ? take_validation(dataset, listing, err) : status;
    case FDM_DATASET_AUTO:
    case FDM_DATASET_ALL:
        dataset->left_out = drop_strays(listing, content_findings);
        take_all(dataset, listing);
        return shuffle(dataset, err);
    case FDM_DATASET_LIST:
        break;
    }
    take_all(dataset, listing);
    return FDM_OK;
}

/* ---- judgement ---- */

static bool is_published(const struct fdm_dataset *dataset,
                         const struct fdm_dataset_options *options)
{
    const char *known = options->known_val_sha256;
    if (known != NULL && strcmp(known, dataset->names_sha256) == 0)
        return true;
    bool complete = options->expected_total != 0 && dataset->total == options->expected_total;
    switch (dataset->scheme) {
    case FDM_DATASET_ST:
        return known == NULL && complete && dataset->seed == FDM_SPLIT_SEED_ST;
    case FDM_DATASET_KERAS:
        return complete && dataset->seed == FDM_SPLIT_SEED_KERAS;
    default:
        return false;
    }
}

static void write_note(struct fdm_dataset *dataset, const struct fdm_dataset_options *options)
{
    char *at = dataset->note;
    size_t room = sizeof dataset->note;
    const char *kind = "not the images of a published figure";
    if (dataset->published)
        kind = "the published validation images";
    else if (options->expected_total == 0 && options->known_val_sha256 == NULL)
        kind = "a set without published figures";
    int used;
    if (dataset->permutation_sha256[0] != '\0')
        used =
            snprintf(at, room, "%u of %u images by the %s split, seed %u: %s", dataset->count,
                     dataset->total, fdm_dataset_scheme_name(dataset->scheme), dataset->seed, kind);
    else
        used = snprintf(at, room, "%u images: %s", dataset->count, kind);
    bool complete = options->expected_total == 0 || dataset->total == options->expected_total;
    if (!dataset->published && !complete && dataset->scheme != FDM_DATASET_LIST)
        used += snprintf(at + used, room - (size_t)used, "; the complete set has %u files, not %u",
                         options->expected_total, dataset->total);
    if (!dataset->published && complete && dataset->permutation_sha256[0] == '\0' &&
        options->expected_total != 0 && dataset->scheme == FDM_DATASET_ALL)
        used += snprintf(at + used, room - (size_t)used,
                         "; most of them are images that the models were trained on");
    if (dataset->left_out != 0)
        snprintf(at + used, room - (size_t)used, "; %u entries that are no images left out",
                 dataset->left_out);
}

/* Moves what the dataset keeps of the listing. */
static void take_facts(struct fdm_dataset *dataset, struct fdm_listing *listing)
{
    dataset->root = listing->root;
    dataset->class_names = listing->class_names;
    dataset->class_count = listing->class_count;
    dataset->findings = listing->findings;
    dataset->finding_count = listing->finding_count;
    listing->root = NULL;
    listing->class_names = NULL;
    listing->class_count = 0;
    listing->findings = NULL;
    listing->finding_count = 0;
}

static enum fdm_status build(struct fdm_dataset *dataset, const struct fdm_dataset_options *options,
                             struct fdm_listing *listing, struct fdm_error *err)
{
    size_t content_findings = 0;
    enum fdm_status status = open_listing(options, listing, &content_findings, err);
    if (status != FDM_OK)
        return status;
    dataset->total = (uint32_t)listing->image_count;
    dataset->scheme = resolve(options, listing);
    status = choose(dataset, options, listing, content_findings, err);
    if (status != FDM_OK)
        return status;
    take_facts(dataset, listing);
    if (dataset->count == 0)
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no image to evaluate", options->root);
    status = hash_list(dataset, err);
    if (status == FDM_OK)
        status = hash_names(dataset->images, dataset->count, dataset->names_sha256, err);
    if (status != FDM_OK)
        return status;
    dataset->published = is_published(dataset, options);
    write_note(dataset, options);
    return FDM_OK;
}

enum fdm_status fdm_dataset_open(const struct fdm_dataset_options *options,
                                 struct fdm_dataset **out, struct fdm_error *err)
{
    *out = NULL;
    if (options->scheme == FDM_DATASET_LIST && options->list_path == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "a list of images needs the file that names them");
    struct fdm_dataset *dataset = calloc(1, sizeof *dataset);
    if (dataset == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    struct fdm_listing listing = {0};
    enum fdm_status status = build(dataset, options, &listing, err);
    fdm_listing_release(&listing);
    if (status == FDM_OK)
        *out = dataset;
    else
        fdm_dataset_free(dataset);
    return status;
}

void fdm_dataset_free(struct fdm_dataset *dataset)
{
    if (dataset == NULL)
        return;
    struct fdm_listing owned = {
        .root = dataset->root,
        .class_names = dataset->class_names,
        .class_count = dataset->class_count,
        .images = dataset->images,
        .image_count = dataset->count,
        .findings = dataset->findings,
        .finding_count = dataset->finding_count,
    };
    fdm_listing_release(&owned);
    free(dataset);
}

char *fdm_dataset_path(const struct fdm_dataset *dataset, uint32_t index)
{
    return fdm_fs_join(dataset->root, dataset->images[index].path);
}
