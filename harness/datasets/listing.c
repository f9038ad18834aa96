#include "harness/datasets/listing.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/datasets/image.h"
#include "harness/datasets/listing_build.h"

/* True with `*reason` if something is wrong with the file. */
static bool inspect(const char *path, enum fdm_listing_reason *reason)
{
    uint8_t bytes[FDM_IMAGE_SIGNATURE_BYTES];
    struct stat info;
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        got = read(fd, bytes, sizeof bytes);
    if (fd >= 0)
        close(fd);
    if (got < 0) {
        *reason = FDM_LISTING_UNREADABLE;
        return true;
    }
    switch (fdm_image_format(bytes, (size_t)got)) {
    case FDM_IMAGE_JPEG:
    case FDM_IMAGE_PNG:
        return false;
    case FDM_IMAGE_GIF:
    case FDM_IMAGE_BMP:
        *reason = FDM_LISTING_UNDECODED;
        return true;
    case FDM_IMAGE_UNKNOWN:
        break;
    }
    *reason = FDM_LISTING_NOT_IMAGE;
    return true;
}

enum fdm_status fdm_listing_check_content(struct fdm_listing *listing, struct fdm_error *err)
{
    if (listing->root == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "a list of names has no folder to look into");
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; i < listing->image_count && status == FDM_OK; i++) {
        enum fdm_listing_reason reason;
        char *path = fdm_fs_join(listing->root, listing->images[i].path);
        if (path == NULL)
            status = fdm_listing_no_memory(err);
        else if (inspect(path, &reason))
            status = fdm_listing_add_finding(listing, strdup(listing->images[i].path), reason, err);
        free(path);
    }
    return status;
}

const char *fdm_listing_missing_class(const struct fdm_listing *listing)
{
    bool seen[FDM_LISTING_CLASSES_MAX] = {false};
    for (size_t i = 0; i < listing->image_count; i++)
        seen[listing->images[i].label] = true;
    for (size_t i = 0; i < listing->class_count; i++)
        if (!seen[i])
            return listing->class_names[i];
    return NULL;
}

const char *fdm_listing_reason_text(enum fdm_listing_reason reason)
{
    switch (reason) {
    case FDM_LISTING_ROOT_FILE:
        return "lies beside the class folders and is ignored";
    case FDM_LISTING_ROOT_HIDDEN:
        return "is a hidden folder and ignored";
    case FDM_LISTING_SUBFOLDER:
        return "is a folder inside a class and ignored";
    case FDM_LISTING_HIDDEN_FILE:
        return "is a hidden file, which counts in the split";
    case FDM_LISTING_NOT_IMAGE:
        return "is not an image by its content";
    case FDM_LISTING_UNREADABLE:
        return "cannot be read as a file";
    case FDM_LISTING_UNDECODED:
        return "is a GIF or BMP image, which is not decoded";
    }
    return "is unknown";
}

void fdm_listing_release(struct fdm_listing *listing)
{
    for (size_t i = 0; i < listing->class_count; i++)
        free(listing->class_names[i]);
    for (size_t i = 0; i < listing->image_count; i++)
        free(listing->images[i].path);
    for (size_t i = 0; i < listing->finding_count; i++)
        free(listing->findings[i].path);
    free(listing->class_names);
    free(listing->images);
    free(listing->findings);
    free(listing->root);
    memset(listing, 0, sizeof *listing);
}
