/* The end of a board that cannot go on. */
#ifndef FDM_CORTEX_M_STOP_H
#define FDM_CORTEX_M_STOP_H

/* Says so on the line, as PROTOCOL.md's "Last words", and does nothing more. `text` begins with
 * "fdm-bench: "; faults are told in the same way. */
_Noreturn void fdm_stop_with(const char *text);

#endif
