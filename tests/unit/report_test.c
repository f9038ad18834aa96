#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "reports/card_report.h"
#include "reports/listing.h"
#include "results/card.h"
#include "tests/unit/golden.h"

/* Everything here is synthetic: flowers that nobody photographed, boards that nobody sells. */

/* ---- A card ---------------------------------------------------------------------------------- */

#define TEXT(words)                                                                                \
    {                                                                                              \
        .text = (words)                                                                            \
    }
#define NUMBER(words, number)                                                                      \
    {                                                                                              \
        .text = (words), .has_value = true, .value = (number)                                      \
    }
#define CELLS(...) ((const struct fdm_card_cell[]){__VA_ARGS__})
#define NOTES(...) ((const struct fdm_card_note[]){__VA_ARGS__})
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

#define SMALL .model = "petals/small", .family = "Net 0.25 tfs"
#define BIG .model = "petals/big", .family = "Big|Net tfs"

static const struct fdm_card_column accuracy_columns[] = {
    {"Model", "model"},
    {"Format", "format"},
    {"Resolution", "resolution"},
    {"Top 1 Accuracy (%)", "top1_percent"},
};

#define ACCURACY(who, words, kind, shown, size, published, value)                                  \
    {                                                                                              \
        .keys = {who, .dataset = "petals", .format = (kind), .resolution = (size)},                \
        .cells =                                                                                   \
            CELLS(TEXT(words), TEXT(shown), TEXT(#size "x" #size "x3"), NUMBER(published, value))  \
    }

static const struct fdm_card_row petals_rows[] = {
    ACCURACY(SMALL, "Net 0.25 tfs", "float", "Float", 224, "91.5", 91.5),
    ACCURACY(SMALL, "Net 0.25 tfs", "int8", "Int8", 224, "92", 92),
    ACCURACY(SMALL, "Net 0.25 tfs", "float", "Float", 128, "89", 89),
    ACCURACY(SMALL, "Net 0.25 tfs", "int8", "Int8", 128, "90.5", 90.5),
    ACCURACY(BIG, "Big|Net tfs", "float", "Float", 224, "95.5", 95.5),
    ACCURACY(BIG, "Big|Net tfs", "int8", "Int8", 224, "77.77", 77.77),
    ACCURACY(BIG, "Big|Net tfs", "float", "Float", 128, "93", 93),
    {
        .keys = {BIG, .dataset = "petals", .format = "int8", .resolution = 128},
        .cells = CELLS({.text = "Big|Net tfs", .link = "https://example.org/big(1)"}, TEXT("Int8"),
                       TEXT("128x128x3"), NUMBER("91", 91)),
        .notes = NOTES({"top1_percent", "higher than at 224 \xC2\xB1 0: doubtful"},
                       {NULL, "copied from an older card"}),
        .note_count = 2,
    },
};

static const struct fdm_card_row leaves_rows[] = {
    {
        .keys = {SMALL, .dataset = "leaves", .format = "int8", .resolution = 224},
        .cells =
            CELLS(TEXT("Net 0.25 tfs"), TEXT("Int8"), TEXT("224x224x3"), NUMBER("60.41", 60.41)),
    },
};

static const struct fdm_card_column memory_columns[] = {
    {"Model", "model"},
    {"Resolution", "resolution"},
    {"Series", "series"},
    {"Activation RAM", "activation_ram_kib"},
    {"Weights Flash", "weights_flash_kib"},
    {"Total RAM", "total_ram_kib"},
};

static const struct fdm_card_row memory_rows[] = {
    {
        .keys = {SMALL, .dataset = "petals", .format = "int8", .resolution = 224, .series = "XY7"},
        .cells =
            CELLS(TEXT("Net 0.25 tfs"), TEXT("224x224x3"), TEXT("XY7"), NUMBER("10.25 KiB", 10.25),
                  NUMBER("128.32 KiB", 128.32), NUMBER("12 KiB", 12)),
    },
    {
        .keys = {SMALL, .dataset = "petals", .format = "int8", .resolution = 128, .series = "XY7"},
        .cells = CELLS(TEXT("Net 0.25 tfs"), TEXT("128x128x3"), TEXT("XY7"), TEXT("NA"),
                       NUMBER("128.32 KiB", 128.32), NUMBER("9 KiB", 9)),
    },
    {
        .keys = {BIG, .dataset = "petals", .format = "int8", .resolution = 224, .series = "XY7"},
        .cells = CELLS(TEXT("Big|Net tfs"), TEXT("224x224x3"), TEXT("XY7"), NUMBER("20 KiB", 20),
                       NUMBER("150 KiB", 150), NUMBER("25 KiB", 25)),
    },
};

static const struct fdm_card_column npu_columns[] = {
    {"Model", "model"},
    {"Series", "series"},
    {"Weights Flash (KiB)", "weights_flash_kib"},
};

static const struct fdm_card_row npu_rows[] = {
    {
        .keys = {SMALL, .dataset = "petals", .format = "int8", .resolution = 224, .series = "NX6"},
        .cells = CELLS(TEXT("Net 0.25 tfs"), TEXT("NX6"), NUMBER("209.92", 209.92)),
    },
};

static const struct fdm_card_column time_columns[] = {
    {"Model", "model"},         {"Resolution", "resolution"},       {"Board", "board"},
    {"Frequency", "clock_mhz"}, {"Inference time (ms)", "time_ms"},
};

#define TIME(on, processors, size, published, value)                                               \
    {                                                                                              \
        .keys = {SMALL,         .dataset = "petals",   .format = "int8", .resolution = (size),     \
                 .board = (on), .engine = (processors)},                                           \
        .cells = CELLS(TEXT("Net 0.25 tfs"), TEXT(#size "x" #size "x3"), TEXT(on),                 \
                       NUMBER("400 MHz", 400), NUMBER(published, value))                           \
    }

static const struct fdm_card_row time_rows[] = {
    TIME("XY747-DISCO", "1 CPU", 224, "53.52 ms", 53.52),
    TIME("XY747-DISCO", "1 CPU", 128, "17.73 ms", 17.73),
    TIME("XF769-DISCO", "1 CPU", 224, "176.5 ms", 176.5),
    TIME("XM157-DK", "2 CPU", 224, "22.76 ms", 22.76),
    TIME("XM157-DK", "NPU/GPU", 224, "6.60 ms", 6.6),
    TIME("XM135-DK", "1 CPU", 224, "33.50 ms", 33.5),
};

static const struct fdm_card_column property_columns[] = {{"Network", "property"},
                                                          {"Value", "value"}};
static const struct fdm_card_row property_rows[] = {
    {.cells = CELLS(TEXT("Framework"), TEXT("None"))},
};

static const char *const feet[] = {"** **per-tensor is better**"};

#define TABLE(of, columns_, rows_)                                                                 \
    .kind = (of), .columns = (columns_), .column_count = COUNT(columns_), .rows = (rows_),         \
    .row_count = COUNT(rows_)

static const struct fdm_card_table tables[] = {
    {TABLE(FDM_CARD_INFORMATION, property_columns, property_rows), .title = "Network information"},
    {TABLE(FDM_CARD_NPU_MEMORY, npu_columns, npu_rows), .title = "Reference **NPU** footprint",
     .dataset = "petals"},
    {TABLE(FDM_CARD_MCU_MEMORY, memory_columns, memory_rows),
     .title = "Reference **MCU** footprints", .dataset = "petals"},
    {TABLE(FDM_CARD_MCU_TIME, time_columns, time_rows), .title = "Reference **MCU** time",
     .dataset = "petals",
     .notes = NOTES({"board", "sold under another name"}, {NULL, "equal to an older card"}),
     .note_count = 2, .foot_lines = feet, .foot_line_count = 1},
    {TABLE(FDM_CARD_ACCURACY, accuracy_columns, petals_rows), .title = "Accuracy with Petals",
     .dataset = "petals"},
    {TABLE(FDM_CARD_ACCURACY, accuracy_columns, leaves_rows), .title = "Accuracy with Leaves",
     .dataset = "leaves", .split_unknown = true,
     .notes = NOTES({NULL, "nobody knows which images"}), .note_count = 1},
};

static const struct fdm_card card = {
    .version = "0.0.1",
    .title = "Synthetic-Net",
    .url = "https://example.org/card",
    .tables = tables,
    .table_count = COUNT(tables),
    .notes = NOTES({NULL, "not a real card"}),
    .note_count = 1,
};

/* ---- What was measured ----------------------------------------------------------------------- */

#define SHA(digit) digit "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct fdm_split_record petals = {
    .dataset = "petals", .scheme = "st", .count = 200, .published = true, .sha256 = SHA("a")};
static const struct fdm_split_record keras = {
    .dataset = "petals", .scheme = "keras", .count = 200, .published = true, .sha256 = SHA("b")};
static const struct fdm_split_record some = {
    .dataset = "petals", .scheme = "all", .count = 60, .sha256 = SHA("c")};
static const struct fdm_split_record leaves = {
    .dataset = "leaves", .scheme = "st", .count = 20200, .published = true, .sha256 = SHA("d")};

static const struct fdm_session_record sessions[] = {
    {.id = 3, .tool_version = "0.1.0", .started = "2000-01-01T00:00:00Z"},
    {.id = 4, .tool_version = "0.1.1", .started = "2000-01-02T00:00:00Z"},
};

#define FIGURES 4
#define CASES 24

struct world {
    struct fdm_case_record records[CASES];
    struct fdm_figure figures[CASES][FIGURES];
    struct fdm_measured_case cases[CASES];
    size_t count;
};

/* Adds a complete case of the small int8 model on the host; the caller changes what differs. */
static struct fdm_case_record *add_case(struct world *w, const struct fdm_split_record *split,
                                        const char *format, uint32_t resolution,
                                        const char *semantics, uint32_t k)
{
    assert_true(w->count < CASES);
    struct fdm_case_record *r = &w->records[w->count];
    *r = (struct fdm_case_record){
        .id = (int64_t)(10 + w->count),
        .session_id = 3,
        .state = FDM_CASE_COMPLETE,
        .board = "host",
        .engine = "reference",
        .model = "petals/small",
        .family = "Net 0.25 tfs",
        .mapping = "x/255",
        .label_order = "bytes",
        .resolution = resolution,
        .threads = 1,
        .image_count = split->count,
        .done = split->count,
        .evaluated = split->count,
        .correct = k,
    };
    snprintf(r->dataset, sizeof r->dataset, "%s", split->dataset);
    snprintf(r->format, sizeof r->format, "%s", format);
    snprintf(r->semantics, sizeof r->semantics, "%s", semantics);
    w->cases[w->count] = (struct fdm_measured_case){
        .record = r, .session = &sessions[0], .split = split, .figures = w->figures[w->count]};
    w->count++;
    return r;
}

static void make_big(struct fdm_case_record *r)
{
    snprintf(r->model, sizeof r->model, "petals/big");
    snprintf(r->family, sizeof r->family, "Big|Net tfs");
}

static void add_figure(struct world *w, const char *name, enum fdm_figure_kind kind, double value)
{
    struct fdm_measured_case *c = &w->cases[w->count - 1];
    struct fdm_figure *f = &w->figures[w->count - 1][c->figure_count++];
    snprintf(f->name, sizeof f->name, "%s", name);
    f->kind = kind;
    f->value = value;
}

static void add_accuracies(struct world *w)
{
    struct fdm_case_record *r;
    /* float 224: equal, though a later run was not complete and a later one is another model */
    add_case(w, &petals, "float", 224, "float", 183);
    r = add_case(w, &petals, "float", 224, "float", 1);
    r->state = FDM_CASE_FAILED;
    r = add_case(w, &petals, "float", 224, "float", 2);
    snprintf(r->model, sizeof r->model, "petals/mine");
    /* int8 224: differs by one image, in the spread, met by one; a limited run came later */
    add_case(w, &petals, "int8", 224, "portable", 3);
    add_case(w, &petals, "int8", 224, "portable", 184);
    add_case(w, &petals, "int8", 224, "tflite", 183);
    add_figure(w, "weights_flash_bytes", FDM_FIGURE_COMPUTED, 131396);
    add_figure(w, "activation_ram_bytes", FDM_FIGURE_EMULATED, 1);
    add_figure(w, "latency_median_ns", FDM_FIGURE_MEASURED, 1e6); /* the host's, no board's */
    add_case(w, &petals, "int8", 224, "xnnpack", 185);
    add_case(w, &keras, "int8", 224, "tflite", 4);
    r = add_case(w, &petals, "int8", 224, "tflite", 40);
    r->image_count = r->evaluated = r->done = 50;
    /* float 128: only a sample */
    add_case(w, &some, "float", 128, "float", 41);
    /* int8 128: three images below the published figure, in all semantics */
    r = add_case(w, &petals, "int8", 128, "xnnpack", 178);
    r->session_id = 4;
    w->cases[w->count - 1].session = &sessions[1];
    r = add_case(w, &petals, "int8", 128, "tflite", 178);
    r->mapping_corrected = true;
    snprintf(r->mapping, sizeof r->mapping, "x/255-1");
    snprintf(r->label_order, sizeof r->label_order, "case-folded");
    /* big, float 224: an image could not be read */
    r = add_case(w, &petals, "float", 224, "float", 190);
    make_big(r);
    r->evaluated = 199;
    r->unreadable = 1;
    /* big, int8 224: the published figure is no k/N */
    make_big(add_case(w, &petals, "int8", 224, "tflite", 155));
    /* leaves: on a published split, but nobody knows the card's */
    add_case(w, &leaves, "int8", 224, "tflite", 12203);
}

static void add_boards(struct world *w)
{
    struct fdm_case_record *r = add_case(w, &some, "int8", 224, "tflite", 40);
    snprintf(r->board, sizeof r->board, "XY747-DISCO");
    snprintf(r->engine, sizeof r->engine, "tuned");
    add_figure(w, "activation_ram_bytes", FDM_FIGURE_MEASURED, 10.5 * 1024);
    add_figure(w, "total_ram_bytes", FDM_FIGURE_ESTIMATED, 12 * 1024);
    add_figure(w, "latency_median_ns", FDM_FIGURE_MEASURED, 54.1e6);
    w->cases[w->count - 1].clock_remark = "throttled: the clock fell from 400 to 200 MHz";
    r = add_case(w, &some, "int8", 128, "tflite", 40);
    snprintf(r->board, sizeof r->board, "emulated-XY7");
    add_figure(w, "latency_median_ns", FDM_FIGURE_EMULATED, 5e6);
    add_figure(w, "total_ram_bytes", FDM_FIGURE_EMULATED, 7 * 1024);
    r = add_case(w, &some, "int8", 128, "tflite", 41);
    snprintf(r->board, sizeof r->board, "XY747-DISCO");
    add_figure(w, "latency_median_ns", FDM_FIGURE_EMULATED, 6e6);
    add_figure(w, "activation_ram_bytes", FDM_FIGURE_COMPUTED, 48 * 1024);
    add_figure(w, "activation_ram_bytes", FDM_FIGURE_PUBLISHED, 1);
}

static void add_time(struct world *w, const char *board, uint32_t threads, double ms)
{
    struct fdm_case_record *r = add_case(w, &some, "int8", 224, "tflite", 40);
    snprintf(r->board, sizeof r->board, "%s", board);
    r->threads = threads;
    add_figure(w, "latency_median_ns", FDM_FIGURE_MEASURED, ms * 1e6);
}

/* A board with two cores, of which each number was measured twice; and one that was measured with
 * another number than the published figure's. */
static void add_threads(struct world *w)
{
    add_time(w, "XM157-DK", 2, 90);
    add_time(w, "XM157-DK", 2, 24.5);
    w->cases[w->count - 1].clock_remark = "clock: ran at 650 MHz, not at the stated 800 MHz";
    add_time(w, "XM157-DK", 1, 91);
    add_time(w, "XM157-DK", 1, 45);
    add_time(w, "XM135-DK", 2, 30);
}

static void expect_with(const struct world *w, const struct fdm_card_report_options *options,
                        enum fdm_report_format format, const char *file)
{
    struct fdm_buf out;
    struct fdm_error err = FDM_ERROR_INIT;
    fdm_buf_init(&out);
    assert_ok(fdm_card_report(&card, w->cases, w->count, options, format, &out, &err), err);
    assert_golden(&out, file);
    fdm_buf_release(&out);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void each_format_renders_the_card(void **state)
{
    (void)state;
    static const char *const files[] = {"card.txt", "card.md", "card.csv", "card.json"};
    static const struct fdm_card_report_options options = {.tool_version = "0.1.2"};
    struct world w = {0};
    add_accuracies(&w);
    add_boards(&w);
    add_threads(&w);
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_JSON; format++)
        expect_with(&w, &options, (enum fdm_report_format)format, files[format]);
}

static void nothing_measured_shows_what_is_published(void **state)
{
    (void)state;
    static const struct fdm_card_report_options options = {.tool_version = "0.1.2"};
    const struct world w = {0};
    expect_with(&w, &options, FDM_REPORT_TERMINAL, "card-nothing.txt");
}

static void one_table_can_be_asked_for(void **state)
{
    (void)state;
    static const struct {
        struct fdm_card_report_options options;
        enum fdm_report_format format;
        const char *file;
    } rows[] = {
        {{.table = "accuracy-petals"}, FDM_REPORT_CSV, "card-accuracy.csv"},
        {{.table = "accuracy-petals", .semantics = "portable"},
         FDM_REPORT_TERMINAL,
         "card-portable.txt"},
        {{.table = "mcu-time-petals", .engine = "reference"},
         FDM_REPORT_TERMINAL,
         "card-engine.txt"},
        {{.table = "information"}, FDM_REPORT_MARKDOWN, "card-information.md"},
        {{.table = "accuracy-petals"}, FDM_REPORT_HTML, "card-accuracy.html"},
    };
    struct world w = {0};
    add_accuracies(&w);
    add_boards(&w);
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_with(&w, &rows[i].options, rows[i].format, rows[i].file);
}

static void an_unknown_table_is_refused_with_the_known_ones(void **state)
{
    (void)state;
    static const struct fdm_card_report_options options = {.table = "accuracy-roses"};
    struct fdm_buf out;
    struct fdm_error err = FDM_ERROR_INIT;
    fdm_buf_init(&out);
    assert_int_equal(fdm_card_report(&card, NULL, 0, &options, FDM_REPORT_CSV, &out, &err),
                     FDM_ERR_NOT_FOUND);
    assert_string_equal(err.message,
                        "card 0.0.1 has no table \"accuracy-roses\"; it has: information, "
                        "npu-memory-petals, mcu-memory-petals, mcu-time-petals, accuracy-petals, "
                        "accuracy-leaves");
    fdm_buf_release(&out);
}

/* ---- Which case is shown --------------------------------------------------------------------- */

static const struct fdm_card_row choice_rows[] = {
    {
        .keys = {SMALL, .dataset = "petals", .format = "int8", .resolution = 224, .series = "XY7",
                 .board = "XY747-DISCO"},
        .cells = CELLS(NUMBER("64.1", 64.1), NUMBER("1 KiB", 1), NUMBER("1 ms", 1)),
    },
    {
        .keys = {.family = "Net 0.25", .dataset = "petals", .format = "int8", .resolution = 224},
        .cells = CELLS(NUMBER("64.1", 64.1), NUMBER("1 KiB", 1), NUMBER("1 ms", 1)),
    },
};
static const struct fdm_card_column choice_columns[] = {
    {"Top 1", "top1_percent"}, {"Total RAM", "total_ram_kib"}, {"Time", "time_ms"}};
static const struct fdm_card_table choice_tables[] = {
    {TABLE(FDM_CARD_ACCURACY, choice_columns, choice_rows)},
    {TABLE(FDM_CARD_MCU_MEMORY, choice_columns, choice_rows)},
    {TABLE(FDM_CARD_MCU_TIME, choice_columns, choice_rows)},
};
static const struct fdm_card choice_card = {
    .version = "0.0.2", .title = "Choices", .tables = choice_tables, .table_count = 3};

static const struct fdm_split_record thousand = {
    .dataset = "petals", .scheme = "st", .count = 1000, .published = true, .sha256 = SHA("e")};
static const struct fdm_split_record listed = {
    .dataset = "petals", .scheme = "list", .count = 1000, .published = true, .sha256 = SHA("f")};
static const struct fdm_split_record older = {
    .dataset = "petals", .scheme = "keras", .count = 1000, .published = true, .sha256 = SHA("0")};

static struct fdm_json *choose(const struct world *w)
{
    static const struct fdm_card_report_options options = {0};
    struct fdm_json *doc = NULL;
    struct fdm_buf out;
    struct fdm_error err = FDM_ERROR_INIT;
    fdm_buf_init(&out);
    assert_ok(
        fdm_card_report(&choice_card, w->cases, w->count, &options, FDM_REPORT_JSON, &out, &err),
        err);
    assert_ok(fdm_json_parse(out.data, out.len, "report", &doc, &err), err);
    fdm_buf_release(&out);
    return doc;
}

static const struct fdm_json *nth(const struct fdm_json *array, size_t index)
{
    const struct fdm_json *item = fdm_json_first(array);
    while (index-- > 0)
        item = fdm_json_next(item);
    return item;
}

static double value_of(const struct fdm_json *doc, size_t table, size_t row, const char *name)
{
    const struct fdm_json *rows =
        fdm_json_member(nth(fdm_json_member(doc, "tables"), table), "rows");
    return fdm_json_value(fdm_json_member(nth(rows, row), name), -1);
}

static void published_percentages_are_rounded_to_hundredths(void **state)
{
    (void)state;
    struct world w = {0};
    add_case(&w, &thousand, "int8", 224, "tflite", 640); /* 64.1 * 100 < 6410 in binary */
    struct fdm_json *doc = choose(&w);
    assert_true(value_of(doc, 0, 0, "published_k_first") == 641);
    assert_true(value_of(doc, 0, 0, "difference_images") == -1);
    fdm_json_free(doc);
}

static void the_spread_is_of_one_split(void **state)
{
    (void)state;
    struct world w = {0};
    add_case(&w, &thousand, "int8", 224, "portable", 1);
    add_case(&w, &listed, "int8", 224, "xnnpack", 642);
    struct fdm_json *doc = choose(&w); /* without the default semantics: the latest split */
    assert_true(value_of(doc, 0, 0, "spread_k_min") == 642);
    assert_true(value_of(doc, 0, 0, "spread_k_max") == 642);
    assert_true(value_of(doc, 0, 0, "published_k_first") == 641);
    assert_true(value_of(doc, 0, 0, "measured_k") == -1);
    fdm_json_free(doc);
    add_case(&w, &thousand, "int8", 224, "tflite", 3);
    doc = choose(&w); /* with it: its split */
    assert_true(value_of(doc, 0, 0, "spread_k_min") == 1);
    assert_true(value_of(doc, 0, 0, "spread_k_max") == 3);
    fdm_json_free(doc);
}

static void a_family_knows_its_own_split(void **state)
{
    (void)state;
    static const struct {
        const struct fdm_split_record *split;
        const char *family;
        size_t row;
        int comparable;
    } rows[] = {
        {&thousand, "Net 0.25 tfs", 0, 1}, {&older, "Net 0.25 tfs", 0, 0},
        {&listed, "Net 0.25 tfs", 0, 1},   {&thousand, "Net 0.25", 1, 0},
        {&older, "Net 0.25", 1, 1},        {&listed, "Net 0.25", 1, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w = {0};
        struct fdm_case_record *r = add_case(&w, rows[i].split, "int8", 224, "tflite", 600);
        snprintf(r->family, sizeof r->family, "%s", rows[i].family);
        struct fdm_json *doc = choose(&w);
        assert_true(value_of(doc, 0, rows[i].row, "measured_k") == 600);
        assert_true(value_of(doc, 0, 1 - rows[i].row, "measured_k") == -1);
        const bool compared = value_of(doc, 0, rows[i].row, "difference_images") == -41;
        if (compared != rows[i].comparable)
            fail_msg("row %zu of the test", i);
        fdm_json_free(doc);
    }
}

static void figures_go_by_kind_and_then_by_age(void **state)
{
    (void)state;
    struct world w = {0};
    const struct {
        const char *name;
        enum fdm_figure_kind kind;
        double value;
    } rows[] = {
        {"total_ram_bytes", FDM_FIGURE_COMPUTED, 1024},
        {"total_ram_bytes", FDM_FIGURE_COMPUTED, 2048}, /* the later of its kind */
        {"total_ram_bytes", FDM_FIGURE_ESTIMATED, 3072},
        {"total_ram_bytes", FDM_FIGURE_EMULATED, 4096},
        {"latency_median_ns", FDM_FIGURE_MEASURED, 5e6},
        {"latency_median_ns", FDM_FIGURE_MEASURED, 6e6}, /* likewise */
        {"total_ram_bytes", FDM_FIGURE_MEASURED, 7168},
        {"total_ram_bytes", FDM_FIGURE_COMPUTED, 8192},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fdm_case_record *r = add_case(&w, &some, "int8", 224, "tflite", 30);
        snprintf(r->board, sizeof r->board, "XY747-DISCO");
        add_figure(&w, rows[i].name, rows[i].kind, rows[i].value);
        if (i == 3 || i == 5 || i == 7) {
            struct fdm_json *doc = choose(&w);
            assert_true(value_of(doc, 1, 0, "measured_total_ram_kib") == (i == 7 ? 7 : 2));
            assert_true(value_of(doc, 2, 0, "measured_time_ms") == (i == 3 ? -1 : 6));
            fdm_json_free(doc);
        }
    }
}

static void a_difference_that_rounds_to_nothing_has_no_sign(void **state)
{
    (void)state;
    static const struct fdm_card_report_options options = {0};
    struct fdm_error err = FDM_ERROR_INIT;
    struct world w = {0};
    struct fdm_buf out;
    add_time(&w, "XY747-DISCO", 1, 53.519);
    fdm_buf_init(&out);
    assert_ok(fdm_card_report(&card, w.cases, w.count, &options, FDM_REPORT_TERMINAL, &out, &err),
              err);
    assert_non_null(strstr(out.data, "0.00 ms (0.0 %)"));
    fdm_buf_release(&out);
}

static void a_session_is_named_although_its_first_case_is_not_shown(void **state)
{
    (void)state;
    struct world w = {0};
    add_case(&w, &thousand, "int8", 224, "tflite", 640)->state = FDM_CASE_FAILED;
    add_case(&w, &thousand, "int8", 224, "tflite", 641);
    struct fdm_json *doc = choose(&w);
    assert_string_equal(fdm_json_text(fdm_json_member(doc, "sessions")),
                        "3 (0.1.0, 2000-01-01T00:00:00Z)");
    fdm_json_free(doc);
}

/* ---- Lists and one case ---------------------------------------------------------------------- */

static void lists_render_in_each_format(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"sessions.txt", "cases.txt"},
                                           {"sessions.md", "cases.md"},
                                           {"sessions.csv", "cases.csv"},
                                           {"sessions.json", "cases.json"}};
    static const struct fdm_session_record two[] = {
        {.id = 1,
         .state = FDM_SESSION_COMPLETE,
         .started = "2000-01-01T00:00:00Z",
         .finished = "2000-01-01T01:00:00Z",
         .case_count = 12,
         .complete_count = 12,
         .tool_version = "0.1.0",
         .host = "somewhere",
         .cpu = "something",
         .threads = 2,
         .compiler = "cc 1, -O3",
         .plan_sha256 = SHA("1"),
         .command = "run --board host"},
        {.id = 2,
         .state = FDM_SESSION_RUNNING,
         .started = "2000-01-02T00:00:00Z",
         .case_count = 24,
         .complete_count = 3,
         .resumptions = 1,
         .tool_version = "0.1.0",
         .host = "somewhere",
         .command = "run | tee \"log\""},
    };
    struct world w = {0};
    add_case(&w, &petals, "int8", 224, "tflite", 183);
    struct fdm_case_record *r = add_case(&w, &petals, "float", 128, "float", 20);
    r->state = FDM_CASE_RUNNING;
    r->done = 31;
    r->evaluated = 30;
    r->unreadable = 1;
    r = add_case(&w, &petals, "int8", 128, "tflite", 0);
    r->state = FDM_CASE_SKIPPED;
    r->done = r->evaluated = 0;
    snprintf(r->message, sizeof r->message, "no model file");
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_JSON; format++) {
        struct fdm_buf out;
        struct fdm_error err = FDM_ERROR_INIT;
        fdm_buf_init(&out);
        assert_ok(fdm_listing_sessions(two, 2, (enum fdm_report_format)format, &out, &err), err);
        assert_golden(&out, files[format][0]);
        fdm_buf_reset(&out);
        assert_ok(fdm_listing_cases(w.records, w.count, (enum fdm_report_format)format, &out, &err),
                  err);
        assert_golden(&out, files[format][1]);
        fdm_buf_release(&out);
    }
}

static const char *const petal_names[] = {"daisy", "rose|pink", "tulip", "never seen"};

static struct fdm_case_detail detail_of(struct world *w, const struct fdm_prediction *predictions,
                                        size_t count)
{
    static const char *const images[] = {"daisy/0.jpg", "daisy/1.jpg", "daisy/2.jpg"};
    static const struct fdm_fact facts[] = {{"clock_remark", ""}, {"governor", "performance"}};
    struct fdm_case_record *r = add_case(w, &petals, "int8", 224, "tflite", 5);
    r->evaluated = 10;
    r->unreadable = 1;
    add_figure(w, "macs", FDM_FIGURE_COMPUTED, 11783232);
    add_figure(w, "latency_median_ns", FDM_FIGURE_MEASURED, 54.1e6);
    return (struct fdm_case_detail){.record = r,
                                    .session = &sessions[0],
                                    .split = &petals,
                                    .predictions = predictions,
                                    .prediction_count = count,
                                    .figures = w->cases[0].figures,
                                    .figure_count = w->cases[0].figure_count,
                                    .facts = facts,
                                    .fact_count = COUNT(facts),
                                    .class_names = petal_names,
                                    .class_count = 4,
                                    .image_names = images,
                                    .image_count = COUNT(images)};
}

static void a_case_is_shown_in_full(void **state)
{
    (void)state;
    static const char *const files[] = {"case.txt", "case.md", "case.csv", "case.json"};
    static const struct fdm_prediction predictions[] = {
        {.image = 0, .label = 0, .predicted = 0, .score = 0.9F, .infer_ns = 1000000},
        {.image = 1, .label = 0, .predicted = 1, .score = 0.5F, .infer_ns = 2000000},
        {.image = 2, .label = 0, .predicted = 1, .score = 0.75F, .infer_ns = 3000000},
        {.image = 3, .label = 0, .predicted = 2, .score = 0.5F, .infer_ns = 4000000},
        {.image = 4, .label = 1, .predicted = 1, .score = 0.5F, .infer_ns = 9000000},
        {.image = 5, .label = 1, .predicted = 1, .score = 0.5F, .infer_ns = 5000000},
        {.image = 6, .label = 1, .predicted = -1, .infer_ns = 7},
        {.image = 7, .label = 2, .predicted = 2, .score = 0.5F, .infer_ns = 6000000},
        {.image = 8, .label = 2, .predicted = 2, .score = 0.5F, .infer_ns = 7000000},
        {.image = 9, .label = 2, .predicted = 0, .score = 0.25F, .infer_ns = 8000000},
        {.image = 10, .label = 2, .predicted = 1, .score = 0.5F},
    };
    static const struct fdm_case_limits limits = {.confusions = 3, .classes = 9, .wrong = 4};
    struct world w = {0};
    const struct fdm_case_detail detail = detail_of(&w, predictions, COUNT(predictions));
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_JSON; format++) {
        struct fdm_buf out;
        struct fdm_error err = FDM_ERROR_INIT;
        fdm_buf_init(&out);
        assert_ok(fdm_listing_case(&detail, &limits, (enum fdm_report_format)format, &out, &err),
                  err);
        assert_golden(&out, files[format]);
        fdm_buf_release(&out);
    }
}

static void a_case_without_predictions_has_no_empty_tables_unasked(void **state)
{
    (void)state;
    static const struct fdm_case_limits none = {0};
    struct world w = {0};
    struct fdm_case_detail detail = detail_of(&w, NULL, 0);
    struct fdm_buf out;
    struct fdm_error err = FDM_ERROR_INIT;
    detail.fact_count = 0;
    fdm_buf_init(&out);
    assert_ok(fdm_listing_case(&detail, &none, FDM_REPORT_CSV, &out, &err), err);
    assert_string_equal(out.data, "name,kind,value\nmacs,computed,11783232\n"
                                  "latency_median_ns,measured,54100000\n");
    fdm_buf_release(&out);
}

static void predictions_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct fdm_prediction p;
        uint32_t classes;
        enum fdm_status want;
    } rows[] = {
        {{.label = 3, .predicted = 3}, 4, FDM_OK},
        {{.label = 4, .predicted = 3}, 4, FDM_ERR_FORMAT},
        {{.label = -1, .predicted = 3}, 4, FDM_ERR_FORMAT},
        {{.label = 3, .predicted = 4}, 4, FDM_ERR_FORMAT},
        {{.label = 3, .predicted = -2}, 4, FDM_ERR_FORMAT},
        {{.label = 9, .predicted = -1}, 4, FDM_OK}, /* unreadable: nothing is counted */
        {{.label = 0, .predicted = 0}, 1025, FDM_ERR_UNSUPPORTED},
    };
    static const struct fdm_case_limits limits = {9, 9, 9};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w = {0};
        struct fdm_case_detail detail = detail_of(&w, &rows[i].p, 1);
        detail.class_count = rows[i].classes;
        struct fdm_buf out;
        fdm_buf_init(&out);
        const enum fdm_status got =
            fdm_listing_case(&detail, &limits, FDM_REPORT_TERMINAL, &out, NULL);
        if (got != rows[i].want)
            fail_msg("row %zu: %s", i, fdm_status_name(got));
        fdm_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_renders_the_card),
        cmocka_unit_test(nothing_measured_shows_what_is_published),
        cmocka_unit_test(one_table_can_be_asked_for),
        cmocka_unit_test(published_percentages_are_rounded_to_hundredths),
        cmocka_unit_test(the_spread_is_of_one_split),
        cmocka_unit_test(a_family_knows_its_own_split),
        cmocka_unit_test(figures_go_by_kind_and_then_by_age),
        cmocka_unit_test(a_difference_that_rounds_to_nothing_has_no_sign),
        cmocka_unit_test(a_session_is_named_although_its_first_case_is_not_shown),
        cmocka_unit_test(lists_render_in_each_format),
        cmocka_unit_test(a_case_is_shown_in_full),
        cmocka_unit_test(a_case_without_predictions_has_no_empty_tables_unasked),
        cmocka_unit_test(predictions_out_of_range_are_refused),
        cmocka_unit_test(an_unknown_table_is_refused_with_the_known_ones),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
