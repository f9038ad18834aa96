/* A model card's tables, regenerated from what was measured: row for row in the card's order, the
 * card's own columns first, then ours and the difference. What was not measured shows as "–" beside
 * the published figure.
 *
 * A case belongs to a row if it is complete and of the row's model (id and family), dataset, format
 * and resolution. "Latest" is the highest case id.
 *
 * Accuracy. Measured is the latest case of the default semantics (float models: "float"); one on
 * the card's images goes before any other. On the card's images means: every image, none
 * unreadable, of a split that is known to be that of the published figures and whose scheme is the
 * one of the row's family ("st" for those called "tfs", "keras" for the older ones). There the
 * published percentage is decoded to the k that round to it and the difference is given in points
 * and in images; a percentage that no k of N gives is noted. The spread is the least and the
 * greatest k over all semantics on the same images, the latest case of each; it takes two
 * semantics. Anything else is a sample: shown as "sample k/N", without difference or spread. So is
 * everything in a table whose images nobody can name (`split_unknown`).
 *
 * Footprints, in KiB, each marked with its kind. A computed figure follows from the model file and
 * holds for every microcontroller; any other kind, and every figure of an NPU table, counts only if
 * the case's board is of the row's series (its id begins with it). Measured goes before computed,
 * then estimated, then emulated; the latest of a kind.
 *
 * Times. Only "latency_median_ns" of kind measured, of the latest case on the row's board with as
 * many threads of an inference as the row has processors ("2 CPU"); any number for a row that does
 * not say. What other numbers of threads took, the latest of each, stands beside without a
 * difference. Emulated counts are never shown as a latency.
 *
 * The tables that nothing measured belongs to (network information, inputs and outputs, platforms)
 * are left out unless asked for.
 *
 * Stable names for machines. Facts: card card_url tool_version semantics sessions splits. A table
 * is called by its kind and dataset: "accuracy-flowers", "mcu-time-flowers". Its rows hold the
 * card's columns under their names of results/card.h, as numbers in the unit of the name where they
 * have one, and
 *
 *   | table | name | meaning |
 *   |---|---|---|
 *   | all | dataset, model_id | the row's registry ids |
 *   | accuracy | comparable | measured on the card's images |
 *   | | measured_percent, measured_k, measured_n | k of N, and 100 k/N rounded as cards do |
 *   | | interval_low_percent, interval_high_percent | 95 % Wilson interval |
 *   | | published_k_first, published_k_last | the k of N that round to the published figure |
 *   | | difference_points, difference_images | measured - published |
 *   | | spread_k_min, spread_k_max | over the semantics on the card's images |
 *   | | spread_semantics | "name=k name=k" |
 *   | | in_spread, spread_distance_images | published k in the spread; above (+), below (-) |
 *   | | exact_semantics | names whose k rounds to the published figure |
 *   | | case, session, measured_board, measured_engine, semantics | of the measured case |
 *   | | mapping, label_order, split_sha256 | likewise |
 *   | *-memory | measured_X_kib, kind_of_X, difference_X_kib | for each column X_kib of the card |
 *   | *-time | measured_time_ms, difference_ms, difference_percent | median of the samples |
 *   | | measured_engine, case, session | of the measured case |
 *   | | measured_threads | of one inference |
 *   | | other_threads | "threads=ms threads=ms" |
 *   | | clock_remark | "throttled: …", "clock: …": the board did not keep its clock |
 *
 * null, or an empty CSV field, is what does not exist or was not measured. */
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
    const char *clock_remark; /* why its times are not those of its clock; NULL or "": they are */
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
