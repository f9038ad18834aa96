/* The published cards as data against the cards themselves, word for word. */
#include "tests/support/test.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/registry/registry.h"

#define LINES_MAX 1024

struct lines {
    char *text; /* NUL behind each line */
    const char *line[LINES_MAX];
    size_t count;
};

static struct fdm_registry *load(void)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *registry;
    assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err), err);
    return registry;
}

static char *trimmed(char *text)
{
    text += strspn(text, " ");
    size_t len = strlen(text);
    while (len > 0 && strchr(" \r", text[len - 1]) != NULL)
        text[--len] = '\0';
    return text;
}

/* The lines of a card that are not empty, without marks of headings and lists. */
static struct lines read_lines(const char *relative)
{
    char *path = test_data_path(relative);
    struct fdm_error err = FDM_ERROR_INIT;
    struct lines out = {0};
    uint8_t *bytes;
    size_t len;
    assert_ok(fdm_fs_read(path, 1 << 20, &bytes, &len, &err), err);
    out.text = (char *)bytes;
    char *rest = out.text;
    for (char *l = strtok_r(rest, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest)) {
        l = trimmed(l);
        l = trimmed(l + strspn(l, "#"));
        if (strncmp(l, "* ", 2) == 0)
            l += 2;
        assert_true(out.count < LINES_MAX);
        if (*l != '\0')
            out.line[out.count++] = l;
    }
    free(path);
    return out;
}

/* Finds `wanted` at or after `*at` and moves behind it. */
static void expect_line(const struct lines *lines, size_t *at, const char *wanted)
{
    size_t i = *at;
    while (i < lines->count && strcmp(lines->line[i], wanted) != 0)
        i++;
    if (i == lines->count)
        fail_msg("after '%s' the card has no line '%s'", *at > 0 ? lines->line[*at - 1] : "",
                 wanted);
    *at = i + 1;
}

/* ---- 10.0.0: Markdown ------------------------------------------------------------------------ */

/* "| a  | b |" as "a|b". */
static void append_pipe_row(struct fdm_buf *out, const char *line)
{
    char *copy = strdup(line);
    char *rest = copy;
    bool first = true;
    assert_non_null(copy);
    for (char *c = strtok_r(rest, "|", &rest); c != NULL; c = strtok_r(NULL, "|", &rest)) {
        fdm_buf_printf(out, "%s%s", first ? "" : "|", trimmed(c));
        first = false;
    }
    fdm_buf_puts(out, "\n");
    free(copy);
}

static void append_table(struct fdm_buf *out, const struct fdm_card_table *table)
{
    for (size_t c = 0; c < table->column_count; c++)
        fdm_buf_printf(out, "%s%s", c > 0 ? "|" : "", table->columns[c].title);
    fdm_buf_puts(out, "\n");
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const struct fdm_card_cell *cell = &table->rows[r].cells[c];
            fdm_buf_puts(out, c > 0 ? "|" : "");
            if (cell->link != NULL)
                fdm_buf_printf(out, "[%s](%s)", cell->text, cell->link);
            else
                fdm_buf_puts(out, cell->text);
        }
        fdm_buf_puts(out, "\n");
    }
}

static void every_cell_of_10_0_0_is_there(void **state)
{
    (void)state;
    struct lines lines = read_lines("seeds/card-10.0.0.txt");
    struct fdm_registry *registry = load();
    const struct fdm_card *card = fdm_registry_card(registry, "10.0.0");
    struct fdm_buf published;
    struct fdm_buf ours;
    fdm_buf_init(&published);
    fdm_buf_init(&ours);
    for (size_t i = 0; i < lines.count; i++)
        if (lines.line[i][0] == '|' && strspn(lines.line[i], "|- ") != strlen(lines.line[i]))
            append_pipe_row(&published, lines.line[i]);
    for (size_t t = 0; t < card->table_count; t++)
        append_table(&ours, &card->tables[t]);
    assert_string_equal(ours.data, published.data);
    fdm_buf_release(&published);
    fdm_buf_release(&ours);
    fdm_registry_free(registry);
    free(lines.text);
}

/* ---- 9.1.0: plain text, cells parted by spaces ------------------------------------------------
 */

static void append_row(struct fdm_buf *out, const struct fdm_card_table *table, size_t row)
{
    for (size_t c = 0; c < table->column_count; c++)
        fdm_buf_printf(out, "%s%s", c > 0 ? " " : "", table->rows[row].cells[c].text);
    fdm_buf_puts(out, "\n");
}

static bool is_row_of_figures(const char *line)
{
    return strncmp(line, "FdMobileNet 0.25 tfs ", 21) == 0 ||
           strncmp(line, "ST FdMobileNet v1 tfs ", 22) == 0 ||
           (strncmp(line, "STM32", 5) == 0 && strstr(line, " [") != NULL);
}

static void every_row_of_9_1_0_is_there(void **state)
{
    (void)state;
    struct lines lines = read_lines("seeds/card-9.1.0.txt");
    struct fdm_registry *registry = load();
    const struct fdm_card *card = fdm_registry_card(registry, "9.1.0");
    struct fdm_buf published;
    struct fdm_buf ours;
    fdm_buf_init(&published);
    fdm_buf_init(&ours);
    for (size_t i = 0; i < lines.count; i++)
        if (is_row_of_figures(lines.line[i]))
            fdm_buf_printf(&published, "%s\n", lines.line[i]);
    for (size_t t = 0; t < card->table_count; t++)
        for (size_t r = 0; r < card->tables[t].row_count; r++)
            if (is_row_of_figures(card->tables[t].rows[r].cells[0].text) ||
                card->tables[t].kind == FDM_CARD_PLATFORMS ||
                card->tables[t].kind >= FDM_CARD_NPU_MEMORY)
                append_row(&ours, &card->tables[t], r);
    assert_string_equal(ours.data, published.data);
    fdm_buf_release(&published);
    fdm_buf_release(&ours);
    fdm_registry_free(registry);
    free(lines.text);
}

/* Spaces part words as well as cells there, so the columns are proved by those of 10.0.0. */
static void columns_of_9_1_0_are_those_of_10_0_0(void **state)
{
    (void)state;
    struct fdm_registry *registry = load();
    const struct fdm_card *older = fdm_registry_card(registry, "9.1.0");
    const struct fdm_card *newer = fdm_registry_card(registry, "10.0.0");
    size_t at = 0;
    for (size_t t = 0; t < newer->table_count; t++) {
        const struct fdm_card_table *b = &newer->tables[t];
        if (b->kind == FDM_CARD_NPU_MEMORY || b->kind == FDM_CARD_NPU_TIME)
            continue;
        const struct fdm_card_table *a = &older->tables[at++];
        assert_int_equal(a->kind, b->kind);
        assert_int_equal(a->column_count, b->column_count);
        for (size_t c = 0; c < a->column_count; c++) {
            assert_string_equal(a->columns[c].title, b->columns[c].title);
            assert_string_equal(a->columns[c].name, b->columns[c].name);
        }
    }
    assert_int_equal(at, older->table_count);
    fdm_registry_free(registry);
}

/* ---- Both ------------------------------------------------------------------------------------ */

static void expect_table_texts(const struct lines *lines, size_t *at,
                               const struct fdm_card_table *table, char mark)
{
    struct fdm_buf row;
    fdm_buf_init(&row);
    if (table->title != NULL)
        expect_line(lines, at, table->title);
    for (size_t i = 0; i < table->line_count; i++)
        expect_line(lines, at, table->lines[i]);
    if (mark == ' ') {
        for (size_t c = 0; c < table->column_count; c++)
            fdm_buf_printf(&row, "%s%s", c > 0 ? " " : "", table->columns[c].title);
        expect_line(lines, at, row.data);
        for (size_t r = 0; r < table->row_count; r++) {
            fdm_buf_reset(&row);
            append_row(&row, table, r);
            row.data[row.len - 1] = '\0';
            expect_line(lines, at, row.data);
        }
    }
    for (size_t i = 0; i < table->foot_line_count; i++)
        expect_line(lines, at, table->foot_lines[i]);
    fdm_buf_release(&row);
}

static void titles_and_lines_stand_in_the_cards_order(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        const char *file;
        char mark;
    } cards[] = {{"9.1.0", "seeds/card-9.1.0.txt", ' '}, {"10.0.0", "seeds/card-10.0.0.txt", '|'}};
    for (size_t i = 0; i < 2; i++) {
        struct lines lines = read_lines(cards[i].file);
        struct fdm_registry *registry = load();
        const struct fdm_card *card = fdm_registry_card(registry, cards[i].version);
        size_t at = 0;
        expect_line(&lines, &at, card->title);
        for (size_t k = 0; k < card->statement_count; k++) {
            size_t anywhere = 0;
            expect_line(&lines, &anywhere, card->statements[k]);
        }
        for (size_t t = 0; t < card->table_count; t++)
            expect_table_texts(&lines, &at, &card->tables[t], cards[i].mark);
        fdm_registry_free(registry);
        free(lines.text);
    }
}

static void check_key(const struct fdm_card_table *table, const struct fdm_card_row *row,
                      const char *column, const char *key)
{
    const struct fdm_card_cell *cell = fdm_card_find_cell(table, row, column);
    if (cell != NULL)
        assert_string_equal(cell->text, key);
}

static void check_keys(const struct fdm_registry *registry, const struct fdm_card_table *table,
                       const struct fdm_card_row *row)
{
    const struct fdm_card_keys *keys = &row->keys;
    const struct fdm_model_entry *model = fdm_registry_model(registry, keys->model);
    const struct fdm_card_cell *cell = fdm_card_find_cell(table, row, "format");
    assert_non_null(model);
    assert_string_equal(model->family, keys->family);
    assert_string_equal(model->dataset, keys->dataset);
    assert_int_equal(model->resolution, keys->resolution);
    assert_int_equal(tolower((unsigned char)cell->text[0]), keys->format[0]);
    assert_string_equal(cell->text + 1, keys->format + 1);
    check_key(table, row, "series", keys->series);
    check_key(table, row, "board", keys->board);
    check_key(table, row, "engine", keys->engine);
    cell = fdm_card_find_cell(table, row, "quantization");
    if (cell != NULL)
        assert_memory_equal(cell->text, keys->quantization, strlen(keys->quantization));
    cell = fdm_card_find_cell(table, row, "clock_mhz");
    if (cell != NULL)
        assert_int_equal(keys->clock_hz, (uint64_t)cell->value * 1000000);
    if (keys->board != NULL) {
        const struct fdm_board_entry *board = fdm_registry_board(registry, keys->board);
        assert_non_null(board);
        assert_string_equal(board->series, keys->series);
        bool known = false;
        for (size_t i = 0; i < board->engine_count; i++)
            known |= strcmp(board->engines[i].name, keys->engine) == 0 &&
                     board->engines[i].clock_hz == keys->clock_hz;
        assert_true(known);
    }
}

static bool has_unit(const char *name)
{
    static const char *const units[] = {"_kib", "_ms", "_mhz", "_percent", "_per_s"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (len > strlen(units[i]) && strcmp(name + len - strlen(units[i]), units[i]) == 0)
            return true;
    return false;
}

static void rows_join_with_the_registry_and_carry_values(void **state)
{
    (void)state;
    struct fdm_registry *registry = load();
    size_t rows_with_keys = 0;
    size_t values = 0;
    for (size_t i = 0; i < registry->card_count; i++) {
        const struct fdm_card *card = &registry->cards[i];
        for (size_t t = 0; t < card->table_count; t++) {
            const struct fdm_card_table *table = &card->tables[t];
            for (size_t r = 0; r < table->row_count; r++) {
                const struct fdm_card_row *row = &table->rows[r];
                assert_int_equal(row->keys.model != NULL, table->kind >= FDM_CARD_NPU_MEMORY);
                if (row->keys.model != NULL) {
                    check_keys(registry, table, row);
                    rows_with_keys++;
                }
                for (size_t c = 0; c < table->column_count; c++) {
                    const struct fdm_card_cell *cell = &row->cells[c];
                    if (has_unit(table->columns[c].name))
                        assert_int_equal(cell->has_value, strcmp(cell->text, "NA") != 0);
                    values += cell->has_value;
                }
            }
        }
    }
    /* 24 of accuracy, 4 of memory, 6 and 12 of time in each; 8 of the NPU in 10.0.0. */
    assert_int_equal(rows_with_keys, 46 + 54);
    assert_true(values > 200);
    fdm_registry_free(registry);
}

static bool has_note(const struct fdm_card_row *row, const char *column)
{
    for (size_t i = 0; i < row->note_count; i++)
        if (row->notes[i].column != NULL && strcmp(row->notes[i].column, column) == 0)
            return true;
    return false;
}

static double value_of(const struct fdm_card_table *table, const struct fdm_card_row *row,
                       const char *name)
{
    return fdm_card_find_cell(table, row, name)->value;
}

/* Notes stand where the card contradicts itself, and nowhere else. */
static void sums_are_right_or_noted(void **state)
{
    (void)state;
    struct fdm_registry *registry = load();
    size_t noted = 0;
    for (size_t i = 0; i < registry->card_count; i++) {
        for (size_t t = 0; t < registry->cards[i].table_count; t++) {
            const struct fdm_card_table *table = &registry->cards[i].tables[t];
            for (size_t r = 0; r < table->row_count; r++) {
                const struct fdm_card_row *row = &table->rows[r];
                if (table->kind == FDM_CARD_MCU_MEMORY) {
                    double flash = value_of(table, row, "weights_flash_kib") +
                                   value_of(table, row, "code_flash_kib") -
                                   value_of(table, row, "total_flash_kib");
                    double ram = value_of(table, row, "activation_ram_kib") +
                                 value_of(table, row, "runtime_ram_kib") -
                                 value_of(table, row, "total_ram_kib");
                    assert_int_equal(fabs(flash) > 0.005, has_note(row, "total_flash_kib"));
                    assert_int_equal(fabs(ram) > 0.005, has_note(row, "total_ram_kib"));
                } else if (table->kind == FDM_CARD_NPU_TIME) {
                    double rate = 1000.0 / value_of(table, row, "time_ms") -
                                  value_of(table, row, "inferences_per_s");
                    assert_int_equal(fabs(rate) > 0.005, has_note(row, "inferences_per_s"));
                } else if (table->kind == FDM_CARD_MPU_TIME) {
                    double sum = value_of(table, row, "npu_percent") +
                                 value_of(table, row, "gpu_percent") +
                                 value_of(table, row, "cpu_percent") - 100.0;
                    assert_int_equal(fabs(sum) > 0.005, has_note(row, "gpu_percent"));
                }
                noted += row->note_count;
            }
        }
    }
    assert_true(noted > 0);
    fdm_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_10_0_0_is_there),
        cmocka_unit_test(every_row_of_9_1_0_is_there),
        cmocka_unit_test(columns_of_9_1_0_are_those_of_10_0_0),
        cmocka_unit_test(titles_and_lines_stand_in_the_cards_order),
        cmocka_unit_test(rows_join_with_the_registry_and_carry_values),
        cmocka_unit_test(sums_are_right_or_noted),
    };
    return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
