/* Downloaded files by their content.
 *
 *   objects/<2 hex>/<sha256>     files, complete and checked, read-only
 *   trees/<sha256>/content/…     what came out of the archive with that hash; tree.json counts it
 *   partial/<sha256>             downloads under way, with <sha256>.etag
 *   locks/<sha256>.lock          held by the process that downloads or unpacks
 *   models/…, datasets/<id>      symbolic links by published path, for `run`
 *
 * Everything appears by rename, so a name leads to the whole thing or to nothing. An object's
 * modification time is a stamp, set last: size and time tell a later change without reading.
 *
 * Nothing is synced to the disk when it is made, which could take as long as the download itself:
 * the stamp is one of this boot of the computer (by the kernel's boot id). What was written can be
 * lost only by a fall of the whole computer, and then the id is another one. An object with another
 * stamp or time is hashed at its next use: it is synced and stamped for good, or removed. A tree's
 * record has the stamp; the tree is counted at its first use in each boot. Without a boot id
 * objects are synced when they are made, and trees are counted at every use. Any number of
 * processes may share a folder. */
#ifndef FDM_HARNESS_FETCH_CACHE_H
#define FDM_HARNESS_FETCH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/lock.h"
#include "harness/base/status.h"

struct fdm_cache;

/* `folder` NULL: "fetched" in the user's cache folder. Creates nothing yet. The caller frees with
 * fdm_cache_free(), which takes NULL. FDM_ERR_NOT_FOUND (no HOME), FDM_ERR_MEMORY. */
enum fdm_status fdm_cache_open(const char *folder, struct fdm_cache **out, struct fdm_error *err);
void fdm_cache_free(struct fdm_cache *cache);
/* Goes on as if the computer had started with this id, for tests; NULL: there is none. */
void fdm_cache_set_boot(struct fdm_cache *cache, const char *boot_id);
const char *fdm_cache_folder(const struct fdm_cache *cache);

/* The path of an object, for the caller to free. `bytes` 0: any size. `by_hash` reads it all. A
 * damaged object is removed and told as FDM_ERR_NOT_FOUND. FDM_ERR_IO, FDM_ERR_MEMORY. */
enum fdm_status fdm_cache_find(struct fdm_cache *cache, const char *sha256, uint64_t bytes,
                               bool by_hash, char **path, struct fdm_error *err);

/* The right to produce the object or tree; FDM_ERR_BUSY while another process has it. */
enum fdm_status fdm_cache_lock(struct fdm_cache *cache, const char *sha256, struct fdm_lock **out,
                               struct fdm_error *err);

/* Where to write an object before it is complete; its folder exists then. The caller frees. */
enum fdm_status fdm_cache_partial(struct fdm_cache *cache, const char *sha256, char **path,
                                  struct fdm_error *err);

/* Makes the partial file, whose content the caller has checked, the object: stamped and renamed.
 * `*path` is the object's, for the caller to free. FDM_ERR_IO. */
enum fdm_status fdm_cache_commit(struct fdm_cache *cache, const char *sha256, char **path,
                                 struct fdm_error *err);

/* The folder that holds an unpacked archive's content. `by_count` compares files and bytes with
 * what came out; a tree that differs is removed. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_cache_tree_find(struct fdm_cache *cache, const char *sha256, bool by_count,
                                    char **path, struct fdm_error *err);
/* An empty folder to unpack into; what a crash left of one is removed. Hold the lock. */
enum fdm_status fdm_cache_tree_begin(struct fdm_cache *cache, const char *sha256, char **path,
                                     struct fdm_error *err);
/* Makes it the tree, or removes it. */
enum fdm_status fdm_cache_tree_commit(struct fdm_cache *cache, const char *sha256, uint64_t files,
                                      uint64_t bytes, struct fdm_error *err);
void fdm_cache_tree_abandon(struct fdm_cache *cache, const char *sha256);

/* Lets `name` ("models/flowers/x.tflite") lead to `path`, which lies in the cache. FDM_ERR_IO. */
enum fdm_status fdm_cache_publish(struct fdm_cache *cache, const char *name, const char *path,
                                  struct fdm_error *err);
/* True if `name` leads to an object or a tree that is there, as fdm_cache_find() and
 * fdm_cache_tree_find() judge it without `by_hash` and `by_count`. */
bool fdm_cache_is_published(struct fdm_cache *cache, const char *name);

/* ---- The whole cache ---------------------------------------------------------------------------
 */

enum fdm_cache_kind { FDM_CACHE_OBJECT, FDM_CACHE_TREE, FDM_CACHE_PARTIAL };
const char *fdm_cache_kind_name(enum fdm_cache_kind kind); /* "file", "unpacked", "unfinished" */

struct fdm_cache_entry {
    enum fdm_cache_kind kind;
    const char *sha256; /* that of the archive for a tree */
    const char *path;
    uint64_t bytes;
};
/* Calls `visit` for each entry until one call fails. No entries where there is no folder. */
enum fdm_status fdm_cache_each(struct fdm_cache *cache,
                               enum fdm_status (*visit)(void *context,
                                                        const struct fdm_cache_entry *entry,
                                                        struct fdm_error *err),
                               void *context, struct fdm_error *err);

/* Removes an entry; FDM_ERR_BUSY while a process works on it. Links to it are left dangling, which
 * counts as absent. */
enum fdm_status fdm_cache_remove(struct fdm_cache *cache, const struct fdm_cache_entry *entry,
                                 struct fdm_error *err);

#endif
