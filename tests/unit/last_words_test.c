#include "tests/support/test.h"

#include <string.h>

#include "harness/client/last_words.h"

#define WORDS "fdm-bench: fault, exception 00000003"

struct line {
    const char *bytes;
    size_t len;
};
#define LINE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static void words_are_picked_from_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        struct line line;
        const char *words; /* NULL: none */
    } cases[] = {
        {"alone", LINE("\0" WORDS "\0"), WORDS},
        {"behind half a frame",
         LINE("\0\x05\x03\x01"
              "abc\0" WORDS "\0"),
         WORDS},
        {"behind empty frames", LINE("\0\0\0" WORDS "\0"), WORDS},
        {"the first count", LINE("\0" WORDS "\0\0fdm-bench: later\0"), WORDS},
        {"nothing but the beginning", LINE("\0fdm-bench: \0"), "fdm-bench: "},
        {"no delimiter before", LINE(WORDS "\0"), NULL},
        {"no delimiter behind", LINE("\0" WORDS), NULL},
        {"cut within the beginning", LINE("\0fdm-ben\0"), NULL},
        {"other words", LINE("\0fdm_bench: fault\0"), NULL},
        {"a damaged byte", LINE("\0fdm-bench: fa\x80lt\0"), NULL},
        {"a line feed", LINE("\0fdm-bench: fault\n\0"), NULL},
        {"a shell's banner", LINE("Welcome\r\n\0login: \0"), NULL},
        {"nothing", LINE(""), NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t piece = 1; piece < 8; piece++) {
            struct fdm_last_words words = {0};
            const struct line *line = &cases[i].line;
            for (size_t at = 0; at < line->len; at += piece)
                fdm_last_words_hear(&words, (const uint8_t *)line->bytes + at,
                                    line->len - at < piece ? line->len - at : piece);
            if (words.spoken != (cases[i].words != NULL) ||
                (words.spoken && strcmp(words.text, cases[i].words) != 0))
                fail_msg("%s, in pieces of %zu: '%s'", cases[i].remark, piece,
                         words.spoken ? words.text : "");
        }
}

static void long_words_are_cut(void **state)
{
    (void)state;
    struct fdm_last_words words = {0};
    uint8_t many[300];
    memset(many, 'x', sizeof many);
    fdm_last_words_hear(&words, (const uint8_t *)"\0fdm-bench: ", 12);
    fdm_last_words_hear(&words, many, sizeof many);
    assert_false(words.spoken);
    fdm_last_words_hear(&words, (const uint8_t *)"", 1);
    assert_true(words.spoken);
    assert_int_equal(strlen(words.text), FDM_LAST_WORDS_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_picked_from_the_line),
        cmocka_unit_test(long_words_are_cut),
    };
    return cmocka_run_group_tests_name("last_words", tests, NULL, NULL);
}
