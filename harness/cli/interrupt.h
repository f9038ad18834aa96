/* Ctrl-C and SIGTERM ask for an orderly stop: work in hand is stored, the session stays resumable.
 * A second signal ends the program at once; the store survives that too. */
#ifndef FDM_CLI_INTERRUPT_H
#define FDM_CLI_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

/* Installs the handlers and returns the flag that they set. */
const atomic_bool *fdm_interrupt_install(void);

#endif
