#include "tests/support/test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "harness/build/elf_memory.h"

/* A program with known parts, linked without the C library. */
static const char source[] =
    "#define IN(s) __attribute__((section(s), used))\n"
    "const signed char IN(\".weights\") fdm_weights_0[1000] = {1};\n"
    "const int IN(\".weights\") fdm_bias_0[25] = {1};\n"
    "static const int __attribute__((used)) fdm_weights_12[4] = {1, 2, 3, 4};\n"
    "const char __attribute__((used)) fdm_weights_[64] = {1};\n"
    "const char __attribute__((used)) fdm_weights_1x[32] = {1};\n"
    "unsigned char IN(\".arena,\\\"aw\\\",@nobits#\") fdm_agent_arena[5000];\n"
    "unsigned char IN(\".staging,\\\"aw\\\",@nobits#\") fdm_agent_input[700];\n"
    "unsigned char IN(\".stack,\\\"aw\\\",@nobits#\") stack[2048];\n"
    "const int IN(\".network\") table[30] = {1};\n"
    "int IN(\".data\") initialised[10] = {1};\n"
    "int IN(\".bss\") zeroed[50];\n"
    "void _start(void);\nvoid _start(void) { for (;;) {} }\n";

struct fixture {
    char *dir;
    char *path;
    uint8_t *bytes;
    size_t len;
};

static void compile(const char *compiler, const char *const *extra, const char *from,
                    const char *to)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf words;
    struct fdm_proc_exit end;
    const char *argv[16] = {compiler, "-O1", "-nostdlib", "-o", to, from};
    for (size_t i = 0; extra[i] != NULL; i++)
        argv[6 + i] = extra[i];
    fdm_buf_init(&words);
    assert_ok(fdm_proc_run(argv, NULL, fdm_clock_now_ns() + 300 * FDM_NS_PER_S, 4000, NULL, &words,
                           &end, &err),
              err);
    if (end.code != 0)
        fail_msg("%s", words.data);
    fdm_buf_release(&words);
}

static int make_program(void **state)
{
    static const char *const extra[] = {"-static", "-fno-pie", "-no-pie", "-Wl,--build-id=none",
                                        NULL};
    static struct fixture fixture;
    struct fdm_error err = FDM_ERROR_INIT;
    fixture.dir = test_tmpdir();
    char *from = fdm_fs_join(fixture.dir, "p.c");
    fixture.path = fdm_fs_join(fixture.dir, "p");
    if (fdm_fs_write_unsynced(from, source, strlen(source), &err) != FDM_OK)
        return -1;
    compile(FDM_TEST_CC, extra, from, fixture.path);
    free(from);
    *state = &fixture;
    return fdm_fs_read(fixture.path, (size_t)1 << 24, &fixture.bytes, &fixture.len, &err) == FDM_OK
               ? 0
               : -1;
}

static int drop_program(void **state)
{
    struct fixture *fixture = *state;
    test_rmtree(fixture->dir);
    free(fixture->dir);
    free(fixture->path);
    free(fixture->bytes);
    return 0;
}

static enum fdm_status read_bytes(const struct fixture *fixture, const uint8_t *bytes, size_t len,
                                  struct fdm_elf_memory *out, struct fdm_error *err)
{
    char *path = fdm_fs_join(fixture->dir, "changed");
    assert_ok(fdm_fs_write_unsynced(path, bytes, len, err), *err);
    enum fdm_status status = fdm_elf_memory_read(path, out, err);
    free(path);
    return status;
}

static void parts_are_told_by_their_names(void **state)
{
    const struct fixture *fixture = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_elf_memory memory;
    struct fdm_card_memory card;
    assert_ok(fdm_elf_memory_read(fixture->path, &memory, &err), err);
    assert_int_equal(memory.weights, 1000 + 25 * 4 + 4 * 4);
    assert_int_equal(memory.network_code, 30 * 4);
    assert_int_equal(memory.activations, 5000);
    assert_int_equal(memory.staging, 700);
    assert_int_equal(memory.stack, 2048);
    assert_int_equal(memory.variables, 10 * 4 + 50 * 4);
    /* Both other constants, the initial values, the code and what frames it. */
    assert_true(memory.agent_code >= 64 + 32 + 40 + 2 && memory.agent_code < 400);
    fdm_elf_memory_sum(&memory, &card);
    assert_int_equal(card.weights_flash, memory.weights);
    assert_int_equal(card.code_flash, memory.network_code + memory.agent_code);
    assert_int_equal(card.activation_ram, 5000);
    assert_int_equal(card.runtime_ram, 2048 + 240);
    assert_int_equal(card.total_flash, card.weights_flash + card.code_flash);
    assert_int_equal(card.total_ram, 5000 + 2048 + 240);
}

static void thirty_two_bit_files_are_read_alike(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const extra[] = {"-mcpu=cortex-m4", "-mthumb", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_elf_memory memory;
    if (!fdm_proc_exists("arm-none-eabi-gcc")) {
        print_message("skipped: no arm-none-eabi-gcc (package gcc-arm-none-eabi)\n");
        skip();
    }
    char *path = fdm_fs_join(fixture->dir, "arm");
    char *from = fdm_fs_join(fixture->dir, "arm.c");
    char text[sizeof source];
    memcpy(text, source, sizeof source);
    /* Arm's assembler spells these two signs differently. */
    for (char *at = text; (at = strpbrk(at, "@#")) != NULL; at++)
        if (strncmp(at, "@nobits#", 8) == 0)
            memcpy(at, "%nobits@", 8);
    assert_ok(fdm_fs_write_unsynced(from, text, strlen(text), &err), err);
    compile("arm-none-eabi-gcc", extra, from, path);
    assert_ok(fdm_elf_memory_read(path, &memory, &err), err);
    assert_int_equal(memory.weights, 1116);
    assert_int_equal(memory.network_code, 120);
    assert_int_equal(memory.activations, 5000);
    assert_int_equal(memory.variables, 240);
    assert_int_equal(memory.stack, 2048);
    free(from);
    free(path);
}

static Elf64_Shdr *section_named(uint8_t *bytes, const char *name)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)bytes;
    Elf64_Shdr *sections = (Elf64_Shdr *)(bytes + header->e_shoff);
    const char *names = (const char *)bytes + sections[header->e_shstrndx].sh_offset;
    for (size_t i = 0; i < header->e_shnum; i++)
        if (strcmp(names + sections[i].sh_name, name) == 0)
            return &sections[i];
    fail_msg("no section %s", name);
    return NULL;
}

static Elf64_Sym *symbol_named(uint8_t *bytes, const char *name)
{
    const Elf64_Shdr *table = section_named(bytes, ".symtab");
    const Elf64_Shdr *strings = section_named(bytes, ".strtab");
    Elf64_Sym *symbols = (Elf64_Sym *)(bytes + table->sh_offset);
    for (size_t i = 0; i < table->sh_size / sizeof *symbols; i++)
        if (strcmp((const char *)bytes + strings->sh_offset + symbols[i].st_name, name) == 0)
            return &symbols[i];
    fail_msg("no symbol %s", name);
    return NULL;
}

static void break_magic(uint8_t *bytes)
{
    bytes[0] = 0;
}

static void break_kind(uint8_t *bytes)
{
    ((Elf64_Ehdr *)bytes)->e_type = ET_REL;
}

static void lose_sections(uint8_t *bytes)
{
    ((Elf64_Ehdr *)bytes)->e_shoff = UINT64_MAX - 10;
}

static void count_too_many_sections(uint8_t *bytes)
{
    ((Elf64_Ehdr *)bytes)->e_shnum = 0xfeff;
}

static void name_sections_elsewhere(uint8_t *bytes)
{
    ((Elf64_Ehdr *)bytes)->e_shstrndx = 3;
}

static void grow_bss(uint8_t *bytes)
{
    section_named(bytes, ".bss")->sh_size = UINT64_C(1) << 40;
}

static void move_section_out(uint8_t *bytes)
{
    section_named(bytes, ".network")->sh_offset = UINT64_MAX - 8;
}

static void grow_section_out(uint8_t *bytes)
{
    section_named(bytes, ".network")->sh_size = (uint64_t)1 << 24;
}

static void misname_section(uint8_t *bytes)
{
    section_named(bytes, ".network")->sh_name = 0x7fffffff;
}

static void shrink_entries(uint8_t *bytes)
{
    section_named(bytes, ".symtab")->sh_entsize = 1;
}

static void misplace_strings(uint8_t *bytes)
{
    section_named(bytes, ".symtab")->sh_link = 0xffff;
}

static void misname_symbol(uint8_t *bytes)
{
    symbol_named(bytes, "fdm_bias_0")->st_name = 0x7fffffff;
}

static void grow_symbol(uint8_t *bytes)
{
    symbol_named(bytes, "fdm_bias_0")->st_size = UINT64_MAX;
}

static void outgrow_sections(uint8_t *bytes)
{
    symbol_named(bytes, "fdm_bias_0")->st_size = 1 << 20;
}

static void outgrow_ram(uint8_t *bytes)
{
    symbol_named(bytes, "fdm_agent_arena")->st_size = 1 << 20;
}

static void strip(uint8_t *bytes)
{
    section_named(bytes, ".symtab")->sh_type = SHT_PROGBITS;
}

static void liars_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    static const struct {
        const char *remark;
        void (*change)(uint8_t *bytes);
        const char *words;
    } cases[] = {
        {"no magic", break_magic, "no ELF file"},
        {"an object", break_kind, "no linked program"},
        {"sections far away", lose_sections, ""},
        {"more sections than there is room for", count_too_many_sections, ""},
        {"names in a section that has none", name_sections_elsewhere, ""},
        {"bss of a terabyte", grow_bss, "impossibly large"},
        {"a section behind the end", move_section_out, "beyond the end"},
        {"a section over the end", grow_section_out, "beyond the end"},
        {"a section's name behind the names", misname_section, "no name"},
        {"symbols of one byte", shrink_entries, "symbol table"},
        {"symbol names in no section", misplace_strings, ""},
        {"a symbol's name behind the names", misname_symbol, "no name"},
        {"a symbol larger than all", grow_symbol, "impossible size"},
        {"weights larger than the program", outgrow_sections, "larger than its sections"},
        {"an arena larger than the RAM", outgrow_ram, "larger than its sections"},
        {"no symbols", strip, "carries no network"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_elf_memory memory;
        uint8_t *copy = malloc(fixture->len);
        assert_non_null(copy);
        memcpy(copy, fixture->bytes, fixture->len);
        cases[i].change(copy);
        enum fdm_status status = read_bytes(fixture, copy, fixture->len, &memory, &err);
        if (status != FDM_ERR_FORMAT || strstr(err.message, cases[i].words) == NULL ||
            strstr(err.message, "changed: ") == NULL)
            fail_msg("%s: %s, %s", cases[i].remark, fdm_status_name(status), err.message);
        assert_int_equal(memory.weights, 0);
        free(copy);
    }
}

/* A whole ELF file cannot be cut anywhere without losing something that is needed. */
static void cut_files_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    for (size_t len = 0; len < fixture->len; len += len < 128 ? 1 : 97) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_elf_memory memory;
        if (read_bytes(fixture, fixture->bytes, len, &memory, &err) != FDM_ERR_FORMAT)
            fail_msg("cut to %zu bytes: %s", len, err.message);
    }
}

/* Under the sanitizers: nothing outside the file is read, and sums stay within what it can hold. */
static void damaged_files_never_crash(void **state)
{
    const struct fixture *fixture = *state;
    uint32_t seed = 7;
    uint8_t *copy = malloc(fixture->len);
    assert_non_null(copy);
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_elf_memory memory;
        memcpy(copy, fixture->bytes, fixture->len);
        const Elf64_Ehdr *header = (const Elf64_Ehdr *)fixture->bytes;
        size_t sections = (size_t)header->e_shoff;
        for (uint32_t flips = 1 + test_random(&seed) % 4; flips > 0; flips--) {
            /* Headers, section headers, anywhere. */
            size_t at = test_random(&seed) % fixture->len;
            if (i % 3 == 0)
                at = test_random(&seed) % sizeof *header;
            else if (i % 3 == 1)
                at = sections + test_random(&seed) % (fixture->len - sections);
            copy[at] = (uint8_t)(test_random(&seed) >> 8);
        }
        if (read_bytes(fixture, copy, fixture->len, &memory, &err) != FDM_OK)
            refused++;
        else
            assert_true(memory.weights < UINT64_C(1) << 40 && memory.variables < UINT64_C(1) << 60);
    }
    print_message("%d of 2000 damaged files were refused\n", refused);
    assert_true(refused > 200 && refused < 2000);
    free(copy);
}

static void absent_files_and_folders_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct fdm_elf_memory memory;
    assert_int_equal(fdm_elf_memory_read("/nowhere/p", &memory, NULL), FDM_ERR_NOT_FOUND);
    assert_int_equal(fdm_elf_memory_read(fixture->dir, &memory, NULL), FDM_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_told_by_their_names),
        cmocka_unit_test(thirty_two_bit_files_are_read_alike),
        cmocka_unit_test(liars_are_refused),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(damaged_files_never_crash),
        cmocka_unit_test(absent_files_and_folders_are_refused),
    };
    return cmocka_run_group_tests_name("elf_memory", tests, make_program, drop_program);
}
