/* The images of a folder that holds one folder per class, in the order that a split counts them.
 *
 * Names are byte strings and "sorted" means by bytes (strcmp, not the locale), which for UTF-8 is
 * the code-point order of Python's sorted(). The two rules are those of the tools that trained the
 * published models: ST's model zoo services (every directory entry) and Keras'
 * image_dataset_from_directory (by extension, sub-folders too). */
#ifndef FDM_DATASETS_LISTING_H
#define FDM_DATASETS_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_LISTING_CLASSES_MAX 4096u
#define FDM_LISTING_NAME_BYTES_MAX 4096u /* of "class/name", with the NUL */
#define FDM_LISTING_DEPTH_MAX 32u        /* of sub-folders under a class */

enum fdm_listing_rule {
    /* Classes sorted; in each every entry that is not a folder, whatever its name, sorted. */
    FDM_LISTING_ST,
    /* Classes in the caller's order (sorted if none is given); in each all files named .bmp .gif
     * .jpeg .jpg .png in any case, in sub-folders too, sorted by folder, then by name. */
    FDM_LISTING_KERAS
};

/* What may shift a split or fail to decode, for the user to see before a figure is believed. */
enum fdm_listing_reason {
    FDM_LISTING_ROOT_FILE,   /* beside the class folders: ignored */
    FDM_LISTING_ROOT_HIDDEN, /* a folder whose name starts with a dot: ignored, no class */
    FDM_LISTING_SUBFOLDER,   /* st: ignored (ST's tools refuse it); keras: a link, not followed */
    FDM_LISTING_HIDDEN_FILE, /* name starts with a dot: listed by st and counted in its split */
    FDM_LISTING_NOT_IMAGE,   /* listed, but its first bytes are no JPEG, PNG, GIF or BMP */
    FDM_LISTING_UNREADABLE,  /* listed, but cannot be opened or is no regular file */
    FDM_LISTING_UNDECODED    /* listed; a GIF or BMP, which fdm_image_decode() refuses */
};

struct fdm_listing_finding {
    char *path; /* relative to the root */
    enum fdm_listing_reason reason;
};

struct fdm_listing_image {
    char *path;     /* relative to the root: "class/name" */
    uint32_t label; /* index into class_names */
};

/* Owns everything that it points to. */
struct fdm_listing {
    char *root; /* as given; NULL for a names file */
    char **class_names;
    size_t class_count;
    struct fdm_listing_image *images;
    size_t image_count;
    struct fdm_listing_finding *findings; /* in the order of class and entry */
    size_t finding_count;
};

/* Reads the folders. With `classes` (class_count > 0) the labels are indices into that list (st:
 * sorted, keras: as given), folders may be missing (fdm_listing_missing_class() tells), and a
 * folder that is no class is an error naming it; without, each folder is a class. Symbolic links to
 * class folders and to images are followed, links to folders inside a class are not.
 * On failure `out` is empty. FDM_ERR_NOT_FOUND (no such root, or no class folder in it),
 * FDM_ERR_IO (names the folder), FDM_ERR_USAGE (bad or repeated class names), FDM_ERR_MISMATCH (a
 * folder that is no class), FDM_ERR_UNSUPPORTED (a line break in a name), FDM_ERR_MEMORY (also past
 * the limits above or FDM_SPLIT_IMAGES_MAX). */
enum fdm_status fdm_listing_open(const char *root, enum fdm_listing_rule rule,
                                 const char *const *classes, size_t class_count,
                                 struct fdm_listing *out, struct fdm_error *err);

/* Reads the first bytes of each image and adds what is wrong to the findings. FDM_ERR_USAGE without
 * a root, FDM_ERR_MEMORY. */
enum fdm_status fdm_listing_check_content(struct fdm_listing *listing, struct fdm_error *err);

/* A listing from a text file with one "class/name" a line, without looking at any folder. Empty
 * lines are skipped. Sorted as the st rule does, or as written. A class is what stands before the
 * first '/'; it must be among `classes` if those are given. FDM_ERR_NOT_FOUND, FDM_ERR_IO,
 * FDM_ERR_FORMAT (names file and line: no class, an empty, "." or ".." component, a repeated
 * name), FDM_ERR_MISMATCH (unknown class), FDM_ERR_USAGE, FDM_ERR_MEMORY. */
enum fdm_listing_order { FDM_LISTING_SORTED, FDM_LISTING_AS_WRITTEN };
enum fdm_status fdm_listing_from_names(const char *names_path, enum fdm_listing_order order,
                                       const char *const *classes, size_t class_count,
                                       struct fdm_listing *out, struct fdm_error *err);

/* The first class without any image, or NULL. */
const char *fdm_listing_missing_class(const struct fdm_listing *listing);

/* The reason as words for a message: "is not an image by its content", … */
const char *fdm_listing_reason_text(enum fdm_listing_reason reason);

void fdm_listing_release(struct fdm_listing *listing);

#endif
