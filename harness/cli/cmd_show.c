#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "reports/listing.h"
#include "reports/table.h"

static const struct fdm_usage usage = {
    "show",
    "show CASE [--predictions] [OPTIONS]",
    "Prints one case in full: provenance, accuracy, times, figures, classes, frequent confusions, "
    "wrong\n"
    "images. `fdm-bench list cases` prints the numbers.",
    "  fdm-bench show 3\n"
    "  fdm-bench show 3 --predictions --as csv",
};

struct request {
    const char *db;
    bool predictions;
    uint32_t wrong;
    struct fdm_output output;
};

static enum fdm_status render_predictions(const struct fdm_loaded_case *loaded,
                                          enum fdm_report_format format, struct fdm_buf *out,
                                          struct fdm_error *err)
{
    struct fdm_table table;
    fdm_table_init(&table, "predictions", NULL);
    fdm_table_add_column(&table, "image", "image", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "name", "name", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "label", "label", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "predicted", "predicted", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "raw_output", "output", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "score", "score", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "output_crc32", "output CRC-32", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "infer_ns", "ns", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    for (size_t i = 0; i < loaded->prediction_count; i++) {
        const struct fdm_prediction *prediction = &loaded->predictions[i];
        fdm_table_add_int(&table, prediction->image);
        fdm_table_add_text(&table, loaded->image_names[prediction->image]);
        fdm_table_add_int(&table, prediction->label);
        if (prediction->predicted == FDM_PREDICTION_UNREADABLE) {
            for (int column = 0; column < 5; column++)
                fdm_table_add_none(&table);
            continue;
        }
        fdm_table_add_int(&table, prediction->predicted);
        fdm_table_add_int(&table, prediction->raw_output);
        fdm_table_add_real(&table, (double)prediction->score, 6);
        fdm_table_add_textf(&table, "%08x", prediction->output_crc32);
        fdm_table_add_int(&table, (int64_t)prediction->infer_ns);
    }
    enum fdm_status status = fdm_table_render(&table, format, out, err);
    fdm_table_release(&table);
    return status;
}

static enum fdm_status render(const struct request *request, const struct fdm_loaded_case *loaded,
                              struct fdm_buf *out, struct fdm_error *err)
{
    enum fdm_report_format format;
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status != FDM_OK)
        return status;
    if (request->predictions)
        return render_predictions(loaded, format, out, err);
    const struct fdm_case_limits limits = {
        .confusions = 10, .classes = 20, .wrong = request->wrong};
    const struct fdm_case_detail detail = {
        .record = &loaded->record,
        .session = &loaded->session,
        .split = &loaded->split,
        .predictions = loaded->predictions,
        .prediction_count = loaded->prediction_count,
        .figures = loaded->figures,
        .figure_count = loaded->figure_count,
        .facts = loaded->facts,
        .fact_count = loaded->fact_count,
        .class_names = loaded->class_names,
        .class_count = (uint32_t)loaded->class_count,
        .image_names = loaded->image_names,
        .image_count = loaded->image_count,
    };
    return fdm_listing_case(&detail, &limits, format, out, err);
}

static enum fdm_status show(const struct request *request, const char *number,
                            struct fdm_error *err)
{
    struct fdm_store *store = NULL;
    struct fdm_case_record record;
    struct fdm_loaded_case loaded = {0};
    struct fdm_buf text;
    int64_t id = 0;
    fdm_buf_init(&text);
    enum fdm_status status = fdm_parse_id(number, "case", &id, err);
    if (status == FDM_OK)
        status = fdm_workspace_store(request->db, FDM_STORE_READ, &store, err);
    if (status == FDM_OK)
        status = fdm_store_case_get(store, id, &record, err);
    if (status == FDM_OK)
        status = fdm_load_case(store, &record, true, &loaded, err);
    if (status == FDM_OK)
        status = render(request, &loaded, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_loaded_case_release(&loaded);
    fdm_store_close(store);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_show(int argc, char **argv)
{
    struct request request = {.wrong = 10};
    const struct fdm_opt options[] = {
        {"predictions", NULL, "list every image's prediction instead", FDM_OPT_FLAG,
         &request.predictions, 0, 0},
        {"wrong", "N", "how many wrong images to list (default 10)", FDM_OPT_COUNT, &request.wrong,
         0, 1000000},
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    const char *number = NULL;
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, &number, 1, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    if (number == NULL)
        fdm_fail(&err, FDM_ERR_USAGE, "which CASE? `fdm-bench list cases` prints the numbers");
    else
        show(&request, number, &err);
    return err.status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
