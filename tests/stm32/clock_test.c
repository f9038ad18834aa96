/* A board's start-up code against a model of its chip: the order that the manuals ask for, the
 * clocks that come out, the line's rates and pins, and what is said when a part is dead. One
 * program for each board, compiled with what its JSON file defines. */
#include "tests/support/test.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/stop.h"
#include "targets/cortex-m/uart.h"
#include "targets/stm32/core_registers.h"
#include "targets/stm32/gpio_registers.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/tim_registers.h"
#include "tests/stm32/model.h"

#include FDM_BOARD_HEADER
#include FDM_STM32_USART_HEADER

/* From the boards' user manuals, not from our JSON files; Zephyr's boards/st have the same. */
struct wiring {
    const char *board;
    uint32_t usart;
    char tx_port;
    uint32_t tx_pin;
    char rx_port;
    uint32_t rx_pin;
    uint64_t cpu_hz;
};

static const struct wiring wirings[] = {
    {"STM32H747I-DISCO", 0x40011000, 'A', 9, 'A', 10, 400000000},
    {"NUCLEO-H743ZI2", 0x40004800, 'D', 8, 'D', 9, 400000000},
    {"STM32F769I-DISCO", 0x40011000, 'A', 9, 'A', 10, 216000000},
    {"STM32N6570-DK", 0x52001000, 'E', 5, 'E', 6, 600000000},
    {"B-U585I-IOT02A", 0x40013800, 'A', 9, 'A', 10, 160000000},
    {"B-L4S5I-IOT01A", 0x40013800, 'B', 6, 'B', 7, 120000000},
};

static int words_to = -1; /* where the last words go; -1: there may be none */

_Noreturn void fdm_stop_with(const char *text)
{
    if (words_to < 0)
        fail_msg("the board stopped: %s", text);
    ssize_t written = write(words_to, text, strlen(text));
    _exit(written == (ssize_t)strlen(text) ? 0 : 1);
}

static const struct wiring *wiring(void)
{
    for (size_t i = 0; i < sizeof wirings / sizeof wirings[0]; i++) {
        if (strcmp(wirings[i].board, FDM_TEST_BOARD) == 0)
            return &wirings[i];
    }
    fail_msg("%s is missing", FDM_TEST_BOARD);
    return NULL;
}

static void start_up(void)
{
    fdm_memory_init();
    fdm_uart_init();
    fdm_clock_init();
}

/* A board that stops does so in a process of its own. Its last words, or "" if it came up. */
static void start_up_in_vain(char *words, size_t size)
{
    int ends[2];
    int status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        words_to = ends[1];
        start_up();
        _exit(0);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], words, size - 1);
    assert_true(got >= 0);
    words[got] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static double line_baud(void)
{
    uint32_t divider = model_get(wiring()->usart + FDM_USART_BRR);
    assert_true(divider >= 16);
    assert_true(model_get(wiring()->usart + FDM_USART_CR1) & FDM_USART_CR1_UE);
    return (double)chip_clocks().uart_hz / divider;
}

static void assert_baud(double wanted, double tolerance)
{
    double error = line_baud() / wanted - 1;
    if (error > tolerance || error < -tolerance)
        fail_msg("%.0f baud in place of %.0f", line_baud(), wanted);
}

/* ---- tests ---- */

static void the_clocks_are_the_boards(void **state)
{
    (void)state;
    model_power_on();
    fdm_memory_init();
    fdm_uart_init();
    assert_baud(115200, 0.01); /* a report before the clock is set up can be read */
    fdm_clock_init();
    assert_int_equal(chip_clocks().cpu_hz, FDM_BOARD_CLOCK_HZ);
    assert_int_equal(chip_clocks().cpu_hz, wiring()->cpu_hz);
    assert_int_equal(chip_clocks().uart_hz, FDM_STM32_UART_HZ);
    assert_int_equal(chip_clocks().timer_hz, FDM_STM32_TIM_HZ);
    assert_baud(115200, 0.002);
}

static void a_second_start_finds_what_survived(void **state)
{
    (void)state;
    model_power_on();
    start_up();
    model_reset();
    start_up();
    assert_int_equal(chip_clocks().cpu_hz, FDM_BOARD_CLOCK_HZ);
}

#ifdef FDM_STM32_SUPPLY
static void another_supply_is_refused(void **state)
{
    (void)state;
    model_power_on();
    model_put(FDM_H7_PWR_CR3, 6u ^ FDM_TEST_SUPPLY);
    char words[128];
    start_up_in_vain(words, sizeof words);
    assert_string_equal(
        words, "fdm-bench: another program chose another supply: power the board off once");
}
#endif

#ifdef FDM_H7_DBGMCU_IDC
static void an_early_chip_reads_its_ram_one_at_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t idc, expected;
    } rows[] = {
        {"Z", 0x10016450, 1}, {"Y", 0x10036450, 1}, {"X", 0x20016450, 0}, {"V", 0x20036450, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        model_power_on();
        model_put(FDM_H7_DBGMCU_IDC, rows[i].idc);
        start_up();
        if (model_get(FDM_H7_AXI_TARG7_FN_MOD) != rows[i].expected)
            fail_msg("revision %s", rows[i].remark);
    }
}
#endif

#ifdef FDM_BOARD_VOLATILE
/* A boot ROM or a loader ran before. */
static void what_ran_before_is_undone(void **state)
{
    (void)state;
    model_power_on();
    model_put(FDM_CORE_MPU_CTRL, FDM_CORE_MPU_CTRL_ENABLE);
    model_put(FDM_CORE_SAU_CTRL, 1);
    model_put(FDM_STM32_UART + FDM_USART_PRESC, 5);
    start_up();
    assert_int_equal(model_get(FDM_CORE_MPU_CTRL), 0);
    assert_int_equal(model_get(FDM_CORE_SAU_CTRL), 0);
    assert_int_equal(model_get(FDM_STM32_UART + FDM_USART_PRESC), 0);
}
#endif

/* A receiver takes 2 % and a little more; the host's end may be off, too. */
static void every_rate_can_be_set(void **state)
{
    (void)state;
    static const uint32_t rates[] = {115200, 230400, 460800, 921600, 1000000, 2000000, 3000000};
    model_power_on();
    start_up();
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        uint32_t told = fdm_uart_set_baud(rates[i]);
        assert_baud(rates[i], 0.013);
        assert_true(told == (uint32_t)line_baud());
    }
    fdm_uart_set_baud(1); /* as slow as it goes */
    assert_true(line_baud() > 0);
    fdm_uart_set_baud(UINT32_MAX);
    assert_true(line_baud() > 1000000);
}

static void assert_pin(char port, uint32_t pin)
{
    uint32_t gpio = FDM_STM32_GPIO((uint32_t)(port - 'A'));
    assert_true(model_get(FDM_STM32_GPIO_ENABLE) & 1u << (port - 'A'));
    assert_int_equal(model_get(gpio + FDM_GPIO_MODER) >> 2 * pin & 3u, 2);
    assert_int_equal(model_get(gpio + 0x20 + 4 * (pin / 8)) >> 4 * (pin % 8) & 0xFu, 7);
    assert_int_equal(model_get(gpio + FDM_GPIO_PUPDR) >> 2 * pin & 3u, 1);
}

static void the_line_is_wired_as_on_the_board(void **state)
{
    (void)state;
    uint32_t on = FDM_USART_CR1_UE | FDM_USART_CR1_RE | FDM_USART_CR1_TE;
    model_power_on();
    start_up();
    assert_int_equal(FDM_STM32_UART, wiring()->usart);
    assert_int_equal(model_get(wiring()->usart + FDM_USART_CR1) & on, on);
    assert_true(model_get(FDM_STM32_UART_ENABLE) & FDM_STM32_UART_BIT);
    assert_pin(wiring()->tx_port, wiring()->tx_pin);
    assert_pin(wiring()->rx_port, wiring()->rx_pin);
    fdm_uart_ask(true, false);
    assert_true(model_get(wiring()->usart + FDM_USART_CR1) & FDM_USART_CR1_RXNEIE);
    fdm_uart_acknowledge(); /* else a lost byte would interrupt without end */
    assert_int_equal(model_get(wiring()->usart + FDM_USART_ICR), FDM_USART_ICR_ERRORS);
    fdm_uart_set_baud(921600); /* keeps what is asked for */
    assert_true(model_get(wiring()->usart + FDM_USART_CR1) & FDM_USART_CR1_RXNEIE);
}

static void a_dead_part_is_named(void **state)
{
    (void)state;
    for (const struct chip_part *part = chip_parts; part->complaint != NULL; part++) {
        model_power_on();
        model_kill(part);
        char words[128];
        start_up_in_vain(words, sizeof words);
        assert_memory_equal(words, "fdm-bench: ", 11);
        assert_string_equal(words + 11, part->complaint);
    }
}

static void caches_are_emptied_and_on(void **state)
{
    (void)state;
    uint32_t on = FDM_CORE_CCR_IC | FDM_CORE_CCR_DC;
    model_power_on();
    start_up();
    if (chip_data_cache == 0)
        return;
    uint32_t sets = (chip_data_cache >> 13 & 0x7FFFu) + 1;
    uint32_t ways = (chip_data_cache >> 3 & 0x3FFu) + 1;
    assert_int_equal(model_lines_emptied(), sets * ways);
    assert_int_equal(model_get(FDM_CORE_CCR) & on, on);
#ifdef FDM_N6_PWR_CR1 /* a Cortex-M55: low-overhead loops */
    assert_true(model_get(FDM_CORE_CCR) & FDM_CORE_CCR_LOB);
#endif
    model_power_on();
    model_put(FDM_CORE_CCR, FDM_CORE_CCR_DC); /* someone else's data are in it */
    start_up();
    assert_int_equal(model_lines_emptied(), 0);
}

static void time_is_in_microseconds_and_cycles(void **state)
{
    (void)state;
    model_power_on();
    start_up();
    fdm_time_init();
    uint64_t prescaler = model_get(FDM_STM32_TIM2 + FDM_TIM_PSC) + UINT64_C(1);
    assert_true(prescaler <= 0x10000);
    assert_int_equal(chip_clocks().timer_hz / prescaler, 1000000);
    assert_int_equal(chip_clocks().timer_hz % prescaler, 0);
    assert_true(model_get(FDM_STM32_TIM2 + FDM_TIM_CR1) & FDM_TIM_CR1_CEN);
    assert_true(model_get(FDM_STM32_TIM2_ENABLE) & FDM_STM32_TIM2_BIT);
}

/* The counter has 32 bits, the clock knows how often they ran over. */
static void long_times_are_whole(void **state)
{
    (void)state;
    static const uint64_t seconds[] = {0, 1, 10, 60, 3600};
    const uint64_t mhz = FDM_BOARD_TIMER_HZ / 1000000u;
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        uint64_t us = seconds[i] * 1000000u;
        struct fdm_time from = {.fine = 0xFFFFFF00u, .coarse = 0xFFFFFFF0u};
        uint64_t ticks = us * mhz + 1234;
        struct fdm_time to = {.fine = from.fine + (uint32_t)ticks,
                              .coarse = from.coarse + (uint32_t)us + 3};
        assert_int_equal(fdm_time_between(from, to), ticks);
    }
}

static void the_clock_never_goes_back(void **state)
{
    (void)state;
    model_power_on();
    model_put(FDM_STM32_TIM2 + FDM_TIM_CNT, 5);
    uint64_t first = fdm_time_us();
    model_put(FDM_STM32_TIM2 + FDM_TIM_CNT, UINT32_MAX);
    assert_int_equal(fdm_time_us() - first, UINT32_MAX - 5u);
    model_put(FDM_STM32_TIM2 + FDM_TIM_CNT, 7);
    assert_int_equal(fdm_time_us() - first, UINT64_C(0x100000002));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clocks_are_the_boards),
        cmocka_unit_test(a_second_start_finds_what_survived),
#ifdef FDM_STM32_SUPPLY
        cmocka_unit_test(another_supply_is_refused),
#endif
#ifdef FDM_H7_DBGMCU_IDC
        cmocka_unit_test(an_early_chip_reads_its_ram_one_at_a_time),
#endif
#ifdef FDM_BOARD_VOLATILE
        cmocka_unit_test(what_ran_before_is_undone),
#endif
        cmocka_unit_test(every_rate_can_be_set),
        cmocka_unit_test(the_line_is_wired_as_on_the_board),
        cmocka_unit_test(a_dead_part_is_named),
        cmocka_unit_test(caches_are_emptied_and_on),
        cmocka_unit_test(time_is_in_microseconds_and_cycles),
        cmocka_unit_test(long_times_are_whole),
        cmocka_unit_test(the_clock_never_goes_back),
    };
    return cmocka_run_group_tests_name("stm32." FDM_TEST_BOARD, tests, NULL, NULL);
}
