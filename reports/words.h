/* Inside reports: cells that several reports write in the same way. */
#ifndef FDM_REPORTS_WORDS_H
#define FDM_REPORTS_WORDS_H

#include <stdint.h>

#include "reports/table.h"

/* One cell: 100 k / n, shown with two decimals as model cards round it; none for n = 0. */
void fdm_words_percent(struct fdm_table *table, uint32_t k, uint32_t n);

/* Three cells for k_b against k_a of the same n: "+0.14 (+1)" for people, then images and
 * percentage points for machines. */
void fdm_words_difference(struct fdm_table *table, uint32_t k_a, uint32_t k_b, uint32_t n);

#endif
