/* Inside the card report: how a row finds its measurements, and what each kind of table adds. */
#ifndef FDM_REPORTS_CARD_TABLES_H
#define FDM_REPORTS_CARD_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/card_report.h"
#include "reports/table.h"
#include "results/card.h"

struct fdm_card_context {
    const struct fdm_measured_case *cases;
    size_t count;
    const char *semantics; /* default of int8 cases */
    const char *engine;    /* or NULL: any */
    bool *used;            /* per case: shown in some row */
};

/* The case is complete, of the engine asked for, and of the row's model, format and resolution. */
bool fdm_card_matches(const struct fdm_card_context *context, const struct fdm_card_keys *keys,
                      const struct fdm_measured_case *candidate);
void fdm_card_mark_used(const struct fdm_card_context *context,
                        const struct fdm_measured_case *shown);

/* Each kind of table adds its columns once, then its cells to every row, in the same order. */
void fdm_card_accuracy_columns(struct fdm_table *out);
void fdm_card_accuracy_cells(const struct fdm_card_context *context,
                             const struct fdm_card_table *table, const struct fdm_card_row *row,
                             struct fdm_table *out);

void fdm_card_footprint_columns(const struct fdm_card_context *context,
                                const struct fdm_card_table *table, struct fdm_table *out);
void fdm_card_footprint_cells(const struct fdm_card_context *context,
                              const struct fdm_card_table *table, const struct fdm_card_row *row,
                              struct fdm_table *out);

void fdm_card_time_columns(struct fdm_table *out);
void fdm_card_time_cells(const struct fdm_card_context *context, const struct fdm_card_table *table,
                         const struct fdm_card_row *row, struct fdm_table *out);

#endif
