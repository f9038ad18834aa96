#include "tests/support/test.h"

#include <string.h>

#include "harness/base/clock.h"
#include "harness/cli/progress.h"

#define SECONDS(n) ((n)*FDM_NS_PER_S)

static void lines_tell_rate_and_time_left(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        struct fdm_progress_line
            line; /* title, unit, its size, total, first, done, started, stopped */
        const char *text;
    } cases[] = {
        {"a tenth after ten seconds",
         {"run", "predictions", 1, 240, 0, 24, 0, false},
         "run [###.....................] 24/240 predictions, 2.4/s, 90 s left"},
        {"what was there does not count in the rate",
         {"fetching", "MB", 1e6, 60000000, 20000000, 30000000, 0, false},
         "fetching [############............] 30.0/60.0 MB, 1/s, 30 s left"},
        {"nothing yet",
         {"fetching", "MB", 1e6, 60000000, 20000000, 20000000, 0, false},
         "fetching [########................] 20.0/60.0 MB, 0/s, no end in sight"},
        {"all was there",
         {"run", "predictions", 1, 9, 9, 9, 0, false},
         "run [########################] 9/9 predictions, 0/s, 0 s left"},
        {"the board was lost",
         {"run", "predictions", 1, 240, 0, 24, 0, true},
         "run [###.....................] 24/240 predictions, 2.4/s, stopped"},
        {"nothing to do",
         {"run", "predictions", 1, 0, 0, 0, 0, false},
         "run [########################] 0/0 predictions, 0/s, 0 s left"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[FDM_PROGRESS_TEXT_SIZE];
        fdm_progress_format(&cases[i].line, SECONDS(10), text);
        if (strcmp(text, cases[i].text) != 0)
            fail_msg("%s: %s", cases[i].remark, text);
    }
}

/* A download that begins anew has less than when it was added. */
static void a_line_that_begins_anew_has_a_rate(void **state)
{
    (void)state;
    struct fdm_progress progress;
    char text[FDM_PROGRESS_TEXT_SIZE];
    fdm_progress_init(&progress);
    size_t line = fdm_progress_add(&progress, "fetching", "MB", 1e6, 40000000, 60000000);
    fdm_progress_update(&progress, line, 10000000);
    fdm_progress_update(&progress, line, 30000000);
    progress.lines[line].started_ns = 0;
    fdm_progress_format(&progress.lines[line], SECONDS(10), text);
    assert_string_equal(text, "fetching [############............] 30.0/60.0 MB, 2/s, 15 s left");
    fdm_progress_end(&progress);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_tell_rate_and_time_left),
        cmocka_unit_test(a_line_that_begins_anew_has_a_rate),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
