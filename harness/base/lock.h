/* Exclusive use of something by one program at a time: a lock on a file, which the kernel drops
 * when its holder ends, however it ends. */
#ifndef FDM_BASE_LOCK_H
#define FDM_BASE_LOCK_H

#include "harness/base/status.h"

struct fdm_lock;

/* Takes the lock on `path`, creating the file and its folder, and writes `owner` (one line) into it
 * for others to read. FDM_ERR_BUSY, with the holder's line, while another holds it; FDM_ERR_IO.
 * Freed by fdm_lock_free(). */
enum fdm_status fdm_lock_take(const char *path, const char *owner, struct fdm_lock **out,
                              struct fdm_error *err);

/* Gives the lock back; NULL is allowed. The file stays, empty. */
void fdm_lock_free(struct fdm_lock *lock);

#endif
