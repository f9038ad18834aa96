#include <stdlib.h>
#include <string.h>

#include "harness/bench/board_state.h"
#include "harness/cli/cmd.h"
#include "harness/cli/version.h"
#include "harness/cli/workspace.h"
#include "harness/registry/registry.h"
#include "reports/card_report.h"

static const struct fdm_usage usage = {
    "report",
    "report --card VERSION [OPTIONS]",
    "Regenerates a published model card's tables, row for row: published, measured, difference. "
    "Accuracy\n"
    "rows also show the spread over the measured rounding semantics and whether the published "
    "figure lies\n"
    "in it. What was not measured shows as published only.",
    "  fdm-bench report --card 10.0.0\n"
    "  fdm-bench report --card 9.1.0 --as html --output card.html",
};

struct request {
    const char *db;
    const char *card;
    const char *session;
    const char *semantics;
    const char *engine;
    const char *table;
    struct fdm_output output;
};

struct evidence {
    struct fdm_case_record *records;
    struct fdm_loaded_case *loaded;
    struct fdm_measured_case *cases;
    size_t count;
};

static const char *find_fact(const struct fdm_loaded_case *loaded, const char *name)
{
    for (size_t i = 0; i < loaded->fact_count; i++)
        if (strcmp(loaded->facts[i].name, name) == 0)
            return loaded->facts[i].text;
    return NULL;
}

static enum fdm_status gather(const struct request *request, struct fdm_store *store,
                              struct evidence *evidence, struct fdm_error *err)
{
    size_t count = 0;
    struct fdm_case_filter filter = {
        .states = FDM_CASE_STATE_BIT(FDM_CASE_COMPLETE),
        .latest = true,
    };
    enum fdm_status status = FDM_OK;
    if (request->session != NULL)
        status = fdm_parse_id(request->session, "session", &filter.session_id, err);
    if (status == FDM_OK)
        status = fdm_store_case_list(store, &filter, &evidence->records, &count, err);
    if (status != FDM_OK)
        return status;
    evidence->loaded = calloc(count + 1, sizeof *evidence->loaded);
    evidence->cases = calloc(count + 1, sizeof *evidence->cases);
    if (evidence->loaded == NULL || evidence->cases == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (; evidence->count < count; evidence->count++) {
        struct fdm_loaded_case *loaded = &evidence->loaded[evidence->count];
        status = fdm_load_case(store, &evidence->records[evidence->count], false, loaded, err);
        if (status != FDM_OK)
            return status;
        evidence->cases[evidence->count] = (struct fdm_measured_case){
            .record = &loaded->record,
            .session = &loaded->session,
            .split = &loaded->split,
            .figures = loaded->figures,
            .figure_count = loaded->figure_count,
            .clock_remark = find_fact(loaded, FDM_BOARD_CLOCK_REMARK),
        };
    }
    return FDM_OK;
}

static void release_evidence(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->count; i++)
        fdm_loaded_case_release(&evidence->loaded[i]);
    free(evidence->records);
    free(evidence->loaded);
    free(evidence->cases);
}

static enum fdm_status find_card(const struct fdm_registry *registry, const char *version,
                                 const struct fdm_card **out, struct fdm_error *err)
{
    *out = version != NULL ? fdm_registry_card(registry, version) : NULL;
    if (*out != NULL)
        return FDM_OK;
    if (version == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "which card? --card VERSION; `fdm-bench list cards`");
    return fdm_fail(err, FDM_ERR_USAGE, "no card \"%s\"; `fdm-bench list cards`", version);
}

/* Without any measurement the report still shows what is published. */
static enum fdm_status open_store(const struct request *request, struct fdm_store **out,
                                  struct fdm_error *err)
{
    struct fdm_error missing = FDM_ERROR_INIT;
    enum fdm_status status = fdm_workspace_store(request->db, FDM_STORE_READ, out, &missing);
    if (status == FDM_OK || (status == FDM_ERR_NOT_FOUND && request->db == NULL))
        return FDM_OK;
    return fdm_fail(err, status, "%s", missing.message);
}

static enum fdm_status report(const struct request *request, struct fdm_error *err)
{
    struct fdm_registry *registry = NULL;
    struct fdm_store *store = NULL;
    struct evidence evidence = {0};
    const struct fdm_card *card = NULL;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    struct fdm_buf text;
    fdm_buf_init(&text);
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = fdm_registry_load_default(&registry, err);
    if (status == FDM_OK)
        status = find_card(registry, request->card, &card, err);
    if (status == FDM_OK)
        status = open_store(request, &store, err);
    if (status == FDM_OK && store != NULL)
        status = gather(request, store, &evidence, err);
    if (status == FDM_OK) {
        const struct fdm_card_report_options options = {
            .tool_version = FDM_VERSION,
            .semantics = request->semantics,
            .engine = request->engine,
            .table = request->table,
        };
        status =
            fdm_card_report(card, evidence.cases, evidence.count, &options, format, &text, err);
    }
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    release_evidence(&evidence);
    fdm_store_close(store);
    fdm_registry_free(registry);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_report(int argc, char **argv)
{
    struct request request = {0};
    const struct fdm_opt options[] = {
        {"card", "VERSION", "9.1.0 or 10.0.0; `fdm-bench list cards`", FDM_OPT_TEXT, &request.card,
         0, 0},
        {"session", "ID", "only measurements of this session (default: the latest of each case)",
         FDM_OPT_TEXT, &request.session, 0, 0},
        {"semantics", "NAME", "the int8 semantics in the column \"measured\" (default tflite)",
         FDM_OPT_TEXT, &request.semantics, 0, 0},
        {"engine", "NAME", "only measurements with this engine", FDM_OPT_TEXT, &request.engine, 0,
         0},
        {"table", "KEY", "only this table, for example accuracy-flowers", FDM_OPT_TEXT,
         &request.table, 0, 0},
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    return report(&request, &err) == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
