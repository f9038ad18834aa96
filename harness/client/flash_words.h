/* What a flashing tool wrote: made one text, and told to the user with what to do about it. */
#ifndef FDM_CLIENT_FLASH_WORDS_H
#define FDM_CLIENT_FLASH_WORDS_H

#include <stdbool.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "harness/client/flash_tools.h"

/* Appends what one of its streams had, and ends the line: without colours, which
 * STM32CubeProgrammer writes to pipes, too, and with blanks for NULs, which would hide what
 * follows. */
void fdm_flash_words_add(struct fdm_buf *all, const struct fdm_buf *stream);

/* True if another attempt may help. */
bool fdm_flash_worth_again(enum fdm_flash_failure failure);

/* Fails with what happened, how to mend it, and the line of `output` that tells most. */
enum fdm_status fdm_flash_fail(const char *program, enum fdm_flash_failure failure,
                               const char *output, struct fdm_error *err);

#endif
