#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "reports/table.h"
#include "reports/utf8.h"
#include "tests/unit/golden.h"

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

static void utf8_is_decoded_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t character;
        size_t len;
        const char *remark;
    } rows[] = {
        {"", 0, 0, "the end"},
        {"a", 'a', 1, "ASCII"},
        {"\xC2\xB5s", 0xB5, 2, "two bytes"},
        {"\xE2\x80\x93", 0x2013, 3, "three bytes"},
        {"\xF0\x9F\x8C\xBB", 0x1F33B, 4, "four bytes"},
        {"\xF4\x8F\xBF\xBF", 0x10FFFF, 4, "the last character"},
        {"\xF4\x90\x80\x80", FDM_UTF8_REPLACEMENT, 1, "past the last character"},
        {"\xC1\xBF", FDM_UTF8_REPLACEMENT, 1, "an overlong form of two bytes"},
        {"\xE0\x9F\xBF", FDM_UTF8_REPLACEMENT, 1, "an overlong form of three bytes"},
        {"\xF0\x8F\xBF\xBF", FDM_UTF8_REPLACEMENT, 1, "an overlong form of four bytes"},
        {"\xED\xA0\x80", FDM_UTF8_REPLACEMENT, 1, "a surrogate"},
        {"\x80", FDM_UTF8_REPLACEMENT, 1, "a continuation alone"},
        {"\xE2\x80", FDM_UTF8_REPLACEMENT, 1, "cut short by the end"},
        {"\xE2\x80z", FDM_UTF8_REPLACEMENT, 1, "cut short by another character"},
        {"\xFF", FDM_UTF8_REPLACEMENT, 1, "no lead byte"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = 99;
        const uint32_t got = fdm_utf8_decode(rows[i].text, &len);
        if (got != rows[i].character || len != rows[i].len)
            fail_msg("%s: U+%04X, %zu bytes", rows[i].remark, got, len);
    }
}

static void width_counts_columns(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
    } rows[] = {
        {"", 0},
        {"plain", 5},
        {"\xC2\xB1 5 \xC2\xB5s", 6}, /* plus-minus, micro */
        {"e\xCC\x81t\xC3\xA9", 3},   /* combining acute */
        {"\xE8\x8A\xB1", 2},         /* CJK */
        {"\xF0\x9F\x8C\xBB!", 3},    /* sunflower */
        {"\xFF", 1},                 /* shown as U+FFFD */
        {"a\xE2\x80\x8B\x62", 2},    /* zero width space */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(fdm_utf8_width(rows[i].text), rows[i].width);
}

static void invalid_bytes_are_replaced_one_by_one(void **state)
{
    (void)state;
    char *clean = fdm_utf8_clean("a\xFF\xE2\x80z\xC2\xB5");
    assert_string_equal(clean, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xC2\xB5");
    free(clean);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

/* U+202E in UTF-8, assembled so that no checker takes this file for an attack. */
static const char right_to_left[] = {(char)0xE2, (char)0x80, (char)0xAE, 'r', 'e', 'v', 0};

/* Synthetic content with everything that a format could trip over. */
static void fill(struct fdm_table *t)
{
    static const struct fdm_table_column columns[] = {
        {"name", "Name", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"count", "Count", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"shown", "Ratio (%)", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"ratio", "exact ratio", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"good", "Good", FDM_ALIGN_LEFT, FDM_FOR_ALL},
    };
    static const struct {
        const char *name;
        int64_t count;
        double ratio;
        bool good;
    } rows[] = {
        {"plain", 1, 0.5, true},
        {"a|pipe, a \"quote\" and *stars*", -20, 100.0 / 3, false},
        {"wide \xE8\x8A\xB1 and \xC2\xB5s", 3, 1e-9, true},
        {"line\nbreak\tand \x1B[31mescape", INT64_MAX, NAN, true},
        {"Tomato___healthy _edge_ [a](b) [1] \\ `c` <d> &amp; ~e~", 0, 0.1, false},
        {"bad \xFF\xC3( bytes", 7, -0.25, true},
        {right_to_left, 8, 2, true},
    };
    fdm_table_init(t, "things", "Things **of note**");
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fdm_table_add_text(t, rows[i].name);
        fdm_table_add_int(t, rows[i].count);
        if (isnan(rows[i].ratio))
            fdm_table_add_none(t);
        else
            fdm_table_add_textf(t, "%.2f%s", rows[i].ratio, i == 1 ? " [1]" : "");
        fdm_table_add_real(t, rows[i].ratio, 2);
        fdm_table_add_bool(t, rows[i].good);
    }
    fdm_table_add_link(t, "a link [x]", "https://example.org/a b(c)|d");
    fdm_table_add_none(t);
    fdm_table_add_none(t);
    fdm_table_add_none(t);
    fdm_table_add_none(t);
    assert_int_equal(fdm_table_add_note(t, "one third, *about*"), 1);
    assert_int_equal(fdm_table_add_note(t, "never marked"), 2);
    assert_int_equal(fdm_table_add_note(t, "one third, *about*"), 1);
}

static void each_format_renders_the_table(void **state)
{
    (void)state;
    static const char *const files[] = {"table.txt", "table.md", "table.csv", "table.json",
                                        "table.html"};
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_HTML; format++) {
        struct fdm_table t;
        struct fdm_buf out;
        struct fdm_error err = FDM_ERROR_INIT;
        fill(&t);
        fdm_buf_init(&out);
        assert_int_equal(fdm_table_row_count(&t), 8);
        assert_ok(fdm_table_render(&t, (enum fdm_report_format)format, &out, &err), err);
        assert_golden(&out, files[format]);
        fdm_buf_release(&out);
        fdm_table_release(&t);
    }
}

static void json_reads_back(void **state)
{
    (void)state;
    struct fdm_table t;
    struct fdm_buf out;
    struct fdm_error err = FDM_ERROR_INIT;
    fill(&t);
    fdm_buf_init(&out);
    assert_ok(fdm_table_render(&t, FDM_REPORT_JSON, &out, &err), err);
    struct fdm_json *doc;
    assert_ok(fdm_json_parse(out.data, out.len, "table", &doc, &err), err);
    assert_int_equal(fdm_json_length(doc), 8);
    const struct fdm_json *row = fdm_json_next(fdm_json_first(doc));
    assert_string_equal(fdm_json_text(fdm_json_member(row, "name")),
                        "a|pipe, a \"quote\" and *stars*");
    assert_true(fdm_json_value(fdm_json_member(row, "ratio"), 0) == 100.0 / 3);
    assert_null(fdm_json_member(row, "shown"));
    fdm_json_free(doc);
    fdm_buf_release(&out);
    fdm_table_release(&t);
}

static void a_table_without_rows_has_a_header(void **state)
{
    (void)state;
    static const char *const want[] = {
        "A  B\n\xE2\x94\x80  \xE2\x94\x80\n",
        "| A   |   B |\n| --- | --: |\n",
        "a,b\n",
        "[]\n",
    };
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_JSON; format++) {
        struct fdm_table t;
        struct fdm_buf out;
        fdm_table_init(&t, "empty", NULL);
        fdm_table_add_column(&t, "a", "A", FDM_ALIGN_LEFT, FDM_FOR_ALL);
        fdm_table_add_column(&t, "b", "B", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
        fdm_buf_init(&out);
        assert_int_equal(fdm_table_render(&t, (enum fdm_report_format)format, &out, NULL), FDM_OK);
        assert_string_equal(out.data, want[format]);
        fdm_buf_release(&out);
        fdm_table_release(&t);
    }
}

static void a_column_without_any_text_stays(void **state)
{
    (void)state;
    struct fdm_table t;
    struct fdm_buf out;
    fdm_table_init(&t, "blank", NULL);
    fdm_table_add_column(&t, "a", "", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&t, "b", "B", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_buf_init(&out);
    assert_int_equal(fdm_table_render(&t, FDM_REPORT_TERMINAL, &out, NULL), FDM_OK);
    assert_string_equal(out.data, "   B\n\xE2\x94\x80  \xE2\x94\x80\n");
    fdm_buf_release(&out);
    fdm_table_release(&t);
}

static void a_row_that_is_not_full_is_refused(void **state)
{
    (void)state;
    struct fdm_table t;
    struct fdm_buf out;
    fdm_buf_init(&out);
    fdm_table_init(&t, "short", NULL);
    fdm_table_add_column(&t, "a", "A", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&t, "b", "B", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_int(&t, 1);
    assert_int_equal(fdm_table_render(&t, FDM_REPORT_CSV, &out, NULL), FDM_ERR_FORMAT);
    fdm_table_release(&t);
    fdm_table_init(&t, "no columns", NULL);
    fdm_table_add_int(&t, 1);
    assert_int_equal(fdm_table_render(&t, FDM_REPORT_CSV, &out, NULL), FDM_ERR_FORMAT);
    fdm_table_release(&t);
    fdm_buf_release(&out);
}

static void a_page_links_to_the_web_alone(void **state)
{
    (void)state;
    static const struct {
        const char *remark, *link;
        bool linked;
    } rows[] = {
        {"secured", "https://example.org/\"a\"", true},
        {"plain", "http://example.org", true},
        {"a script", "javascript:alert(1)", false},
        {"a file", "file:///etc/passwd", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_table t;
        struct fdm_buf out;
        fdm_table_init(&t, "links", NULL);
        fdm_table_add_column(&t, "a", "A", FDM_ALIGN_LEFT, FDM_FOR_ALL);
        fdm_table_add_link(&t, "there", rows[i].link);
        fdm_buf_init(&out);
        assert_int_equal(fdm_table_render(&t, FDM_REPORT_HTML, &out, NULL), FDM_OK);
        if ((strstr(out.data, "<a href=\"http") != NULL) != rows[i].linked)
            fail_msg("%s: %s", rows[i].remark, out.data);
        assert_null(strstr(out.data, "/\"a\""));
        fdm_buf_release(&out);
        fdm_table_release(&t);
    }
}

static void formats_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"terminal", "markdown", "csv", "json", "html"};
    for (int i = FDM_REPORT_TERMINAL; i <= FDM_REPORT_HTML; i++) {
        enum fdm_report_format format;
        assert_true(fdm_report_format_parse(names[i], &format));
        assert_int_equal(format, i);
    }
    enum fdm_report_format format = FDM_REPORT_CSV;
    assert_false(fdm_report_format_parse("xml", &format));
    assert_int_equal(format, FDM_REPORT_CSV);
}

/* ---- Reports --------------------------------------------------------------------------------- */

static void each_format_renders_a_report(void **state)
{
    (void)state;
    static const char *const files[] = {"report.txt", "report.md", "report.csv", "report.json",
                                        "report.html"};
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_HTML; format++) {
        struct fdm_report report;
        struct fdm_buf out;
        struct fdm_error err = FDM_ERROR_INIT;
        fdm_report_init(&report, "example", "A **synthetic** report");
        fdm_report_add_fact(&report, "made_by", "Made by", "nobody | at \xFF all");
        fdm_report_add_fact(&report, "left_out", "Left out", "");
        for (int i = 0; i < 2; i++) {
            struct fdm_table *t = fdm_report_add_table(&report, i ? "second" : "first",
                                                       i ? "The second **table**" : NULL);
            fdm_table_add_column(t, "n", "N", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
            fdm_table_add_int(t, i);
            if (i)
                fdm_table_add_note(t, "with a note");
        }
        fdm_report_add_legend(&report, "N: a <number>");
        fdm_buf_init(&out);
        assert_ok(fdm_report_render(&report, (enum fdm_report_format)format, &out, &err), err);
        assert_golden(&out, files[format]);
        fdm_buf_release(&out);
        fdm_report_release(&report);
    }
}

static void a_report_with_one_table_is_plain_csv(void **state)
{
    (void)state;
    struct fdm_report report;
    struct fdm_buf out;
    fdm_report_init(&report, "example", "One table");
    struct fdm_table *t = fdm_report_add_table(&report, "only", "The only table");
    fdm_table_add_column(t, "n", "N", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_int(t, 5);
    fdm_buf_init(&out);
    assert_int_equal(fdm_report_render(&report, FDM_REPORT_CSV, &out, NULL), FDM_OK);
    assert_string_equal(out.data, "n\n5\n");
    fdm_table_add_int(t, 6);
    fdm_table_add_column(t, "m", "M", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_int(t, 7);
    assert_int_equal(fdm_report_render(&report, FDM_REPORT_TERMINAL, &out, NULL), FDM_ERR_FORMAT);
    assert_int_equal(fdm_report_render(&report, FDM_REPORT_JSON, &out, NULL), FDM_ERR_FORMAT);
    fdm_buf_release(&out);
    fdm_report_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_decoded_strictly),
        cmocka_unit_test(width_counts_columns),
        cmocka_unit_test(invalid_bytes_are_replaced_one_by_one),
        cmocka_unit_test(each_format_renders_the_table),
        cmocka_unit_test(json_reads_back),
        cmocka_unit_test(a_table_without_rows_has_a_header),
        cmocka_unit_test(a_column_without_any_text_stays),
        cmocka_unit_test(a_row_that_is_not_full_is_refused),
        cmocka_unit_test(a_page_links_to_the_web_alone),
        cmocka_unit_test(formats_have_names),
        cmocka_unit_test(each_format_renders_a_report),
        cmocka_unit_test(a_report_with_one_table_is_plain_csv),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
