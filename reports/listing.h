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

/* Keys: id session state dataset family model format resolution board engine semantics correct
 * evaluated accuracy unreadable images done started finished message. */
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

/* Every field of the record as a fact, then tables:
 *   timing       inference times: count min p5 q1 median q3 p95 max mean (milliseconds)
 *   figures      name kind value
 *   classes      label class n k recall predicted precision
 *   confusions   label class predicted predicted_class count share
 *   wrong        image name label class predicted predicted_class score
 * FDM_ERR_FORMAT: a prediction's class is out of range. FDM_ERR_MEMORY. */
enum fdm_status fdm_listing_case(const struct fdm_case_detail *detail,
                                 const struct fdm_case_limits *limits,
                                 enum fdm_report_format format, struct fdm_buf *out,
                                 struct fdm_error *err);

#endif
