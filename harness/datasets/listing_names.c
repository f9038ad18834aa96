#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/datasets/listing_build.h"
#include "harness/datasets/names.h"

static const size_t names_file_bytes_max = (size_t)1 << 30;

/* Length of the class in "class/name", or 0 if that is no such path: hostile lists must not lead
 * out of the root. */
static size_t class_length(const char *path)
{
    const char *slash = strchr(path, '/');
    if (slash == NULL || strlen(path) >= FDM_LISTING_NAME_BYTES_MAX)
        return 0;
    for (const char *part = path;;) {
        size_t len = strcspn(part, "/");
        if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && strncmp(part, "..", 2) == 0))
            return 0;
        if (part[len] == '\0')
            break;
        part += len + 1;
    }
    return (size_t)(slash - path);
}

/* Cuts the text into lines; labels are set later. */
static enum fdm_status read_lines(struct fdm_listing *listing, const char *names_path, char *text,
                                  size_t len, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    char *line = text;
    for (size_t number = 1; line < text + len && status == FDM_OK; number++) {
        char *end = memchr(line, '\n', (size_t)(text + len - line));
        if (end == NULL)
            end = text + len;
        *end = '\0';
        if (memchr(line, '\0', (size_t)(end - line)) != NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: line %zu: a NUL byte; is this a text file?",
                            names_path, number);
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
        if (line[0] != '\0' && class_length(line) == 0)
            return fdm_fail(err, FDM_ERR_FORMAT,
                            "%s: line %zu: expected \"class/name\", found \"%.80s\"", names_path,
                            number, line);
        if (line[0] != '\0')
            status = fdm_listing_add_image(listing, strdup(line), 0, err);
        line = end + 1;
    }
    return status;
}

static enum fdm_status classes_of_images(const struct fdm_listing *listing,
                                         struct fdm_names *sorted, struct fdm_error *err)
{
    struct fdm_names all = {NULL, 0};
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; i < listing->image_count && status == FDM_OK; i++) {
        const char *path = listing->images[i].path;
        size_t len = class_length(path);
        /* Most neighbours share their class. */
        const char *last = all.count > 0 ? all.item[all.count - 1] : "";
        if (strlen(last) != len || strncmp(last, path, len) != 0)
            status = fdm_names_add(&all, path, len, err);
    }
    fdm_names_sort(&all);
    for (size_t i = 0; i < all.count && status == FDM_OK; i++)
        if (i == 0 || strcmp(all.item[i - 1], all.item[i]) != 0)
            status = fdm_names_add(sorted, all.item[i], strlen(all.item[i]), err);
    fdm_names_release(&all);
    return status;
}

static enum fdm_status set_labels(struct fdm_listing *listing, const char *names_path,
                                  struct fdm_error *err)
{
    for (size_t i = 0; i < listing->image_count; i++) {
        char name[FDM_LISTING_NAME_BYTES_MAX];
        const char *key = name;
        snprintf(name, sizeof name, "%.*s", (int)class_length(listing->images[i].path),
                 listing->images[i].path);
        char *const *found = listing->class_count == 0
                                 ? NULL
                                 : bsearch(&key, listing->class_names, listing->class_count,
                                           sizeof *listing->class_names, fdm_names_compare);
        if (found == NULL)
            return fdm_fail(err, FDM_ERR_MISMATCH, "%s: '%s' is none of the %zu classes",
                            names_path, name, listing->class_count);
        listing->images[i].label = (uint32_t)(found - listing->class_names);
    }
    return FDM_OK;
}

static enum fdm_status check_repeats(const struct fdm_listing *listing, const char *names_path,
                                     struct fdm_error *err)
{
    if (listing->image_count < 2)
        return FDM_OK;
    char **sorted = malloc(listing->image_count * sizeof *sorted);
    if (sorted == NULL)
        return fdm_listing_no_memory(err);
    for (size_t i = 0; i < listing->image_count; i++)
        sorted[i] = listing->images[i].path;
    qsort(sorted, listing->image_count, sizeof *sorted, fdm_names_compare);
    enum fdm_status status = FDM_OK;
    for (size_t i = 1; i < listing->image_count && status == FDM_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            status =
                fdm_fail(err, FDM_ERR_FORMAT, "%s: '%s' is named twice", names_path, sorted[i]);
    free(sorted);
    return status;
}

enum fdm_status fdm_listing_from_names(const char *names_path, enum fdm_listing_order order,
                                       const char *const *classes, size_t class_count,
                                       struct fdm_listing *out, struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    struct fdm_names sorted = {NULL, 0};
    uint8_t *text = NULL;
    size_t len = 0;
    enum fdm_status status = fdm_fs_read(names_path, names_file_bytes_max, &text, &len, err);
    if (status == FDM_OK)
        status = read_lines(out, names_path, (char *)text, len, err);
    if (status == FDM_OK && class_count > 0)
        status = fdm_listing_copy_classes(&sorted, classes, class_count, err);
    else if (status == FDM_OK)
        status = classes_of_images(out, &sorted, err);
    if (status == FDM_OK)
        status = fdm_listing_take_classes(out, &sorted, FDM_LISTING_ST, err);
    if (status == FDM_OK)
        status = set_labels(out, names_path, err);
    if (status == FDM_OK)
        status = check_repeats(out, names_path, err);
    if (status == FDM_OK && order == FDM_LISTING_SORTED)
        fdm_listing_sort(out, 0);
    fdm_names_release(&sorted);
    free(text);
    if (status != FDM_OK)
        fdm_listing_release(out);
    return status;
}
