#include <stdlib.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "reports/compare.h"

static const struct fdm_usage usage = {
    "compare",
    "compare (--format A,B | --semantics A,B | --board A,B | --engine A,B) [OPTIONS]",
    "Pairs complete cases that differ in one thing only, image by image: difference, flips in "
    "both\n"
    "directions, McNemar's exact test. The last run of each case counts unless --session names "
    "one.",
    "  fdm-bench compare --format float,int8 --dataset flowers --classes\n"
    "  fdm-bench compare --semantics tflite,xnnpack --flips 20",
};

struct request {
    const char *db;
    const char *session;
    const char *dataset;
    const char *model;
    struct fdm_opt_words sides[4]; /* by enum fdm_axis */
    bool classes;
    uint32_t flips;
    struct fdm_output output;
};

struct comparison_set {
    struct fdm_case_record *cases;
    size_t case_count;
    struct fdm_case_pair *pairs;
    size_t pair_count;
    struct fdm_loaded_case *loaded; /* two per pair */
    struct fdm_compare_input *inputs;
    struct fdm_comparison *comparisons;
    struct fdm_compare_item *items;
};

static enum fdm_status settle_axis(const struct request *request, enum fdm_axis *axis,
                                   struct fdm_error *err)
{
    size_t given = 0;
    for (size_t i = 0; i < 4; i++) {
        if (request->sides[i].count == 0)
            continue;
        given++;
        *axis = (enum fdm_axis)i;
        if (request->sides[i].count != 2)
            return fdm_fail(err, FDM_ERR_USAGE, "--%s takes two names: --%s A,B",
                            fdm_axis_name(*axis), fdm_axis_name(*axis));
    }
    if (given == 1)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_USAGE,
                    "give exactly one of --format, --semantics, --board and --engine");
}

static enum fdm_status find_pairs(const struct request *request, struct fdm_store *store,
                                  enum fdm_axis axis, struct comparison_set *set,
                                  struct fdm_error *err)
{
    const char *a = request->sides[axis].items[0];
    const char *b = request->sides[axis].items[1];
    struct fdm_case_filter filter = {
        .dataset = request->dataset,
        .model = request->model,
        .states = FDM_CASE_STATE_BIT(FDM_CASE_COMPLETE),
    };
    enum fdm_status status = FDM_OK;
    if (request->session != NULL)
        status = fdm_parse_id(request->session, "session", &filter.session_id, err);
    if (status == FDM_OK)
        status = fdm_store_case_list(store, &filter, &set->cases, &set->case_count, err);
    if (status == FDM_OK)
        status = fdm_compare_pair_cases(set->cases, set->case_count, axis, a, b, &set->pairs,
                                        &set->pair_count, err);
    if (status == FDM_OK && set->pair_count == 0)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND,
                          "no two complete cases differ only in %s %s and %s; `fdm-bench list "
                          "cases` shows what was measured",
                          fdm_axis_name(axis), a, b);
    return status;
}

static enum fdm_status compare_pair(struct fdm_store *store, struct comparison_set *set, size_t i,
                                    struct fdm_error *err)
{
    struct fdm_loaded_case *a = &set->loaded[2 * i];
    struct fdm_loaded_case *b = &set->loaded[2 * i + 1];
    enum fdm_status status = fdm_load_case(store, &set->cases[set->pairs[i].a], true, a, err);
    if (status == FDM_OK)
        status = fdm_load_case(store, &set->cases[set->pairs[i].b], true, b, err);
    if (status != FDM_OK)
        return status;
    set->inputs[i] = (struct fdm_compare_input){
        .a = &a->record,
        .b = &b->record,
        .predictions_a = a->predictions,
        .count_a = a->prediction_count,
        .predictions_b = b->predictions,
        .count_b = b->prediction_count,
        .class_names = a->class_names,
        .class_count = (uint32_t)a->class_count,
    };
    set->items[i] = (struct fdm_compare_item){
        .input = &set->inputs[i],
        .comparison = &set->comparisons[i],
        .image_names = a->image_names,
        .image_count = a->image_count,
    };
    return fdm_compare(&set->inputs[i], &set->comparisons[i], err);
}

static enum fdm_status compare_pairs(struct fdm_store *store, struct comparison_set *set,
                                     struct fdm_error *err)
{
    set->loaded = calloc(2 * set->pair_count, sizeof *set->loaded);
    set->inputs = calloc(set->pair_count, sizeof *set->inputs);
    set->comparisons = calloc(set->pair_count, sizeof *set->comparisons);
    set->items = calloc(set->pair_count, sizeof *set->items);
    if (set->loaded == NULL || set->inputs == NULL || set->comparisons == NULL ||
        set->items == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %zu pairs", set->pair_count);
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < set->pair_count; i++)
        status = compare_pair(store, set, i, err);
    return status;
}

static void release_set(struct comparison_set *set)
{
    for (size_t i = 0; set->loaded != NULL && i < 2 * set->pair_count; i++)
        fdm_loaded_case_release(&set->loaded[i]);
    for (size_t i = 0; set->comparisons != NULL && i < set->pair_count; i++)
        fdm_comparison_release(&set->comparisons[i]);
    free(set->cases);
    free(set->pairs);
    free(set->loaded);
    free(set->inputs);
    free(set->comparisons);
    free(set->items);
}

static enum fdm_status compare(const struct request *request, struct fdm_error *err)
{
    struct fdm_store *store = NULL;
    struct comparison_set set = {0};
    struct fdm_compare_options options = {.classes = request->classes,
                                          .flip_limit = request->flips};
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    struct fdm_buf text;
    fdm_buf_init(&text);
    enum fdm_status status = settle_axis(request, &options.axis, err);
    if (status == FDM_OK)
        status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = fdm_workspace_store(request->db, FDM_STORE_READ, &store, err);
    if (status == FDM_OK)
        status = find_pairs(request, store, options.axis, &set, err);
    if (status == FDM_OK)
        status = compare_pairs(store, &set, err);
    if (status == FDM_OK) {
        options.a = request->sides[options.axis].items[0];
        options.b = request->sides[options.axis].items[1];
        status = fdm_compare_render(set.items, set.pair_count, &options, format, &text, err);
    }
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    release_set(&set);
    fdm_store_close(store);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_compare(int argc, char **argv)
{
    struct request request = {0};
    const struct fdm_opt options[] = {
        {"format", "A,B", "float,int8", FDM_OPT_LIST, &request.sides[FDM_AXIS_FORMAT], 0, 0},
        {"semantics", "A,B", "two presets; `fdm-bench list semantics`", FDM_OPT_LIST,
         &request.sides[FDM_AXIS_SEMANTICS], 0, 0},
        {"board", "A,B", "two boards", FDM_OPT_LIST, &request.sides[FDM_AXIS_BOARD], 0, 0},
        {"engine", "A,B", "two engines", FDM_OPT_LIST, &request.sides[FDM_AXIS_ENGINE], 0, 0},
        {"dataset", "NAME", "only this dataset", FDM_OPT_TEXT, &request.dataset, 0, 0},
        {"model", "ID", "only this model", FDM_OPT_TEXT, &request.model, 0, 0},
        {"session", "ID", "only cases of this session", FDM_OPT_TEXT, &request.session, 0, 0},
        {"classes", NULL, "a table per pair with a row per class", FDM_OPT_FLAG, &request.classes,
         0, 0},
        {"flips", "N", "list up to N images that exactly one side got right", FDM_OPT_COUNT,
         &request.flips, 0, 1000000},
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int code = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    if (code < 0) {
        struct fdm_error err = FDM_ERROR_INIT;
        code = compare(&request, &err) == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
    }
    for (size_t i = 0; i < 4; i++)
        fdm_opt_words_release(&request.sides[i]);
    return code;
}
