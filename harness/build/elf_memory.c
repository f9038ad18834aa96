#include "harness/build/elf_memory.h"

#include <gelf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/build/firmware.h"

#define FILE_MAX ((size_t)64 << 20)
/* Of one section or symbol. At most 2^16 sections and 2^23 symbols fit a file, so sums stay below
 * 2^63. */
#define SIZE_BOUND (UINT64_C(1) << 36)

/* Totals from which the parts are told. */
struct totals {
    uint64_t flash;
    uint64_t ram;
};

static enum fdm_status damaged(struct fdm_error *err, const char *what)
{
    return fdm_fail(err, FDM_ERR_FORMAT, "%s", what);
}

/* ---- sections ---- */

static void count_section(const GElf_Shdr *header, const char *name, struct totals *totals,
                          struct fdm_elf_memory *out)
{
    bool writable = (header->sh_flags & SHF_WRITE) != 0;
    if (header->sh_type != SHT_NOBITS)
        totals->flash += header->sh_size;
    if (writable)
        totals->ram += header->sh_size;
    if (writable && strcmp(name, ".stack") == 0)
        out->stack += header->sh_size;
    else if (!writable && strcmp(name, ".network") == 0)
        out->network_code += header->sh_size;
}

static enum fdm_status check_section(const GElf_Shdr *header, size_t file_bytes,
                                     struct fdm_error *err)
{
    bool in_file = header->sh_type != SHT_NOBITS;
    if (header->sh_size >= SIZE_BOUND)
        return damaged(err, "a section is impossibly large");
    if (in_file &&
        (header->sh_offset > file_bytes || header->sh_size > file_bytes - header->sh_offset))
        return damaged(err, "a section lies beyond the end of the file");
    return FDM_OK;
}

/* ---- symbols ---- */

static bool is_numbered(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && name[length] != '\0' &&
           name[length + strspn(name + length, "0123456789")] == '\0';
}

static void count_symbol(const char *name, uint64_t bytes, struct fdm_elf_memory *out)
{
    if (is_numbered(name, "fdm_weights_") || is_numbered(name, "fdm_bias_"))
        out->weights += bytes;
    else if (strcmp(name, FDM_FIRMWARE_ARENA) == 0)
        out->activations += bytes;
    else if (strcmp(name, FDM_FIRMWARE_INPUT) == 0)
        out->staging += bytes;
}

static enum fdm_status count_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                                     struct fdm_elf_memory *out, struct fdm_error *err)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t entry = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
    if (data == NULL || entry == 0 || header->sh_entsize != entry)
        return damaged(err, "the symbol table cannot be read");
    for (size_t i = 0; i < data->d_size / entry; i++) {
        GElf_Sym symbol;
        if (i > INT32_MAX || gelf_getsym(data, (int)i, &symbol) == NULL)
            return damaged(err, "a symbol cannot be read");
        if (GELF_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_shndx == SHN_UNDEF)
            continue;
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name == NULL || symbol.st_size >= SIZE_BOUND)
            return damaged(err, "a symbol has no name or an impossible size");
        count_symbol(name, symbol.st_size, out);
    }
    return FDM_OK;
}

/* ---- the file ---- */

static enum fdm_status count_all(Elf *elf, size_t file_bytes, struct totals *totals,
                                 struct fdm_elf_memory *out, struct fdm_error *err)
{
    size_t names;
    if (elf_getshdrstrndx(elf, &names) != 0)
        return damaged(err, "it has no sections");
    enum fdm_status status = FDM_OK;
    Elf_Scn *section = NULL;
    while (status == FDM_OK && (section = elf_nextscn(elf, section)) != NULL) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL)
            return damaged(err, "a section cannot be read");
        status = check_section(&header, file_bytes, err);
        if (status == FDM_OK && (header.sh_flags & SHF_ALLOC) != 0) {
            const char *name = elf_strptr(elf, names, header.sh_name);
            if (name == NULL)
                return damaged(err, "a section has no name");
            count_section(&header, name, totals, out);
        }
        if (status == FDM_OK && header.sh_type == SHT_SYMTAB)
            status = count_symbols(elf, section, &header, out, err);
    }
    return status;
}

/* What is left when the parts that have names are taken away. */
static enum fdm_status finish(const struct totals *totals, struct fdm_elf_memory *out,
                              struct fdm_error *err)
{
    uint64_t flash = out->weights + out->network_code;
    uint64_t ram = out->activations + out->staging + out->stack;
    if (out->weights == 0)
        return damaged(err, "it carries no network, or its symbols were stripped");
    if (flash > totals->flash || ram > totals->ram)
        return damaged(err, "its symbols are larger than its sections");
    out->agent_code = totals->flash - flash;
    out->variables = totals->ram - ram;
    return FDM_OK;
}

static enum fdm_status read_image(char *image, size_t len, struct fdm_elf_memory *out,
                                  struct fdm_error *err)
{
    struct totals totals = {0, 0};
    GElf_Ehdr header;
    if (elf_version(EV_CURRENT) == EV_NONE)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "libelf is too old");
    Elf *elf = elf_memory(image, len);
    enum fdm_status status = FDM_OK;
    if (elf == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL)
        status = damaged(err, "no ELF file");
    else if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        status = damaged(err, "no linked program");
    if (status == FDM_OK)
        status = count_all(elf, len, &totals, out, err);
    if (status == FDM_OK)
        status = finish(&totals, out, err);
    elf_end(elf);
    return status;
}

enum fdm_status fdm_elf_memory_read(const char *path, struct fdm_elf_memory *out,
                                    struct fdm_error *err)
{
    uint8_t *bytes;
    size_t len;
    *out = (struct fdm_elf_memory){0};
    enum fdm_status status = fdm_fs_read(path, FILE_MAX, &bytes, &len, err);
    if (status != FDM_OK)
        return status;
    status = read_image((char *)bytes, len, out, err);
    if (status != FDM_OK) {
        *out = (struct fdm_elf_memory){0};
        fdm_error_context(err, "%s", path);
    }
    free(bytes);
    return status;
}

void fdm_elf_memory_sum(const struct fdm_elf_memory *memory, struct fdm_card_memory *out)
{
    out->weights_flash = memory->weights;
    out->code_flash = memory->network_code + memory->agent_code;
    out->activation_ram = memory->activations;
    out->runtime_ram = memory->variables + memory->stack;
    out->total_flash = out->weights_flash + out->code_flash;
    out->total_ram = out->activation_ram + out->runtime_ram;
}
