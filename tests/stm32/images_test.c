/* The programs of all bare-metal boards, as their ELF files have them: nothing is said by the
 * compiler, the vector table is whole, and everything lies in memory that the chip has.
 * Usage: test_stm32_images [all]; `all` builds ST's four int8 networks in place of a small one, and
 * prints what they take. */
#include "tests/support/test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "harness/build/elf_memory.h"
#include "harness/build/firmware.h"
#include "reference/compiler/compile.h"
#include "tests/support/network.h"

#define IMAGE_MAX ((size_t)32 << 20)
#define STACK_BYTES 8192u
#define MEMORIES 5

struct memory {
    uint32_t from, bytes;
};

/* What the chips have, from their datasheets' memory maps; not from our linker scripts. */
struct chip {
    const char *board;
    struct memory program[2]; /* where code and constants may be, and what is written there */
    struct memory ram[MEMORIES];
    uint32_t interrupt;   /* the line's, by the reference manual's vector table */
    uint32_t second_core; /* where another core starts, or 0 */
};

#define K 1024u
static const struct chip chips[] = {
    {"STM32H747I-DISCO",
     {{0x08000000, 2048 * K}},
     {{0x20000000, 128 * K}, {0x24000000, 512 * K}, {0x30000000, 288 * K}},
     37,
     0x08100000},
    {"NUCLEO-H743ZI2",
     {{0x08000000, 2048 * K}},
     {{0x20000000, 128 * K}, {0x24000000, 512 * K}, {0x30000000, 288 * K}},
     39,
     0},
    {"STM32F769I-DISCO",
     {{0x08000000, 2048 * K}},
     {{0x00000000, 16 * K}, {0x20000000, 512 * K}},
     37,
     0},
    {"STM32N6570-DK",
     {{0x34180400, 255 * K}}, /* of AXISRAM2, by what the boot ROM takes from a loader */
     {{0x34064000, 624 * K}, {0x341C0000, 256 * K}},
     159,
     0},
    {"B-U585I-IOT02A", {{0x08000000, 2048 * K}}, {{0x20000000, 768 * K}}, 61, 0},
    {"B-L4S5I-IOT01A", {{0x08000000, 2048 * K}}, {{0x20000000, 640 * K}}, 37, 0},
};

static const char *const published[] = {"fdmobilenet_0.25_128_tfs", "fdmobilenet_0.25_224_tfs",
                                        "st_fdmobilenet_v1_128_tfs", "st_fdmobilenet_v1_224_tfs"};

static struct fdm_registry *registry;
static char *folder; /* of built programs */
static bool all;

struct image {
    const struct chip *chip;
    uint8_t *bytes;
    size_t len;
    const Elf32_Ehdr *header;
    const Elf32_Shdr *sections;
    const Elf32_Phdr *segments;
    const char *names;
};

static void open_image(struct image *image, const struct chip *chip, const char *path)
{
    struct fdm_error err = FDM_ERROR_INIT;
    *image = (struct image){.chip = chip};
    assert_ok(fdm_fs_read(path, IMAGE_MAX, &image->bytes, &image->len, &err), err);
    image->header = (const void *)image->bytes;
    assert_memory_equal(image->header->e_ident, ELFMAG, SELFMAG);
    assert_int_equal(image->header->e_ident[EI_CLASS], ELFCLASS32);
    assert_int_equal(image->header->e_machine, EM_ARM);
    assert_int_equal(image->header->e_type, ET_EXEC);
    image->sections = (const void *)(image->bytes + image->header->e_shoff);
    image->segments = (const void *)(image->bytes + image->header->e_phoff);
    image->names =
        (const char *)image->bytes + image->sections[image->header->e_shstrndx].sh_offset;
}

static const Elf32_Shdr *find_section(const struct image *image, const char *name)
{
    for (size_t i = 0; i < image->header->e_shnum; i++) {
        if (strcmp(image->names + image->sections[i].sh_name, name) == 0)
            return &image->sections[i];
    }
    fail_msg("%s: no section %s", image->chip->board, name);
    return NULL;
}

static bool lies_in(const struct memory *memories, size_t count, uint32_t from, uint32_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (from >= memories[i].from && bytes <= memories[i].bytes &&
            from - memories[i].from <= memories[i].bytes - bytes)
            return true;
    }
    return false;
}

/* ---- the checks ---- */

static void check_placement(const struct image *image)
{
    const struct chip *chip = image->chip;
    for (size_t i = 0; i < image->header->e_shnum; i++) {
        const Elf32_Shdr *s = &image->sections[i];
        const char *name = image->names + s->sh_name;
        if ((s->sh_flags & SHF_ALLOC) == 0 || s->sh_size == 0)
            continue;
        bool ram = (s->sh_flags & SHF_WRITE) != 0 || s->sh_type == SHT_NOBITS;
        if (!(ram ? lies_in(chip->ram, MEMORIES, s->sh_addr, s->sh_size)
                  : lies_in(chip->program, 2, s->sh_addr, s->sh_size)))
            fail_msg("%s: %s at 0x%08x, %u bytes, is not in %s", chip->board, name, s->sh_addr,
                     s->sh_size, ram ? "RAM" : "program memory");
        for (size_t k = 0; k < i; k++) {
            const Elf32_Shdr *other = &image->sections[k];
            if ((other->sh_flags & SHF_ALLOC) != 0 && other->sh_size > 0 &&
                s->sh_addr < other->sh_addr + other->sh_size &&
                other->sh_addr < s->sh_addr + s->sh_size)
                fail_msg("%s: %s lies over %s", chip->board, name, image->names + other->sh_name);
        }
    }
}

/* What a debug probe writes. */
static void check_loaded(const struct image *image)
{
    for (size_t i = 0; i < image->header->e_phnum; i++) {
        const Elf32_Phdr *p = &image->segments[i];
        if (p->p_type == PT_LOAD && p->p_filesz > 0 &&
            !lies_in(image->chip->program, 2, p->p_paddr, p->p_filesz))
            fail_msg("%s: %u bytes would be written to 0x%08x", image->chip->board, p->p_filesz,
                     p->p_paddr);
    }
}

static void assert_code(const struct image *image, const char *section, uint32_t handler)
{
    const Elf32_Shdr *text = find_section(image, section);
    if ((handler & 1u) == 0 || handler < text->sh_addr || handler >= text->sh_addr + text->sh_size)
        fail_msg("%s: 0x%08x is no Thumb function in %s", image->chip->board, handler, section);
}

static void check_stack(const struct image *image, uint32_t initial)
{
    const Elf32_Shdr *stack = find_section(image, ".stack");
    assert_int_equal(stack->sh_size, STACK_BYTES);
    assert_int_equal(stack->sh_type, SHT_NOBITS);
    assert_int_equal(initial, stack->sh_addr + stack->sh_size);
    assert_int_equal(initial % 8u, 0);
}

/* Exceptions 8 to 10 and 13 are reserved; interrupts other than the line's are never enabled. The
 * table's address is a multiple of the next power of two (Armv7-M and Armv8-M manuals, VTOR). */
static void check_vectors(const struct image *image)
{
    const Elf32_Shdr *section = find_section(image, ".vectors");
    const uint32_t *vectors = (const void *)(image->bytes + section->sh_offset);
    uint32_t count = section->sh_size / 4u;
    uint32_t alignment = 128;
    while (alignment < section->sh_size)
        alignment *= 2;
    assert_int_equal(section->sh_addr, image->chip->program[0].from);
    assert_int_equal(section->sh_addr % alignment, 0);
    assert_int_equal(count, 16 + image->chip->interrupt + 1);
    check_stack(image, vectors[0]);
    for (uint32_t i = 1; i < count; i++) {
        bool used = (i < 16 && !(i >= 8 && i <= 10) && i != 13) || i == count - 1;
        if (used)
            assert_code(image, ".text", vectors[i]);
        else
            assert_int_equal(vectors[i], 0);
    }
    assert_int_equal(image->header->e_entry, vectors[1]);
}

static void check_second_core(const struct image *image)
{
    if (image->chip->second_core == 0)
        return;
    const Elf32_Shdr *section = find_section(image, ".parked_core");
    const uint32_t *vectors = (const void *)(image->bytes + section->sh_offset);
    assert_int_equal(section->sh_addr, image->chip->second_core);
    for (size_t i = 1; i < section->sh_size / 4u; i++)
        assert_code(image, ".text", vectors[i]);
}

static void print_sizes(const char *board, const char *network, const char *path)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_elf_memory memory;
    assert_ok(fdm_elf_memory_read(path, &memory, &err), err);
    print_message("| %s | %s | %u | %u | %u | %u | %u |\n", board, network,
                  (unsigned)memory.weights, (unsigned)(memory.network_code + memory.agent_code),
                  (unsigned)memory.activations, (unsigned)(memory.variables + memory.stack),
                  (unsigned)memory.staging);
}

static void check_program(const struct chip *chip, const char *name,
                          const struct fdm_network *network)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_firmware firmware;
    struct image image;
    const struct fdm_board_entry *board = fdm_registry_board(registry, chip->board);
    assert_non_null(board);
    const struct fdm_firmware_options options = {.board = board,
                                                 .network = network,
                                                 .version = "test",
                                                 .sources = FDM_TEST_SOURCE_TREE,
                                                 .folder = folder};
    assert_ok(fdm_firmware_build(&options, &firmware, &err), err);
    assert_string_equal(firmware.words, "");
    open_image(&image, chip, firmware.program);
    check_placement(&image);
    check_loaded(&image);
    check_vectors(&image);
    check_second_core(&image);
    if (all)
        print_sizes(chip->board, name, firmware.program);
    free(image.bytes);
    fdm_firmware_release(&firmware);
}

static void programs_are_sound(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network(FDM_SEMANTICS_DEFAULT);
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        check_program(&chips[i], "small", network);
    fdm_network_free(network);
}

static void programs_of_published_networks_are_sound(void **state)
{
    (void)state;
    if (!all)
        return;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        char relative[160];
        snprintf(relative, sizeof relative, "flowers/%s/%s_int8.tflite", published[i],
                 published[i]);
        struct fdm_network *network = test_model_network(relative, FDM_SEMANTICS_DEFAULT, 0);
        for (size_t k = 0; k < sizeof chips / sizeof chips[0]; k++)
            check_program(&chips[k], published[i], network);
        fdm_network_free(network);
    }
}

/* A board that is added has to say here what its chip has. */
static void every_serial_board_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < registry->board_count; i++) {
        const struct fdm_board_entry *board = &registry->boards[i];
        bool found = board->kind != FDM_BOARD_SERIAL;
        for (size_t k = 0; k < sizeof chips / sizeof chips[0]; k++)
            found = found || strcmp(chips[k].board, board->id) == 0;
        if (!found)
            fail_msg("%s is missing", board->id);
    }
}

int main(int argc, char **argv)
{
    struct fdm_error err = FDM_ERROR_INIT;
    all = argc > 1 && strcmp(argv[1], "all") == 0;
    if (!fdm_proc_exists("arm-none-eabi-gcc")) {
        print_message("skipped: no arm-none-eabi-gcc (packages: gcc-arm-none-eabi "
                      "libnewlib-arm-none-eabi)\n");
        return 77;
    }
    if (fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err) != FDM_OK) {
        print_error("%s\n", err.message);
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_serial_board_is_checked),
        cmocka_unit_test(programs_are_sound),
        cmocka_unit_test(programs_of_published_networks_are_sound),
    };
    folder = test_firmware_folder();
    int failed = cmocka_run_group_tests_name("stm32.images", tests, NULL, NULL);
    test_rmtree(folder);
    free(folder);
    fdm_registry_free(registry);
    return failed;
}
