#include <stdlib.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "harness/registry/registry.h"
#include "reference/network/semantics.h"
#include "reports/listing.h"
#include "reports/report.h"

static const struct fdm_usage usage = {
    "list",
    "list boards|models|datasets|cards|semantics|sessions|cases [OPTIONS]",
    "Lists what the program knows (boards, models, datasets, cards, semantics) or what was "
    "measured\n"
    "(sessions, cases).",
    "  fdm-bench list boards\n"
    "  fdm-bench list cases --dataset flowers --format int8 --json",
};

struct request {
    const char *db;
    const char *session;
    const char *dataset;
    const char *format;
    const char *semantics;
    const char *board;
    bool latest;
    struct fdm_output output;
};

/* What the program knows fills a table; what was measured is rendered from the store. */
struct list {
    const char *name;
    void (*fill)(const struct request *request, const struct fdm_registry *registry,
                 struct fdm_table *table);
    enum fdm_status (*render)(const struct request *request, enum fdm_report_format format,
                              struct fdm_buf *out, struct fdm_error *err);
};

static void add_text_column(struct fdm_table *table, const char *key, const char *header)
{
    fdm_table_add_column(table, key, header, FDM_ALIGN_LEFT, FDM_FOR_ALL);
}

static void add_number_column(struct fdm_table *table, const char *key, const char *header)
{
    fdm_table_add_column(table, key, header, FDM_ALIGN_RIGHT, FDM_FOR_ALL);
}

static void add_positive(struct fdm_table *table, uint64_t value)
{
    if (value > 0)
        fdm_table_add_int(table, (int64_t)value);
    else
        fdm_table_add_none(table);
}

static void fill_boards(const struct request *request, const struct fdm_registry *registry,
                        struct fdm_table *table)
{
    (void)request;
    add_text_column(table, "id", "board");
    add_text_column(table, "kind", "kind");
    add_text_column(table, "series", "series");
    add_text_column(table, "cpu", "CPU");
    add_number_column(table, "cores", "cores");
    fdm_table_add_column(table, "clock_hz", "clock_hz", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES);
    fdm_table_add_column(table, "clock_mhz", "MHz", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE);
    add_text_column(table, "twin", "emulated twin");
    fdm_table_add_column(table, "hardware_tested", "run on hardware", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "description", "description", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    for (size_t i = 0; i < registry->board_count; i++) {
        const struct fdm_board_entry *board = &registry->boards[i];
        fdm_table_add_text(table, board->id);
        fdm_table_add_text(table, fdm_board_kind_name(board->kind));
        fdm_table_add_text(table, board->series);
        fdm_table_add_text(table, board->cpu);
        add_positive(table, board->cores);
        add_positive(table, board->clock_hz);
        add_positive(table, board->clock_hz / 1000000);
        fdm_table_add_text(table, board->twin);
        fdm_table_add_bool(table, board->hardware_tested);
        fdm_table_add_text(table, board->description);
    }
}

static void fill_models(const struct request *request, const struct fdm_registry *registry,
                        struct fdm_table *table)
{
    add_text_column(table, "id", "model");
    add_text_column(table, "family", "family");
    add_text_column(table, "dataset", "dataset");
    add_number_column(table, "resolution", "pixels");
    add_text_column(table, "published_scale", "published scale");
    add_number_column(table, "published_offset", "offset");
    add_text_column(table, "label_order", "labels");
    fdm_table_add_column(table, "int8_path", "int8_path", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(table, "int8_sha256", "int8_sha256", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(table, "float_path", "float_path", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(table, "float_sha256", "float_sha256", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    for (size_t i = 0; i < registry->model_count; i++) {
        const struct fdm_model_entry *model = &registry->models[i];
        if (request->dataset != NULL && strcmp(request->dataset, model->dataset) != 0)
            continue;
        fdm_table_add_text(table, model->id);
        fdm_table_add_text(table, model->family);
        fdm_table_add_text(table, model->dataset);
        fdm_table_add_int(table, model->resolution);
        fdm_table_add_text(table, model->scale_text);
        fdm_table_add_real(table, model->offset, 0);
        fdm_table_add_text(table, fdm_label_order_name(model->label_order));
        fdm_table_add_text(table, model->int8_file.path);
        fdm_table_add_text(table, model->int8_file.sha256);
        fdm_table_add_text(table, model->float_file.path);
        fdm_table_add_text(table, model->float_file.sha256);
    }
}

static void fill_datasets(const struct request *request, const struct fdm_registry *registry,
                          struct fdm_table *table)
{
    (void)request;
    add_text_column(table, "id", "dataset");
    add_text_column(table, "title", "title");
    add_number_column(table, "classes", "classes");
    add_number_column(table, "images", "images");
    add_number_column(table, "validation", "validation");
    add_text_column(table, "split", "split");
    add_number_column(table, "seed", "seed");
    add_text_column(table, "licence", "licence");
    fdm_table_add_column(table, "url", "url", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    for (size_t i = 0; i < registry->dataset_count; i++) {
        const struct fdm_dataset_entry *dataset = &registry->datasets[i];
        fdm_table_add_text(table, dataset->id);
        fdm_table_add_text(table, dataset->title);
        fdm_table_add_int(table, dataset->class_count);
        fdm_table_add_int(table, dataset->image_count);
        fdm_table_add_int(table, dataset->validation_count);
        fdm_table_add_text(table, dataset->split_scheme);
        fdm_table_add_int(table, dataset->split_seed);
        fdm_table_add_text(table, dataset->licence);
        fdm_table_add_text(table, dataset->url);
    }
}

static void fill_cards(const struct request *request, const struct fdm_registry *registry,
                       struct fdm_table *table)
{
    (void)request;
    add_text_column(table, "version", "card");
    add_text_column(table, "title", "title");
    add_number_column(table, "tables", "tables");
    add_number_column(table, "rows", "rows");
    add_text_column(table, "url", "published at");
    for (size_t i = 0; i < registry->card_count; i++) {
        const struct fdm_card *card = &registry->cards[i];
        size_t rows = 0;
        for (size_t t = 0; t < card->table_count; t++)
            rows += card->tables[t].row_count;
        fdm_table_add_text(table, card->version);
        fdm_table_add_text(table, card->title);
        fdm_table_add_int(table, (int64_t)card->table_count);
        fdm_table_add_int(table, (int64_t)rows);
        fdm_table_add_text(table, card->url);
    }
}

static void fill_semantics(const struct request *request, const struct fdm_registry *registry,
                           struct fdm_table *table)
{
    (void)request;
    (void)registry;
    add_text_column(table, "name", "semantics");
    fdm_table_add_column(table, "default", "default", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    add_text_column(table, "description", "what computes like this");
    for (size_t i = 0; i < fdm_semantics_count(); i++) {
        const struct fdm_semantics *semantics = fdm_semantics_at(i);
        fdm_table_add_text(table, semantics->name);
        fdm_table_add_bool(table, i == 0);
        fdm_table_add_text(table, semantics->description);
    }
}

static enum fdm_status list_sessions(const struct request *request, enum fdm_report_format format,
                                     struct fdm_buf *out, struct fdm_error *err)
{
    struct fdm_store *store;
    struct fdm_session_record *sessions = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_workspace_store(request->db, FDM_STORE_READ, &store, err);
    if (status == FDM_OK)
        status = fdm_store_session_list(store, &sessions, &count, err);
    if (status == FDM_OK)
        status = fdm_listing_sessions(sessions, count, format, out, err);
    free(sessions);
    fdm_store_close(store);
    return status;
}

static enum fdm_status list_cases(const struct request *request, enum fdm_report_format format,
                                  struct fdm_buf *out, struct fdm_error *err)
{
    struct fdm_store *store = NULL;
    struct fdm_case_record *cases = NULL;
    size_t count = 0;
    struct fdm_case_filter filter = {
        .board = request->board,
        .semantics = request->semantics,
        .dataset = request->dataset,
        .format = request->format,
        .latest = request->latest,
    };
    enum fdm_status status = FDM_OK;
    if (request->session != NULL)
        status = fdm_parse_id(request->session, "session", &filter.session_id, err);
    if (status == FDM_OK)
        status = fdm_workspace_store(request->db, FDM_STORE_READ, &store, err);
    if (status == FDM_OK)
        status = fdm_store_case_list(store, &filter, &cases, &count, err);
    if (status == FDM_OK)
        status = fdm_listing_cases(cases, count, format, out, err);
    free(cases);
    fdm_store_close(store);
    return status;
}

static const struct list lists[] = {
    {"boards", fill_boards, NULL},     {"cards", fill_cards, NULL},
    {"cases", NULL, list_cases},       {"datasets", fill_datasets, NULL},
    {"models", fill_models, NULL},     {"semantics", fill_semantics, NULL},
    {"sessions", NULL, list_sessions}, {NULL, NULL, NULL},
};

static enum fdm_status list_known(const struct list *list, const struct request *request,
                                  enum fdm_report_format format, struct fdm_buf *out,
                                  struct fdm_error *err)
{
    struct fdm_registry *registry;
    enum fdm_status status = fdm_registry_load_default(&registry, err);
    if (status != FDM_OK)
        return status;
    struct fdm_table table;
    fdm_table_init(&table, list->name, NULL);
    list->fill(request, registry, &table);
    fdm_registry_free(registry);
    status = fdm_table_render(&table, format, out, err);
    fdm_table_release(&table);
    return status;
}

static enum fdm_status run_list(const char *name, const struct request *request,
                                struct fdm_error *err)
{
    const struct list *list = lists;
    while (list->name != NULL && (name == NULL || strcmp(list->name, name) != 0))
        list++;
    if (list->name == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "what to list? usage: fdm-bench %s", usage.synopsis);
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    struct fdm_buf text;
    fdm_buf_init(&text);
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = list->fill != NULL ? list_known(list, request, format, &text, err)
                                    : list->render(request, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_list(int argc, char **argv)
{
    struct request request = {0};
    const struct fdm_opt options[] = {
        {"session", "ID", "only cases of this session", FDM_OPT_TEXT, &request.session, 0, 0},
        {"dataset", "NAME", "only cases or models of this dataset", FDM_OPT_TEXT, &request.dataset,
         0, 0},
        {"format", "NAME", "only cases of this format: float or int8", FDM_OPT_TEXT,
         &request.format, 0, 0},
        {"semantics", "NAME", "only cases with these semantics", FDM_OPT_TEXT, &request.semantics,
         0, 0},
        {"board", "NAME", "only cases of this board", FDM_OPT_TEXT, &request.board, 0, 0},
        {"latest", NULL, "of equal cases only the last one", FDM_OPT_FLAG, &request.latest, 0, 0},
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    const char *name = NULL;
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, &name, 1, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    return run_list(name, &request, &err) == FDM_OK ? FDM_EXIT_OK
                                                    : fdm_cmd_fail(usage.command, &err);
}
