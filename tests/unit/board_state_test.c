#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/bench/board_state.h"

#define MHZ 1000u

static struct fdm_msg_state calm(void)
{
    return (struct fdm_msg_state){.now_us = 1,
                                  .clock_khz = 800 * MHZ,
                                  .limit_khz = 800 * MHZ,
                                  .max_khz = 800 * MHZ,
                                  .temperature = 318150,
                                  .slow_from = 368150,
                                  .throttles = 4,
                                  .cores = 6,
                                  .threads = 1,
                                  .governor = "performance"};
}

static void what_slowed_the_board_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t begin_khz, end_khz, temperature, cooling, throttles;
        uint64_t stated_hz;
        const char *text;
    } cases[] = {
        {"nothing", 800 * MHZ, 800 * MHZ, 320000, 0, 4, 800000000, ""},
        {"a governor that had not woken up yet", 400 * MHZ, 800 * MHZ, 320000, 0, 4, 800000000, ""},
        {"the clock fell", 800 * MHZ, 400 * MHZ, 320000, 0, 4, 800000000,
         "throttled: the clock fell from 800 to 400 MHz"},
        {"half a percent is no fall", 800 * MHZ, 796 * MHZ, 320000, 0, 4, 800000000, ""},
        {"too hot", 800 * MHZ, 800 * MHZ, 368150, 0, 4, 800000000,
         "throttled: 95.0 degrees Celsius; from 95.0 on the system slows the cores down"},
        {"cooled", 800 * MHZ, 800 * MHZ, 320000, 2, 4, 800000000,
         "throttled: the system slows the cores down against heat (level 2)"},
        {"the hardware counts", 800 * MHZ, 400 * MHZ, 320000, 0, 7, 800000000,
         "throttled: the cores were slowed down 3 times by heat"},
        {"slow all the time", 400 * MHZ, 400 * MHZ, 320000, 0, 4, 800000000,
         "clock: ran at 400 MHz, not at the stated 800 MHz (governor performance)"},
        {"faster than stated", 1000 * MHZ, 1000 * MHZ, 320000, 0, 4, 800000000,
         "clock: ran at 1000 MHz, not at the stated 800 MHz (governor performance)"},
        {"no clock is stated", 400 * MHZ, 400 * MHZ, 320000, 0, 4, 0, ""},
        {"no clock is known", 0, 0, 0, 0, 4, 800000000, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_msg_state begin = calm();
        struct fdm_msg_state end = calm();
        char text[FDM_BOARD_REMARK_SIZE];
        begin.clock_khz = cases[i].begin_khz;
        end.clock_khz = cases[i].end_khz;
        end.temperature = cases[i].temperature;
        end.cooling = cases[i].cooling;
        end.throttles = cases[i].throttles;
        fdm_board_state_judge(&begin, &end, cases[i].stated_hz, text);
        if (strcmp(text, cases[i].text) != 0)
            fail_msg("%s: \"%s\"", cases[i].remark, text);
    }
}

static void a_moment_that_has_not_come_tells_nothing(void **state)
{
    (void)state;
    char text[FDM_BOARD_REMARK_SIZE];
    for (int missing = 0; missing < 2; missing++) {
        struct fdm_msg_state begin = calm();
        struct fdm_msg_state end = calm();
        end.cooling = 2;
        (missing == 0 ? &begin : &end)->now_us = 0;
        fdm_board_state_judge(&begin, &end, 800000000, text);
        assert_string_equal(text, "");
    }
}

static void what_is_unknown_marks_nothing(void **state)
{
    (void)state;
    char text[FDM_BOARD_REMARK_SIZE];
    struct fdm_msg_state begin = calm();
    struct fdm_msg_state end = calm();
    end.slow_from = 0; /* and a temperature all the same */
    fdm_board_state_judge(&begin, &end, 800000000, text);
    assert_string_equal(text, "");
    begin.clock_khz = end.clock_khz = 400 * MHZ;
    end.governor[0] = '\0';
    fdm_board_state_judge(&begin, &end, 800000000, text);
    assert_non_null(strstr(text, "(governor unknown)"));
}

static void states_are_figures_and_facts(void **state)
{
    (void)state;
    struct fdm_msg_state begin = calm();
    struct fdm_msg_state end = calm();
    struct fdm_figure figures[FDM_BOARD_STATE_FIGURES];
    struct fdm_fact facts[FDM_BOARD_STATE_FACTS];
    size_t figure_count;
    size_t fact_count;
    begin.clock_khz = 400 * MHZ;
    end.throttles = 9;
    fdm_board_state_describe(&begin, &end, figures, &figure_count, facts, &fact_count);
    assert_int_equal(figure_count, FDM_BOARD_STATE_FIGURES);
    assert_string_equal(figures[0].name, "clock_begin_hz");
    assert_true(figures[0].value == 400e6);
    assert_string_equal(figures[4].name, "temperature_end_millicelsius");
    assert_true(figures[4].value == 45000);
    assert_true(figures[5].value == 5);
    assert_int_equal(fact_count, FDM_BOARD_STATE_FACTS);
    assert_string_equal(facts[0].text, "performance");
    assert_string_equal(facts[1].text, "1,2");

    end.throttles = 3; /* a core was switched off, and took its count along */
    fdm_board_state_describe(&begin, &end, figures, &figure_count, facts, &fact_count);
    assert_int_equal(figure_count, FDM_BOARD_STATE_FIGURES - 1);
    end.throttles = 9;

    begin.temperature = 0;
    fdm_board_state_describe(&begin, &end, figures, &figure_count, facts, &fact_count);
    assert_int_equal(figure_count, FDM_BOARD_STATE_FIGURES - 2);
    begin.temperature = end.temperature;
    end.temperature = 0;
    fdm_board_state_describe(&begin, &end, figures, &figure_count, facts, &fact_count);
    assert_int_equal(figure_count, FDM_BOARD_STATE_FIGURES - 2);

    memset(&begin, 0, sizeof begin);
    memset(&end, 0, sizeof end);
    fdm_board_state_describe(&begin, &end, figures, &figure_count, facts, &fact_count);
    assert_int_equal(figure_count + fact_count, 0);
}

static struct fdm_client_state reading(uint64_t board_us, uint64_t asked_ns, uint64_t answered_ns)
{
    struct fdm_client_state state = {.asked_ns = asked_ns, .answered_ns = answered_ns};
    state.board.now_us = board_us;
    return state;
}

static void the_boards_time_is_compared_with_ours(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint64_t board_us; /* that passed there in the second here */
        uint64_t answer_ns;
        bool marked;
    } cases[] = {
        {"the same", 1000000, 1000000, false},
        {"a crystal's deviation", 1000100, 1000000, false},
        {"an oscillator without a crystal, still within its bounds", 990500, 1000000, false},
        {"two percent slow", 980000, 1000000, true},
        {"two percent slow, and answers that take too long to know", 980000, 20000000, false},
        {"two percent fast, and answers as slow", 1020000, 20000000, false},
        {"the wrong multiplier of the PLL", 1200000, 20000000, true},
        {"half", 500000, 1000000, true},
        {"it stands still", 0, 1000000, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[FDM_BOARD_REMARK_SIZE];
        struct fdm_client_state first = reading(5000, 0, cases[i].answer_ns);
        struct fdm_client_state second = reading(5000 + cases[i].board_us, UINT64_C(1000000000),
                                                 UINT64_C(1000000000) + cases[i].answer_ns);
        struct fdm_clock_rate rate = fdm_clock_rate_between(&first, &second);
        fdm_clock_rate_judge(&rate, 400000000, text);
        if ((text[0] != '\0') != cases[i].marked ||
            fabs(rate.rate - (double)cases[i].board_us / 1e6) > 1e-9 ||
            fabs(rate.margin - (double)cases[i].answer_ns / 1e9) > 1e-9)
            fail_msg("%s: %f +- %f \"%s\"", cases[i].remark, rate.rate, rate.margin, text);
    }
}

static void a_clock_that_goes_back_is_no_clock(void **state)
{
    (void)state;
    char text[FDM_BOARD_REMARK_SIZE];
    struct fdm_client_state first = reading(5000, 0, 10);
    struct fdm_client_state second = reading(4000, 1000, 1010);
    struct fdm_clock_rate rate = fdm_clock_rate_between(&first, &second);
    assert_true(rate.rate == 0);
    fdm_clock_rate_judge(&rate, 400000000, text);
    assert_non_null(strstr(text, "0.0 MHz, not at the stated 400.0 MHz"));
    rate = fdm_clock_rate_between(&first, &first); /* nor is one that nothing was compared with */
    assert_true(rate.rate == 0 && rate.margin == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_slowed_the_board_is_told),
        cmocka_unit_test(a_moment_that_has_not_come_tells_nothing),
        cmocka_unit_test(what_is_unknown_marks_nothing),
        cmocka_unit_test(states_are_figures_and_facts),
        cmocka_unit_test(the_boards_time_is_compared_with_ours),
        cmocka_unit_test(a_clock_that_goes_back_is_no_clock),
    };
    return cmocka_run_group_tests_name("board_state", tests, NULL, NULL);
}
