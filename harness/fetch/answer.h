/* What a server's answer means, in words for the user: what is wrong, and what to do. */
#ifndef FDM_HARNESS_FETCH_ANSWER_H
#define FDM_HARNESS_FETCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/fetch/transfer.h"

/* True for an HTTP status that another attempt may not meet: 429, 503 and the like. */
bool fdm_answer_may_recover(unsigned status);

/* Why this status is no file. Of the address everything is shown but a name, a password and the
 * query, which may be a key. */
void fdm_answer_explain_status(const char *address, unsigned status, char *out, size_t size);

/* Why `bytes` bytes are not the file of `expected` bytes. */
void fdm_answer_explain_size(const struct fdm_response *response, uint64_t bytes, uint64_t expected,
                             char *out, size_t size);

#endif
