/* What this program and this computer are, for the records. */
#ifndef FDM_CLI_PROVENANCE_H
#define FDM_CLI_PROVENANCE_H

#include "results/record.h"

/* Fills command, tool_version, compiler, host and cpu. Texts that are too long are cut: they
 * describe, they do not identify. */
void fdm_provenance(int argc, char **argv, struct fdm_session_record *out);

#endif
