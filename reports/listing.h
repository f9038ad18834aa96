/* Lists of what the store holds, and one case in full. */
#ifndef FDM_REPORTS_LISTING_H
#define FDM_REPORTS_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "reports/table.h"
#include "results/record.h"

/* Keys: id state started finished cases complete resumptions tool_version host cpu threads compiler
 * plan_sha256 command. */
enum fdm_status fdm_listing_sessions(const struct fdm_session_record *sessions, size_t count,
                                     enum fdm_report_format format, struct fdm_buf *out,
                                     struct fdm_error *err);

/* Keys: id session state dataset family model format resolution board engine inference_threads
 * semantics correct evaluated accuracy unreadable images done started finished message. */
enum fdm_status fdm_listing_cases(const struct fdm_case_record *cases, size_t count,
                                  enum fdm_report_format format, struct fdm_buf *out,
                                  struct fdm_error *err);

/* All that is known about one case. Everything is the caller's. */
struct fdm_case_detail {
    const struct fdm_case_record *record;
    const struct fdm_session_record *session;
    const struct fdm_split_record *split;
    const struct fdm_prediction *predictions;
    size_t prediction_count;
    const struct fdm_figure *figures;
    size_t figure_count;
    const struct fdm_fact *facts;
    size_t fact_count;
    const char *const *class_names; /* in byte order */
    uint32_t class_count;
    const char *const *image_names; /* of the split; NULL with a count of 0: none are shown */
    size_t image_count;
};

/* Bounds of the lists; 0 leaves a table out. */
struct fdm_case_limits {
    size_t confusions; /* most frequent wrong answers */
    size_t classes;    /* classes with the lowest recall */
    size_t wrong;      /* wrongly classified images, by falling score */
};

/* Every member of the records as a fact, for machines:
 *   - case state message correct evaluated unreadable done images accuracy interval_low_percent
 *     interval_high_percent (accuracy and its 95 % Wilson interval in percent)
 *   - board engine semantics model family dataset format resolution inference_threads model_path
 *     model_sha256 mapping mapping_corrected label_order started finished
 *   - session tool_version compiler host cpu threads command
 *   - split_scheme split_seed split_total split_count split_published split_sha256
 *     permutation_sha256 split_root
 *
 * then tables:
 *   - timing: samples min_ms p5_ms q1_ms median_ms q3_ms p95_ms max_ms mean_ms, of the inference
 *     times on the board's clock; none where no time was taken
 *   - figures: name kind value
 *   - provenance: name text, of the board and its program; empty texts are left out
 *   - classes: label class n k recall_percent predicted precision_percent; lowest recall first
 *   - confusions: label class predicted predicted_class count share_percent (of the class's
 *     images); most frequent first
 *   - wrong: image name label class predicted predicted_class score; highest score first
 *
 * FDM_ERR_FORMAT: a prediction's class is out of range. FDM_ERR_UNSUPPORTED: more than
 * FDM_LABEL_CLASSES_MAX classes. FDM_ERR_MEMORY. */
enum fdm_status fdm_listing_case(const struct fdm_case_detail *detail,
                                 const struct fdm_case_limits *limits,
                                 enum fdm_report_format format, struct fdm_buf *out,
                                 struct fdm_error *err);

#endif
