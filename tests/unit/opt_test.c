#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "harness/cli/opt.h"

struct values {
    bool flag;
    const char *text;
    struct fdm_opt_words list;
    struct fdm_opt_words each;
    uint32_t count;
    uint32_t bytes;
};

struct outcome {
    enum fdm_status status;
    struct values values;
    const char *operands[2];
    size_t operand_count;
    bool help;
    struct fdm_error err;
};

static void parse(struct outcome *out, int argc, char **argv)
{
    memset(out, 0, sizeof *out);
    const struct fdm_opt options[] = {
        {"flag", NULL, "a flag", FDM_OPT_FLAG, &out->values.flag, 0, 0},
        {"text", "T", "a text", FDM_OPT_TEXT, &out->values.text, 0, 0},
        {"list", "A,B", "a list", FDM_OPT_LIST, &out->values.list, 0, 0},
        {"each", "W", "a word", FDM_OPT_EACH, &out->values.each, 0, 0},
        {"count", "N", "a number", FDM_OPT_COUNT, &out->values.count, 2, 9},
        {"bytes", "B", "a size", FDM_OPT_BYTES, &out->values.bytes, 2, 9000},
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    out->status = fdm_opt_parse(argc, argv, options, out->operands, 2, &out->operand_count,
                                &out->help, &out->err);
}

static void values_arrive(void **state)
{
    (void)state;
    char *argv[] = {"run",    "one", "--flag",  "--text=x=y", "--list", "a,b",  "--list=c",
                    "--each", "p,q", "--count", "9",          "--",     "--two"};
    struct outcome out;
    parse(&out, (int)(sizeof argv / sizeof argv[0]), argv);
    assert_ok(out.status, out.err);
    assert_true(out.values.flag);
    assert_string_equal(out.values.text, "x=y");
    assert_int_equal(out.values.list.count, 3);
    assert_string_equal(out.values.list.items[2], "c");
    assert_int_equal(out.values.each.count, 1);
    assert_string_equal(out.values.each.items[0], "p,q");
    assert_int_equal(out.values.count, 9);
    assert_int_equal(out.operand_count, 2);
    assert_string_equal(out.operands[1], "--two");
    fdm_opt_words_release(&out.values.list);
}

static void sizes_are_bytes_or_kib(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t bytes; /* 0: refused */
    } cases[] = {
        {"2", 2},    {"9000", 9000}, {"8K", 8192}, {"1k", 1024}, {"1", 0},
        {"9001", 0}, {"9K", 0},      {"K", 0},     {"1KB", 0},   {"-1K", 0},
        {"1 K", 0},  {"", 0},        {"0x10", 0},  {"1M", 0},    {"99999999999999999999K", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", cases[i].text);
        char *argv[] = {"run", "--bytes", text};
        struct outcome out;
        parse(&out, 3, argv);
        if (out.values.bytes != cases[i].bytes || (out.status == FDM_OK) != (cases[i].bytes > 0))
            fail_msg("\"%s\": %u, %s", text, out.values.bytes, out.err.message);
    }
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *next;
        const char *message;
        const char *remark;
    } cases[] = {
        {"--flg", NULL, "unknown option --flg; did you mean --flag?", "a near miss"},
        {"--zzzzzzzz", NULL, "unknown option --zzzzzzzz; --help lists them", "nothing near"},
        {"-f", NULL, "unknown option -f; options have two dashes", "one dash"},
        {"--flag=1", NULL, "--flag takes no value", "a flag with a value"},
        {"--text", NULL, "--text needs a value: --text T", "a value is missing"},
        {"--count", "1", "--count: \"1\" is not a whole number from 2 to 9", "below the range"},
        {"--count", "10", "--count: \"10\" is not a whole number from 2 to 9", "above the range"},
        {"--count", "-3", "--count: \"-3\" is not a whole number from 2 to 9", "a sign"},
        {"--count", "3x", "--count: \"3x\" is not a whole number from 2 to 9", "a tail"},
        {"--list", ",", "--list: names nothing", "an empty list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char word[32];
        char next[32];
        snprintf(word, sizeof word, "%s", cases[i].word);
        snprintf(next, sizeof next, "%s", cases[i].next != NULL ? cases[i].next : "");
        char *argv[] = {"run", word, next};
        struct outcome out;
        parse(&out, cases[i].next != NULL ? 3 : 2, argv);
        if (out.status != FDM_ERR_USAGE || strcmp(out.err.message, cases[i].message) != 0)
            fail_msg("%s: %s", cases[i].remark, out.err.message);
        fdm_opt_words_release(&out.values.list);
    }
}

static void too_many_operands(void **state)
{
    (void)state;
    char *argv[] = {"run", "a", "b", "c"};
    struct outcome out;
    parse(&out, 4, argv);
    assert_int_equal(out.status, FDM_ERR_USAGE);
    assert_string_equal(out.err.message, "unexpected word \"c\"");
}

static void help_wins_over_what_follows(void **state)
{
    (void)state;
    char *argv[] = {"run", "--help", "--nonsense"};
    struct outcome out;
    parse(&out, 3, argv);
    assert_ok(out.status, out.err);
    assert_true(out.help);
}

static void edit_distances(void **state)
{
    (void)state;
    assert_int_equal(fdm_edit_distance("kitten", "sitting"), 3); /* Levenshtein's textbook pair */
    assert_int_equal(fdm_edit_distance("", "abc"), 3);
    assert_int_equal(fdm_edit_distance("same", "same"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(sizes_are_bytes_or_kib),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(too_many_operands),
        cmocka_unit_test(help_wins_over_what_follows),
        cmocka_unit_test(edit_distances),
    };
    return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
