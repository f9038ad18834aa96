/* Who writes a session: one byte of "<database>.lock" per session, locked as an open file
 * description lock (fcntl(2), F_OFD_SETLK). The kernel drops it with the process, however that
 * ends, and it holds between two open stores of one process too. */
#ifndef FDM_RESULTS_SESSION_LOCK_H
#define FDM_RESULTS_SESSION_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"

/* Creates the file beside `database` if need be; the caller closes `*fd`, which drops all locks.
 * FDM_ERR_IO. */
enum fdm_status fdm_session_lock_open(const char *database, int *fd, struct fdm_error *err);
/* `*taken` false if somebody else holds the session. FDM_ERR_IO. */
enum fdm_status fdm_session_lock_take(int fd, int64_t session_id, bool *taken,
                                      struct fdm_error *err);
void fdm_session_lock_drop(int fd, int64_t session_id);

#endif
