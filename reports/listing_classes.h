/* Part of listing_case.c: the tables that predictions make, as listing.h describes them. */
#ifndef FDM_REPORTS_LISTING_CLASSES_H
#define FDM_REPORTS_LISTING_CLASSES_H

#include "reports/listing.h"
#include "reports/report.h"

/* Adds classes, confusions and wrong. FDM_ERR_FORMAT: a prediction's class is out of range.
 * FDM_ERR_UNSUPPORTED: more than FDM_LABEL_CLASSES_MAX classes. FDM_ERR_MEMORY. */
enum fdm_status fdm_listing_add_classes(struct fdm_report *report,
                                        const struct fdm_case_detail *detail,
                                        const struct fdm_case_limits *limits,
                                        struct fdm_error *err);

#endif
