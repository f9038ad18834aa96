/* A Linux kernel's word about clocks and heat, from a tree of ours. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "targets/linux/cores.h"
#include "targets/linux/sysfs.h"

#define CPU "devices/system/cpu/cpu"
#define ZONE "class/thermal/thermal_zone"
#define COOLER "class/thermal/cooling_device"

static void put(const char *root, const char *name, const char *text)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(root, name);
    char *folder = strdup(path);
    *strrchr(folder, '/') = '\0';
    assert_ok(fdm_fs_make_dirs(folder, &err), err);
    assert_ok(fdm_fs_write_unsynced(path, text, strlen(text), &err), err);
    free(folder);
    free(path);
}

static void read_with(const char *name, const char *text, uint64_t cores, struct fdm_msg_state *out)
{
    char *root = test_tmpdir();
    put(root, CPU "0/cpufreq/scaling_cur_freq", "400000\n");
    put(root, CPU "0/cpufreq/scaling_max_freq", "800000\n");
    put(root, CPU "0/cpufreq/cpuinfo_max_freq", "800000\n");
    put(root, CPU "0/cpufreq/scaling_governor", "ondemand\n");
    put(root, CPU "1/cpufreq/scaling_cur_freq", "800000\n");
    put(root, CPU "1/cpufreq/scaling_max_freq", "700000\n");
    put(root, CPU "1/cpufreq/cpuinfo_max_freq", "900000\n");
    put(root, CPU "1/cpufreq/scaling_governor", "performance\n");
    put(root, CPU "11/cpufreq/scaling_cur_freq", "1200000\n");
    put(root, CPU "11/cpufreq/scaling_max_freq", "1400000\n");
    put(root, CPU "11/cpufreq/cpuinfo_max_freq", "1500000\n");
    put(root, CPU "1/thermal_throttle/core_throttle_count", "7\n");
    put(root, ZONE "0/type", "cpu-thermal\n");
    put(root, ZONE "0/temp", "45500\n");
    put(root, ZONE "0/trip_point_0_type", "passive\n");
    put(root, ZONE "0/trip_point_0_temp", "95000\n");
    put(root, ZONE "0/trip_point_1_type", "critical\n");
    put(root, ZONE "0/trip_point_1_temp", "85000\n");
    put(root, ZONE "1/type", "board\n");
    put(root, ZONE "1/temp", "38000\n");
    put(root, COOLER "0/type", "fan\n");
    put(root, COOLER "0/cur_state", "3\n");
    put(root, COOLER "1/type", "cpufreq-cpu0\n");
    put(root, COOLER "1/cur_state", "0\n");
    put(root, COOLER "2/type", "cpufreq-cpu1\n");
    put(root, COOLER "2/cur_state", "1\n");
    if (name != NULL)
        put(root, name, text);
    memset(out, 0, sizeof *out);
    out->cores = cores;
    fdm_sysfs_read(root, out);
    test_rmtree(root);
    free(root);
}

static void the_cores_in_use_count(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint64_t cores;
        uint32_t clock_khz, limit_khz, max_khz, throttles;
        const char *governor;
    } cases[] = {
        {"the first", 1, 400000, 800000, 800000, 0, "ondemand"},
        {"the second", 2, 800000, 700000, 900000, 7, "performance"},
        {"both: the slowest", 3, 400000, 700000, 800000, 7, "ondemand"},
        {"one that is not there", 4, 0, 0, 0, 0, ""},
        {"the first, and one that is not there", 5, 400000, 800000, 800000, 0, "ondemand"},
        {"none", 0, 0, 0, 0, 0, ""},
        {"a big one beyond the eighth", 1 << 11, 1200000, 1400000, 1500000, 0, ""},
        {"a little one and a big one: the slower", 1 << 11 | 2, 800000, 700000, 900000, 7,
         "performance"},
        {"the last, which is not there", UINT64_C(1) << 63, 0, 0, 0, 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_msg_state got;
        read_with(NULL, NULL, cases[i].cores, &got);
        if (got.clock_khz != cases[i].clock_khz || got.limit_khz != cases[i].limit_khz ||
            got.max_khz != cases[i].max_khz || got.throttles != cases[i].throttles ||
            strcmp(got.governor, cases[i].governor) != 0)
            fail_msg("%s: %u %u %u %u %s", cases[i].remark, got.clock_khz, got.limit_khz,
                     got.max_khz, got.throttles, got.governor);
    }
}

static void only_numbers_count(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *name, *text;
        uint64_t cores;
        uint32_t clock_khz, throttles;
        const char *governor;
    } cases[] = {
        {"a negative clock", CPU "1/cpufreq/scaling_cur_freq", "-5\n", 2, 0, 7, "performance"},
        {"a clock of 2^32 + 1000", CPU "1/cpufreq/scaling_cur_freq", "4294968296\n", 3, 400000, 7,
         "ondemand"},
        {"a number with a unit", CPU "1/cpufreq/scaling_cur_freq", "300000 kHz\n", 3, 400000, 7,
         "ondemand"},
        {"a core that was switched off", CPU "1/cpufreq/scaling_cur_freq", "", 3, 400000, 7,
         "ondemand"},
        {"a clock that the driver does not know", CPU "1/cpufreq/scaling_cur_freq", "<unknown>\n",
         2, 0, 7, "performance"},
        {"a governor that is gone: the next core's", CPU "0/cpufreq/scaling_governor", "", 3,
         400000, 7, "performance"},
        {"a line of another system", CPU "1/cpufreq/scaling_governor", "userspace\r\n", 2, 800000,
         7, "userspace"},
        {"a name with a control character", CPU "1/cpufreq/scaling_governor", "user\x7F\n", 2,
         800000, 7, "user?"},
        {"both cores count", CPU "0/thermal_throttle/core_throttle_count", "2\n", 3, 400000, 9,
         "ondemand"},
        {"a negative count", CPU "1/thermal_throttle/core_throttle_count", "-3\n", 2, 800000, 0,
         "performance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_msg_state got;
        read_with(cases[i].name, cases[i].text, cases[i].cores, &got);
        if (got.clock_khz != cases[i].clock_khz || got.throttles != cases[i].throttles ||
            strcmp(got.governor, cases[i].governor) != 0)
            fail_msg("%s: %u %u %s", cases[i].remark, got.clock_khz, got.throttles, got.governor);
    }
}

static void an_empty_line_is_no_temperature(void **state)
{
    (void)state;
    struct fdm_msg_state got = {0};
    char *root = test_tmpdir();
    put(root, ZONE "0/type", "cpu-thermal\n");
    put(root, ZONE "0/temp", "\n");
    fdm_sysfs_read(root, &got);
    assert_int_equal(got.temperature, 0);
    test_rmtree(root);
    free(root);
}

/* A sensor or a cooler went away with its module; the others keep their numbers. */
static void holes_in_the_numbering_hide_nothing(void **state)
{
    (void)state;
    struct fdm_msg_state got = {0};
    char *root = test_tmpdir();
    put(root, ZONE "2/type", "cpu-thermal\n");
    put(root, ZONE "2/temp", "40000\n");
    put(root, COOLER "5/type", "cpufreq-cpu0\n");
    put(root, COOLER "5/cur_state", "2\n");
    fdm_sysfs_read(root, &got);
    assert_int_equal(got.temperature, 313150);
    assert_int_equal(got.cooling, 2);
    test_rmtree(root);
    free(root);
}

static void heat_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *name, *text;
        uint32_t temperature, slow_from, cooling;
    } cases[] = {
        {"as it is: the hottest zone, the passive trip", NULL, NULL, 318650, 368150, 1},
        {"a second zone that is hotter", ZONE "1/temp", "50000\n", 323150, 368150, 1},
        {"a passive trip below it", ZONE "0/trip_point_1_type", "passive\n", 318650, 358150, 1},
        {"frost", ZONE "0/temp", "-10000\n", 311150, 368150, 1},
        {"the cores are slowed down", COOLER "1/cur_state", "2\n", 318650, 368150, 2},
        {"by a cooler of another name", COOLER "0/type", "thermal-cpufreq-0\n", 318650, 368150, 3},
        {"by a PC's", COOLER "0/type", "Processor\n", 318650, 368150, 3},
        {"a negative level", COOLER "1/cur_state", "-2\n", 318650, 368150, 1},
        {"a number that is none", ZONE "0/temp", "hot\n", 311150, 368150, 1},
        {"a file with nothing in it", ZONE "0/temp", "", 311150, 368150, 1},
        {"a number out of all reason", ZONE "0/temp", "999999999999999999999\n", 311150, 368150, 1},
        {"hotter than any chip", ZONE "0/temp", "1000000\n", 311150, 368150, 1},
        {"colder than nothing", ZONE "0/temp", "-274000\n", 311150, 368150, 1},
        {"a trip at no temperature", ZONE "0/trip_point_0_temp", "-274000\n", 318650, 0, 1},
        {"a trip in the frost", ZONE "0/trip_point_0_temp", "-1000\n", 318650, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_msg_state got;
        read_with(cases[i].name, cases[i].text, 3, &got);
        if (got.temperature != cases[i].temperature || got.slow_from != cases[i].slow_from ||
            got.cooling != cases[i].cooling)
            fail_msg("%s: %u %u %u", cases[i].remark, got.temperature, got.slow_from, got.cooling);
    }
}

static void a_strange_governor_cannot_break_the_message(void **state)
{
    (void)state;
    struct fdm_msg_state got;
    read_with(CPU "0/cpufreq/scaling_governor",
              "a\x1B[31m-name-that-is-much-longer-than-the-message-has-room-for\n", 1, &got);
    assert_int_equal(strlen(got.governor), sizeof got.governor - 1);
    assert_int_equal(strncmp(got.governor, "a?[31m-name", 11), 0);
}

static void without_sysfs_nothing_is_known(void **state)
{
    (void)state;
    struct fdm_msg_state got = {.cores = 3};
    fdm_sysfs_read("/nowhere", &got);
    assert_int_equal(got.clock_khz + got.temperature + got.cooling, 0);
    assert_int_equal(fdm_sysfs_max_khz("/nowhere", 0), 0);
}

static void lists_of_cores_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t cores;
    } cases[] = {
        {"0", true, 1},   {"1,0", true, 3},  {"63", true, UINT64_C(1) << 63},
        {"64", false, 0}, {"", false, 0},    {"0,", false, 0},
        {",0", false, 0}, {"0,0", false, 0}, {"-1", false, 0},
        {" 1", false, 0}, {"0-1", false, 0}, {"99999999999999999999", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t cores;
        bool good = fdm_cores_parse(cases[i].text, &cores);
        if (good != cases[i].good || (good && cores != cases[i].cores))
            fail_msg("\"%s\"", cases[i].text);
    }
}

static void the_program_stays_on_its_core(void **state)
{
    (void)state;
    uint64_t all = fdm_cores_allowed();
    uint64_t one = all & (~all + 1);
    if (all == 0 || all >> 63 != 0)
        skip();
    assert_true(fdm_cores_pin(one));
    assert_true(fdm_cores_allowed() == one);
    assert_true(fdm_cores_pin(all));
    assert_false(fdm_cores_pin(one | UINT64_C(1) << 63)); /* no machine of ours has it */
    assert_true(fdm_cores_pin(all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cores_in_use_count),
        cmocka_unit_test(only_numbers_count),
        cmocka_unit_test(an_empty_line_is_no_temperature),
        cmocka_unit_test(holes_in_the_numbering_hide_nothing),
        cmocka_unit_test(heat_is_read),
        cmocka_unit_test(a_strange_governor_cannot_break_the_message),
        cmocka_unit_test(without_sysfs_nothing_is_known),
        cmocka_unit_test(lists_of_cores_are_read),
        cmocka_unit_test(the_program_stays_on_its_core),
    };
    return cmocka_run_group_tests_name("sysfs", tests, NULL, NULL);
}
