#include <stdlib.h>

#include "harness/bench/doctor.h"
#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "reports/table.h"

static const struct fdm_usage usage = {
    "doctor",
    "doctor [--lab FILE] [--models DIR] [OPTIONS]",
    "Looks whether everything is there that measuring needs: compilers, emulators, flash tools, "
    "model files,\n"
    "a sound database, the boards of the lab file; and says how to mend what is not. Exit code "
    "0 if nothing\n"
    "that is configured fails, 1 otherwise; a missing tool alone is no failure.",
    "  fdm-bench doctor\n"
    "  fdm-bench doctor --lab lab.json --json",
};

struct request {
    const char *lab;
    const char *models;
    const char *db;
    struct fdm_output output;
};

static void fill(struct fdm_table *table, const struct fdm_check *checks, size_t count)
{
    fdm_table_init(table, "checks", NULL);
    fdm_table_add_column(table, "area", "area", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "subject", "subject", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "state", "state", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "detail", "detail", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "fix", "what to do", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    for (size_t i = 0; i < count; i++) {
        fdm_table_add_text(table, checks[i].area);
        fdm_table_add_text(table, checks[i].subject);
        fdm_table_add_text(table, fdm_check_state_name(checks[i].state));
        fdm_table_add_text(table, checks[i].detail);
        fdm_table_add_text(table, checks[i].fix);
    }
}

static enum fdm_status print(const struct request *request, const struct fdm_check *checks,
                             size_t count, struct fdm_error *err)
{
    enum fdm_report_format format;
    struct fdm_table table;
    struct fdm_buf text;
    fdm_buf_init(&text);
    fill(&table, checks, count);
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = fdm_table_render(&table, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_table_release(&table);
    fdm_buf_release(&text);
    return status;
}

static enum fdm_status examine(const struct request *request, bool *failed, struct fdm_error *err)
{
    struct fdm_registry *registry = NULL;
    struct fdm_lab *lab = NULL;
    struct fdm_check *checks = NULL;
    size_t count = 0;
    char *models = NULL;
    char *db = NULL;
    enum fdm_status status = fdm_registry_load_default(&registry, err);
    if (status == FDM_OK)
        status = fdm_lab_load(request->lab, registry, &lab, err);
    if (status == FDM_OK)
        status = fdm_workspace_models(request->models, &models, err);
    if (status == FDM_OK)
        status = fdm_workspace_db(request->db, &db, err);
    if (status == FDM_OK) {
        const struct fdm_doctor doctor = {registry, lab, models, db};
        status = fdm_doctor_examine(&doctor, &checks, &count, err);
    }
    if (status == FDM_OK)
        status = print(request, checks, count, err);
    for (size_t i = 0; i < count; i++)
        *failed = *failed || checks[i].state == FDM_CHECK_FAILED;
    free(checks);
    free(models);
    free(db);
    fdm_lab_free(lab);
    fdm_registry_free(registry);
    return status;
}

int fdm_cmd_doctor(int argc, char **argv)
{
    struct request request = {0};
    bool failed = false;
    const struct fdm_opt options[] = {
        {"lab", "FILE",
         "which boards are attached (default: lab.json in the user's configuration "
         "folder)",
         FDM_OPT_TEXT, &request.lab, 0, 0},
        {"models", "DIR", "folder of the published files (default: as for run)", FDM_OPT_TEXT,
         &request.models, 0, 0},
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    if (examine(&request, &failed, &err) != FDM_OK)
        return fdm_cmd_fail(usage.command, &err);
    return failed ? FDM_EXIT_FAILED : FDM_EXIT_OK;
}
