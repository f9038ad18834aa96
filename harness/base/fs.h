/* Files and paths. Paths are byte strings; those returned are owned by the caller and freed with
 * free(). */
#ifndef FDM_BASE_FS_H
#define FDM_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

/* Reads a regular file of at most `max_bytes`. `*data` has one NUL behind `*len` bytes and is the
 * caller's; NULL on failure. FDM_ERR_NOT_FOUND, FDM_ERR_IO (also for folders and devices),
 * FDM_ERR_MEMORY (larger than the bound). */
enum fdm_status fdm_fs_read(const char *path, size_t max_bytes, uint8_t **data, size_t *len,
                            struct fdm_error *err);

/* Writes beside the target, syncs, then renames over it: readers see the old bytes or the new ones,
 * also after a crash or a full disk. A file keeps its rights, a new one has those that the umask
 * leaves. A link stays, and what it points to is replaced; a pipe or device is written to as it is.
 * FDM_ERR_IO. */
enum fdm_status fdm_fs_write_atomic(const char *path, const void *data, size_t len,
                                    struct fdm_error *err);

/* The same without the sync, many times faster: after a crash the file may be cut or full of zeros.
 * For what can be made again and is checked when read. */
enum fdm_status fdm_fs_write_unsynced(const char *path, const void *data, size_t len,
                                      struct fdm_error *err);

/* Whether the two above could begin, to be asked before long work: FDM_ERR_IO for a folder of that
 * name, or where nothing may be written; FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_fs_check_writable(const char *path, struct fdm_error *err);

/* Creates the folder and its parents; an existing folder is fine. FDM_ERR_IO. */
enum fdm_status fdm_fs_make_dirs(const char *path, struct fdm_error *err);

/* Removes the folder and all below it, as far as it can; links are removed, not followed. */
void fdm_fs_remove_tree(const char *folder);

bool fdm_fs_is_dir(const char *path);
bool fdm_fs_is_file(const char *path);

/* "a/b" from "a" and "b"; NULL when out of memory. */
char *fdm_fs_join(const char *folder, const char *name);
/* The part behind the last '/', inside `path`. */
const char *fdm_fs_basename(const char *path);

/* The user's folders by the XDG base directory specification, "<base>/fdm-bench", not created.
 * FDM_ERR_NOT_FOUND when neither the variable nor HOME is set. */
enum fdm_fs_user { FDM_FS_CACHE, FDM_FS_CONFIG, FDM_FS_DATA };
enum fdm_status fdm_fs_user_dir(enum fdm_fs_user kind, char **out, struct fdm_error *err);

/* The folder that holds the running program, for finding installed data. FDM_ERR_IO. */
enum fdm_status fdm_fs_program_dir(char **out, struct fdm_error *err);

#endif
