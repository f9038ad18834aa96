/* The STM32 port's definitions against the published headers: every address, every bit. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/registry/registry.h"
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

/* The caller frees. */
static char *read_header(const char *header)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(FDM_TEST_SOURCE_TREE "/targets/stm32", header);
    uint8_t *text = NULL;
    size_t len;
    assert_ok(fdm_fs_read(path, HEADER_MAX, &text, &len, &err), err);
    free(path);
    return (char *)text;
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
            char *text = read_header(*header);
            found += check_definitions(&tables[i], *header, text);
            free(text);
        }
        assert_int_equal(found, *tables[i].count);
    }
}

/* "8.7.2", a section, or "header": no section could be looked up. */
static bool names_its_source(const char *value)
{
    const char *end = value + strcspn(value, "\n");
    const char *comment = strstr(value, "/* ");
    if (comment == NULL || comment > end)
        return false;
    comment += 3;
    size_t digits = strspn(comment, "0123456789");
    return strncmp(comment, "header", 6) == 0 ||
           (digits > 0 && comment[digits] == '.' && comment[digits + 1] >= '0' &&
            comment[digits + 1] <= '9');
}

/* A register is an address, of eight digits. */
static size_t check_sources(const char *header, const char *text)
{
    size_t registers = 0;
    for (const char *at = strstr(text, " 0x"); at != NULL; at = strstr(at + 1, " 0x")) {
        if (strspn(at + 3, "0123456789ABCDEF") != 8 || at[11] != 'u')
            continue;
        if (!names_its_source(at))
            fail_msg("%s: no section is named behind%.12s", header, at);
        registers++;
    }
    return registers;
}

static void every_register_names_its_section(void **state)
{
    (void)state;
    static const char *const headers[] = {"f4_registers.h", "h7_registers.h", "f7_registers.h",
                                          "u5_registers.h", "l4_registers.h", "n6_registers.h"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char *text = read_header(headers[i]);
        assert_true(check_sources(headers[i], text) > 0);
        free(text);
    }
}

static const struct stm32_flash_fact *flash_fact(const char *board)
{
    for (size_t i = 0; i < stm32_flash_fact_count; i++) {
        if (strcmp(stm32_flash_facts[i].board, board) == 0)
            return &stm32_flash_facts[i];
    }
    return NULL;
}

static void every_board_is_recognized_by_published_registers(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *registry;
    size_t found = 0;
    assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err), err);
    for (size_t i = 0; i < registry->board_count; i++) {
        const struct fdm_board_flash *ours = registry->boards[i].flash;
        if (ours == NULL)
            continue;
        const struct stm32_flash_fact *fact = flash_fact(registry->boards[i].id);
        if (fact == NULL)
            fail_msg("there is no published fact for the flash of %s", registry->boards[i].id);
        else if (ours->chip_id != fact->chip_id ||
                 ours->chip_id_register != fact->chip_id_register ||
                 ours->protection_register != fact->protection_register ||
                 ours->protection_shift != fact->protection_shift)
            fail_msg("%s.json differs from %s", fact->board, fact->source);
        found++;
    }
    assert_int_equal(found, stm32_flash_fact_count);
    fdm_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_the_published_one),
        cmocka_unit_test(every_definition_has_a_published_fact),
        cmocka_unit_test(every_register_names_its_section),
        cmocka_unit_test(every_board_is_recognized_by_published_registers),
    };
    return cmocka_run_group_tests_name("stm32.registers", tests, NULL, NULL);
}
