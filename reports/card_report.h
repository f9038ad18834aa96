/* A model card's tables, regenerated from what was measured: row for row in the card's order, the
 * card's own columns first, then ours and the difference.
 *
 * Accuracy. Measured is the latest complete case of the row's dataset, family, format and
 * resolution with the default semantics (int8) or "float". On the published split, complete, the
 * published percentage is decoded to the k that round to it, and the difference is given in points
 * and in images. The spread is the least and the greatest k over all semantics measured on the same
 * split. Any other set of images is a sample: shown as k/N, without a difference.
 *
 * Footprints. In KiB, each with the kind of figure. "weights_flash_bytes", "activation_ram_bytes",
 * "runtime_ram_bytes", "code_flash_bytes", "total_ram_bytes", "total_flash_bytes". A computed
 * figure follows from the model file and holds for every microcontroller; any other kind, and every
 * figure of an NPU table, counts only if the case's board is of the row's series.
 *
 * Times. Only "latency_median_ns" of kind measured, of a case on the row's board. Emulated counts
 * are never shown as a latency.
 *
 * What was not measured shows as "–" beside the published figure. */
#ifndef FDM_REPORTS_CARD_REPORT_H
#define FDM_REPORTS_CARD_REPORT_H

#include <stddef.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "reports/table.h"
#include "results/record.h"

struct fdm_card; /* results/card.h */

/* A stored case with all that belongs to it. Everything is the caller's. */
struct fdm_measured_case {
    const struct fdm_case_record *record;
    const struct fdm_session_record *session;
    const struct fdm_split_record *split;
    const struct fdm_figure *figures;
    size_t figure_count;
};

struct fdm_card_report_options {
    const char *tool_version; /* of the program that writes the report */
    const char *semantics;    /* default int8 semantics; NULL: "tflite" */
    const char *engine;       /* only cases of this engine; NULL: any */
    const char *table;        /* only the table with this key; NULL: all */
};

/* Cases in any order; those that are not complete are ignored.
 * FDM_ERR_NOT_FOUND: the card has no table with the key asked for. FDM_ERR_MEMORY. */
enum fdm_status fdm_card_report(const struct fdm_card *card, const struct fdm_measured_case *cases,
                                size_t count, const struct fdm_card_report_options *options,
                                enum fdm_report_format format, struct fdm_buf *out,
                                struct fdm_error *err);

#endif
