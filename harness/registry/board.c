#include <stdlib.h>
#include <string.h>

#include "harness/registry/entries.h"
#include "results/record.h"

#define CLOCK_HZ_MAX UINT64_C(100000000000)
#define MEMORY_BYTES_MAX (UINT64_C(1) << 50)

static const char *const kinds[] = {
    [FDM_BOARD_HOST] = "host",         [FDM_BOARD_SERIAL] = "serial",   [FDM_BOARD_SSH] = "ssh",
    [FDM_BOARD_EMULATED] = "emulated", [FDM_BOARD_EMULATED + 1] = NULL,
};

const char *fdm_board_kind_name(enum fdm_board_kind kind)
{
    return (size_t)kind <= FDM_BOARD_EMULATED ? kinds[kind] : "unknown";
}

static enum fdm_status read_memory(const struct fdm_json *item, struct fdm_board_memory *out,
                                   struct fdm_error *err)
{
    static const char *const known[] = {"name", "bytes", NULL};
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "name", FDM_RECORD_WORD - 1, &out->name, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(item, "bytes", 1, MEMORY_BYTES_MAX, &out->bytes, err);
    return status;
}

static enum fdm_status read_memories(struct fdm_registry_owned *owned,
                                     const struct fdm_json *document, struct fdm_board_entry *out,
                                     struct fdm_error *err)
{
    const struct fdm_json *array;
    enum fdm_status status = fdm_entry_opt_array(document, "memories", &array, err);
    if (status != FDM_OK)
        return status;
    struct fdm_board_memory *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        status = read_memory(item, &list[out->memory_count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "memories[%zu]", out->memory_count);
        out->memory_count++;
    }
    out->memories = list;
    return status;
}

static enum fdm_status read_engine(const struct fdm_json *item, struct fdm_board_engine *out,
                                   struct fdm_error *err)
{
    static const char *const known[] = {"name", "clock_hz", NULL};
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "name", FDM_RECORD_WORD - 1, &out->name, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_uint(item, "clock_hz", CLOCK_HZ_MAX, &out->clock_hz, err);
    return status;
}

static enum fdm_status read_engines(struct fdm_registry_owned *owned,
                                    const struct fdm_json *document, struct fdm_board_entry *out,
                                    struct fdm_error *err)
{
    const struct fdm_json *array;
    enum fdm_status status = fdm_entry_opt_array(document, "engines", &array, err);
    if (status != FDM_OK)
        return status;
    struct fdm_board_engine *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        status = read_engine(item, &list[out->engine_count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "engines[%zu]", out->engine_count);
        out->engine_count++;
    }
    out->engines = list;
    return status;
}

static enum fdm_status read_words(const struct fdm_json *document, struct fdm_board_entry *out,
                                  struct fdm_error *err)
{
    const size_t word = FDM_RECORD_WORD - 1;
    enum fdm_status status =
        fdm_entry_text(document, "description", FDM_RECORD_NAME - 1, &out->description, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "series", word, &out->series, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "cpu", word, &out->cpu, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "device_tree", word, &out->device_tree, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "twin", word, &out->twin, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "emulator", word, &out->emulator, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "machine", word, &out->machine, err);
    return status;
}

#define FLAG_MAX 200
#define PACKAGES_MAX 200

static enum fdm_status read_firmware_lists(struct fdm_registry_owned *owned,
                                           const struct fdm_json *object,
                                           struct fdm_board_firmware *out, struct fdm_error *err)
{
    enum fdm_status status =
        fdm_entry_opt_texts(owned, object, "flags", FLAG_MAX, &out->flags, &out->flag_count, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, object, "defines", FLAG_MAX, &out->defines,
                                     &out->define_count, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, object, "link_flags", FLAG_MAX, &out->link_flags,
                                     &out->link_flag_count, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, object, "kernels", FLAG_MAX, &out->kernels,
                                     &out->kernel_count, err);
    return status;
}

static enum fdm_status read_firmware(struct fdm_registry_owned *owned,
                                     const struct fdm_json *document, struct fdm_board_entry *board,
                                     struct fdm_error *err)
{
    static const char *const known[] = {"port",       "compiler", "packages",    "flags", "defines",
                                        "link_flags", "kernels",  "arena_limit", NULL};
    const struct fdm_json *object = fdm_json_member(document, "firmware");
    if (object == NULL || fdm_json_is_null(object))
        return FDM_OK;
    struct fdm_board_firmware *out = fdm_registry_alloc(owned, 1, sizeof *out, err);
    if (out == NULL)
        return FDM_ERR_MEMORY;
    enum fdm_status status = fdm_entry_check_members(object, known, err);
    if (status == FDM_OK)
        status = fdm_entry_id(object, "port", 0, FDM_RECORD_WORD - 1, &out->port, err);
    if (status == FDM_OK)
        status = fdm_entry_text(object, "compiler", FDM_RECORD_NAME - 1, &out->compiler, err);
    if (status == FDM_OK)
        status = fdm_entry_text(object, "packages", PACKAGES_MAX, &out->packages, err);
    if (status == FDM_OK)
        status = read_firmware_lists(owned, object, out, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_uint(object, "arena_limit", UINT32_MAX, &out->arena_limit, err);
    if (status != FDM_OK)
        fdm_error_context(err, "firmware");
    board->firmware = out;
    return status;
}

/* Addresses and ids are texts, "0x08000000": JSON has no hexadecimal numbers. 0 if absent. */
static enum fdm_status read_hex(const struct fdm_json *object, const char *name, uint32_t *out,
                                struct fdm_error *err)
{
    const char *text;
    char *end = NULL;
    enum fdm_status status = fdm_entry_opt_text(object, name, FDM_RECORD_WORD - 1, &text, err);
    *out = 0;
    if (status != FDM_OK || text == NULL)
        return status;
    unsigned long long value = strncmp(text, "0x", 2) == 0 ? strtoull(text, &end, 16) : 0;
    if (end == NULL || end == text + 2 || *end != '\0' || value == 0 || value > UINT32_MAX)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "%s: expected a number of 32 bits as text, \"0x08000000\"", name);
    *out = (uint32_t)value;
    return FDM_OK;
}

static enum fdm_status read_flash_numbers(const struct fdm_json *object,
                                          struct fdm_board_flash *out, struct fdm_error *err)
{
    uint64_t shift = 0;
    enum fdm_status status = read_hex(object, "address", &out->address, err);
    if (status == FDM_OK)
        status = read_hex(object, "chip_id", &out->chip_id, err);
    if (status == FDM_OK)
        status = read_hex(object, "chip_id_register", &out->chip_id_register, err);
    if (status == FDM_OK)
        status = read_hex(object, "protection_register", &out->protection_register, err);
    if (status == FDM_OK && fdm_json_member(object, "protection_shift") != NULL)
        status = fdm_json_get_uint(object, "protection_shift", 0, 24, &shift, err);
    out->protection_shift = (uint32_t)shift;
    if (status == FDM_OK && out->address == 0)
        status = fdm_fail(err, FDM_ERR_FORMAT, "address: expected where the program begins");
    return status;
}

static enum fdm_status read_flash(struct fdm_registry_owned *owned, const struct fdm_json *document,
                                  struct fdm_board_entry *board, struct fdm_error *err)
{
    static const char *const known[] = {"openocd",
                                        "address",
                                        "chip_id",
                                        "chip_id_register",
                                        "protection_shift",
                                        "protection_register",
                                        "ram",
                                        NULL};
    const struct fdm_json *object = fdm_json_member(document, "flash");
    if (object == NULL || fdm_json_is_null(object))
        return FDM_OK;
    struct fdm_board_flash *out = fdm_registry_alloc(owned, 1, sizeof *out, err);
    if (out == NULL)
        return FDM_ERR_MEMORY;
    enum fdm_status status = fdm_entry_check_members(object, known, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, object, "openocd", FLAG_MAX, &out->openocd,
                                     &out->openocd_count, err);
    if (status == FDM_OK && (out->openocd_count == 0 || out->openocd_count > 4))
        status = fdm_fail(err, FDM_ERR_FORMAT, "openocd: expected 1 to 4 configuration files");
    if (status == FDM_OK)
        status = read_flash_numbers(object, out, err);
    if (status == FDM_OK)
        status = fdm_json_opt_bool(object, "ram", false, &out->ram, err);
    if (status != FDM_OK)
        fdm_error_context(err, "flash");
    board->flash = out;
    return status;
}

static enum fdm_status read_launch(struct fdm_registry_owned *owned,
                                   const struct fdm_json *document, struct fdm_board_entry *out,
                                   struct fdm_error *err)
{
    enum fdm_status status = fdm_entry_opt_texts(owned, document, "launch", FLAG_MAX, &out->launch,
                                                 &out->launch_count, err);
    if (status != FDM_OK || out->launch_count == 0)
        return status;
    size_t programs = 0;
    for (size_t i = 0; i < out->launch_count; i++)
        programs += strcmp(out->launch[i], FDM_BOARD_PROGRAM) == 0;
    if (programs != 1)
        return fdm_fail(err, FDM_ERR_FORMAT, "launch: expected " FDM_BOARD_PROGRAM " once");
    return FDM_OK;
}

/* What each kind of board cannot do without. */
static enum fdm_status check_kind(const struct fdm_board_entry *board, struct fdm_error *err)
{
    const char *missing = NULL;
    if (board->kind != FDM_BOARD_HOST && board->cpu == NULL)
        missing = "cpu";
    else if (board->kind == FDM_BOARD_EMULATED && board->emulator == NULL)
        missing = "emulator";
    else if ((board->kind == FDM_BOARD_SERIAL || board->kind == FDM_BOARD_SSH) &&
             board->series == NULL)
        missing = "series";
    if (missing == NULL)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected a string, because the board is of kind %s",
                    missing, fdm_board_kind_name(board->kind));
}

enum fdm_status fdm_board_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                               struct fdm_board_entry *out, struct fdm_error *err)
{
    static const char *const known[] = {"id",
                                        "kind",
                                        "description",
                                        "series",
                                        "cpu",
                                        "cores",
                                        "clock_hz",
                                        "memories",
                                        "engines",
                                        "twin",
                                        "emulator",
                                        "machine",
                                        "hardware_tested",
                                        "firmware",
                                        "launch",
                                        "device_tree",
                                        "flash",
                                        NULL};
    size_t kind = 0;
    uint64_t cores = 0;
    enum fdm_status status = fdm_entry_check_members(document, known, err);
    if (status == FDM_OK)
        status = fdm_entry_id(document, "id", 0, FDM_RECORD_WORD - 1, &out->id, err);
    if (status == FDM_OK)
        status = fdm_entry_word(document, "kind", kinds, &kind, err);
    if (status == FDM_OK)
        status = read_words(document, out, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_uint(document, "cores", 4096, &cores, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_uint(document, "clock_hz", CLOCK_HZ_MAX, &out->clock_hz, err);
    if (status == FDM_OK)
        status = fdm_json_opt_bool(document, "hardware_tested", false, &out->hardware_tested, err);
    if (status == FDM_OK)
        status = read_memories(owned, document, out, err);
    if (status == FDM_OK)
        status = read_engines(owned, document, out, err);
    if (status == FDM_OK)
        status = read_firmware(owned, document, out, err);
    if (status == FDM_OK)
        status = read_flash(owned, document, out, err);
    if (status == FDM_OK)
        status = read_launch(owned, document, out, err);
    out->kind = (enum fdm_board_kind)kind;
    out->cores = (uint32_t)cores;
    return status == FDM_OK ? check_kind(out, err) : status;
}
