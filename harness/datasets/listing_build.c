#include "harness/datasets/listing_build.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/datasets/split.h"

enum fdm_status fdm_listing_no_memory(struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_MEMORY, "no memory for the list of images");
}

enum fdm_status fdm_listing_add_finding(struct fdm_listing *listing, char *path,
                                        enum fdm_listing_reason reason, struct fdm_error *err)
{
    struct fdm_listing_finding *findings = NULL;
    if (path != NULL)
        findings = fdm_names_room(listing->findings, listing->finding_count, sizeof *findings);
    if (findings == NULL) {
        free(path);
        return fdm_listing_no_memory(err);
    }
    listing->findings = findings;
    findings[listing->finding_count++] = (struct fdm_listing_finding){path, reason};
    return FDM_OK;
}

enum fdm_status fdm_listing_add_image(struct fdm_listing *listing, char *path, uint32_t label,
                                      struct fdm_error *err)
{
    if (listing->image_count == FDM_SPLIT_IMAGES_MAX) {
        free(path);
        return fdm_fail(err, FDM_ERR_MEMORY, "more than %u images", FDM_SPLIT_IMAGES_MAX);
    }
    struct fdm_listing_image *images = NULL;
    if (path != NULL)
        images = fdm_names_room(listing->images, listing->image_count, sizeof *images);
    if (images == NULL) {
        free(path);
        return fdm_listing_no_memory(err);
    }
    listing->images = images;
    images[listing->image_count++] = (struct fdm_listing_image){path, label};
    return FDM_OK;
}

static int compare_images(const void *a, const void *b)
{
    const struct fdm_listing_image *first = a;
    const struct fdm_listing_image *second = b;
    if (first->label != second->label)
        return first->label < second->label ? -1 : 1;
    size_t first_folder = (size_t)(fdm_fs_basename(first->path) - first->path);
    size_t second_folder = (size_t)(fdm_fs_basename(second->path) - second->path);
    size_t common = first_folder < second_folder ? first_folder : second_folder;
    /* Without the '/' at the end, which is no part of the folder's name. */
    int order = memcmp(first->path, second->path, common - 1);
    if (order == 0 && first_folder != second_folder)
        order = first_folder < second_folder ? -1 : 1;
    if (order == 0)
        order = strcmp(first->path, second->path);
    return order;
}

void fdm_listing_sort(struct fdm_listing *listing, size_t from)
{
    if (listing->image_count > from + 1)
        qsort(listing->images + from, listing->image_count - from, sizeof *listing->images,
              compare_images);
}

static enum fdm_status check_class_name(const char *name, struct fdm_error *err)
{
    if (name == NULL || name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        strpbrk(name, "/\n") != NULL || strlen(name) >= FDM_LISTING_NAME_BYTES_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "'%s' cannot be a class: it is no folder name",
                        name != NULL ? name : "");
    return FDM_OK;
}

enum fdm_status fdm_listing_copy_classes(struct fdm_names *names, const char *const *classes,
                                         size_t count, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; i < count && status == FDM_OK; i++) {
        status = check_class_name(classes[i], err);
        if (status == FDM_OK)
            status = fdm_names_add(names, classes[i], strlen(classes[i]), err);
    }
    return status;
}

enum fdm_status fdm_listing_take_classes(struct fdm_listing *listing, struct fdm_names *names,
                                         enum fdm_listing_rule rule, struct fdm_error *err)
{
    if (names->count > FDM_LISTING_CLASSES_MAX)
        return fdm_fail(err, FDM_ERR_MEMORY, "%zu classes, more than the %u allowed", names->count,
                        FDM_LISTING_CLASSES_MAX);
    struct fdm_names own = {NULL, 0};
    enum fdm_status status = FDM_OK;
    if (rule == FDM_LISTING_ST)
        fdm_names_sort(names);
    for (size_t i = 0; i < names->count && status == FDM_OK; i++)
        status = fdm_names_add(&own, names->item[i], strlen(names->item[i]), err);
    listing->class_names = own.item;
    listing->class_count = own.count;
    fdm_names_sort(names);
    for (size_t i = 1; i < names->count && status == FDM_OK; i++)
        if (strcmp(names->item[i - 1], names->item[i]) == 0)
            status = fdm_fail(err, FDM_ERR_USAGE, "class '%s' is named twice", names->item[i]);
    return status;
}
