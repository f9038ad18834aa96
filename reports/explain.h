/* What quantization did to a network, as a report. */
#ifndef FDM_REPORTS_EXPLAIN_H
#define FDM_REPORTS_EXPLAIN_H

#include "reports/report.h"
#include "results/explanation.h"

/* Adds the totals as facts, the table "layers" with every layer in order, and the table "costliest"
 * with the up to five layers whose quantization alone changes the answers most. */
void fdm_explain_report(const struct fdm_explanation *explanation, struct fdm_report *report);

#endif
