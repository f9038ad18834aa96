/* Inside the plan: how one model's file becomes cases, and what plan.c shares with that. */
#ifndef FDM_BENCH_PLAN_CASE_H
#define FDM_BENCH_PLAN_CASE_H

#include "harness/bench/plan.h"

/* What a case is made from, whether the registry names it or the user gave a file. */
struct fdm_plan_candidate {
    const char *id;
    const char *family;
    enum fdm_format format;
    const char *path;   /* of the file */
    const char *sha256; /* that the file must have; NULL for any */
    struct fdm_mapping mapping;
    bool has_mapping; /* published */
    const char *label_order;
    uint32_t resolution; /* that the file must have; 0 for any */
};

/* Loads the file once and appends a case per semantics and engine that the choice selects; what
 * cannot be loaded becomes skipped cases that say why. FDM_ERR_MEMORY, FDM_ERR_UNSUPPORTED (a name
 * is too long for the records). */
enum fdm_status fdm_plan_add_cases(const struct fdm_plan_options *options, size_t group,
                                   const struct fdm_plan_candidate *candidate,
                                   struct fdm_plan *plan, struct fdm_error *err);

/* True if the filter names the word, or nothing at all. */
bool fdm_filter_allows(const struct fdm_filter *filter, const char *word);

/* Copies into a record's member; FDM_ERR_UNSUPPORTED, naming `what`, if it does not fit. */
enum fdm_status fdm_plan_set_text(char *out, size_t size, const char *text, const char *what,
                                  struct fdm_error *err);

#endif
