/* The STM32 port's definitions against the published headers: every address, every bit. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "tests/stm32/facts.h"

#define HEADER_MAX ((size_t)64 << 10)

struct table {
    const struct stm32_fact *facts;
    const size_t *count;
    const char *headers[5];
};

static const struct table tables[] = {
    {stm32_facts_f4, &stm32_facts_f4_count, {"f4_registers.h"}},
    {stm32_facts_h7, &stm32_facts_h7_count, {"h7_registers.h"}},
    {stm32_facts_f7, &stm32_facts_f7_count, {"f7_registers.h"}},
    {stm32_facts_u5, &stm32_facts_u5_count, {"u5_registers.h"}},
    {stm32_facts_l4, &stm32_facts_l4_count, {"l4_registers.h"}},
    {stm32_facts_n6, &stm32_facts_n6_count, {"n6_registers.h"}},
    {stm32_facts_shared,
     &stm32_facts_shared_count,
     {"core_registers.h", "gpio_registers.h", "tim_registers.h", "usart_v3.h"}},
    {stm32_facts_usart_v2, &stm32_facts_usart_v2_count, {"usart_v2.h"}},
};
#define TABLES (sizeof tables / sizeof tables[0])

static void every_value_is_the_published_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        for (size_t k = 0; k < *tables[i].count; k++) {
            const struct stm32_fact *fact = &tables[i].facts[k];
            if (fact->ours != fact->published)
                fail_msg("%s is 0x%08x, but %s is 0x%08x", fact->name, fact->ours, fact->source,
                         fact->published);
        }
    }
}

static bool has_fact(const struct table *table, const char *name, size_t len)
{
    for (size_t i = 0; i < *table->count; i++) {
        if (strlen(table->facts[i].name) == len && memcmp(table->facts[i].name, name, len) == 0)
            return true;
    }
    return false;
}

/* Macros with arguments compute, and those without a value are guards. */
static size_t check_definitions(const struct table *table, const char *header, const char *text)
{
    static const char define[] = "#define ";
    size_t found = 0;
    for (const char *at = strstr(text, define); at != NULL; at = strstr(at, define)) {
        at += sizeof define - 1;
        size_t len = strcspn(at, " (\n");
        if (at[len] != ' ')
            continue;
        if (!has_fact(table, at, len))
            fail_msg("%s defines %.*s, for which there is no published fact", header, (int)len, at);
        found++;
    }
    return found;
}

static void every_definition_has_a_published_fact(void **state)
{
    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        size_t found = 0;
        for (const char *const *header = tables[i].headers; *header != NULL; header++) {
            struct fdm_error err = FDM_ERROR_INIT;
            char *path = fdm_fs_join(FDM_TEST_SOURCE_TREE "/targets/stm32", *header);
            uint8_t *text = NULL;
            size_t len;
            assert_ok(fdm_fs_read(path, HEADER_MAX, &text, &len, &err), err);
            found += check_definitions(&tables[i], *header, (const char *)text);
            free(text);
            free(path);
        }
        assert_int_equal(found, *tables[i].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_the_published_one),
        cmocka_unit_test(every_definition_has_a_published_fact),
    };
    return cmocka_run_group_tests_name("stm32.registers", tests, NULL, NULL);
}
