#include "reports/listing.h"

#include "reports/words.h"

enum fdm_status fdm_listing_sessions(const struct fdm_session_record *sessions, size_t count,
                                     enum fdm_report_format format, struct fdm_buf *out,
                                     struct fdm_error *err)
{
    static const struct fdm_table_column columns[] = {
        {"id", "Session", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"state", "State", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"started", "Started", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"finished", "Finished", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"cases", "Cases", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"complete", "Complete", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"resumptions", "Resumed", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"tool_version", "Version", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"host", "Host", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"cpu", "CPU", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"threads", "Threads", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"compiler", "Compiler", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"plan_sha256", "Plan", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"command", "Command", FDM_ALIGN_LEFT, FDM_FOR_ALL},
    };
    struct fdm_table t;
    fdm_table_init(&t, "sessions", NULL);
    fdm_table_add_columns(&t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        const struct fdm_session_record *s = &sessions[i];
        fdm_table_add_int(&t, s->id);
        fdm_table_add_text(&t, fdm_session_state_name(s->state));
        fdm_table_add_text(&t, s->started);
        fdm_table_add_text(&t, s->finished);
        fdm_table_add_int(&t, s->case_count);
        fdm_table_add_int(&t, s->complete_count);
        fdm_table_add_int(&t, s->resumptions);
        fdm_table_add_text(&t, s->tool_version);
        fdm_table_add_text(&t, s->host);
        fdm_table_add_text(&t, s->cpu);
        fdm_table_add_int(&t, s->threads);
        fdm_table_add_text(&t, s->compiler);
        fdm_table_add_text(&t, s->plan_sha256);
        fdm_table_add_text(&t, s->command);
    }
    const enum fdm_status status = fdm_table_render(&t, format, out, err);
    fdm_table_release(&t);
    return status;
}

static void add_case(struct fdm_table *t, const struct fdm_case_record *c)
{
    fdm_table_add_int(t, c->id);
    fdm_table_add_int(t, c->session_id);
    fdm_table_add_text(t, fdm_case_state_name(c->state));
    fdm_table_add_text(t, c->dataset);
    fdm_table_add_text(t, c->family);
    fdm_table_add_text(t, c->model);
    fdm_table_add_text(t, c->format);
    fdm_table_add_int(t, c->resolution);
    fdm_table_add_text(t, c->board);
    fdm_table_add_text(t, c->engine);
    fdm_table_add_int(t, c->threads);
    fdm_table_add_text(t, c->semantics);
    if (c->evaluated > 0)
        fdm_table_add_textf(t, "%u/%u", c->correct, c->evaluated);
    else
        fdm_table_add_none(t);
    fdm_table_add_int(t, c->correct);
    fdm_table_add_int(t, c->evaluated);
    fdm_words_percent(t, c->correct, c->evaluated);
    fdm_table_add_int(t, c->unreadable);
    fdm_table_add_textf(t, "%u/%u", c->done, c->image_count);
    fdm_table_add_int(t, c->done);
    fdm_table_add_int(t, c->image_count);
    fdm_table_add_text(t, c->started);
    fdm_table_add_text(t, c->finished);
    fdm_table_add_remark(t, c->message);
}

enum fdm_status fdm_listing_cases(const struct fdm_case_record *cases, size_t count,
                                  enum fdm_report_format format, struct fdm_buf *out,
                                  struct fdm_error *err)
{
    static const struct fdm_table_column columns[] = {
        {"id", "Case", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"session", "Session", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"state", "State", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"dataset", "Dataset", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"family", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"model", "Model id", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"format", "Format", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"resolution", "Resolution", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"board", "Board", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"engine", "Engine", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"inference_threads", "Threads", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"right", "k/N", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"correct", "k", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"evaluated", "N", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"accuracy", "Accuracy (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"unreadable", "Unreadable", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"progress", "Done", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"done", "Done", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"images", "Images", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"started", "Started", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"finished", "Finished", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        FDM_TABLE_REMARK,
    };
    struct fdm_table t;
    fdm_table_init(&t, "cases", NULL);
    fdm_table_add_columns(&t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++)
        add_case(&t, &cases[i]);
    const enum fdm_status status = fdm_table_render(&t, format, out, err);
    fdm_table_release(&t);
    return status;
}
