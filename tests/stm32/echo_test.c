/* Start-up, line and USART driver on QEMU's STM32F100: every byte comes back, however many come at
 * once, and a fault is told. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "harness/transport/stream.h"

#define ECHO_BYTES 20000u /* as the program is told */
#define BURST 10000u      /* far more than the port's ring holds */
#define TEXT(x) #x
#define SECONDS(n) (fdm_clock_now_ns() + (uint64_t)(n)*FDM_NS_PER_S)

static char *build(const char *dir)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc_exit end = {0};
    struct fdm_buf words = {0};
    char *program = fdm_fs_join(dir, "echo.elf");
    const char *const argv[] = {"arm-none-eabi-gcc",
                                "-mcpu=cortex-m3",
                                "-mthumb",
                                "-O2",
                                "-std=c11",
                                "-Wall",
                                "-Wextra",
                                "-Werror",
                                "--specs=nano.specs",
                                "-nostartfiles",
                                "-I.",
                                "-L.",
                                "-DFDM_ECHO_BYTES=20000u",
                                "-DFDM_BOARD_HEADER=\"tests/stm32/echo/f100.h\"",
                                "-Wl,--defsym=FDM_STACK_BYTES=2048",
                                "-Ttests/stm32/echo/f100.ld",
                                "tests/stm32/echo/main.c",
                                "targets/cortex-m/startup.c",
                                "targets/cortex-m/line.c",
                                "targets/stm32/usart.c",
                                "-o",
                                program,
                                NULL};
    assert_ok(
        fdm_proc_run(argv, FDM_TEST_SOURCE_TREE, SECONDS(300), 8000, NULL, &words, &end, &err),
        err);
    if (end.code != 0)
        fail_msg("%s", words.data);
    fdm_buf_release(&words);
    return program;
}

static void read_all(struct fdm_stream *stream, uint8_t *bytes, size_t len)
{
    struct fdm_error err = FDM_ERROR_INIT;
    for (size_t got, at = 0; at < len; at += got)
        assert_ok(fdm_stream_read_some(stream, bytes + at, len - at, SECONDS(120), &got, &err),
                  err);
}

static void every_byte_comes_back_and_a_fault_is_told(void **state)
{
    const char *program = *state;
    const char *const argv[] = {"qemu-system-arm",
                                "-M",
                                "stm32vldiscovery",
                                "-display",
                                "none",
                                "-monitor",
                                "none",
                                "-chardev",
                                "stdio,id=line,signal=off",
                                "-serial",
                                "chardev:line",
                                "-kernel",
                                program,
                                NULL};
    const struct fdm_stream_process_options options = {.argv = argv, .name = "stm32vldiscovery"};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_stream *stream;
    static uint8_t sent[ECHO_BYTES], back[ECHO_BYTES];
    static const char words[] = "fdm-bench: fault, exception 00000006 cfsr 00010000";
    for (size_t i = 0; i < ECHO_BYTES; i++)
        sent[i] = (uint8_t)(i * 7u + i / 256u);
    assert_ok(fdm_stream_open_process(&options, &stream, &err), err);
    read_all(stream, back, 1);
    assert_int_equal(back[0], '>');
    for (size_t at = 0; at < ECHO_BYTES; at += BURST) {
        assert_ok(fdm_stream_write_all(stream, sent + at, BURST, SECONDS(120), &err), err);
        read_all(stream, back + at, BURST);
    }
    assert_memory_equal(back, sent, ECHO_BYTES);
    read_all(stream, back, sizeof words);
    assert_int_equal(back[0], 0);
    assert_memory_equal(back + 1, words, sizeof words - 1);
    fdm_stream_free(stream);
}

int main(void)
{
    if (!fdm_proc_exists("arm-none-eabi-gcc") || !fdm_proc_exists("qemu-system-arm")) {
        print_message("skipped: no arm-none-eabi-gcc or no qemu-system-arm (packages: "
                      "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm)\n");
        return 77;
    }
    char *dir = test_tmpdir();
    char *program = build(dir);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(every_byte_comes_back_and_a_fault_is_told, program),
    };
    int failed = cmocka_run_group_tests_name("stm32.echo", tests, NULL, NULL);
    test_rmtree(dir);
    free(program);
    free(dir);
    return failed;
}
