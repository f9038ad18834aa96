#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "harness/base/fs.h"
#include "harness/datasets/listing_build.h"
#include "harness/datasets/names.h"

/* The entries of a folder but "." and "..", sorted. */
static enum fdm_status read_folder(const char *path, struct fdm_names *out, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return fdm_fail(err, errno == ENOENT ? FDM_ERR_NOT_FOUND : FDM_ERR_IO, "%s: %s", path,
                        strerror(errno));
    while (status == FDM_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL && errno != 0)
            status = fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
        if (entry == NULL)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (strchr(entry->d_name, '\n') != NULL)
            status = fdm_fail(err, FDM_ERR_UNSUPPORTED,
                              "%s: a file name with a line break; rename it", path);
        else
            status = fdm_names_add(out, entry->d_name, strlen(entry->d_name), err);
    }
    closedir(folder);
    fdm_names_sort(out);
    return status;
}

static bool has_image_extension(const char *name)
{
    static const char *const extensions[] = {".bmp", ".gif", ".jpeg", ".jpg", ".png"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        size_t extension = strlen(extensions[i]);
        if (len >= extension && strcasecmp(name + len - extension, extensions[i]) == 0)
            return true;
    }
    return false;
}

/* One class folder or, for keras, a folder below it. */
struct place {
    struct fdm_listing *listing;
    enum fdm_listing_rule rule;
    uint32_t label;
};

static enum fdm_status list_folder(const struct place *place, const char *relative, unsigned depth,
                                   struct fdm_error *err);

static enum fdm_status list_subfolder(const struct place *place, const char *path, char *relative,
                                      unsigned depth, struct fdm_error *err)
{
    struct stat info;
    bool is_link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    if (place->rule == FDM_LISTING_ST || is_link)
        return fdm_listing_add_finding(place->listing, relative, FDM_LISTING_SUBFOLDER, err);
    enum fdm_status status = list_folder(place, relative, depth + 1, err);
    free(relative);
    return status;
}

/* Takes ownership of `relative`. */
static enum fdm_status list_file(const struct place *place, char *relative, struct fdm_error *err)
{
    const char *name = fdm_fs_basename(relative);
    if (place->rule == FDM_LISTING_KERAS && !has_image_extension(name)) {
        free(relative);
        return FDM_OK;
    }
    enum fdm_status status = FDM_OK;
    if (name[0] == '.')
        status =
            fdm_listing_add_finding(place->listing, strdup(relative), FDM_LISTING_HIDDEN_FILE, err);
    if (status != FDM_OK) {
        free(relative);
        return status;
    }
    return fdm_listing_add_image(place->listing, relative, place->label, err);
}

static enum fdm_status list_entry(const struct place *place, const char *folder, const char *name,
                                  unsigned depth, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    char *relative = fdm_fs_join(folder, name);
    char *path = relative != NULL ? fdm_fs_join(place->listing->root, relative) : NULL;
    if (path == NULL) {
        status = fdm_listing_no_memory(err);
    } else if (strlen(relative) >= FDM_LISTING_NAME_BYTES_MAX) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "%s: a path of more than %u bytes",
                          place->listing->root, FDM_LISTING_NAME_BYTES_MAX - 1);
    } else if (fdm_fs_is_dir(path)) {
        status = list_subfolder(place, path, relative, depth, err);
        relative = NULL;
    } else {
        status = list_file(place, relative, err);
        relative = NULL;
    }
    free(path);
    free(relative);
    return status;
}

static enum fdm_status list_folder(const struct place *place, const char *relative, unsigned depth,
                                   struct fdm_error *err)
{
    if (depth > FDM_LISTING_DEPTH_MAX)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: folders more than %u deep", relative,
                        FDM_LISTING_DEPTH_MAX);
    struct fdm_names entries = {NULL, 0};
    char *path = fdm_fs_join(place->listing->root, relative);
    enum fdm_status status =
        path != NULL ? read_folder(path, &entries, err) : fdm_listing_no_memory(err);
    for (size_t i = 0; i < entries.count && status == FDM_OK; i++)
        status = list_entry(place, relative, entries.item[i], depth, err);
    fdm_names_release(&entries);
    free(path);
    return status;
}

/* The folders of the root that may be classes; notes what else lies there. */
static enum fdm_status list_root(struct fdm_listing *listing, struct fdm_names *folders,
                                 struct fdm_error *err)
{
    struct fdm_names entries = {NULL, 0};
    enum fdm_status status = read_folder(listing->root, &entries, err);
    for (size_t i = 0; i < entries.count && status == FDM_OK; i++) {
        const char *name = entries.item[i];
        char *path = fdm_fs_join(listing->root, name);
        if (path == NULL)
            status = fdm_listing_no_memory(err);
        else if (!fdm_fs_is_dir(path))
            status = fdm_listing_add_finding(listing, strdup(name), FDM_LISTING_ROOT_FILE, err);
        else if (name[0] == '.')
            status = fdm_listing_add_finding(listing, strdup(name), FDM_LISTING_ROOT_HIDDEN, err);
        else
            status = fdm_names_add(folders, name, strlen(name), err);
        free(path);
    }
    fdm_names_release(&entries);
    return status;
}

/* The usual mistake is to name the folder above. NULL if that is not it; the caller frees. */
static char *find_root_below(const char *root, const struct fdm_names *folders,
                             const char *class_name)
{
    for (size_t i = 0; i < folders->count; i++) {
        char *below = fdm_fs_join(root, folders->item[i]);
        char *path = below != NULL ? fdm_fs_join(below, class_name) : NULL;
        bool found = path != NULL && fdm_fs_is_dir(path);
        free(path);
        if (found)
            return below;
        free(below);
    }
    return NULL;
}

static enum fdm_status fail_without_classes(const struct fdm_listing *listing,
                                            const struct fdm_names *folders, struct fdm_error *err)
{
    if (listing->class_count == 0)
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no folder in it; expected one for each class",
                        listing->root);
    const char *first = listing->class_names[0];
    char *below = find_root_below(listing->root, folders, first);
    enum fdm_status status;
    if (below != NULL)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no class folder in it; did you mean %s?",
                          listing->root, below);
    else
        status = fdm_fail(err, FDM_ERR_NOT_FOUND,
                          "%s: no class folder in it; expected '%s' and so on, %zu in all",
                          listing->root, first, listing->class_count);
    free(below);
    return status;
}

static enum fdm_status check_folders(const struct fdm_listing *listing,
                                     const struct fdm_names *folders,
                                     const struct fdm_names *classes, struct fdm_error *err)
{
    const char *extra = NULL;
    const char *missing = NULL;
    size_t known = 0;
    for (size_t i = 0; i < folders->count; i++) {
        if (fdm_names_has(classes, folders->item[i]))
            known++;
        else if (extra == NULL)
            extra = folders->item[i];
    }
    if (known == 0)
        return fail_without_classes(listing, folders, err);
    for (size_t i = 0; i < classes->count && missing == NULL; i++)
        if (!fdm_names_has(folders, classes->item[i]))
            missing = classes->item[i];
    if (extra != NULL && missing != NULL)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "%s: folder '%s' is none of the %zu classes, and class '%s' has no folder",
                        listing->root, extra, classes->count, missing);
    if (extra != NULL)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "%s: folder '%s' is none of the %zu classes; move it away", listing->root,
                        extra, classes->count);
    return FDM_OK;
}

static enum fdm_status list_classes(struct fdm_listing *listing, enum fdm_listing_rule rule,
                                    const struct fdm_names *folders, struct fdm_error *err)
{
    for (size_t i = 0; i < listing->class_count; i++) {
        const char *name = listing->class_names[i];
        if (!fdm_names_has(folders, name))
            continue;
        struct place place = {listing, rule, (uint32_t)i};
        size_t from = listing->image_count;
        enum fdm_status status = list_folder(&place, name, 1, err);
        if (status != FDM_OK)
            return status;
        fdm_listing_sort(listing, from);
    }
    return FDM_OK;
}

enum fdm_status fdm_listing_open(const char *root, enum fdm_listing_rule rule,
                                 const char *const *classes, size_t class_count,
                                 struct fdm_listing *out, struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    struct fdm_names folders = {NULL, 0};
    struct fdm_names sorted = {NULL, 0};
    out->root = strdup(root);
    enum fdm_status status =
        out->root != NULL ? list_root(out, &folders, err) : fdm_listing_no_memory(err);
    if (status == FDM_OK && class_count > 0)
        status = fdm_listing_copy_classes(&sorted, classes, class_count, err);
    for (size_t i = 0; i < folders.count && class_count == 0 && status == FDM_OK; i++)
        status = fdm_names_add(&sorted, folders.item[i], strlen(folders.item[i]), err);
    if (status == FDM_OK)
        status = fdm_listing_take_classes(out, &sorted, rule, err);
    if (status == FDM_OK)
        status = check_folders(out, &folders, &sorted, err);
    if (status == FDM_OK)
        status = list_classes(out, rule, &folders, err);
    fdm_names_release(&folders);
    fdm_names_release(&sorted);
    if (status != FDM_OK)
        fdm_listing_release(out);
    return status;
}
